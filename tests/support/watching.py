"""Records what a watch is sent, and says what is wrong with a recorded stream: ordered, atomic, complete, resumable."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage

from toolcrib.audit.v1.audit_pb2 import AuditEntry, Operation
from toolcrib.watch.v1 import watch_pb2
from toolcrib.watch.v1.watch_pb2 import ChangeKind, MessageKind, Start

TIMEOUT_S = 20.0

SNAPSHOT = watch_pb2.MESSAGE_KIND_SNAPSHOT
SNAPSHOT_END = watch_pb2.MESSAGE_KIND_SNAPSHOT_END
COMMIT = watch_pb2.MESSAGE_KIND_COMMIT
HEARTBEAT = watch_pb2.MESSAGE_KIND_HEARTBEAT


class Recording(threading.Thread):
    """Reads a stream to its end and keeps all messages; `error` is what it ended with."""

    def __init__(self, stream: Any) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._more = threading.Condition()
        self._is_over = False
        self.messages: list[Any] = []
        self.error: Any = None

    def run(self) -> None:
        try:
            for message in self._stream:
                with self._more:
                    self.messages.append(message)
                    self._more.notify_all()
        except grpc.RpcError as error:
            self.error = error
        with self._more:
            self._is_over = True
            self._more.notify_all()

    def wait(self, condition: Callable[[list[Any]], bool]) -> list[Any]:
        """The messages, once `condition` holds of them."""
        with self._more:
            self._more.wait_for(lambda: self._is_over or condition(self.messages), TIMEOUT_S)
            assert condition(self.messages), (self.error, self.messages[-3:])
            return list(self.messages)

    def until(self, revision: int) -> list[Any]:
        """The messages, once all up to `revision` was sent."""
        return self.wait(lambda messages: bool(messages) and messages[-1].revision >= revision)

    def live(self) -> Recording:
        """This, once it is told that it is live."""
        self.wait(lambda messages: any(message.kind == HEARTBEAT for message in messages))
        return self

    def commits(self) -> list[Any]:
        """The commits among the messages."""
        return [message for message in self.messages if message.kind == COMMIT]

    def end(self) -> Any:
        """Waits until the stream has ended by itself; answers its error."""
        self.join(TIMEOUT_S)
        assert not self.is_alive()
        return self.error

    def cancel(self) -> None:
        """Ends it as a client does that goes away."""
        self._stream.cancel()
        self.join(TIMEOUT_S)


class Following:
    """One watch over restarts and lost connections: each stream goes on behind the last message of the one before."""

    def __init__(self, start: Start | None = None) -> None:
        self._start = start
        self._recording: Recording | None = None
        self.messages: list[Any] = []

    def follow(self, method: Any, request: Any) -> Recording:
        """Begins, or goes on; `request` says all but where."""
        start = Start(resume_token=self.messages[-1].resume_token) if self.messages else self._start
        if start is not None:
            request.start.CopyFrom(start)
        self._recording = Recording(method(request))
        self._recording.start()
        return self._recording

    def leave(self) -> None:
        """Ends the stream, if it has not ended, and keeps what came."""
        if self._recording is None:
            return
        self._recording.cancel()
        self.messages += self._recording.messages
        self._recording = None
        # Nobody can go on behind these: they come again.
        while self.messages and not self.messages[-1].resume_token:
            self.messages.pop()

    def until(self, revision: int) -> list[Any]:
        """All messages, once all up to `revision` was sent."""
        assert self._recording is not None
        return self.messages + self._recording.until(revision)


@contextmanager
def recording(method: Any, request: Any) -> Iterator[Recording]:
    """Records the stream that `method` answers with, until the block is left."""
    recording = Recording(method(request))
    recording.start()
    try:
        yield recording
    finally:
        recording.cancel()


def shown(messages: Sequence[Any]) -> list[Any]:
    """Commits as (revision, [(kind, key)]), for typed messages whose key is `id` or for those of the shared service."""
    return [
        (message.revision, [(kind_of(change), key_of(change)) for change in message.changes])
        for message in messages
        if message.kind == COMMIT
    ]


def kind_of(change: Any) -> str:
    """For example "UPDATED"."""
    return ChangeKind.Name(change.kind).removeprefix("CHANGE_KIND_")


def kind_name(message: Any) -> str:
    """For example "SNAPSHOT_END"."""
    return MessageKind.Name(message.kind).removeprefix("MESSAGE_KIND_")


def key_of(change: Any) -> str:
    """The record's key as text."""
    return str(getattr(change, "record_key", "") or change.record.id)


# What a change is, by the entry's operation and whether the filter holds of the record before and after.
Visible = Callable[[bytes], bool]


