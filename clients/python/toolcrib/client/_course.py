"""How far a watch has come and what it is sent, without the waiting: shared by both clients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypedDict, TypeVar

from google.protobuf.message import Message

from toolcrib.audit.v1.audit_pb2 import ActorSource
from toolcrib.client._conditions import Condition, all_of
from toolcrib.client._patience import Patience
from toolcrib.client.errors import Cancelled, ResourceExhausted, ToolcribError, Unavailable
from toolcrib.query.v1.query_pb2 import Filter
from toolcrib.watch.v1 import watch_pb2
from toolcrib.watch.v1.watch_pb2 import ChangeKind, Start, WatchedComponent, WatchRequest

RecordT = TypeVar("RecordT", bound=Message)
RequestT = TypeVar("RequestT", bound=Message)

_TOO_SLOW = "WATCH_TOO_SLOW"
# Once it was begun, a watch waits for its server without end; the last of these comes again and again.
_PAUSE_MAX_S = 2.0


class Watching(TypedDict, total=False):
    """Where a watch begins, now unless one of these is given, and what it is sent.

    `snapshot`: with the records that there are. `revision`: with the commit of this revision. `resume_token`: behind
    the commit that another watch had it from. With `include_previous` changes have records as they were before.
    """

    snapshot: bool
    revision: int | None
    resume_token: str | None
    include_previous: bool


@dataclass(frozen=True, slots=True)
class Commit(Generic[RecordT]):
    """A commit: its revision, time (UTC), who made it, why, by which call, and its changes in their order."""

    revision: int
    time: datetime
    actor: str
    actor_source: ActorSource.ValueType
    reason: str
    method: str
    changes: list[Change[RecordT]] = field(default_factory=list, repr=False)


@dataclass(frozen=True, slots=True)
class Change(Generic[RecordT]):
    """What became of a record: `record` as it is now, or last was where it is gone; `previous` as it was before.

    `kind` is one of ChangeKind.CHANGE_KIND_CREATED and its kin. A watch over several components has packed records, and
    their keys as text in `record_key`.
    """

    kind: ChangeKind.ValueType
    record: RecordT
    previous: RecordT | None
    commit: Commit[RecordT]
    record_key: str = ""

    @property
    def kind_name(self) -> str:
        """For example "updated"."""
        return ChangeKind.Name(self.kind).removeprefix("CHANGE_KIND_").lower()


class Course(Generic[RecordT]):
    """The state of one watch. `request` is what is asked at first."""

    def __init__(self, request: Any, timeout_s: float | None) -> None:
        self._request = request
        self._timeout_s = timeout_s
        self._patience = Patience(timeout_s)
        self._was_begun = False
        self._records: list[RecordT] = []
        self._commit: Commit[RecordT] | None = None
        self._awaits_snapshot = bool(self._request.start.snapshot)
        self.resume_token: str = self._request.start.resume_token
        self.revision = 0

    def request(self) -> Any:
        """What to ask now: to begin, or to go on."""
        # What was received of a snapshot, or of a commit, that did not come to its end comes once more.
        self._records, self._commit = [], None
        request = self._request
        if self.resume_token:
            request.start.CopyFrom(Start(resume_token=self.resume_token))
        return request

    def received(self) -> None:
        """Something came: the server is there."""
        self._was_begun = True
        self._patience = Patience(None)

    def pause_s(self, error: ToolcribError) -> float:
        """How long to wait, in seconds, before going on behind `error`. Raises it where that makes no sense."""
        if isinstance(error, ResourceExhausted) and error.reason == _TOO_SLOW:
            return 0.0
        if self._was_begun and isinstance(error, Cancelled):
            # The server let its calls go.
            error = Unavailable(error.code, error.message)
        if not isinstance(error, Unavailable):
            raise error
        try:
            return self._patience.pause_s(error)
        except Unavailable:
            if not self._was_begun:
                raise
            return _PAUSE_MAX_S

    def require_snapshot(self) -> None:
        """Raises RuntimeError where no snapshot is to come."""
        if not self._awaits_snapshot:
            raise RuntimeError("there is no snapshot: ask for one with watch(snapshot=True), and take it once")

    def require_begun(self) -> None:
        """Raises RuntimeError where a snapshot is still to come."""
        if self._awaits_snapshot:
            raise RuntimeError("the snapshot comes first: take it with snapshot()")

    def take_record_of(self, message: Any) -> list[RecordT] | None:
        """Takes a message of the snapshot; answers all records at its end."""
        self._records.extend(message.records)
        if message.kind != watch_pb2.MESSAGE_KIND_SNAPSHOT_END:
            return None
        self._awaits_snapshot = False
        self.done(message)
        records, self._records = self._records, []
        return records

    def take(self, message: Any) -> Commit[RecordT] | None:
        """Takes a message; answers the commit that it completes."""
        if message.kind != watch_pb2.MESSAGE_KIND_COMMIT:
            return None
        commit = self._commit or _commit(message.commit)
        commit.changes.extend(_change(change, commit) for change in message.changes)
        self._commit = commit if message.continues else None
        return None if message.continues else commit

    def done(self, message: Any) -> None:
        """What the message said was given."""
        if message.resume_token:
            self.resume_token, self.revision = message.resume_token, message.revision


def watch_request(
    request: Callable[..., RequestT],
    conditions: Sequence[Condition],
    filter_: str,
    query: Filter | None,
    asked: Watching,
) -> RequestT:
    """The request of a component's own service. Raises ValueError where it would begin in several places."""
    parts = [*conditions, *([] if query is None else [Condition(query)])]
    filtered = all_of(parts).message if parts else None
    return request(filter=filter_, query=filtered, **_asked(asked))


def shared_request(components: Sequence[str | WatchedComponent], asked: Watching) -> WatchRequest:
    """The request for several components. Raises ValueError where it would begin in several places."""
    named = [WatchedComponent(name=each) if isinstance(each, str) else each for each in components]
    return WatchRequest(components=named, **_asked(asked))


def _asked(asked: Watching) -> dict[str, Any]:
    places: dict[str, Any] = {
        "snapshot": asked.get("snapshot") or None,
        "revision": asked.get("revision"),
        "resume_token": asked.get("resume_token"),
    }
    given = {name: value for name, value in places.items() if value is not None}
    if len(given) > 1:
        raise ValueError(f"a watch begins in one place, not at {' and '.join(given)}")
    return {"start": Start(**given) if given else None, "include_previous": asked.get("include_previous", False)}


def _commit(message: watch_pb2.Commit) -> Commit[Any]:
    time = message.commit_time.ToDatetime(UTC)
    return Commit(message.revision, time, message.actor, message.actor_source, message.reason, message.method)


def _change(message: Any, commit: Commit[RecordT]) -> Change[RecordT]:
    previous = message.previous if message.HasField("previous") else None
    key = message.record_key if isinstance(message, watch_pb2.Change) else ""
    return Change(message.kind, message.record, previous, commit, key)
