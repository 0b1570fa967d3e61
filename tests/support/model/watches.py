"""Watches of all kinds, recorded for as long as a model runs, over restarts, kills and lost connections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from support.model.callers import Stubs
from support.model.kinds import KINDS
from support.watching import (
    COMMIT,
    SNAPSHOT_END,
    Following,
    Recording,
    Replica,
    check_stream,
    content,
    from_snapshot,
    recording,
)
from toolcrib.audit.v1.audit_pb2 import AuditEntry
from toolcrib.watch.v1.watch_pb2 import Start, WatchedComponent, WatchRequest
from toolcrib.watch.v1.watch_pb2_grpc import WatchServiceStub

LARGE = "size > 1"


def _is_large(image: bytes) -> bool:
    cell = KINDS["Cell"].message()
    cell.ParseFromString(image)
    return bool(cell.size > 1)


@dataclass(frozen=True)
class Way:
    """What is watched: these components, and those of their records that the filter holds of."""

    components: Sequence[str] = ()
    filter: str = ""
    is_shared: bool = False
    include_previous: bool = True

    def method(self, stubs: Stubs) -> Any:
        """What is called."""
        return WatchServiceStub(stubs.channel).Watch if self.is_shared else stubs.of["Cell"].WatchCells

    def request(self) -> Any:
        """All but where it begins."""
        if not self.is_shared:
            return KINDS["Cell"].request("WatchCells", filter=self.filter, include_previous=self.include_previous)
        watched = [WatchedComponent(name=KINDS[name].component, filter=self.filter) for name in self.components]
        return WatchRequest(components=watched, include_previous=self.include_previous)

    def is_wanted(self) -> Callable[[bytes], bool]:
        """Whether it shows a record."""
        return _is_large if self.filter else lambda _: True

    def entries(self, trail: Sequence[AuditEntry], behind: int) -> list[AuditEntry]:
        """Those of what it watches, behind a revision."""
        names = [KINDS[name].component for name in self.components] or [kind.component for kind in KINDS.values()]
        return [entry for entry in trail if entry.component in names and entry.revision > behind]


ALL, NOT_CELLS, LARGE_CELLS = (
    Way(is_shared=True),
    Way(["Arm", "Job"], is_shared=True, include_previous=False),
    Way(["Cell"], LARGE, is_shared=True),
)
OWN, OWN_LARGE = Way(["Cell"]), Way(["Cell"], LARGE)
# How a watch may begin, and in which way.
NOW, REVISION, SNAPSHOT = "now", "revision", "snapshot"
BEGINNINGS = [(way, start) for way in (ALL, NOT_CELLS, LARGE_CELLS, OWN, OWN_LARGE) for start in (NOW, REVISION)]
SNAPSHOTS = [(OWN, SNAPSHOT), (OWN_LARGE, SNAPSHOT)]


class Watch:
    """One watch in a `way`: of what there is and what comes, or of what comes behind a revision.

    To begin with the newest by saying nothing is for when nobody writes.
    """

    def __init__(self, way: Way, start: str, behind: int = 0) -> None:
        self.way = way
        self._start = start
        self._behind = behind
        starts = {NOW: None, REVISION: Start(revision=behind + 1), SNAPSHOT: from_snapshot()}
        self.following = Following(starts[start])

    def begin(self, stubs: Stubs) -> None:
        """Begins; where it is to begin now, until it has."""
        recording = self.go_on(stubs)
        if self._start == NOW:
            recording.live()

    def go_on(self, stubs: Stubs) -> Recording:
        """Goes on where it was, or begins."""
        return self.following.follow(self.way.method(stubs), self.way.request())

    def check(self, stubs: Stubs, trail: Sequence[AuditEntry]) -> None:
        """Waits until it has been sent all that there is, and holds it to the audit trail."""
        newest = trail[-1].revision if trail else 0
        messages = self.following.until(newest)
        if self._start == SNAPSHOT:
            _check_replica(stubs, self.way, messages)
            self._behind = next(message.revision for message in messages if message.kind == SNAPSHOT_END)
        entries = self.way.entries(trail, self._behind)
        check_stream(messages, entries, self.way.is_wanted(), with_previous=self.way.include_previous)
        self._check_tokens(stubs, messages, newest)

    def _check_tokens(self, stubs: Stubs, messages: Sequence[Any], newest: int) -> None:
        """Behind any token comes what came behind it the first time."""
        places = [place for place, message in enumerate(messages) if message.resume_token]
        for place in {places[0], places[len(places) // 2], places[-1]}:
            request = self.way.request()
            request.start.resume_token = messages[place].resume_token
            with recording(self.way.method(stubs), request) as again:
                assert _commits(again.until(newest)) == _commits(messages[place + 1 :])


def _check_replica(stubs: Stubs, way: Way, messages: Sequence[Any]) -> None:
    """Whoever began with the records that there were, and did what the watch says, has those that there are."""
    replica = Replica()
    for message in messages:
        replica.apply(message)
    cells = stubs.ask("Cell", "ListCells", filter=way.filter, page_size=1000).cells
    assert replica.records == {str(cell.id): content(cell) for cell in cells}


def _commits(messages: Sequence[Any]) -> list[bytes]:
    return [content(message) for message in messages if message.kind == COMMIT]
