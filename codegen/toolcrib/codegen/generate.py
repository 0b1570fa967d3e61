"""Generates into a folder, or says how a folder differs from what would be generated."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from toolcrib.codegen.emitters import Target, emit
from toolcrib.codegen.languages import Sources, language_files
from toolcrib.codegen.manifest import MANIFEST, manifest_text, read_manifest
from toolcrib.codegen.problems import GenerateError, Problem
from toolcrib.codegen.sources import load_schema
from toolcrib.codegen.stubs import python_stubs, write

# What a server imports, and the clients that it comes with.
SERVED = frozenset({Target.PYTHON, Target.SERVER})


def generate(components: Path, out: Path, targets: Collection[Target] = SERVED) -> list[Path]:
    """Writes everything generated from the .proto files under `components` into `out`; answers the files, sorted.

    The services' .proto files are always written. Python and the server are written into `out` itself, other languages
    into folders of their own. Files that an earlier run wrote and that are no longer wanted are removed, nothing else
    is. Raises GenerateError.
    """
    files = _contents(components, targets)
    stale = _written_before(out) - files.keys()
    try:
        for name, content in files.items():
            path = out / name
            if not path.is_file() or path.read_bytes() != content:
                write(path, content)
        for name in stale:
            (out / name).unlink(missing_ok=True)
            _remove_empty(out, (out / name).parent)
    except OSError as error:
        text = f"cannot be written ({error.strerror}); choose another folder for what is generated"
        raise GenerateError([Problem(str(error.filename or out), 0, 0, text)]) from error
    return [out / name for name in files]


def check(components: Path, out: Path, targets: Collection[Target] = SERVED) -> list[str]:
    """The names of the files in `out` that `generate` would write otherwise, add or remove. Raises GenerateError."""
    files = _contents(components, targets)
    differing = {
        name for name, content in files.items() if not (out / name).is_file() or (out / name).read_bytes() != content
    }
    stale = {name for name in _written_before(out) - files.keys() if (out / name).exists()}
    return sorted(differing | stale)


def _contents(components: Path, targets: Collection[Target]) -> dict[str, bytes]:
    """All files by their names, sorted; the manifest, which says that the others are there, last."""
    schema, descriptors = load_schema(components)
    services = emit(schema, frozenset({Target.SERVICE}))
    texts = services | emit(schema, SERVED.intersection(targets))
    files = {name: text.encode() for name, text in texts.items()}
    if Target.PYTHON in targets:
        files |= python_stubs(components, schema, services, descriptors)
    protos = {name: (components / name).read_bytes() for name in schema.files}
    protos |= {name: text.encode() for name, text in services.items()}
    files |= language_files(targets, Sources(schema, protos))
    return {**dict(sorted(files.items())), MANIFEST: manifest_text(schema, files).encode()}


def _written_before(out: Path) -> set[str]:
    """What the manifest of an earlier run lists. A name that leads out of the folder was not written by us."""
    if not (out / MANIFEST).is_file():
        return set()
    return {name for name in read_manifest(out).files if (out / name).resolve().is_relative_to(out.resolve())}


def _remove_empty(out: Path, folder: Path) -> None:
    while folder != out and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
