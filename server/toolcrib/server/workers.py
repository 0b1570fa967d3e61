"""Starts and stops the lanes, and hands them work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from toolcrib.server.announcer import Announcer
from toolcrib.server.answers import AnswerLimits
from toolcrib.server.bell import Bell
from toolcrib.server.call import Call
from toolcrib.server.direct.attendant import Attendant
from toolcrib.server.lane import LaneQueue
from toolcrib.server.lanes import WriterLane
from toolcrib.server.reader_lane import ReaderLane
from toolcrib.server.shortcut import Shortcut
from toolcrib.server.store import Store
from toolcrib.server.transaction import ReadTransaction, Transaction
from toolcrib.server.write_queue import WriteQueue

T = TypeVar("T")

# So that a long list holds up few other reads, while the event loop is still woken once for many.
_READ_BATCH = 16
# Those who begin to watch, many at a time after a restart, keep each other waiting, and nobody else.
_BACKLOG_LANES = 2
# The writer, the lanes for watches, the news of other servers, and health.
CONNECTIONS_BESIDE_READERS = 1 + 1 + _BACKLOG_LANES + 1 + 1


class Workers:
    """The threads behind the event loop. To be made on the loop that waits for them.

    `group_commit_max` is how many calls may share a commit, `queue_max` how many may wait for each kind of lane,
    `answer_limits` how long answers are kept for repeats, `refusals_per_minute` how many refused calls are audited.
    """

    def __init__(
        self,
        store: Store,
        *,
        reader_lanes: int,
        group_commit_max: int,
        queue_max: int,
        answer_limits: AnswerLimits,
        refusals_per_minute: int,
    ) -> None:
        self._shortcut = Shortcut(store)
        self._reads = LaneQueue(limit=queue_max)
        self._writes = WriteQueue(limit=queue_max, group_max=group_commit_max)
        self._follows = LaneQueue(limit=queue_max)
        self._backlog = LaneQueue(limit=queue_max)
        self._announcer = Announcer(store.listeners)
        self.bell = Bell()
        self._attendant = Attendant(self._absorb) if store.database.absorbed_tables else None
        direct = _nothing if self._attendant is None else self._attendant.ring
        self._news = store.database.backend.news(self.bell.ring_for_others, direct)
        self._readers = [
            ReaderLane(f"toolcrib-reader-{number}", store, self._reads, batch_size=_READ_BATCH)
            for number in range(reader_lanes)
        ]
        self._watchers = [
            ReaderLane("toolcrib-watch", store, self._follows, batch_size=1),
            *(
                ReaderLane(f"toolcrib-backlog-{number}", store, self._backlog, batch_size=1)
                for number in range(_BACKLOG_LANES)
            ),
        ]
        self._writer = WriterLane(
            "toolcrib-writer",
            store,
            self._writes,
            self._announcer.announce,
            self.bell,
            batch_size=group_commit_max,
            answer_limits=answer_limits,
            refusals_per_minute=refusals_per_minute,
        )

    def start(self) -> None:
        """Starts the threads."""
        for thread in (self._announcer, *self._readers, *self._watchers, self._writer):
            thread.start()
        if self._news is not None:
            self._news.start()
        if self._attendant is not None:
            self._attendant.start()

    def read_at_once(self, _call: Call, work: Callable[[ReadTransaction], T]) -> Coroutine[Any, Any, T | None]:
        """Runs `work`, which reads very little, on the event loop; None where that is for a lane to do."""
        return self._shortcut.run(work)

    def read(self, call: Call, work: Callable[[ReadTransaction], T]) -> asyncio.Future[T]:
        """Runs `work` on a reader lane."""
        return self._reads.submit(work, call)

    def follow(self, call: Call, work: Callable[[ReadTransaction], T]) -> asyncio.Future[T]:
        """Runs `work`, which reads what was just committed, on the lane that does nothing else."""
        return self._follows.submit(work, call)

    def read_backlog(self, call: Call, work: Callable[[ReadTransaction], T]) -> asyncio.Future[T]:
        """Runs `work`, which reads much for a watcher, on a lane where no other reads wait for it."""
        return self._backlog.submit(work, call)

    def write(self, call: Call, work: Callable[[Transaction], T]) -> asyncio.Future[T]:
        """Runs `work` on the writer lane; the future has its outcome when it is durable."""
        return self._writes.submit(work, call)

    async def _absorb(self) -> bool:
        """Has the writer lane look for what bypassed the server, as it does before each group of writes."""
        await self.write(Call("absorb"), _nothing)
        return not self._writer.is_behind

    async def stop(self) -> None:
        """Lets the lanes finish what waits, tells the listeners, and ends the threads."""
        self._shortcut.close()
        if self._attendant is not None:
            self._attendant.stop()
        if self._news is not None:
            await asyncio.to_thread(self._news.close)
        self._reads.close(len(self._readers))
        self._writes.close(1)
        self._follows.close(1)
        self._backlog.close(_BACKLOG_LANES)
        for thread in (*self._readers, *self._watchers, self._writer):
            await asyncio.to_thread(thread.join)
        self._announcer.close()
        await asyncio.to_thread(self._announcer.join)


def _nothing(*_: object) -> None:
    """Work that leaves all as it is."""
