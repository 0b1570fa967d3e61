"""The same over a server in a process of its own, that is killed while callers write."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from support.killable import Killable, Nursery, nursery
from support.model.kinds import COMPONENTS
from support.model.machine import SCRIPTS, SETTINGS, Everything, thoroughly


class Killed(Everything):
    """A server that goes on where one was that was killed."""

    servers: Nursery
    server: Killable | None = None

    def open(self, database: str) -> str:
        self.server = self.servers.serve(database)
        return self.server.address

    def close(self) -> None:
        if self.server is not None:
            self.server.kill()
            self.server = None

    @rule(numbers=SCRIPTS, answers=st.integers(0, 10))
    def kill(self, numbers: Sequence[Sequence[int]], answers: int) -> None:
        """Behind so many answers the server is killed; what was lost with it was done, or it was not."""
        told = threading.Semaphore(0)
        callers = self.callers(self.asked(numbers), told.release)
        for caller in callers:
            caller.start()
        for _ in range(min(answers, sum(len(caller.sent) for caller in callers))):
            told.acquire()
        self.close()
        for caller in callers:
            caller.join()
        self.stop()
        self.serve()
        self.settle(callers)


@pytest.fixture(scope="module")
def servers() -> Iterator[Nursery]:
    with nursery(COMPONENTS, **SETTINGS) as started:
        yield started


def test_what_was_acknowledged_is_there_and_everything_agrees_after_kills(servers: Nursery) -> None:
    class OfTheseServers(Killed):
        pass

    OfTheseServers.servers = servers
    run_state_machine_as_test(OfTheseServers, settings=thoroughly(2))
