"""The list of what was generated: how a server finds its components, and which files are no longer wanted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from toolcrib.codegen.emit_repository import repository_class
from toolcrib.codegen.emit_servicer import servicer_class
from toolcrib.codegen.model import Component, Schema
from toolcrib.codegen.problems import GenerateError, Problem
from toolcrib.codegen.python_names import module

MANIFEST = "toolcrib-manifest.json"


@dataclass(frozen=True, slots=True)
class ClassName:
    """A class and the module to import it from."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class ManifestComponent:
    """A component's classes; they are there if the server was generated."""

    component: str
    repository: ClassName
    servicer: ClassName


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a generated folder."""

    components: tuple[ManifestComponent, ...]
    files: tuple[str, ...]


def manifest_text(schema: Schema, files: Iterable[str]) -> str:
    """The manifest of a generated folder."""
    manifest = Manifest(tuple(map(_entry, schema.components)), tuple(sorted(files)))
    return json.dumps(asdict(manifest), indent=2) + "\n"


def read_manifest(out: Path) -> Manifest:
    """The manifest of the folder. Raises GenerateError if it has none that can be read."""
    path = out / MANIFEST
    try:
        content = json.loads(path.read_text("utf-8"))
        components = tuple(
            ManifestComponent(entry["component"], ClassName(**entry["repository"]), ClassName(**entry["servicer"]))
            for entry in content["components"]
        )
        return Manifest(components, tuple(map(str, content["files"])))
    except FileNotFoundError:
        raise _unreadable(path, "is not there") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(path, f"cannot be read ({error})") from error


def _entry(component: Component) -> ManifestComponent:
    return ManifestComponent(
        component.full_name,
        ClassName(module(component, "repository"), repository_class(component)),
        ClassName(module(component, "servicer"), servicer_class(component)),
    )


def _unreadable(path: Path, why: str) -> GenerateError:
    return GenerateError([Problem(path.as_posix(), 0, 0, f"{why}; run `toolcrib generate` into this folder")])
