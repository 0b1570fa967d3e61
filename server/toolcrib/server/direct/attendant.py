"""Has absorbed what bypassed the server, soon after it was committed, though nobody writes through the server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from toolcrib.server.errors import StoreError

logger = logging.getLogger(__name__)

# How soon what could not be absorbed is tried again: records were locked, or the database was away.
_RETRY_S = 0.5


class Attendant:
    """To be made on the event loop. `absorb` has the writer lane look, and answers whether it is done with all."""

    def __init__(self, absorb: Callable[[], Awaitable[bool]]) -> None:
        self._absorb = absorb
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        # What came while no server ran.
        self._news.set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins."""
        self._task = self._loop.create_task(self._run())

    def ring(self) -> None:
        """Tells that something was committed; on any thread."""
        with suppress(RuntimeError):
            # The loop may have ended before the thread that listens.
            self._loop.call_soon_threadsafe(self._news.set)

    def stop(self) -> None:
        """Ends."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        is_done = True
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(None if is_done else _RETRY_S):
                    await self._news.wait()
            self._news.clear()
            try:
                is_done = await self._absorb()
            except StoreError as error:
                logger.warning("writes that bypassed the server wait to be absorbed: %s", error)
                is_done = False
            except Exception:
                logger.exception("writes that bypassed the server could not be absorbed")
                is_done = False
