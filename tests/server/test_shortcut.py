"""Reads on the event loop stay short: what would take long goes to the lanes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from support.plant import COMPONENTS
from toolcrib.server import Application, RecordNotFound, shortcut
from toolcrib.server.database import Database
from toolcrib.server.errors import DatabaseUnavailable
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
def reads(tmp_path: Path, clock: Clock) -> Iterator[Shortcut]:
    database = Database(str(tmp_path / "plant.db"), busy_timeout_s=1)
    store = Store(database, [item.repository for item in import_components(COMPONENTS)], Application())
    store.open()
    reads = Shortcut(store)
    yield reads
    reads.close()


def newest(transaction: ReadTransaction) -> int:
    return transaction.revision_read() + 1


def test_a_short_read_is_done_at_once(reads: Shortcut) -> None:
    assert reads.run(newest) == 1


def test_a_refusal_is_an_answer(reads: Shortcut) -> None:
    def refuse(_: ReadTransaction) -> NoReturn:
        raise RecordNotFound("c", "k", "not there")

    with pytest.raises(RecordNotFound):
        reads.run(refuse)
    assert reads.run(newest) == 1


def test_after_a_slow_read_the_lanes_are_asked_for_a_second(reads: Shortcut, clock: Clock) -> None:
    def slow(_: ReadTransaction) -> int:
        clock.now += 0.02
        return 7

    assert reads.run(slow) == 7
    assert reads.run(newest) is None
    clock.now += 1.1
    assert reads.run(newest) == 1


def test_a_database_that_cannot_answer_is_left_to_the_lanes(reads: Shortcut, clock: Clock) -> None:
    def fail(_: ReadTransaction) -> int:
        raise DatabaseUnavailable("locked")

    assert reads.run(fail) is None
    assert reads.run(newest) is None
    clock.now += 1.1
    assert reads.run(newest) == 1


def test_once_closed_it_stays_closed(reads: Shortcut, clock: Clock) -> None:
    reads.close()
    clock.now += 1e9
    assert reads.run(newest) is None
