"""The C++ client: calls over one connection and several, the load of the controller sample, and a crowd of callers.

Its programs are built by `make -C clients/cpp bench`, with what Debian has as packages.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measures import Round
from benchmarks.operations import CPP_CONNECTIONS, LOOP_CALL_US_MAX, LOOP_CYCLES
from benchmarks.processes import PROJECT, Process, ProcessFailed, Server, cpu_seconds, running

CALLS = ("get", "create")
# Calls of each kind over each number of connections, and the loop.
STEPS = len(CALLS) * len(CPP_CONNECTIONS) + 1

_CLIENT = PROJECT / "clients" / "cpp"
_BUILT = _CLIENT / "build" / "release" / "tests"
_WARM_UP_S = 0.3


@dataclass(frozen=True, slots=True)
class CppCalls:
    """Calls over so many connections, one at a time on each, in each round."""

    call: str
    connections: int
    calls_per_s: list[float]
    p50_ms: list[float]
    p99_ms: list[float]


@dataclass(frozen=True, slots=True)
class CppLoop:
    """What the sample's loop did: its own calls in microseconds, its records, and what it cost the server.

    `server_cpu` is the server's processor time as a share of one processor; None where the system does not tell.
    """

    cycles: int
    written: int
    turned_away: int
    call_p50_us: float
    call_p99_us: float
    call_max_us: float
    server_cpu: float | None

    def is_met(self) -> bool:
        """Whether a call is as fast as is promised, and no record was left out."""
        return self.call_p99_us < LOOP_CALL_US_MAX and self.written == self.cycles


@dataclass(frozen=True, slots=True)
class CppFigures:
    """Everything about the C++ client."""

    calls: list[CppCalls]
    loop: CppLoop


class CppBench:
    """A server, and the programs of the C++ client."""

    def __init__(self, server: Process, address: str) -> None:
        self._server = server
        self._address = address

    def measure(self, rounds: int, seconds: float, progress: Callable[[], None]) -> CppFigures:
        """Takes `rounds` rounds of calls of each kind, and the loop once; tells `progress` of each step."""
        calls = []
        for call in CALLS:
            for connections in CPP_CONNECTIONS:
                taken = [_program("load", self._address, call, connections, seconds) for _ in range(rounds)]
                calls.append(_calls(call, connections, taken))
                progress()
        loop = self._loop()
        progress()
        return CppFigures(calls, loop)

    def _loop(self) -> CppLoop:
        before = cpu_seconds(self._server.pid)
        report = _program("controller", self._address, LOOP_CYCLES)
        after = cpu_seconds(self._server.pid)
        # Of a period of a millisecond each.
        lasted_s = LOOP_CYCLES / 1000
        server_cpu = None if before is None or after is None else (after - before) / lasted_s
        wanted = ("cycles", "written", "turned_away", "call_p50_us", "call_p99_us", "call_max_us")
        return CppLoop(**{name: report[name] for name in wanted}, server_cpu=server_cpu)


def build() -> None:
    """Builds the programs. Raises ProcessFailed."""
    if shutil.which("cmake") is None or shutil.which("grpc_cpp_plugin") is None:
        raise ProcessFailed("the C++ client needs CMake and gRPC for C++; clients/cpp/README.md says which packages")
    command = ["make", "--no-print-directory", "-C", str(_CLIENT), "bench"]
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
        raise ProcessFailed("the C++ client did not build; its message is above")


@contextmanager
def cpp_bench(folder: Path) -> Iterator[CppBench]:
    """Builds the programs, and starts a server whose database lies in `folder`. Raises ProcessFailed."""
    build()
    with running("benchmarks.toolcrib_server", str(folder / "cpp.db"), stubs=False) as server:
        yield CppBench(server, server.read_line())


def crowd(servers: Sequence[Server], in_flight: int, seconds: float) -> Round:
    """Has creates made, so many at a time and dealt out among `servers`, by a program that costs the machine little."""
    addresses = ",".join(server.address for server in servers)
    _program("crowd", addresses, in_flight, _WARM_UP_S)
    before = _cpu_seconds(servers)
    taken = _program("crowd", addresses, in_flight, seconds)
    after = _cpu_seconds(servers)
    return Round(
        calls_per_s=taken["calls"] / taken["seconds"],
        p50_ms=taken["p50_ms"],
        p99_ms=taken["p99_ms"],
        cpu_us_per_call=None if before is None or after is None else (after - before) / taken["calls"] * 1e6,
    )


def _cpu_seconds(servers: Sequence[Server]) -> float | None:
    each = [cpu_seconds(server.process.pid) for server in servers]
    known = [seconds for seconds in each if seconds is not None]
    return sum(known) if len(known) == len(each) else None


def _program(name: str, *arguments: object) -> dict[str, Any]:
    """Runs a program; answers the JSON that it says last. Raises ProcessFailed."""
    command = [str(_BUILT / name), *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise ProcessFailed(f"{name} of the C++ client failed; its message is above")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def _calls(call: str, connections: int, taken: list[dict[str, Any]]) -> CppCalls:
    return CppCalls(
        call,
        connections,
        calls_per_s=[each["calls"] / each["seconds"] for each in taken],
        p50_ms=[each["p50_ms"] for each in taken],
        p99_ms=[each["p99_ms"] for each in taken],
    )
