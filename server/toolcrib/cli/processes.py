"""Serves with several processes: starts them, starts one that ends anew, and stops them all together.

Each is a whole server with lanes of its own. What they share is the database, which orders their commits, and the port.
They are forked, so that one is there in a moment: the process that does it has imported everything, and has neither
threads nor anything of gRPC that is at work.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess

from toolcrib.cli.console import complain
from toolcrib.cli.running import STOP_SIGNALS, Announce, Say, run, stopping_in_words
from toolcrib.server.app import Server
from toolcrib.server.errors import StartError
from toolcrib.server.schema.steps import SchemaDiffers
from toolcrib.server.settings import Settings

# One that ends soon after it was started is not started anew before so long.
_PAUSE_S = 1.0
_READY = ""


@dataclass(slots=True)
class _Worker:
    number: int
    process: ForkProcess
    pipe: Connection
    started: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a worker tells: through `pipe` that it serves; that it waits it says for itself."""

    pipe: Connection
    announce: Announce

    def waiting(self, address: str, refusal: SchemaDiffers) -> None:
        self.announce.waiting(address, refusal)

    def serving(self, _address: str) -> None:
        self.pipe.send(_READY)


class Processes:
    """The processes of one `serve`; `settings` have the port that they share."""

    def __init__(self, server: Server, settings: Settings, announce: Announce, say: Say) -> None:
        """Each process runs its own copy of `server`, which has not started."""
        self._announce = announce
        self._server = server
        self._settings = settings
        self._say = say
        # Windows has none, nor ports to share.
        self._forking = get_context("fork")
        self._running: list[_Worker] = []
        self._asked, self._asks = socket.socketpair()

    def run(self) -> None:
        """Returns when a signal has stopped them. Raises StartError where the first does not start."""
        for stop in STOP_SIGNALS:
            signal.signal(stop, lambda _number, _frame: self._asks.send(b"."))
        try:
            # The first alone, as it makes what the database lacks, or waits until somebody does.
            self._require_ready(self._start(1))
            for worker in [self._start(number) for number in range(2, self._settings.workers + 1)]:
                self._require_ready(worker)
            self._announce.serving(self._settings.address)
            self._watch()
            self._stop()
        finally:
            for worker in self._running:
                worker.process.kill()
        self._say("stopped")

    def _start(self, number: int) -> _Worker:
        ours, theirs = self._forking.Pipe()
        process = self._forking.Process(target=self._work, args=(ours, theirs), name=f"toolcrib-worker-{number}")
        # What tells to stop must not be taken for this process's by a worker that has just begun.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        theirs.close()
        worker = _Worker(number, process, ours)
        self._running.append(worker)
        return worker

    def _work(self, ours: Connection, pipe: Connection) -> None:
        """One worker; says through `pipe` when it serves, or why it does not."""
        # A terminal's Ctrl-C reaches all of them; the process that started them tells when to stop.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        # Kept open here, they would hide from others that that process is gone.
        for inherited in (ours, *(worker.pipe for worker in self._running)):
            inherited.close()
        threading.Thread(target=_end_with_parent, args=(pipe,), daemon=True).start()
        try:
            run(self._server, self._settings, _Told(pipe, self._announce), lambda _text: None)
        except StartError as error:
            pipe.send(str(error))
            sys.exit(1)

    def _require_ready(self, worker: _Worker) -> None:
        """Waits until it serves. Raises StartError for what it says, or SystemExit where it is to stop already."""
        if self._asked in connection.wait([worker.pipe, self._asked]):
            # It may be in the middle of what somebody has told it to apply.
            self._stop()
            self._say("stopped")
            sys.exit(0)
        said = _said(worker)
        if said != _READY:
            raise StartError(said or f"worker {worker.number} ended before it served")

    def _watch(self) -> None:
        """Returns when they are to stop; until then starts anew what ends."""
        starting: list[_Worker] = []
        while True:
            pipes = [worker.pipe for worker in starting]
            sentinels = [worker.process.sentinel for worker in self._running]
            heard = connection.wait([self._asked, *pipes, *sentinels])
            if self._asked in heard:
                return
            for worker in [worker for worker in self._running if worker.process.sentinel in heard]:
                self._running.remove(worker)
                worker.process.join()
                complain(f"worker {worker.number} ended: {_said(worker) or f'exit code {worker.process.exitcode}'}")
                pause_s = _PAUSE_S - (time.monotonic() - worker.started)
                if pause_s > 0 and self._asked in connection.wait([self._asked], pause_s):
                    return
                starting.append(self._start(worker.number))
            for worker in [worker for worker in starting if worker.pipe in heard]:
                starting.remove(worker)
                if worker in self._running and _said(worker) == _READY:
                    self._say(f"another worker {worker.number} serves in its place")

    def _stop(self) -> None:
        """Lets all of them finish; at once if asked again."""
        self._say(stopping_in_words(self._settings))
        self._asked.recv(1)
        for worker in self._running:
            worker.process.terminate()
        waiting = {worker.process.sentinel for worker in self._running}
        while waiting:
            ended = connection.wait([self._asked, *waiting])
            if self._asked in ended:
                return
            waiting.difference_update(sentinel for sentinel in ended if isinstance(sentinel, int))


def _said(worker: _Worker) -> str | None:
    """What it has said by now: that it serves, or why it does not."""
    try:
        return str(worker.pipe.recv()) if worker.pipe.poll() else None
    except EOFError:
        return None


def _end_with_parent(pipe: Connection) -> None:
    """Nothing is ever sent this way: the other end closes where its process is gone, however it went."""
    try:
        pipe.recv()
    except EOFError:
        os.kill(os.getpid(), signal.SIGTERM)
