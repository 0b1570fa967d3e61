"""The .proto files that people read, ours, the examples' and the generated services, are as buf wants them.

buf cannot find buf/validate/validate.proto without a network: it is given descriptors, in which it is already resolved.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from support.buf import ROOT, buf
from toolcrib.codegen.compile import describe

FOLDERS = ("protos", "examples/components", "examples/gen")

# AIP answers the record itself: Create, Get and Update have one response type.
RULES = {"use": ["STANDARD"], "except": ["RPC_RESPONSE_STANDARD_NAME", "RPC_REQUEST_RESPONSE_UNIQUE"]}


@pytest.mark.parametrize("folder", FOLDERS)
def test_protos_are_formatted(folder: str) -> None:
    assert buf("format", "--diff", folder) == ""


def test_the_contract_obeys_every_rule() -> None:
    assert buf("lint") == ""


def test_components_and_generated_services_obey_the_rules(tmp_path: Path) -> None:
    for folder in ("examples/components", "examples/gen"):
        shutil.copytree(ROOT / folder, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py*", "buf"))
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.proto"))
    image = tmp_path / "image.binpb"
    image.write_bytes(describe(tmp_path, names).SerializeToString())
    config = json.dumps({"version": "v2", "lint": RULES})
    assert buf("lint", str(image), "--config", config, "--path", "plant") == ""
