"""Has protoc write the Python stubs of the components and of their services."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from toolcrib.codegen.compile import VALIDATE_PROTO, run_protoc
from toolcrib.codegen.model import Schema

_GRPC = "_pb2_grpc"


def python_stubs(
    folder: Path, schema: Schema, services: Mapping[str, str], descriptors: FileDescriptorSet
) -> dict[str, bytes]:
    """The stubs by their paths. `services` holds the text of the generated services by their paths.

    validate.proto gets its stub too, so that those of the components can be imported without protovalidate.
    """
    validate = [VALIDATE_PROTO] if any(file.name == VALIDATE_PROTO for file in descriptors.file) else []
    with tempfile.TemporaryDirectory(prefix="toolcrib-") as temporary:
        source, out = Path(temporary, "source"), Path(temporary, "out")
        out.mkdir()
        for path, text in services.items():
            write(source / path, text.encode())
        # Ours comes first: services that an earlier run wrote beside the components are not these.
        include = [source, folder]
        options = [f"--{plugin}_out={out}" for plugin in ("python", "mypy", "grpc_python", "mypy_grpc")]
        run_protoc(include, options, [*schema.files, *services, *validate])
        # In one run, as starting protoc takes most of the time: gRPC's are then of files without our services too.
        called = {f"{path.removesuffix('.proto').replace('-', '_')}{_GRPC}" for path in services}
        written = {path.relative_to(out): path for path in sorted(out.rglob("*")) if path.is_file()}
        return {
            name.as_posix(): path.read_bytes()
            for name, path in written.items()
            if not name.stem.endswith(_GRPC) or name.with_suffix("").as_posix() in called
        }


def write(path: Path, content: bytes) -> None:
    """Writes a file, in folders that are made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
