"""The writer lane's queue: lets calls gather, as a commit costs as much as several of them.

Those who were about when the last group was done are waited for: they are told together, and so come again together.
What is waited for is found out on the event loop. A lane that woke to look would take the interpreter's lock from it
each time; and while a group runs the loop has little to do, so that neither is in the way of the other
(docs/performance.md).
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

from toolcrib.server.lane import Job, LaneQueue

# Nobody is waited for where nobody has come for so long, nor at all when the last group is done so long ago.
_SILENCE_S = 0.004
_PATIENCE_S = 0.05


class WriteQueue(LaneQueue):
    """Holds calls back until as many are together as were a moment ago, for one lane that takes up to `group_max`."""

    def __init__(self, *, limit: int, group_max: int) -> None:
        super().__init__(limit=limit)
        self._group_max = group_max
        self._is_running = False
        self._about = 0
        self._before = 0
        self._end = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def deliver(self, batch: list[Job[Any]]) -> None:
        """Answers the callers of a group, and hands over the next one as soon as it is worth its commit."""
        self._about = min(len(batch) + len(self._gathered), self._group_max)
        self._end = monotonic() + _PATIENCE_S
        super().deliver(batch)
        # Else the lane has gone on with what was too much for one group.
        if self.jobs.empty():
            self._is_running = False
            self._hand_over()

    def _hand_over(self) -> None:
        if self._closed or (self._gathered and not self._is_running and not self._waits()):
            self._hand_over_now()

    def _waits(self) -> bool:
        if len(self._gathered) >= self._about or monotonic() >= self._end:
            return False
        if self._timer is None:
            self._listen()
        return True

    def _listen(self) -> None:
        self._before = len(self._gathered)
        self._timer = self.loop.call_later(_SILENCE_S, self._end_silence)

    def _end_silence(self) -> None:
        if len(self._gathered) == self._before or monotonic() >= self._end:
            self._hand_over_now()
        else:
            self._listen()

    def _hand_over_now(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._is_running = True
        super()._hand_over()
