"""The writer lane's queue: lets calls gather, as a commit costs as much as several of them.

What is waited for is found out on the event loop. A lane that woke to look would take the interpreter's lock from it
each time (docs/performance.md).
"""

from __future__ import annotations

import asyncio
from typing import Any

from toolcrib.server.lane import Job, LaneQueue

# Fewer calls at a time than this have their commit at once.
_MANY = 8
# A group waits for as many calls as the last one had, or so long for each of them.
_PATIENCE_S = 0.0005
_PATIENCE_MAX_S = 0.012
# Where as many as the last time are there, and no more have come for so long, nobody is waited for.
_TICK_S = 0.001
# Every so many groups more calls are waited for, so that groups grow as far as the load allows.
_GROW_EVERY = 4


class WriteQueue(LaneQueue):
    """Holds calls back while many come and one lane, which takes up to `group_max` of them, has none to run."""

    def __init__(self, *, limit: int, group_max: int) -> None:
        super().__init__(limit=limit)
        self._group_max = group_max
        self._is_running = False
        self._last_group = 0
        self._groups = 0
        self._wanted = 0
        self._before = 0
        self._end = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def deliver(self, batch: list[Job[Any]]) -> None:
        """Answers the callers of a group, and hands over the next one as soon as it is worth its commit."""
        super().deliver(batch)
        # Else the lane has gone on with what was too much for one group.
        if self.jobs.empty():
            self._is_running = False
            self._hand_over()

    def _hand_over(self) -> None:
        if self._closed or (self._gathered and not self._is_running and not self._waits()):
            self._hand_over_now()

    def _hand_over_now(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._is_running = True
        self._last_group = len(self._gathered)
        super()._hand_over()

    def _waits(self) -> bool:
        if self._last_group < _MANY:
            return False
        if self._timer is None:
            self._groups += 1
            self._wanted = min(self._group_max, self._last_group * (1 if self._groups % _GROW_EVERY else 2))
            self._end = self.loop.time() + min(_PATIENCE_MAX_S, _PATIENCE_S * self._last_group)
            self._before = 0
            self._timer = self.loop.call_later(_TICK_S, self._tick)
        return len(self._gathered) < self._wanted

    def _tick(self) -> None:
        before, self._before = self._before, len(self._gathered)
        if self.loop.time() >= self._end or self._last_group <= self._before == before:
            self._hand_over_now()
        else:
            self._timer = self.loop.call_later(_TICK_S, self._tick)
