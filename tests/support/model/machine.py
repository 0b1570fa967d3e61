"""One model of everything: any sequence of concurrent calls, restarts and lost connections, compared with plain Python.

kinds.py      the components             callers.py    who calls, and what they were answered
world.py      every state, and what one more call makes of the last
calls.py      what can be asked          order.py      the order that concurrent calls had
reading.py    every way to read          shown.py       what a read has to show
watches.py    watches, recorded all along
"""

from __future__ import annotations

import os
import sys
from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import grpc
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from support.chain import checked
from support.model.asking import FIRST, Asking
from support.model.callers import Caller, Reader, Sent, Stubs
from support.model.calls import Call
from support.model.kinds import COMPONENTS, KINDS
from support.model.order import settle
from support.model.reading import Reading
from support.model.shown import CELL_NOW, include
from support.model.watches import BEGINNINGS, NOW, SNAPSHOTS, Watch, Way
from support.model.world import State, revision_at
from toolcrib.audit.v1.audit_pb2 import AuditEntry, ListAuditEntriesRequest, ListTransactionsRequest
from toolcrib.audit.v1.audit_pb2_grpc import AuditServiceStub
from toolcrib.server.audit_file import audit_file
from toolcrib.server.testing import new_database, serve

# What each of some callers asks, one thing after another: a number for each.
SCRIPTS = st.lists(st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=8), min_size=1, max_size=4)
# Per cent of the way from the first revision to the newest.
SHARES = st.integers(0, 100)
WATCHES_MAX = 16
SETTINGS: dict[str, Any] = {"watch_heartbeat_s": 0.05, "watch_poll_s": 0.05}


