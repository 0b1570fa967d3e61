"""`python -m toolcrib.codegen COMPONENTS OUT`: generates everything; with --check, only says what differs."""

import argparse
import sys
from pathlib import Path

from toolcrib.codegen import GenerateError, check, generate


def main() -> int:
    """Runs the command; answers its exit code."""
    parser = argparse.ArgumentParser(prog="python -m toolcrib.codegen", description=__doc__)
    parser.add_argument("components", type=Path, help="folder of the .proto files")
    parser.add_argument("out", type=Path, help="folder for what is generated")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if files are not up to date")
    arguments = parser.parse_args()
    try:
        if arguments.check:
            differing = check(arguments.components, arguments.out)
            for name in differing:
                sys.stderr.write(f"not up to date: {name}\n")
            return 1 if differing else 0
        generate(arguments.components, arguments.out)
    except GenerateError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
