"""The package @toolcrib/client. It comes with the generator, so that what is generated and what it runs on fit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

# In a wheel it lies beside this module, in the project where it is written.
_PACKED = Path(__file__).with_name("runtime")
_WRITTEN = Path(__file__).parents[4] / "clients" / "typescript"


def runtime_files() -> Mapping[str, bytes]:
    """The files of the package by their paths in it: what `tsc` builds it from."""
    sources = sorted((_folder() / "src").rglob("*.ts"))
    # What it is tested with is not what it needs.
    needed = {name: value for name, value in runtime_package().items() if name != "devDependencies"}
    return {
        "package.json": (json.dumps(needed, indent=2) + "\n").encode(),
        "tsconfig.json": (_folder() / "tsconfig.json").read_bytes(),
        **{path.relative_to(_folder()).as_posix(): path.read_bytes() for path in sources},
    }


@cache
def runtime_package() -> Mapping[str, Any]:
    """What its package.json says."""
    package: Mapping[str, Any] = json.loads((_folder() / "package.json").read_text("utf-8"))
    return package


def _folder() -> Path:
    return _PACKED if _PACKED.is_dir() else _WRITTEN
