"""Gathers what many callers ask at the same time, to be run one after another.

The processor then keeps in its caches what such a call needs, and afterwards what gRPC needs to send the answers. Run
as each call comes, both are evicted by the other every time, which costs more than the work (docs/performance.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")

# So many are run as soon as they are together: most of the gain, while others are still on their way.
_MANY = 8
_PATIENCE_S = 0.004
# After so many gatherings in a row that did not become many, none is tried for a while: few callers never wait.
_VAIN_MAX = 2
_PAUSE_S = 1.0


class Gathering(Generic[T]):
    """Holds items back while many come, and runs them together. For one event loop, and to be made on it."""

    def __init__(self, run_all: Callable[[list[T]], None]) -> None:
        self._run_all = run_all
        self._loop = asyncio.get_running_loop()
        self._items: list[T] = []
        self._timer: asyncio.TimerHandle | None = None
        self._holding = False
        self._came_in_this_turn = False
        self._vain = 0
        self._paused_until = 0.0

    def holds(self) -> bool:
        """Whether an item that comes now is to be added; else its owner is to run it at once."""
        if self._came_in_this_turn:
            # Two in one turn of the loop: there may be many. A caller that waits for each answer never comes here.
            self._holding = self._holding or monotonic() >= self._paused_until
        elif not self._holding:
            self._came_in_this_turn = True
            self._loop.call_soon(self._end_turn)
        return self._holding

    def add(self, item: T) -> None:
        """Holds `item` until many are together, or for some milliseconds."""
        self._items.append(item)
        if len(self._items) == 1:
            self._timer = self._loop.call_later(_PATIENCE_S, self._run)
        elif len(self._items) == _MANY:
            self._loop.call_soon(self._run)

    def _end_turn(self) -> None:
        self._came_in_this_turn = False

    def _run(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        items, self._items = self._items, []
        if not items:
            return
        if len(items) >= _MANY:
            self._vain = 0
        else:
            self._vain += 1
            if self._vain >= _VAIN_MAX:
                self._holding, self._vain = False, 0
                self._paused_until = monotonic() + _PAUSE_S
        self._run_all(items)
