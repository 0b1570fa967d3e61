"""For tests of applications: a server inside the test's process, on a free port, over a database of its own.

with serve("app.py") as server:
    crib = Crib.connect(server.address, actor="ann")

The database is a SQLite file or, where TOOLCRIB_TEST_DATABASE names a server of PostgreSQL or MariaDB, one of that.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolcrib.server.app import Server
from toolcrib.server.databases.scratch import scratch_database, scratch_file
from toolcrib.server.event_loop import loop_factory
from toolcrib.server.hooks import Application
from toolcrib.server.loading import load
from toolcrib.server.settings_sources import load_settings

_FREE_PORT = "127.0.0.1:0"
# The URL of a server on which each test has a database of its own.
TEST_DATABASE_VARIABLE = "TOOLCRIB_TEST_DATABASE"


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that runs: its address for clients, and the URL of its database for a look behind."""

    address: str
    database: str


def new_database() -> AbstractContextManager[str]:
    """The URL of a new database, which is thrown away behind the block."""
    server = os.environ.get(TEST_DATABASE_VARIABLE)
    return scratch_database(server) if server else scratch_file()


@contextmanager
def serve(
    target: str | Path, *, application: Application | None = None, database: str | Path | None = None, **settings: Any
) -> Iterator[RunningServer]:
    """Serves `target`, a folder of .proto files or an application's file, until the block is left.

    `application` replaces the one that `target` names. `database` is a URL, or the path of a SQLite file; without it a
    new one is made, and thrown away behind the block. `settings` are those of toolcrib.toml. Raises what `toolcrib
    serve` would say.
    """
    with new_database() if database is None else nullcontext(_url(database)) as url:
        chosen = load_settings(None, **{"address": _FREE_PORT, "database": url, **settings})
        loaded, components = load(Path(target), chosen)
        server = Server(chosen, application or loaded, components)
        background = _Background(server)
        background.start()
        try:
            yield RunningServer(server.address, url)
        finally:
            background.stop()


def _url(database: str | Path) -> str:
    return str(database) if "://" in str(database) else f"sqlite:///{database}"


class _Background:
    """The server's event loop, on a thread beside the test."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._thread = threading.Thread(target=self._run, name="toolcrib-test-server", daemon=True)
        self._begun = threading.Event()
        self._failure: BaseException | None = None

    def start(self) -> None:
        self._thread.start()
        self._begun.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        try:
            await self._server.start()
        except BaseException as error:  # noqa: BLE001  # raised again where the test waits
            self._failure = error
            return
        finally:
            self._begun.set()
        await self._stopping.wait()
        await self._server.stop()
