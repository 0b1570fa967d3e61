"""Lanes: threads that run the server's synchronous storage work beside the event loop.

A lane takes all that waits, runs it as a batch, and wakes the event loop once for the whole batch: the hand-over
between threads costs more than most of the work that is handed over (docs/performance.md).
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from abc import abstractmethod
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from toolcrib.server.call import Call
from toolcrib.server.errors import DeadlinePassed, Overloaded, ShuttingDown

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Job(Generic[T]):
    """A piece of work and, once it is run, its outcome."""

    __slots__ = ("call", "deadline", "error", "future", "value", "work")

    def __init__(self, work: Callable[..., T], call: Call, future: asyncio.Future[T]) -> None:
        self.work = work
        self.call = call
        self.deadline = call.deadline()
        self.future = future
        self.value: T | None = None
        self.error: BaseException | None = None

    def is_wanted(self) -> bool:
        """Whether anyone still waits for it; nothing is run for a caller that has gone or whose time is up."""
        if self.future.cancelled():
            return False
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self.error = DeadlinePassed("the deadline passed while the call waited; nothing was done")
            return False
        return True

    def deliver(self) -> None:
        """Answers the caller; on the event loop."""
        if self.future.done():
            return
        if isinstance(self.error, StopIteration):
            # No future takes it, as its callers would take it for an end of their own.
            error = RuntimeError("the work raised StopIteration")
            error.__cause__ = self.error
            self.error = error
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.value)  # type: ignore[arg-type]  # a job without an error has its value


class LaneQueue:
    """The jobs that wait for a kind of lane, and the event loop they are answered on."""

    def __init__(self, *, limit: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.jobs: SimpleQueue[Job[Any] | None] = SimpleQueue()
        self._gathered: list[Job[Any]] = []
        self._limit = limit
        self._closed = False
        self._ends_turn = False

    def submit(self, work: Callable[..., T], call: Call) -> asyncio.Future[T]:
        """Hands `work` to a lane; the future has what it returns or raises.

        Raises Overloaded or ShuttingDown where it is not even put into the queue.
        """
        if self._closed:
            raise ShuttingDown("the server is stopping; connect again in a moment")
        if self.jobs.qsize() + len(self._gathered) >= self._limit:
            raise Overloaded(f"{self._limit} calls wait already; try again in a moment")
        future: asyncio.Future[T] = self.loop.create_future()
        self._gathered.append(Job(work, call, future))
        if not self._ends_turn:
            # The lane is woken once for all that the event loop hands over in this turn.
            self._ends_turn = True
            self.loop.call_soon(self._end_turn)
        return future

    def deliver(self, batch: list[Job[Any]]) -> None:
        """Answers the callers of what a lane has run; on the event loop."""
        for job in batch:
            job.deliver()

    def close(self, lanes: int) -> None:
        """Lets the lanes finish what waits and end."""
        self._closed = True
        self._hand_over()
        for _ in range(lanes):
            self.jobs.put(None)

    def _end_turn(self) -> None:
        self._ends_turn = False
        self._hand_over()

    def _hand_over(self) -> None:
        for job in self._gathered:
            self.jobs.put(job)
        self._gathered.clear()


class Lane(threading.Thread):
    """A thread that runs jobs in batches. Every job it takes is answered, whatever happens."""

    def __init__(self, name: str, queue: LaneQueue, *, batch_size: int) -> None:
        super().__init__(name=name, daemon=True)
        self._queue = queue
        self._batch_size = batch_size

    @abstractmethod
    def execute(self, jobs: list[Job[Any]]) -> None:
        """Runs `jobs` and leaves in each its value or its error."""

    @abstractmethod
    def finish(self) -> None:
        """Gives back what the lane holds; on the lane's thread."""

    def run(self) -> None:
        """The thread: batches until the queue is closed."""
        try:
            while (first := self._queue.jobs.get()) is not None:
                self._run_batch(self._batch_from(first))
        finally:
            self.finish()

    def _batch_from(self, first: Job[Any]) -> list[Job[Any]]:
        """`first` and all that waits behind it, up to the batch size."""
        jobs, batch = self._queue.jobs, [first]
        while len(batch) < self._batch_size:
            try:
                job = jobs.get_nowait()
            except Empty:
                break
            if job is None:
                # The end, which is for when the batch is done.
                jobs.put(None)
                break
            batch.append(job)
        return batch

    def _run_batch(self, batch: list[Job[Any]]) -> None:
        wanted = [job for job in batch if job.is_wanted()]
        try:
            if wanted:
                self.execute(wanted)
        except BaseException as error:
            logger.exception("the lane %s failed", self.name)
            for job in wanted:
                job.error = job.error or error
        self._queue.loop.call_soon_threadsafe(self._queue.deliver, batch)
