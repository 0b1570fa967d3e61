"""The two clients of Python behind one face, for the driver: the answers of both are there when `settled` is over."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any

from conformance.slots.v1.slot_client import AsyncSlotClient, SlotClient
from conformance.specimens.v1.specimen_client import AsyncSpecimenClient, SpecimenClient
from toolcrib.client import AsyncCrib, Crib


class Synchronous:
    """The client for synchronous code."""

    clients: Mapping[str, Callable[[Any], Any]] = {"Specimen": SpecimenClient, "Slot": SlotClient}

    @staticmethod
    def connect(address: str, settings: Mapping[str, Any]) -> Any:
        """A connection."""
        return Crib.connect(address, **settings)

    @staticmethod
    def settled(answer: Any) -> Any:
        """What a method answers, as it is."""
        return answer

    @staticmethod
    def commit(transaction: Any) -> None:
        """Carries out what was gathered."""
        with transaction:
            pass


class Asyncio:
    """The client for asyncio, whose event loop runs on a thread of its own."""

    clients: Mapping[str, Callable[[Any], Any]] = {"Specimen": AsyncSpecimenClient, "Slot": AsyncSlotClient}

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def connect(self, address: str, settings: Mapping[str, Any]) -> Any:
        """A connection, which gRPC binds to the loop that it is made in."""

        async def connect() -> AsyncCrib:
            return AsyncCrib.connect(address, **settings)

        return self._run(connect())

    def settled(self, answer: Any) -> Any:
        """What a method answers, awaited; what it iterates over, as an iterator."""
        if isinstance(answer, AsyncIterator):
            return self._each(answer)
        return self._run(answer) if isinstance(answer, Awaitable) else answer

    def commit(self, transaction: Any) -> None:
        """Carries out what was gathered."""

        async def commit() -> None:
            async with transaction:
                pass

        self._run(commit())

    def _each(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        end = object()
        while (item := self._run(anext(items, end))) is not end:
            yield item

    def _run(self, awaitable: Awaitable[Any]) -> Any:
        async def awaited() -> Any:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result()
