"""Generates once and keeps the result, so that a server starts fast when its .proto files are the same as before."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

from toolcrib.audit.v1 import audit_pb2
from toolcrib.codegen.generate import generate
from toolcrib.codegen.manifest import MANIFEST
from toolcrib.codegen.problems import GenerateError, Problem
from toolcrib.codegen.sources import find_protos
from toolcrib.options.v1 import options_pb2
from toolcrib.query.v1 import query_pb2
from toolcrib.watch.v1 import watch_pb2

_LIBRARIES = ("toolcrib", "grpcio-tools", "mypy-protobuf", "protobuf", "protovalidate")


def cached(components: Path) -> Path:
    """The folder with everything generated from `components`, generated now if it is not there yet.

    Two that start at once do not meet: each generates into a folder of its own, and the first to finish puts it in
    place. Raises GenerateError.
    """
    folder = cache_folder() / _digest(components)
    if (folder / MANIFEST).is_file():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix="new-", dir=folder.parent))
    except OSError as error:
        text = f"cannot be written ({error.strerror}); set TOOLCRIB_CACHE to a folder that can"
        raise GenerateError([Problem(folder.parent.as_posix(), 0, 0, text)]) from error
    try:
        generate(components, temporary)
        _put_in_place(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def cache_folder() -> Path:
    """TOOLCRIB_CACHE, or a folder where the platform keeps such things."""
    if chosen := os.environ.get("TOOLCRIB_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return (Path(base) if base else Path.home() / "AppData" / "Local") / "toolcrib" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "toolcrib"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "toolcrib"


def _put_in_place(temporary: Path, folder: Path) -> None:
    if folder.exists() and not (folder / MANIFEST).is_file():
        # Somebody cleaned up half of it.
        shutil.rmtree(folder, ignore_errors=True)
    try:
        temporary.rename(folder)
    except OSError:
        if not (folder / MANIFEST).is_file():
            raise


def _digest(components: Path) -> str:
    """Changes with everything that the result depends on."""
    protos = [(name, (components / name).read_bytes()) for name in find_protos(components)]
    return hashlib.sha256(_own_digest() + _contents(protos)).hexdigest()[:32]


@cache
def _own_digest() -> bytes:
    """Of what stays the same while a process runs: libraries, the generator itself and the contract."""
    versions = [(library, _version(library).encode()) for library in _LIBRARIES]
    own = sorted(Path(__file__).parent.glob("*.py"))
    contract = [Path(str(module.__file__)) for module in (audit_pb2, options_pb2, query_pb2, watch_pb2)]
    files = [(path.name, path.read_bytes()) for path in (*own, *contract)]
    return hashlib.sha256(_contents([("python", sys.version.encode()), *versions, *files])).digest()


def _contents(named: Iterable[tuple[str, bytes]]) -> bytes:
    return b"".join(f"{name} {len(content)}\n".encode() + content for name, content in named)


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "none"
