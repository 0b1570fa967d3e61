"""Gets of a record that has changed very often: as it is, and as it was at any revision, in turn."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.measures import Round
from benchmarks.operations import VERSIONS
from benchmarks.processes import Process, Server, running, take_round


@dataclass(frozen=True, slots=True)
class PastTurn:
    """Rounds taken next to each other."""

    present: Round
    past: Round


@dataclass(frozen=True, slots=True)
class PastFigures:
    """All turns with one number of calls in flight."""

    in_flight: int
    turns: list[PastTurn]

    def ratios(self) -> list[float]:
        """How many times as long a Get of the past takes as one of the present, in each turn."""
        return [turn.present.calls_per_s / turn.past.calls_per_s for turn in self.turns]

    def ratio(self) -> float:
        """The median of these."""
        return median(self.ratios())


class PastBench:
    """The server, and what asks it."""

    def __init__(self, load: Process, server: Server) -> None:
        self._load = load
        self._server = server

    def measure(self, in_flight: int, rounds: int, seconds: float, progress: Callable[[], None]) -> PastFigures:
        """Takes `rounds` turns; tells `progress` of each."""
        turns = []
        for _ in range(rounds):
            turns.append(PastTurn(*(self._round(stream, in_flight, seconds) for stream in ("present", "past"))))
            progress()
        return PastFigures(in_flight, turns)

    def _round(self, stream: str, in_flight: int, seconds: float) -> Round:
        return take_round(self._load, stream, self._server, in_flight, seconds)


@contextmanager
def past_bench(folder: Path) -> Iterator[PastBench]:
    """Starts a server, and gives it a record with its former versions; its database lies in `folder`."""
    database = folder / "past.db"
    with running("benchmarks.toolcrib_server", str(database), stubs=False) as process:
        server = Server(process, process.read_line())
        _fill(database)
        with running("benchmarks.load", stubs=True) as load:
            load.read_line()
            yield PastBench(load, server)


def _fill(database: Path) -> None:
    """Writes the record, its former versions and their revisions past the server."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(recipe)")]
        time = "2026-01-01 00:00:00.000000"
        given = {"id": 1, "name": "a", "speed_mm_s": 1.0, "coolant": 0, "approved": 0}
        given |= {"create_time": time, "update_time": time, "toolcrib_revision": VERSIONS}
        row = [given.get(column) for column in columns]
        at = columns.index("toolcrib_revision")
        former = ([*row[:at], start, *row[at + 1 :], start, start + 1] for start in range(1, VERSIONS))
        connection.execute("BEGIN")
        connection.execute(f"INSERT INTO recipe VALUES ({', '.join('?' * len(row))})", row)
        connection.executemany(f"INSERT INTO recipe_history VALUES ({', '.join('?' * (len(row) + 2))})", former)
        connection.execute("UPDATE toolcrib_sequence SET last_value = ? WHERE name = 'revision'", [VERSIONS])
        connection.execute("COMMIT")
