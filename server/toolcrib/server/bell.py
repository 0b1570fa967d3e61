"""Rung by the writer lane behind each durable group of commits, for who listens on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from toolcrib.server.transaction import Transaction


class Written(NamedTuple):
    """The revisions of a group of commits, from `first` to `last`, and the components whose records it changed."""

    first: int
    last: int
    components: frozenset[str]


class Bell:
    """To be made on the event loop that listens."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener: Callable[[Written | None], None] | None = None

    def listen(self, listener: Callable[[Written | None], None] | None) -> None:
        """From now on `listener` hears, on the event loop; or nobody does, which costs writes nothing."""
        self._listener = listener

    def ring_for_others(self) -> None:
        """Tells that another server has committed something; on any thread."""
        if (listener := self._listener) is not None:
            self._loop.call_soon_threadsafe(listener, None)

    def ring(self, transactions: Sequence[Transaction]) -> None:
        """Tells of transactions in the order of their revisions; on the writer lane."""
        listener = self._listener
        if listener is None or not transactions:
            return
        components = frozenset(change.component.name for transaction in transactions for change in transaction.changes)
        written = Written(transactions[0].revision, transactions[-1].revision, components)
        self._loop.call_soon_threadsafe(listener, written)
