"""The stubs of Toolcrib's own protos: written where they differ, and nothing beside them touched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROTO = """syntax = "proto3";
package toolcrib.trial.v1;
message Trial { string name = 1; }
service TrialService { rpc GetTrial(Trial) returns (Trial); }
"""


def public(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "toolcrib.codegen.public", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_stubs_that_are_no_longer_wanted_go_and_what_is_built_beside_them_stays(tmp_path: Path) -> None:
    protos, out = tmp_path / "protos", tmp_path / "out"
    proto = protos / "toolcrib" / "trial" / "v1" / "trial.proto"
    stale, built = out / "toolcrib" / "old" / "v1" / "old_pb2.py", out / "build" / "gen" / "other_pb2.py"
    for path, text in ((proto, PROTO), (stale, ""), (built, "")):
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
    checked = public(protos, out, "--check")
    assert checked.returncode == 1
    assert "toolcrib/trial/v1/trial_pb2.py;" in checked.stderr
    assert "toolcrib/old/v1/old_pb2.py;" in checked.stderr
    assert "other_pb2" not in checked.stderr
    assert public(protos, out).returncode == 0
    assert public(protos, out, "--check").returncode == 0
    assert built.exists()
    assert not stale.exists()
