"""The languages whose clients are built with that language's own tools: one row each.

What is generated for such a language is a folder of its own, which is ready to build: the clients, the .proto files
or their descriptors for the language's own plugin of protoc, the build's files and a README.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from toolcrib.codegen.compile import describe
from toolcrib.codegen.cpp import project as cpp
from toolcrib.codegen.emitters import Target, emit
from toolcrib.codegen.golang import project as golang
from toolcrib.codegen.model import Schema
from toolcrib.codegen.typescript import project as typescript


@dataclass(frozen=True, slots=True)
class Sources:
    """What there is to build from: the model, and the .proto files of components and services by their paths."""

    schema: Schema
    protos: Mapping[str, bytes]

    def described(self) -> FileDescriptorSet:
        """The descriptors of the .proto files, and of all that they import, each behind what it imports."""
        with tempfile.TemporaryDirectory(prefix="toolcrib-") as temporary:
            for path, content in self.protos.items():
                target = Path(temporary, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            return describe(Path(temporary), sorted(self.protos))


@dataclass(frozen=True, slots=True)
class Language:
    """A language: whose files are in `folder`, and what its `project` has besides the clients."""

    target: Target
    folder: str
    project: Callable[[Sources], Mapping[str, bytes]]


LANGUAGES: tuple[Language, ...] = (
    Language(Target.CPP, "cpp", cpp.project_files),
    Language(Target.TYPESCRIPT, "typescript", typescript.project_files),
    Language(Target.GO, "go", golang.project_files),
)


def language_files(targets: Collection[Target], sources: Sources) -> dict[str, bytes]:
    """The files of all languages that are asked for, by their paths."""
    files: dict[str, bytes] = {}
    for language in LANGUAGES:
        if language.target in targets:
            clients = emit(sources.schema, frozenset({language.target}))
            project = {path: text.encode() for path, text in clients.items()} | dict(language.project(sources))
            files |= {f"{language.folder}/{path}": content for path, content in project.items()}
    return files
