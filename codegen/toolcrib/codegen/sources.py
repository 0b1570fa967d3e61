"""Finds a user's .proto files and makes the model of them, or says why not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from toolcrib.codegen.compile import describe, provided_descriptors
from toolcrib.codegen.components import schema_of
from toolcrib.codegen.descriptors import read_files
from toolcrib.codegen.model import Schema
from toolcrib.codegen.problems import GenerateError, Problem
from toolcrib.codegen.refusals import refuse
from toolcrib.codegen.writer import HEADER


def find_protos(folder: Path) -> tuple[str, ...]:
    """The .proto files under `folder` that somebody wrote, sorted, with slashes."""
    if not folder.is_dir():
        raise _wrong(folder, "is not a folder; give the folder that holds your .proto files")
    provided = {file.name for file in provided_descriptors().file}
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.proto") if path.is_file())
    protos = tuple(name for name in found if name not in provided and not _is_generated(folder / name))
    if not protos:
        raise _wrong(folder, "has no .proto file; write one component in it, or give another folder")
    return protos


def load_schema(folder: Path) -> tuple[Schema, FileDescriptorSet]:
    """The model of a folder's components, and the descriptors it was made of."""
    protos = find_protos(folder)
    descriptors = describe(folder, protos)
    files = read_files(descriptors, protos)
    try:
        refuse(files)
    except GenerateError as error:
        # protoc names files as they are found on the disk; so do we.
        found = (replace(problem, file=(folder / problem.file).as_posix()) for problem in error.problems)
        raise GenerateError(found) from None
    schema = schema_of(files)
    if not schema.components:
        text = "has no component; set `option (toolcrib.options.v1.component) = {};` in the message that is one"
        raise _wrong(folder, text)
    return schema, descriptors


def _is_generated(path: Path) -> bool:
    with path.open("rb") as file:
        return HEADER.encode() in file.readline()


def _wrong(folder: Path, text: str) -> GenerateError:
    return GenerateError([Problem(folder.as_posix(), 0, 0, text)])
