"""The synchronous and the asyncio client behind one face, so that one test shows that both do the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from toolcrib.client import AsyncCrib, Crib

KINDS = ("synchronous", "asyncio")


class Client:
    """A connection, and how to wait for what it does.

    `run(lambda crib: crib.wait_ready())` is the answer, `every(lambda crib: ...)` what an iterator goes through.
    """

    def __init__(self, crib: Any, runner: asyncio.Runner | None) -> None:
        self.crib = crib
        self._runner = runner

    def run(self, action: Callable[[Any], Any]) -> Any:
        """What `action` answers, awaited where it has to be."""
        if self._runner is None:
            return action(self.crib)

        async def awaited() -> Any:
            return await action(self.crib)

        return self._runner.run(awaited())

    def every(self, action: Callable[[Any], Any]) -> list[Any]:
        """All that `action` iterates over."""
        if self._runner is None:
            return list(action(self.crib))

        async def collected() -> list[Any]:
            return [each async for each in action(self.crib)]

        return self._runner.run(collected())

    def viewed(self, view: Callable[[Any], Any]) -> Client:
        """This client with a view of its connection."""
        return Client(view(self.crib), self._runner)

    @property
    def is_asyncio(self) -> bool:
        """Which of the two this is."""
        return self._runner is not None


@contextmanager
def connected(kind: str, address: str, **settings: Any) -> Iterator[Client]:
    """A client of this kind."""
    if kind == "synchronous":
        with Crib.connect(address, **settings) as crib:
            yield Client(crib, None)
        return
    with asyncio.Runner() as runner:
        # gRPC binds a channel to the loop that it is made in.
        async def connect() -> AsyncCrib:
            return AsyncCrib.connect(address, **settings)

        client = Client(runner.run(connect()), runner)
        try:
            yield client
        finally:
            client.run(lambda crib: crib.close())
