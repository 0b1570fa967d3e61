"""Watches: how soon a change reaches one, and what a thousand idle ones cost a write.

Rounds of creates without them and with them are taken in turn, on one server, in one run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.measures import Round
from benchmarks.operations import IDLE_WATCHERS
from benchmarks.processes import Process, Server, running, take_round

_LATENCIES = 200


@dataclass(frozen=True, slots=True)
class WatchTurn:
    """Rounds of creates taken next to each other."""

    without: Round
    watched: Round


@dataclass(frozen=True, slots=True)
class WatchFigures:
    """All turns with one number of calls in flight, and how long changes took to reach a watch, one at a time."""

    in_flight: int
    turns: list[WatchTurn]
    latencies_ms: list[float]

    def shares(self) -> list[float]:
        """The rate of creates with idle watches, as a share of that without, in each turn."""
        return [turn.watched.calls_per_s / turn.without.calls_per_s for turn in self.turns]

    def share(self) -> float:
        """The median of these."""
        return median(self.shares())

    def latency_ms(self) -> float:
        """The median."""
        return median(self.latencies_ms)


class WatchBench:
    """A server, what writes to it, and what watches it."""

    def __init__(self, load: Process, server: Server, watchers: Process) -> None:
        self._load = load
        self._server = server
        self._watchers = watchers

    def measure(self, in_flight: int, rounds: int, seconds: float, progress: Callable[[], None]) -> WatchFigures:
        """Takes `rounds` turns; tells `progress` of each."""
        latencies_ms: list[float] = json.loads(self._watchers.ask(f"latency {_LATENCIES}"))
        turns = []
        for _ in range(rounds):
            without = self._round(in_flight, seconds)
            self._watchers.ask(f"open {IDLE_WATCHERS}")
            turns.append(WatchTurn(without, self._round(in_flight, seconds)))
            self._watchers.ask("close")
            progress()
        return WatchFigures(in_flight, turns, latencies_ms)

    def _round(self, in_flight: int, seconds: float) -> Round:
        return take_round(self._load, "create", self._server, in_flight, seconds)


@contextmanager
def watch_bench(folder: Path) -> Iterator[WatchBench]:
    """Starts what takes part; the database lies in `folder`."""
    with running("benchmarks.toolcrib_server", str(folder / "watched.db"), stubs=False) as process:
        server = Server(process, process.read_line())
        with (
            running("benchmarks.load", stubs=True) as load,
            running("benchmarks.watchers", server.address, stubs=True) as watchers,
        ):
            load.read_line()
            yield WatchBench(load, server, watchers)
