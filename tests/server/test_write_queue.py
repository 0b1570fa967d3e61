"""Calls gather before the writer lane: for those who were about a moment ago, and for nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any

import pytest

from toolcrib.server.call import Call
from toolcrib.server.lane import Job
from toolcrib.server.write_queue import WriteQueue

GROUP_MAX = 4
MANY = 100
TIMEOUT_S = 20


class Lane:
    """What takes calls off the queue, in place of a thread, and answers them when it is told to."""

    def __init__(self, group_max: int = GROUP_MAX) -> None:
        self.queue = WriteQueue(limit=MANY, group_max=group_max)
        self._group_max = group_max
        self.running: list[Job[Any]] = []

    def call(self, name: str) -> asyncio.Future[str]:
        return self.queue.submit(lambda: name, Call(f"/{name}"))

    def take(self) -> str:
        """Takes what is there, and at most a group; the names of the calls."""
        while not self.queue.jobs.empty() and len(self.running) < self._group_max:
            self._run(self.queue.jobs.get())
        return "".join(str(job.value) for job in self.running)

    async def takes(self, names: str) -> str:
        """Takes what there is once calls of these names have come in one turn."""
        for name in names:
            self.call(name)
        await turn()
        return self.take()

    async def taken(self) -> str:
        """Takes what comes next."""
        self._run(await asyncio.to_thread(self.queue.jobs.get, timeout=TIMEOUT_S))
        return self.take()

    def _run(self, job: Job[Any] | None) -> None:
        assert job is not None
        job.value = job.work()
        self.running.append(job)

    def answer(self) -> None:
        """Answers all that it has taken."""
        batch, self.running = self.running, []
        self.queue.deliver(batch)


async def turn() -> None:
    """Lets the event loop end its turn."""
    for _ in range(2):
        await asyncio.sleep(0)


async def a_lone_call_waits_for_nobody(lane: Lane) -> None:
    for name in "abc":
        future = lane.call(name)
        await turn()
        assert lane.take() == name
        lane.answer()
        assert await future == name


async def what_comes_in_one_turn_is_together(lane: Lane) -> None:
    assert await lane.takes("abc") == "abc"


async def what_comes_while_a_group_runs_waits_for_those_who_are_told_then(lane: Lane) -> None:
    assert await lane.takes("a") == "a"
    lane.call("b")
    await turn()
    assert lane.queue.jobs.empty()
    lane.answer()
    await turn()
    # Whoever called a may call again.
    assert lane.queue.jobs.empty()
    assert await lane.takes("c") == "bc"


async def who_does_not_come_again_is_not_waited_for_any_longer(lane: Lane) -> None:
    assert await lane.takes("a") == "a"
    lane.call("b")
    lane.answer()
    assert await lane.taken() == "b"
    lane.answer()
    assert await lane.takes("c") == "c"


async def who_comes_long_after_a_group_waits_for_nobody(lane: Lane) -> None:
    assert await lane.takes("abc") == "abc"
    lane.answer()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("toolcrib.server.write_queue.monotonic", lambda: monotonic() + 1)
        lane.call("d")
        await turn()
    assert lane.take() == "d"


async def nobody_waits_for_ever_where_others_keep_coming(_: Lane) -> None:
    lane = Lane(MANY)
    assert await lane.takes("a" * MANY) == "a" * MANY
    lane.answer()

    def come() -> None:
        """So often that it is never silent, and too seldom to become as many."""
        if lane.queue.jobs.empty():
            lane.call("b")
            asyncio.get_running_loop().call_later(0.001, come)

    come()
    assert 1 < len(await lane.taken()) < MANY


async def what_is_more_than_a_group_follows_without_waiting(lane: Lane) -> None:
    assert await lane.takes("abcdef") == "abcd"
    lane.answer()
    assert lane.take() == "ef"
    lane.answer()


async def a_queue_that_closes_keeps_nothing_back(lane: Lane) -> None:
    assert await lane.takes("a") == "a"
    lane.call("b")
    lane.queue.close(1)
    assert not lane.queue.jobs.empty()
    job = lane.queue.jobs.get()
    assert job is not None
    assert job.work() == "b"
    assert lane.queue.jobs.get() is None


@pytest.mark.parametrize(
    "story",
    [
        a_lone_call_waits_for_nobody,
        what_comes_in_one_turn_is_together,
        what_comes_while_a_group_runs_waits_for_those_who_are_told_then,
        who_does_not_come_again_is_not_waited_for_any_longer,
        who_comes_long_after_a_group_waits_for_nobody,
        nobody_waits_for_ever_where_others_keep_coming,
        what_is_more_than_a_group_follows_without_waiting,
        a_queue_that_closes_keeps_nothing_back,
    ],
)
def test_of_calls_that_write(story: Callable[[Lane], Coroutine[Any, Any, None]]) -> None:
    async def tell() -> None:
        await story(Lane())

    asyncio.run(tell())
