"""`python -m toolcrib.codegen.cpp.validate FILE`: the descriptor of validate.proto, which the C++ runtime comes with.

For those who work on Toolcrib (`make generate`). Components import validate.proto, and no source of it is to be had:
users' own protoc reads the descriptor. With --check it writes nothing and fails where the file is another.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from toolcrib.codegen.compile import VALIDATE_PROTO, provided_descriptors


def main() -> int:
    """Runs the command; answers its exit code."""
    parser = argparse.ArgumentParser(prog="python -m toolcrib.codegen.cpp.validate", description=__doc__)
    parser.add_argument("file", type=Path, help="the file of the descriptor")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file is not up to date")
    arguments = parser.parse_args()
    wanted = validate_descriptor()
    if not arguments.check:
        arguments.file.write_bytes(wanted)
    elif not arguments.file.is_file() or arguments.file.read_bytes() != wanted:
        sys.stderr.write(f"not up to date: {arguments.file}; run `make generate`\n")
        return 1
    return 0


def validate_descriptor() -> bytes:
    """A FileDescriptorSet of it alone: what it imports comes with every protoc."""
    files = [file for file in provided_descriptors().file if file.name == VALIDATE_PROTO]
    return FileDescriptorSet(file=files).SerializeToString(deterministic=True)


if __name__ == "__main__":
    sys.exit(main())
