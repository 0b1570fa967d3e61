"""Reads of one record, run where they arrive: on the event loop, with a connection that never waits.

SQLite finds a record in its cache or the system's in some microseconds; handing the question to a lane and the answer
back costs many times that (docs/performance.md). A lane is asked instead for a while when the database is locked, or
turns out to answer slowly: from a disk that is slow or busy. A database behind a network is always asked on a lane.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Any, TypeAlias, TypeVar

from toolcrib.server.errors import StorageError
from toolcrib.server.gathering import Gathering
from toolcrib.server.store import Store
from toolcrib.server.transaction import ReadTransaction

T = TypeVar("T")
Held: TypeAlias = tuple[Callable[[ReadTransaction], Any], asyncio.Future[Any]]

_SLOW_S = 0.005
_PAUSE_S = 1.0


class Shortcut:
    """The event loop's own connection, which it opens when it first needs it. To be made on that loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._backend = store.database.backend
        self._loop = asyncio.get_running_loop()
        self._gathering: Gathering[Held] = Gathering(self._run_all)
        self._transaction: ReadTransaction | None = None
        self._paused_until = 0.0

    async def run(self, work: Callable[[ReadTransaction], T]) -> T | None:
        """What `work` returns or raises; None where a lane is to do it."""
        if not self._backend.reads_at_once:
            return None
        if not self._gathering.holds():
            return self._run(work)
        future: asyncio.Future[T | None] = self._loop.create_future()
        self._gathering.add((work, future))
        return await future

    def close(self) -> None:
        """Gives the connection back, for good."""
        self._disconnect()
        self._paused_until = inf

    def _run_all(self, held: list[Held]) -> None:
        for work, future in held:
            if future.done():
                continue
            try:
                future.set_result(self._run(work))
            except Exception as error:  # noqa: BLE001  # the caller is answered, whatever it is
                future.set_exception(error)

    def _run(self, work: Callable[[ReadTransaction], T]) -> T | None:
        start = monotonic()
        if start < self._paused_until:
            return None
        try:
            return work(self._opened())
        except Exception as error:
            if not isinstance(self._backend.for_caller(error), StorageError):
                raise
            # The lanes find out what is wrong, and have the patience for it.
            self._disconnect()
            self._paused_until = start + _PAUSE_S
            return None
        finally:
            if (now := monotonic()) - start > _SLOW_S:
                self._paused_until = now + _PAUSE_S

    def _disconnect(self) -> None:
        if self._transaction is not None:
            self._transaction.session.close()
            self._transaction = None

    def _opened(self) -> ReadTransaction:
        if self._transaction is None:
            self._transaction = ReadTransaction(self._store, self._backend.session(read_only=True, waits=False))
        return self._transaction
