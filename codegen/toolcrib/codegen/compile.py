"""Drives protoc, which comes with grpcio-tools, as a program of its own.

The files that components and their services import from elsewhere (options, query, audit, watch and validate) are
handed to it as descriptors, so that no source of them need be anywhere.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from google.protobuf import any_pb2, descriptor_pb2, duration_pb2, field_mask_pb2, struct_pb2, timestamp_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from toolcrib.audit.v1 import audit_pb2
from toolcrib.codegen.complaints import Complaints
from toolcrib.codegen.problems import GenerateError, Problem
from toolcrib.options.v1 import options_pb2
from toolcrib.query.v1 import query_pb2
from toolcrib.watch.v1 import watch_pb2

VALIDATE_PROTO = "buf/validate/validate.proto"

# Each behind those that it imports.
_PROVIDED = (
    *(any_pb2, descriptor_pb2, duration_pb2, field_mask_pb2, struct_pb2, timestamp_pb2),
    *(options_pb2, query_pb2, audit_pb2, watch_pb2),
)


def describe(folder: Path, protos: Sequence[str]) -> FileDescriptorSet:
    """The descriptors of the files, with comments and positions, and of all they import."""
    with tempfile.TemporaryDirectory(prefix="toolcrib-") as temporary:
        target = Path(temporary, "descriptors.binpb")
        options = [f"--descriptor_set_out={target}", "--include_imports", "--include_source_info"]
        run_protoc([folder], options, protos)
        return FileDescriptorSet.FromString(target.read_bytes())


def run_protoc(include: Sequence[Path], options: Sequence[str], protos: Sequence[str]) -> None:
    """Runs protoc over the files. Raises GenerateError with what it complains about."""
    with _provided_file() as provided:
        command = [
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            *[f"-I{folder}" for folder in include],
            f"--descriptor_set_in={provided}",
            *options,
            *protos,
        ]
        # protoc finds the plugins that write typed stubs on the path, where an environment need not be activated.
        path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
        done = subprocess.run(  # noqa: S603  # our own interpreter; file names are arguments, no shell reads them
            command, capture_output=True, text=True, encoding="utf-8", check=False, env={**os.environ, "PATH": path}
        )
    if done.returncode:
        raise GenerateError(Complaints(provided_descriptors()).problems(done.stderr))


@cache
def provided_descriptors() -> FileDescriptorSet:
    """The files that nobody has to have: ours, buf's, and what these import."""
    described = FileDescriptorSet()
    for module in _PROVIDED:
        module.DESCRIPTOR.CopyToProto(described.file.add())
    _require_extra()
    import protovalidate  # noqa: PLC0415  # protoc and buf can run the generator as a plugin without it

    validate = protovalidate.ViolationPb.desc().file.proto.to_binary()
    described.file.append(FileDescriptorProto.FromString(validate))
    return described


@contextmanager
def _provided_file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="toolcrib-") as temporary:
        path = Path(temporary, "provided.binpb")
        path.write_bytes(provided_descriptors().SerializeToString(deterministic=True))
        yield path


def _require_extra() -> None:
    missing = [name for name in ("grpc_tools", "mypy_protobuf", "protovalidate") if find_spec(name) is None]
    if missing:
        text = f"generating needs {', '.join(missing)}; install what is missing with `pip install 'toolcrib[codegen]'`"
        raise GenerateError([Problem("", 0, 0, text)])
