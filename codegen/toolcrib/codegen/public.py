"""`python -m toolcrib.codegen.public PROTOS OUT`: the Python stubs of Toolcrib's own contract, kept in the project.

For those who work on Toolcrib (`make generate`). With --check it writes nothing and fails where a stub is not what
protoc writes. Unlike those of components, these stubs are made with nothing known beforehand but what protoc brings.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

_PACKAGE = "toolcrib"
_STUB_ENDINGS = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi")


def main() -> int:
    """Runs the command; answers its exit code."""
    parser = argparse.ArgumentParser(prog="python -m toolcrib.codegen.public", description=__doc__)
    parser.add_argument("protos", type=Path, help="folder of the .proto files")
    parser.add_argument("out", type=Path, help="folder for the stubs")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if stubs are not up to date")
    arguments = parser.parse_args()
    try:
        wanted = public_stubs(arguments.protos)
    except subprocess.CalledProcessError:
        return 1  # protoc has said why
    differing = _differing(wanted, arguments.out)
    for name in differing:
        if arguments.check:
            sys.stderr.write(f"not up to date: {name}; run `make generate`\n")
        else:
            _put(arguments.out / name, wanted.get(name))
    return 1 if arguments.check and differing else 0


def public_stubs(protos: Path) -> dict[str, bytes]:
    """The stubs of all files under `protos` by their paths."""
    names = sorted(path.relative_to(protos).as_posix() for path in protos.rglob("*.proto"))
    with tempfile.TemporaryDirectory(prefix="toolcrib-") as temporary:
        described, out = Path(temporary, "described.binpb"), Path(temporary, "out")
        out.mkdir()
        _protoc(protos, [f"--descriptor_set_out={described}", f"--python_out={out}", f"--mypy_out={out}"], names)
        files = FileDescriptorSet.FromString(described.read_bytes()).file
        services = [file.name for file in files if file.service]
        _protoc(protos, [f"--grpc_python_out={out}", f"--mypy_grpc_out={out}"], services)
        return {
            path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()
        }


def _protoc(protos: Path, options: Sequence[str], names: Sequence[str]) -> None:
    # protoc finds the plugins that write typed stubs on the path, where an environment need not be activated.
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{protos}", *options, *names]
    # protoc tells the user itself what it does not like; what its plugins wrote is of no interest.
    done = subprocess.run(  # noqa: S603  # our own interpreter; file names are arguments, no shell reads them
        command, stderr=subprocess.PIPE, text=True, check=False, env={**os.environ, "PATH": path}
    )
    if done.returncode:
        sys.stderr.write(done.stderr)
        done.check_returncode()


def _differing(wanted: dict[str, bytes], out: Path) -> list[str]:
    """The names of the stubs in `out` that are missing, not as they should be, or no longer wanted."""
    found = {
        path.relative_to(out).as_posix(): path.read_bytes()
        # What is built beside the package is no stub of ours.
        for path in Path(out, _PACKAGE).rglob("*_pb2*.py*")
        if path.name.endswith(_STUB_ENDINGS)
    }
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def _put(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    sys.exit(main())
