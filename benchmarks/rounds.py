"""The run: starts what is measured, and takes rounds of echo, raw SQLite and Toolcrib in turn.

Each of Toolcrib's rounds is compared with those right before it: a machine's speed changes from second to second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figures, Turn
from benchmarks.measures import Round
from benchmarks.operations import WORKERS, Operation
from benchmarks.processes import Process, Server, running, take_round
from benchmarks.raw import RawDatabase


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured, and for how long."""

    operations: Sequence[Operation]
    in_flight: Sequence[int]
    rounds: int
    seconds: float

    def turns(self) -> int:
        """How many turns that makes."""
        return len(self.operations) * len(self.in_flight) * self.rounds


class Bench:
    """Everything that takes part, running."""

    def __init__(self, load: Process, echo: Server, toolcrib: Mapping[int, Server], raw: RawDatabase) -> None:
        """`toolcrib` has the servers by the number of their workers."""
        self._load = load
        self._echo = echo
        self._toolcrib = toolcrib
        self._raw = raw

    def measure(self, plan: Plan, progress: Callable[[], None]) -> list[Figures]:
        """Takes all rounds of `plan`; tells `progress` of each turn."""
        figures = []
        for operation in plan.operations:
            for in_flight in plan.in_flight:
                turns = []
                for _ in range(plan.rounds):
                    turns.append(self._turn(operation, in_flight, plan.seconds))
                    progress()
                figures.append(Figures(operation, in_flight, turns))
        return figures

    def _turn(self, operation: Operation, in_flight: int, seconds: float) -> Turn:
        return Turn(
            echo=self._round("echo", self._echo, in_flight, seconds),
            raw_rows_per_s=self._raw.rows_per_s(seconds) if operation.against_raw else None,
            toolcrib=self._round(operation.stream, self._toolcrib[operation.workers], in_flight, seconds),
        )

    def _round(self, stream: str, server: Server, in_flight: int, seconds: float) -> Round:
        return take_round(self._load, stream, server, in_flight, seconds)


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """Starts the servers and the load generator, and fills the databases, which lie in `folder`."""
    database, shared = folder / "toolcrib.db", folder / "workers.db"
    with (
        running("benchmarks.echo_server", stubs=True) as echo,
        running("benchmarks.toolcrib_server", str(database), stubs=False) as alone,
        running("benchmarks.toolcrib_workers", str(shared), str(WORKERS), stubs=False) as workers,
    ):
        servers = {
            1: Server(alone, alone.read_line()),
            WORKERS: Server(workers, workers.read_line(), has_workers=True),
        }
        echoing = Server(echo, echo.read_line())
        with running("benchmarks.load", *(server.address for server in servers.values()), stubs=True) as load:
            # It says a line when it has filled the databases.
            load.read_line()
            with closing(RawDatabase(database, folder / "raw.db")) as raw:
                yield Bench(load, echoing, servers, raw)
