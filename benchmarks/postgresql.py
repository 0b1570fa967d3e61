"""Creates on PostgreSQL, and a plain psycopg loop on the same server, in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import gettempdir

from benchmarks import cpp
from benchmarks.measures import Round
from benchmarks.operations import POSTGRESQL_SERVERS
from benchmarks.processes import Process, Server, running


@dataclass(frozen=True, slots=True)
class PostgresqlTurn:
    """Rounds taken next to each other."""

    plain_commits_per_s: float
    toolcrib: Round


@dataclass(frozen=True, slots=True)
class PostgresqlFigures:
    """All turns of so many servers with one number of calls in flight, on a PostgreSQL that is durable, or is not."""

    durable: bool
    servers: int
    in_flight: int
    turns: list[PostgresqlTurn]

    def shares(self) -> list[float]:
        """Toolcrib's rate of creates as a share of the plain loop's commits, in each turn."""
        return [turn.toolcrib.calls_per_s / turn.plain_commits_per_s for turn in self.turns]

    def share(self) -> float:
        """The median of these."""
        return median(self.shares())


class PostgresqlBench:
    """Servers on one PostgreSQL, and the plain loop beside them."""

    def __init__(self, servers: Sequence[Server], plain: Process, *, durable: bool) -> None:
        self._servers = servers
        self._plain = plain
        self._durable = durable

    def measure(
        self, in_flight: int, rounds: int, seconds: float, progress: Callable[[], None]
    ) -> list[PostgresqlFigures]:
        """Takes `rounds` turns of each number of servers; tells `progress` of each.

        The loop needs nobody to ask it, so whoever asks the servers has to leave them the processors.
        """
        turns: dict[int, list[PostgresqlTurn]] = {count: [] for count in POSTGRESQL_SERVERS}
        for _ in range(rounds):
            plain_commits_per_s = float(self._plain.ask(str(seconds)))
            for count, taken in turns.items():
                created = cpp.crowd(self._servers[:count], in_flight, seconds)
                taken.append(PostgresqlTurn(plain_commits_per_s, created))
            progress()
        return [PostgresqlFigures(self._durable, count, in_flight, taken) for count, taken in turns.items()]


@contextmanager
def postgresql_bench(folder: Path | None, *, durable: bool) -> Iterator[PostgresqlBench]:
    """Starts what takes part, and fills the database, which lies in `folder` or the temporary one."""
    cpp.build()
    how = "durable" if durable else "careless"
    with ExitStack() as stack:
        database = stack.enter_context(
            running("benchmarks.postgresql_server", str(folder or gettempdir()), how, stubs=False)
        )
        url = database.read_line()
        servers = []
        for _ in range(max(POSTGRESQL_SERVERS)):
            process = stack.enter_context(running("benchmarks.toolcrib_server", url, stubs=False))
            servers.append(Server(process, process.read_line()))
        with running("benchmarks.load", servers[0].address, stubs=True) as load:
            # It says a line when it has filled the database.
            load.read_line()
        plain = stack.enter_context(running("benchmarks.plain_loop", url, stubs=False))
        plain.read_line()
        yield PostgresqlBench(servers, plain, durable=durable)
