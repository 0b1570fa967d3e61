"""Creates on PostgreSQL, and a plain psycopg loop on the same server, in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import gettempdir

from benchmarks.measures import Round
from benchmarks.processes import Process, running, take_round


@dataclass(frozen=True, slots=True)
class PostgresqlTurn:
    """Rounds taken next to each other."""

    plain_commits_per_s: float
    toolcrib: Round


@dataclass(frozen=True, slots=True)
class PostgresqlFigures:
    """All turns with one number of calls in flight, on a PostgreSQL that is durable, or is not."""

    durable: bool
    in_flight: int
    turns: list[PostgresqlTurn]

    def shares(self) -> list[float]:
        """Toolcrib's rate of creates as a share of the plain loop's commits, in each turn."""
        return [turn.toolcrib.calls_per_s / turn.plain_commits_per_s for turn in self.turns]

    def share(self) -> float:
        """The median of these."""
        return median(self.shares())


class PostgresqlBench:
    """A server on PostgreSQL, what writes to it, and the plain loop beside it."""

    def __init__(self, load: Process, server: Process, address: str, plain: Process, *, durable: bool) -> None:
        self._load = load
        self._server = server
        self._address = address
        self._plain = plain
        self._durable = durable

    def measure(self, in_flight: int, rounds: int, seconds: float, progress: Callable[[], None]) -> PostgresqlFigures:
        """Takes `rounds` turns; tells `progress` of each."""
        turns = []
        for _ in range(rounds):
            plain_commits_per_s = float(self._plain.ask(str(seconds)))
            created = take_round(self._load, "create", self._server, self._address, in_flight, seconds)
            turns.append(PostgresqlTurn(plain_commits_per_s, created))
            progress()
        return PostgresqlFigures(self._durable, in_flight, turns)


@contextmanager
def postgresql_bench(folder: Path | None, *, durable: bool) -> Iterator[PostgresqlBench]:
    """Starts what takes part, and fills the database, which lies in `folder` or the temporary one."""
    how = "durable" if durable else "careless"
    with running("benchmarks.postgresql_server", str(folder or gettempdir()), how, stubs=False) as database:
        url = database.read_line()
        with running("benchmarks.toolcrib_server", url, stubs=False) as server:
            address = server.read_line()
            with running("benchmarks.load", address, stubs=True) as load:
                load.read_line()
                with running("benchmarks.plain_loop", url, stubs=False) as plain:
                    plain.read_line()
                    yield PostgresqlBench(load, server, address, plain, durable=durable)
