"""What the benchmark asks of the load generator, and what that answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Order:
    """A round to be run: a stream of requests against the server at `address`, over so many connections."""

    stream: str
    address: str
    pid: int
    connections: int
    in_flight: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Round:
    """What a round showed. The processor's time is the server's; None where the system does not tell."""

    calls_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us_per_call: float | None