def expected(entries: Sequence[AuditEntry], is_wanted: Visible) -> list[tuple[int, list[tuple[str, str]]]]:
    """What a watch is to show of the audit trail, in words of its own."""
    commits: dict[int, list[tuple[str, str]]] = {}
    for entry, kind in visible(entries, is_wanted):
        commits.setdefault(entry.revision, []).append((kind, entry.record_key))
    return list(commits.items())


def visible(entries: Sequence[AuditEntry], is_wanted: Visible) -> Iterator[tuple[AuditEntry, str]]:
    """The entries that a watch shows, and as what."""
    for entry in entries:
        before, after = entry.HasField("before"), entry.HasField("after")
        was = before and entry.operation != Operation.OPERATION_UNDELETE and is_wanted(entry.before.value)
        will = after and entry.operation != Operation.OPERATION_DELETE and is_wanted(entry.after.value)
        gone = "DELETED" if after else "REMOVED"
        kind = {
            (Operation.OPERATION_CREATE, False, True): "CREATED",
            (Operation.OPERATION_UPDATE, True, True): "UPDATED",
            (Operation.OPERATION_UPDATE, False, True): "ENTERED",
            (Operation.OPERATION_UPDATE, True, False): "LEFT",
            (Operation.OPERATION_DELETE, True, False): gone,
            (Operation.OPERATION_UNDELETE, False, True): "UNDELETED",
        }.get((entry.operation, was, will))
        if kind is not None:
            yield entry, kind


def check_stream(
    messages: Sequence[Any], entries: Sequence[AuditEntry], is_wanted: Visible, *, with_previous: bool = True
) -> None:
    """Raises AssertionError unless `messages` are what a watch has to be sent of these entries of the audit trail.

    These are the entries of what is watched, since it began. The stream has to be
    ordered, unique, atomic, complete and filtered; each change with the record before and after, to the bit; and each
    commit with who made it, when, why and by which call.
    """
    revisions = [message.revision for message in messages]
    assert revisions == sorted(revisions), "revisions go back"
    # One behind the other: a commit that was repeated, or torn apart, is there twice.
    assert shown(messages) == expected(entries, is_wanted)
    changes = [(message, change) for message in messages if message.kind == COMMIT for change in message.changes]
    for (message, change), (entry, _) in zip(changes, visible(entries, is_wanted), strict=True):
        sides = [entry.after if entry.HasField("after") else entry.before]
        found = [change.record]
        if with_previous and entry.HasField("before"):
            sides.append(entry.before)
            found.append(change.previous)
        else:
            assert not change.HasField("previous")
        assert [image_of(record) for record in found] == [side.value for side in sides], (change, entry)
        assert _facts(message.commit) == _facts(entry)


def _facts(told: Any) -> tuple[Any, ...]:
    return told.revision, told.commit_time, told.actor, told.actor_source, told.reason, told.method


@dataclass
class Replica:
    """What a watcher knows, that begins with a snapshot and applies what it is told. Raises where that cannot be."""

    records: dict[str, bytes] = field(default_factory=dict)
    revision: int = 0
    is_complete: bool = False

    def apply(self, message: Any) -> None:
        """Takes the next message of a watch with include_previous."""
        assert message.revision >= self.revision, "revisions go back"
        if message.kind == SNAPSHOT:
            assert not self.is_complete
            for record in message.records:
                assert str(record.id) not in self.records, "a record is twice in the snapshot"
                self.records[str(record.id)] = content(record)
        elif message.kind == SNAPSHOT_END:
            self.is_complete = True
        elif message.kind == COMMIT:
            assert self.is_complete, "a commit came before the end of the snapshot"
            assert message.revision > self.revision, "a commit was repeated"
            assert message.commit.revision == message.revision
            for change in message.changes:
                self._change(kind_of(change), change)
        self.revision = message.revision

    def _change(self, kind: str, change: Any) -> None:
        key = key_of(change)
        known = self.records.get(key)
        if kind in {"CREATED", "UNDELETED", "ENTERED"}:
            assert known is None, f"{key} was {kind} and was known"
            self.records[key] = content(change.record)
            return
        assert known is not None, f"{key} was {kind} and was not known"
        assert content(change.previous) == known, f"{key} was another before it was {kind}"
        if kind == "UPDATED":
            self.records[key] = content(change.record)
        else:
            del self.records[key]


def image_of(record: Any) -> bytes:
    """A record as the audit trail has it; packed where it comes from the shared service."""
    return record.value if isinstance(record, AnyMessage) else record.SerializeToString()


def content(record: Any) -> bytes:
    """A record to the bit."""
    result: bytes = record.SerializeToString(deterministic=True)
    return result


def from_snapshot() -> Start:
    """A start with what there is."""
    return Start(snapshot=True)