def thoroughly(examples: int) -> settings:
    """So many examples; or as many as the environment's MODEL_EXAMPLES says, and then a failure is made small, too."""
    asked = os.environ.get("MODEL_EXAMPLES")
    return settings(
        max_examples=int(asked) if asked else examples,
        phases=[*Phase] if asked else [Phase.reuse, Phase.generate],
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


class Everything(RuleBasedStateMachine):
    """Calls the server and the model alike. How the server runs is for those who inherit."""

    @abstractmethod
    def open(self, database: str) -> str:
        """Serves the database; answers the address."""

    @abstractmethod
    def close(self) -> None:
        """Stops the server."""

    @initialize()
    def begin(self) -> None:
        self.stack = ExitStack()
        self.database = self.stack.enter_context(new_database())
        self.past = [State()]
        self.trail: list[AuditEntry] = []
        self.watches: list[Watch] = []
        self.count = 0
        self.serve()
        self.write([FIRST], SNAPSHOTS[0])
        for way, start in BEGINNINGS:
            self.watch(way, start, share=0)

    def serve(self) -> None:
        """Starts the server, and lets all watches go on."""
        self.connection = ExitStack()
        self.connection.callback(self.close)
        channel = grpc.insecure_channel(self.open(self.database))
        self.stubs = Stubs(self.connection.enter_context(channel))
        self.audit = AuditServiceStub(channel)
        for watch in self.watches:
            watch.go_on(self.stubs)

    def stop(self) -> None:
        """Stops the server."""
        for watch in self.watches:
            watch.following.leave()
        self.connection.close()

    # One rule: where there are several, hypothesis leaves some of them out of a run, such as all that write.
    @rule(
        numbers=SCRIPTS,
        joining=st.sampled_from(SNAPSHOTS),
        then=st.sampled_from(["read", "restart", "reconnect", "watch"]),
        beginning=st.sampled_from([*BEGINNINGS, *SNAPSHOTS]),
        shares=st.tuples(*[SHARES] * 4),
        microseconds=st.sampled_from([-1, 0, 1, 10**9]),
        page_size=st.sampled_from([1, 2, 1000]),
    )
    def go_on(
        self,
        numbers: Sequence[Sequence[int]],
        joining: tuple[Way, str],
        then: str,
        beginning: tuple[Way, str],
        shares: Sequence[int],
        microseconds: int,
        page_size: int,
    ) -> None:
        """Writes by several callers at the same time, and then one thing or another."""
        self.write(self.asked(numbers), joining)
        match then:
            case "read":
                self.read(shares, microseconds, page_size)
            case "restart":
                self.restart()
            case "watch":
                self.watch(*beginning, shares[0])
            case _:
                self.reconnect(shares[0])

    def write(self, scripts: Sequence[Sequence[Call]], joining: tuple[Way, str]) -> None:
        """Several callers at the same time; meanwhile somebody reads, and somebody begins to watch."""
        reader = Reader(self.stubs, include(CELL_NOW))
        callers = self.callers(scripts)
        for thread in (reader, *callers):
            thread.start()
        self.watch(*joining, share=0)
        for caller in callers:
            caller.join()
        reader.end()
        assert not any(sent.is_lost for caller in callers for sent in caller.sent)
        self.settle(callers, reader.pages)

    def callers(self, scripts: Sequence[Sequence[Call]], told: Callable[[], None] = lambda: None) -> list[Caller]:
        """Those who are going to ask this, each call under a name of its own."""
        callers = []
        for script in scripts:
            self.count += 1
            names = (f"{self.count}.{place}" for place in range(len(script)))
            sent = [Sent(call, f"caller {self.count}", name) for call, name in zip(script, names, strict=True)]
            note(f"{sent[0].caller} asks " + "; ".join(map(str, script)))
            callers.append(Caller(self.stubs, sent, told))
        return callers

    def asked(self, numbers: Sequence[Sequence[int]]) -> list[list[Call]]:
        """The calls of these numbers."""
        # The same number at another place is another call: the simplest script is not one call again and again.
        return [
            [Asking(number * 8 + place, self.past).call() for place, number in enumerate(script)] for script in numbers
        ]

    def settle(self, callers: Sequence[Caller], pages: Sequence[Any] = ()) -> None:
        """Finds out in which order the calls were done, and what has become of everything."""
        first = len(self.past)
        transactions, entries = self.read_trail(first)
        self.trail += entries
        settle(self.past, [caller.sent for caller in callers], transactions, entries)
        reading = Reading(self.stubs, self.past)
        for page in pages:
            assert page.revision >= first - 1
            reading.require_page(page)

    def read_trail(self, first: int) -> tuple[list[Any], list[AuditEntry]]:
        """What the audit says has come since."""
        entries = ListAuditEntriesRequest(start_revision=first, oldest_first=True, page_size=1000, show_refused=True)
        transactions = ListTransactionsRequest(
            start_revision=first, oldest_first=True, page_size=1000, show_refused=True
        )
        return (
            list(self.audit.ListTransactions(transactions).transactions),
            list(self.audit.ListAuditEntries(entries).entries),
        )

    def read(self, shares: Sequence[int], microseconds: int, page_size: int) -> None:
        """Everything as it is, as it was at a revision and at a time, and how it came to be so."""
        reading = Reading(self.stubs, self.past)
        revision, moment = (revision_at(self.past, share) for share in shares[:2])
        # From before all, and until now, too.
        ends = sorted(revision_at(self.past, share) if share else 0 for share in shares[2:])
        reading.require_present()
        reading.require_past(revision)
        reading.require_past_at(moment, microseconds)
        for kind in KINDS.values():
            reading.require_differences(kind, *ends, page_size=page_size)
        for name, key in self.past[revision].world:
            reading.require_versions(KINDS[name], key, page_size=page_size, oldest_first=bool(revision % 2))

    def restart(self) -> None:
        """Stops the server, examines what it left, and starts it again."""
        self.stop()
        self.require_sound()
        self.serve()

    def reconnect(self, share: int) -> None:
        """Some watchers lose their connection, and come back where they were."""
        for watch in self.watches[share % 3 :: 3]:
            watch.following.leave()
            watch.go_on(self.stubs)

    def watch(self, way: Way, start: str, share: int) -> None:
        """Somebody begins to watch, unless there are enough; recorded to the end."""
        if len(self.watches) < WATCHES_MAX:
            newest = len(self.past) - 1
            watch = Watch(way, start, newest if start == NOW else newest * share // 100)
            watch.begin(self.stubs)
            self.watches.append(watch)

    def require_sound(self) -> None:
        """The chain holds, and the records are what it says that they were left as."""
        chain = checked(self.database)
        assert chain.finding is None
        assert (chain.revision, chain.entries) == (len(self.past) - 1, len(self.trail))
        with audit_file(self.database) as file:
            for kind in KINDS.values():
                records = file.records(kind.repository().component)
                assert records.run() is None
                assert records.records == sum(name == kind.name for name, _ in self.past[-1].world)

    def teardown(self) -> None:
        """Sees to it that all of the past is as it was, and holds every watch to the audit trail."""
        if not hasattr(self, "stubs"):
            return
        # What has failed already is said once.
        is_sound = sys.exception() is None
        try:
            if is_sound:
                self.require_all()
        finally:
            self.stop()
            if is_sound:
                self.require_sound()
            self.stack.close()

    def require_all(self) -> None:
        """Everything as it is, and ever was."""
        reading = Reading(self.stubs, self.past)
        reading.require_present()
        for revision in range(1, len(self.past)):
            reading.require_listed(revision)
        for name, key in {node for state in self.past for node in state.world}:
            reading.require_versions(KINDS[name], key, page_size=1000, oldest_first=True)
        for watch in self.watches:
            watch.check(self.stubs, self.trail)


class InProcess(Everything):
    """The server in the process of the test."""

    def open(self, database: str) -> str:
        """Serves it."""
        self.running = ExitStack()
        return self.running.enter_context(serve(COMPONENTS, database=database, **SETTINGS)).address

    def close(self) -> None:
        """Stops the server."""
        self.running.close()
