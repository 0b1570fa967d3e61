"""Server processes that can be killed by the hundred: one process imports everything once, and forks each of them.

Run as a program: reads the settings of a server per line, as JSON, forks a server with them, and answers with a line of
JSON: its address and process id, or why it did not start. It ends with its standard input, and so do its servers.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolcrib.server.app import Server
from toolcrib.server.event_loop import loop_factory
from toolcrib.server.hooks import Application
from toolcrib.server.loading import import_components
from toolcrib.server.settings import ENVIRONMENT_PREFIX
from toolcrib.server.settings_sources import load_settings
from toolcrib.server.validation import Rules


@dataclass(frozen=True, slots=True)
class Killable:
    """A server in a process of its own."""

    address: str
    pid: int

    def kill(self) -> None:
        """Ends it as a power cut would: at once, wherever it is. Returns when it is gone, and its address is free."""
        process = os.pidfd_open(self.pid)
        try:
            signal.pidfd_send_signal(process, signal.SIGKILL)
            ended = select.poll()
            ended.register(process, select.POLLIN)
            ended.poll()
        finally:
            os.close(process)


class Nursery:
    """The process that servers are forked from."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def serve(self, database: str | Path, address: str = "127.0.0.1:0", **settings: Any) -> Killable:
        """Starts a server over `database`, with settings of its own, and returns when it serves.

        Raises RuntimeError where it does not start.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"address": address, "database": str(database), **settings}) + "\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        if "failed" in said:
            raise RuntimeError(said["failed"])
        return Killable(**said)


@contextmanager
def nursery(components: Path, **settings: Any) -> Iterator[Nursery]:
    """Starts the process, whose servers have these settings; ends it behind the block."""
    # -P: not the modules beside this file, which have names that the components have too.
    command = [sys.executable, "-P", __file__, str(components)]
    own = {f"{ENVIRONMENT_PREFIX}{name.upper()}": str(value) for name, value in settings.items()}
    # What gRPC says of every handshake that fails on purpose is no news.
    pipe, environment = subprocess.PIPE, {"GRPC_VERBOSITY": "ERROR", **os.environ, **own}
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, text=True, env=environment, start_new_session=True
    ) as process:
        try:
            yield Nursery(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


async def _serve(components: Path, settings: Mapping[str, Any]) -> None:
    server = Server(load_settings(None, **settings), Application(), components)
    await server.start()
    _say({"address": server.address, "pid": os.getpid()})
    await server.wait()


def _fork(components: Path, settings: Mapping[str, Any]) -> None:
    if os.fork():
        return
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve(components, settings))
    except BaseException as error:
        # Whoever asked for it waits for a line.
        _say({"failed": f"{type(error).__name__}: {error}"})
    os._exit(1)


def _say(said: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Forks a server for each line. No gRPC object is made before the fork, which it would not survive."""
    components = Path(sys.argv[1])
    for generated in import_components(components):
        # Compiles its rules, once for all.
        Rules(generated.repository.component.message, ())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        _fork(components, json.loads(line))
    # All that it has forked, and itself: the process was started as the leader of a group of its own.
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
