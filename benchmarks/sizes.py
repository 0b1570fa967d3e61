"""Filtered lists over few records and over many: what an index serves costs the same, and a filter is compiled once.

Servers over databases of different sizes answer the same questions in turn. A third kind of round asks each time in a
way that was not asked before, so that nothing compiled can be used again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measures import Round
from benchmarks.operations import SIZES, recipe_name
from benchmarks.processes import Process, Server, running, take_round

_SMALL, _LARGE = SIZES


@dataclass(frozen=True, slots=True)
class SizeTurn:
    """Rounds taken next to each other: over few records, over many, and over few in ever new ways."""

    small: Round
    large: Round
    known: Round
    unknown: Round


@dataclass(frozen=True, slots=True)
class SizeFigures:
    """All turns with one number of calls in flight."""

    in_flight: int
    turns: list[SizeTurn]

    def ratios(self) -> list[float]:
        """How many times as long a call takes over many records as over few, in each turn."""
        return [turn.small.calls_per_s / turn.large.calls_per_s for turn in self.turns]

    def ratio(self) -> float:
        """The median of these."""
        return median(self.ratios())


class SizesBench:
    """The servers, each over a database of its size, and what asks them."""

    def __init__(self, load: Process, servers: dict[int, Server]) -> None:
        self._load = load
        self._servers = servers

    def measure(self, in_flight: int, rounds: int, seconds: float, progress: Callable[[], None]) -> SizeFigures:
        """Takes `rounds` turns; tells `progress` of each."""
        turns = []
        for _ in range(rounds):
            turns.append(
                SizeTurn(
                    small=self._round(f"filter_{_SMALL}", _SMALL, in_flight, seconds),
                    large=self._round(f"filter_{_LARGE}", _LARGE, in_flight, seconds),
                    known=self._round("filter_known", _SMALL, in_flight, seconds),
                    unknown=self._round("filter_unknown", _SMALL, in_flight, seconds),
                )
            )
            progress()
        return SizeFigures(in_flight, turns)

    def _round(self, stream: str, size: int, in_flight: int, seconds: float) -> Round:
        return take_round(self._load, stream, self._servers[size], in_flight, seconds)


@contextmanager
def sizes_bench(folder: Path) -> Iterator[SizesBench]:
    """Starts the servers and fills their databases, which lie in `folder`."""
    with ExitStack() as stack:
        servers = {}
        for size in SIZES:
            database = folder / f"recipes-{size}.db"
            process = stack.enter_context(running("benchmarks.toolcrib_server", str(database), stubs=False))
            servers[size] = Server(process, process.read_line())
            _fill(database, size)
        load = stack.enter_context(running("benchmarks.load", stubs=True))
        load.read_line()
        yield SizesBench(load, servers)


def _fill(database: Path, size: int) -> None:
    """Writes so many recipes past the server; their names are unique, and in another order than their keys."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(recipe)")]
        given: Mapping[str, Callable[[int], Any]] = {
            "id": lambda number: number,
            "name": lambda number: recipe_name(number * 7919 % size),
            "speed_mm_s": lambda number: float(number % 500 + 1),
            "coolant": lambda number: number % 4,
            "approved": lambda number: number % 2,
            "create_time": lambda _: "2026-01-01 00:00:00.000000",
            "update_time": lambda _: "2026-01-01 00:00:00.000000",
            "toolcrib_revision": lambda _: 1,
        }
        values = [given.get(column) for column in columns]
        rows = ([value(number) if value else None for value in values] for number in range(1, size + 1))
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO recipe VALUES ({', '.join('?' * len(columns))})", rows)
        connection.execute("COMMIT")
