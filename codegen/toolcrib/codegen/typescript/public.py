"""`python -m toolcrib.codegen.typescript.public PROTOS PLUGIN OUT`: TypeScript of Toolcrib's own contract.

For those who work on Toolcrib (`make generate` in clients/typescript). It is kept in the project, as is what gRPC's own
errors and its health are: their .proto files or descriptors come with Python packages of the environment.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import google.rpc
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_health.v1 import health_pb2

_FOREIGN = ("google/rpc/error_details.proto", "grpc/health/v1/health.proto")


def main() -> int:
    """Runs the command; answers its exit code."""
    parser = argparse.ArgumentParser(prog="python -m toolcrib.codegen.typescript.public", description=__doc__)
    parser.add_argument("protos", type=Path, help="folder of the .proto files")
    parser.add_argument("plugin", type=Path, help="the program protoc-gen-es")
    parser.add_argument("out", type=Path, help="folder to write, whose former content is removed")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.out, ignore_errors=True)
    arguments.out.mkdir(parents=True)
    names = sorted(path.relative_to(arguments.protos).as_posix() for path in arguments.protos.rglob("*.proto"))
    return _run_protoc(arguments.protos, arguments.plugin, arguments.out, [*names, *_FOREIGN])


def _run_protoc(protos: Path, plugin: Path, out: Path, names: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="toolcrib-") as temporary:
        described, rpc = Path(temporary, "described.binpb"), Path(temporary, "include")
        files = FileDescriptorSet()
        health_pb2.DESCRIPTOR.CopyToProto(files.file.add(name="grpc/health/v1/health.proto"))
        files.file[0].name = "grpc/health/v1/health.proto"
        described.write_bytes(files.SerializeToString())
        # Only these: what else is beside them would hide what protoc brings.
        shutil.copytree(Path(google.rpc.__path__[0]), rpc / "google" / "rpc", ignore=shutil.ignore_patterns("*.py*"))
        command = [
            *(sys.executable, "-m", "grpc_tools.protoc"),
            *(f"-I{protos}", f"-I{rpc}", f"--descriptor_set_in={described}"),
            f"--plugin=protoc-gen-es={plugin.resolve()}",
            f"--es_out={out}",
            "--es_opt=target=ts,import_extension=js",
            *names,
        ]
        return subprocess.run(command, check=False).returncode  # noqa: S603  # arguments, no shell reads them


if __name__ == "__main__":
    sys.exit(main())
