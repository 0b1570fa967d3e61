"""Processes of the benchmark: each is a module of this package that says a line when it is ready.

They serve until their standard input ends, so that none outlives the benchmark, however that ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measures import Order, Round

PROJECT = Path(__file__).resolve().parents[1]
_STUBS = PROJECT / "examples" / "gen"
# Of these one starts PostgreSQL.
_TESTS = PROJECT / "tests"
_STOP_S = 15


class ProcessFailed(Exception):
    """A process of the benchmark ended by itself; what it said of it is on the terminal already."""


class Process:
    """A running module, spoken to in lines."""

    def __init__(self, popen: subprocess.Popen[str], module: str) -> None:
        self._popen = popen
        self._module = module

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    def ask(self, line: str) -> str:
        """Sends a line and waits for the one that answers it. Raises ProcessFailed."""
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(f"{line}\n")
            self._popen.stdin.flush()
        except BrokenPipeError as error:
            raise ProcessFailed(f"{self._module} ended; its message is above") from error
        return self.read_line()

    def read_line(self) -> str:
        """The next line it says. Raises ProcessFailed."""
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        if not line:
            raise ProcessFailed(f"{self._module} ended; its message is above")
        return line.strip()

    def stop(self) -> None:
        """Lets it end, or ends it where it does not."""
        assert self._popen.stdin is not None
        self._popen.stdin.close()
        try:
            self._popen.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs, where it listens, and whether it is several workers, among whom connections are dealt out."""

    process: Process
    address: str
    has_workers: bool = False


def take_round(load: Process, stream: str, server: Server, in_flight: int, seconds: float) -> Round:
    """Has the load generator run a round against a server. Raises ProcessFailed.

    Several workers are asked over a connection for each call in flight, as so many machines would.
    """
    connections = in_flight if server.has_workers else 1
    order = Order(stream, server.address, server.process.pid, connections, in_flight, seconds)
    return Round(**json.loads(load.ask(json.dumps(asdict(order)))))


@contextmanager
def running(module: str, *arguments: str, stubs: bool) -> Iterator[Process]:
    """Runs a module of this package; `stubs` puts the generated messages of examples/ on its path.

    The server must not have them there: it generates and imports its own.
    """
    path = [str(_STUBS) if stubs else None, str(_TESTS), os.environ.get("PYTHONPATH")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))}
    popen = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env=environment,
        # Ctrl-C is for the benchmark, which then lets its processes end.
        start_new_session=True,
    )
    process = Process(popen, module)
    try:
        yield process
    finally:
        process.stop()


def cpu_seconds(pid: int) -> float | None:
    """The processor time that a process and those it started have used; None where the system does not tell it."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return None
    # The second field is the program's name in brackets, and may hold anything.
    fields = text.rpartition(")")[2].split()
    user_ticks, system_ticks = int(fields[11]), int(fields[12])
    own = (user_ticks + system_ticks) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_seconds(int(child)) or 0 for child in children)
