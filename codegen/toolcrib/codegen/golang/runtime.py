"""The sources of the runtime. They come with the generator, so that what is generated and what it runs on fit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

# In a wheel they lie beside this module, in the project where they are written.
_PACKED = Path(__file__).with_name("runtime")
_WRITTEN = Path(__file__).parents[4] / "clients" / "go" / "toolcrib"


def runtime_files() -> Mapping[str, bytes]:
    """The files of the module toolcrib.dev/go by their paths in it, without its tests."""
    folder = _PACKED if _PACKED.is_dir() else _WRITTEN
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.name in ("go.mod", "go.sum") or (path.suffix == ".go" and not path.name.endswith("_test.go"))
    }
