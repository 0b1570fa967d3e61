"""What the rounds of one operation amount to: medians over the turns, and shares taken within each turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.measures import Round
from benchmarks.operations import TARGET_IN_FLIGHT, Operation


@dataclass(frozen=True, slots=True)
class Turn:
    """Toolcrib's round, and those it is compared with."""

    echo: Round
    toolcrib: Round
    raw_rows_per_s: float | None


@dataclass(frozen=True, slots=True)
class Share:
    """Toolcrib's share of another's rate: the median of all turns, the least and the most."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Target:
    """A promised share of another's rate, and the share that was reached."""

    share_min: float
    of: str
    reached: Share

    @property
    def met(self) -> bool:
        """Whether the promise is kept."""
        return self.reached.middle >= self.share_min


@dataclass(frozen=True, slots=True)
class Figures:
    """All turns of one operation with one number of calls in flight."""

    operation: Operation
    in_flight: int
    turns: Sequence[Turn]

    def toolcrib(self) -> Round:
        """Toolcrib's medians."""
        return middle(turn.toolcrib for turn in self.turns)

    def rows_per_s(self) -> float:
        """Records that Toolcrib carried."""
        return self.toolcrib().calls_per_s * self.operation.rows_per_call

    def raw_rows_per_s(self) -> float | None:
        """Records that raw SQLite wrote."""
        rates = [turn.raw_rows_per_s for turn in self.turns if turn.raw_rows_per_s is not None]
        return median(rates) if rates else None

    def of_echo(self) -> Share:
        """Share of the echo's calls."""
        return _share([turn.toolcrib.calls_per_s / turn.echo.calls_per_s for turn in self.turns])

    def of_raw(self) -> Share | None:
        """Share of raw SQLite's rows."""
        rows = self.operation.rows_per_call
        shares = [
            turn.toolcrib.calls_per_s * rows / turn.raw_rows_per_s
            for turn in self.turns
            if turn.raw_rows_per_s is not None
        ]
        return _share(shares) if shares else None

    def target(self) -> Target | None:
        """What is promised of this; None where nothing is."""
        operation, of_raw = self.operation, self.of_raw()
        if self.in_flight != TARGET_IN_FLIGHT:
            return None
        if operation.of_echo_min is not None:
            return Target(operation.of_echo_min, "the echo's calls/s", self.of_echo())
        if operation.of_raw_min is not None and of_raw is not None:
            return Target(operation.of_raw_min, "raw executemany's rows/s", of_raw)
        return None


def middle(rounds: Iterable[Round]) -> Round:
    """The median of each figure."""
    taken = list(rounds)
    cpu = [item.cpu_us_per_call for item in taken if item.cpu_us_per_call is not None]
    return Round(
        calls_per_s=median(item.calls_per_s for item in taken),
        p50_ms=median(item.p50_ms for item in taken),
        p99_ms=median(item.p99_ms for item in taken),
        cpu_us_per_call=median(cpu) if cpu else None,
    )


def _share(shares: Sequence[float]) -> Share:
    return Share(median(shares), min(shares), max(shares))
