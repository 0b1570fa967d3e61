"""Reads on the event loop stay short: what would take long goes to the lanes; and many together are run together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from support.plant import COMPONENTS
from toolcrib.server import Application, RecordNotFound, gathering, shortcut
from toolcrib.server.database import Database
from toolcrib.server.errors import DatabaseUnavailable
from toolcrib.server.gathering import Gathering
from toolcrib.server.loading import import_components
from toolcrib.server.shortcut import Shortcut
from toolcrib.server.store import Store
from toolcrib.server.transaction import ReadTransaction


class Clock:
    """Time that passes when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(shortcut, "monotonic", clock)
    return clock


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def reads(tmp_path: Path, clock: Clock, runner: asyncio.Runner) -> Iterator[Shortcut]:
    database = Database(str(tmp_path / "plant.db"))
    store = Store(database, [item.repository for item in import_components(COMPONENTS)], Application())
    store.open()

    async def make() -> Shortcut:
        return Shortcut(store)

    reads = runner.run(make())
    yield reads
    reads.close()


def newest(transaction: ReadTransaction) -> int:
    return transaction.revision_read() + 1


def test_a_short_read_is_done_at_once(runner: asyncio.Runner, reads: Shortcut) -> None:
    assert runner.run(reads.run(newest)) == 1


def refuse(_: ReadTransaction) -> NoReturn:
    raise RecordNotFound("c", "k", "not there")


def test_a_refusal_is_an_answer(runner: asyncio.Runner, reads: Shortcut) -> None:
    with pytest.raises(RecordNotFound):
        runner.run(reads.run(refuse))
    assert runner.run(reads.run(newest)) == 1


def test_after_a_slow_read_the_lanes_are_asked_for_a_second(
    runner: asyncio.Runner, reads: Shortcut, clock: Clock
) -> None:
    def slow(_: ReadTransaction) -> int:
        clock.now += 0.02
        return 7

    assert runner.run(reads.run(slow)) == 7
    assert runner.run(reads.run(newest)) is None
    clock.now += 1.1
    assert runner.run(reads.run(newest)) == 1


def test_a_database_that_cannot_answer_is_left_to_the_lanes(
    runner: asyncio.Runner, reads: Shortcut, clock: Clock
) -> None:
    def fail(_: ReadTransaction) -> int:
        raise DatabaseUnavailable("locked")

    assert runner.run(reads.run(fail)) is None
    assert runner.run(reads.run(newest)) is None
    clock.now += 1.1
    assert runner.run(reads.run(newest)) == 1


def test_once_closed_it_stays_closed(runner: asyncio.Runner, reads: Shortcut, clock: Clock) -> None:
    reads.close()
    clock.now += 1e9
    assert runner.run(reads.run(newest)) is None


def test_many_reads_at_the_same_time_have_an_answer_each(runner: asyncio.Runner, reads: Shortcut) -> None:
    def numbered(number: int) -> Callable[[ReadTransaction], int]:
        return lambda transaction: number + newest(transaction)

    async def ask() -> list[Any]:
        tasks = [asyncio.create_task(reads.run(refuse if n == 7 else numbered(n))) for n in range(30)]
        await asyncio.sleep(0)
        tasks[20].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    answers = runner.run(ask())
    assert isinstance(answers[7], RecordNotFound)
    assert isinstance(answers[20], asyncio.CancelledError)
    assert [answer for n, answer in enumerate(answers) if n not in (7, 20)] == [
        n + 1 for n in range(30) if n not in (7, 20)
    ]


def test_what_is_gathered_runs_as_soon_as_many_are_together(runner: asyncio.Runner) -> None:
    ran: list[list[int]] = []

    async def many() -> None:
        gathering: Gathering[int] = Gathering(ran.append)
        assert not gathering.holds()
        for number in range(16):
            assert gathering.holds()
            gathering.add(number)
        assert ran == []
        await asyncio.sleep(0)

    runner.run(many())
    assert ran == [list(range(16))]


def test_a_caller_that_waits_for_each_answer_is_never_held_back(runner: asyncio.Runner) -> None:
    async def one_after_another() -> bool:
        gathering: Gathering[int] = Gathering(lambda _: None)
        held = False
        for _ in range(50):
            held = held or gathering.holds()
            await asyncio.sleep(0)
        return held

    assert not runner.run(one_after_another())


def test_few_callers_wait_twice_in_vain_and_then_no_more_for_a_second(
    runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(gathering, "monotonic", clock)

    async def few() -> None:
        ran: asyncio.Queue[list[int]] = asyncio.Queue()
        held: Gathering[int] = Gathering(ran.put_nowait)
        held.holds()
        for number in range(2):
            assert held.holds()
            held.add(number)
            # The timer is what runs it.
            assert await ran.get() == [number]
        assert [held.holds() for _ in range(3)] == [False] * 3
        clock.now += 1.1
        assert held.holds()

    runner.run(few())
