"""What a watcher is sent of a commit: the changes it wants, as the bytes of one message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message

from toolcrib.audit.v1.audit_pb2 import ActorSource
from toolcrib.server.changes import Operation
from toolcrib.server.query.shape import Checked
from toolcrib.server.session import Session
from toolcrib.server.values import set_timestamp
from toolcrib.server.watch.commits import Committed, Entry
from toolcrib.server.watch.matching import Matching
from toolcrib.server.watch.tokens import ResumeTokens
from toolcrib.server.watch.wanted import Wanted
from toolcrib.watch.v1 import watch_pb2
from toolcrib.watch.v1.watch_pb2 import ChangeKind, Commit, WatchResponse

TYPE_URL = "type.googleapis.com/"
# gRPC clients take messages of up to 4 MiB unless they are told otherwise.
MESSAGE_BYTES = 3 * 1024 * 1024


class Parcel(NamedTuple):
    """What is sent of the commit `revision`: its message, or several where it is too large for one."""

    revision: int
    messages: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Bytes that it takes while it waits, with what Python needs for it."""
        return sum(map(len, self.messages)) + 200


class Packing:
    """Makes parcels and heartbeats. It may be used from several threads."""

    def __init__(self, tokens: ResumeTokens, matching: Matching) -> None:
        self._tokens = tokens
        self._matching = matching

    def parcel(self, session: Session, wanted: Wanted, commit: Committed) -> Parcel | None:
        """What those who want `wanted` are sent of `commit`; None where it is nothing."""
        filters = dict(wanted.components)
        changes: list[tuple[ChangeKind.ValueType, Entry]] = []
        for entry in commit.entries:
            if entry.component in filters and wanted.is_for(entry.component, entry.tenant):
                kind = self._kind(session, filters[entry.component], entry)
                if kind:
                    changes.append((kind, entry))
        return Parcel(commit.revision, tuple(self._messages(wanted, commit, changes))) if changes else None

    def heartbeat(self, revision: int, tenant: str) -> bytes:
        """Says that all up to `revision` was sent; the same in every component's own type."""
        heartbeat = watch_pb2.MESSAGE_KIND_HEARTBEAT
        token = self._tokens.encode(revision, tenant)
        return WatchResponse(kind=heartbeat, revision=revision, resume_token=token).SerializeToString()

    def snapshot_end(self, revision: int, tenant: str) -> bytes:
        """Says that all records that there are at `revision` were sent."""
        end = watch_pb2.MESSAGE_KIND_SNAPSHOT_END
        token = self._tokens.encode(revision, tenant)
        return WatchResponse(kind=end, revision=revision, resume_token=token).SerializeToString()

    def _kind(self, session: Session, checked: Checked, entry: Entry) -> ChangeKind.ValueType:
        """What the change is to one who sees the records that the filter holds of and that are not deleted."""

        def held(image: bytes | None) -> bool:
            return image is not None and self._matching.holds(session, entry.component, checked, image)

        match entry.operation:
            case Operation.CREATE:
                return watch_pb2.CHANGE_KIND_CREATED if held(entry.after) else _NOTHING
            case Operation.UNDELETE:
                return watch_pb2.CHANGE_KIND_UNDELETED if held(entry.after) else _NOTHING
            case Operation.DELETE:
                kind = watch_pb2.CHANGE_KIND_REMOVED if entry.after is None else watch_pb2.CHANGE_KIND_DELETED
                return kind if held(entry.before) else _NOTHING
        return _UPDATES[held(entry.before), held(entry.after)]

    def _messages(
        self, wanted: Wanted, commit: Committed, changes: list[tuple[ChangeKind.ValueType, Entry]]
    ) -> Iterator[bytes]:
        message: Any = self._begun(wanted, commit)
        size = 0
        for kind, entry in changes:
            added = len(entry.after or entry.before or b"") + len(entry.before or b"") * wanted.include_previous
            if size and size + added > MESSAGE_BYTES:
                message.continues = True
                yield message.SerializeToString()
                message, size = self._begun(wanted, commit), 0
            _add(message, kind, entry, include_previous=wanted.include_previous)
            size += added
        message.resume_token = self._tokens.encode(commit.revision, wanted.tenant)
        yield message.SerializeToString()

    @staticmethod
    def _begun(wanted: Wanted, commit: Committed) -> Message:
        source = ActorSource.ValueType(commit.actor_source)
        told = Commit(
            revision=commit.revision,
            actor=commit.actor,
            actor_source=source,
            reason=commit.reason,
            method=commit.method,
        )
        set_timestamp(told.commit_time, commit.time)
        return wanted.message(kind=watch_pb2.MESSAGE_KIND_COMMIT, revision=commit.revision, commit=told)


_NOTHING = watch_pb2.CHANGE_KIND_UNSPECIFIED
# (the filter held before, it holds after) -> what an update is
_UPDATES = {
    (True, True): watch_pb2.CHANGE_KIND_UPDATED,
    (False, True): watch_pb2.CHANGE_KIND_ENTERED,
    (True, False): watch_pb2.CHANGE_KIND_LEFT,
    (False, False): _NOTHING,
}


def put_record(target: Message, component: str, image: bytes) -> None:
    """Sets `target`, of the component's own type or an Any, to the record in `image`."""
    if isinstance(target, AnyMessage):
        target.type_url, target.value = TYPE_URL + component, image
    else:
        target.SetInParent()
        target.MergeFromString(image)


def _add(message: Any, kind: ChangeKind.ValueType, entry: Entry, *, include_previous: bool) -> None:
    change = message.changes.add(kind=kind)
    put_record(change.record, entry.component, entry.before or b"" if entry.after is None else entry.after)
    if include_previous and entry.before is not None:
        put_record(change.previous, entry.component, entry.before)
    if isinstance(message, WatchResponse):
        change.component, change.record_key = entry.component, entry.record_key
