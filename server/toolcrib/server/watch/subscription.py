"""The live end of one watch: what waits to be sent, bounded in bytes."""

from __future__ import annotations

import asyncio
from collections import deque

from toolcrib.server.errors import WatchTooSlow
from toolcrib.server.watch.parcels import Parcel
from toolcrib.server.watch.wanted import Wanted


class Subscription:
    """Parcels on their way from the hub to one watcher. For one event loop.

    `position` is the revision up to which the watcher has been sent everything. At most `bytes_max` wait, or one
    parcel, however large it is.
    """

    def __init__(self, wanted: Wanted, position: int, *, bytes_max: int) -> None:
        self.wanted = wanted
        self.position = position
        self._bytes_max = bytes_max
        self._parcels: deque[Parcel] = deque()
        self._bytes = 0
        self._failure: Exception | None = None
        self._filled = asyncio.Event()

    def put(self, parcel: Parcel) -> None:
        """Adds a parcel; one too many ends the subscription."""
        if self._failure is not None:
            return
        if self._parcels and self._bytes + parcel.size > self._bytes_max:
            text = f"more than {self._bytes_max} bytes wait to be read; resume behind what was read"
            self.fail(WatchTooSlow(text))
            return
        self._parcels.append(parcel)
        self._bytes += parcel.size
        self._filled.set()

    def fail(self, error: Exception) -> None:
        """Ends it: nothing that waits is sent any more."""
        self._failure = self._failure or error
        self.clear()
        self._filled.set()

    def clear(self) -> None:
        """Forgets what waits."""
        self._parcels.clear()
        self._bytes = 0
        self._filled.clear()

    async def next(self, timeout_s: float) -> Parcel | None:
        """The next parcel, which was not sent yet; None where none comes in time. Raises what it failed with."""
        while True:
            if self._failure is not None:
                raise self._failure
            while self._parcels:
                parcel = self._parcels.popleft()
                self._bytes -= parcel.size
                if parcel.revision > self.position:
                    return parcel
            self._filled.clear()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._filled.wait()
            except TimeoutError:
                # It may have been filled since its time was up: what waits comes before any word of how far all came.
                if not self._filled.is_set():
                    return None
