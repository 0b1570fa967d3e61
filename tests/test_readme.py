"""The README's tutorial, done to the letter: its commands in one shell, its program, and the output it promises."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

from support.addresses import lasting_address
from support.pages import shown

README = Path(__file__).parents[1] / "README.md"
DEFAULT_ADDRESS = "127.0.0.1:50051"


def test_the_tutorial_works_as_it_stands(tmp_path: Path) -> None:
    text = README.read_text("utf-8")
    address = lasting_address()
    tutorial = text[text.index("## Five minutes") : text.index("## Your components")].replace(DEFAULT_ADDRESS, address)
    commands, programs, promised = (shown(tutorial, kind) for kind in ("bash", "python", "text"))
    assert (len(commands), len(programs), len(promised)) == (5, 1, 1)
    (tmp_path / "tour.py").write_text(programs[0], "utf-8")
    script = "\n".join(["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT", *commands])
    script = script.replace("tour.py", "../tour.py")
    environment = {
        **os.environ,
        "PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}",
        "TOOLCRIB_ADDRESS": address,
        "TOOLCRIB_SERVER": address,
    }
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert promised[0] in done.stdout
    assert '"actor": "bob"' in done.stdout
    assert "measured again" in done.stdout
    assert "1 passed" in done.stdout
