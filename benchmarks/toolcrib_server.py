"""What is measured: a Toolcrib server over the example components, on a database of its own.

Run as a program: takes the database's path or URL, prints the server's address, and serves until standard input ends.
"""

from __future__ import annotations

import asyncio
import sys

from benchmarks.processes import PROJECT
from toolcrib.server.app import Server
from toolcrib.server.event_loop import loop_factory, spare_collections
from toolcrib.server.hooks import Application
from toolcrib.server.settings_sources import load_settings


async def _serve(database: str) -> None:
    settings = load_settings(None, address="127.0.0.1:0", database=database)
    server = Server(settings, Application(), PROJECT / "examples" / "components")
    await server.start()
    # As `toolcrib serve` does.
    spare_collections()
    print(server.address, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(sys.argv[1]))
