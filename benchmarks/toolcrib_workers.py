"""What is measured where one process is not enough: `toolcrib serve --workers` over the example components.

Run as a program: takes the database's path and how many workers there are, prints the address that they share, and
serves until standard input ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.processes import PROJECT

_COMMAND = Path(sys.executable).with_name("toolcrib")


def main() -> None:
    """Has the workers serve."""
    database, workers = sys.argv[1:]
    flags = ["--database", database, "--workers", workers, "--address", "127.0.0.1:0", "--json"]
    command = [str(_COMMAND), "serve", str(PROJECT / "examples" / "components"), *flags]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout is not None
            print(json.loads(serving.stdout.readline())["address"], flush=True)
            sys.stdin.read()
        finally:
            serving.terminate()


if __name__ == "__main__":
    main()
