"""The history of records: their versions, their state at a revision, and what differs between two.

It is read from the audit trail, which has every record before and after every change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from google.protobuf.message import Message

from toolcrib.server.audit_trail import AuditQuery, AuditRow, AuditTrail
from toolcrib.server.changes import Change, Operation
from toolcrib.server.component import Component, key_text
from toolcrib.server.masks import differing
from toolcrib.server.record_reader import Current, RecordReader
from toolcrib.server.requests import Key
from toolcrib.server.retention.kept import kept_of, require_audit
from toolcrib.server.transaction import ReadTransaction

# Behind every place in a transaction.
_ALL = 2**31 - 1
_BEFORE_ALL = -1


class State(NamedTuple):
    """A record as it was."""

    message: Any
    deleted: bool


@dataclass(frozen=True, slots=True)
class Version:
    """What one commit made of a record, however often it wrote it; `row` is its last entry in the audit trail."""

    row: AuditRow
    operation: Operation
    before: Message | None
    after: Message | None

    @property
    def revision(self) -> int:
        """The commit."""
        return self.row.revision


class RecordHistory:
    """The history of one component's records, as one transaction sees it."""

    def __init__(self, transaction: ReadTransaction, component: Component[Any, Any]) -> None:
        self._transaction = transaction
        self._trail = AuditTrail(transaction)
        self._component = component
        self._tenant = transaction.tenant if component.multi_tenant else ""

    def state_at(self, key: Key, revision: int) -> State | None:
        """The record as it was at `revision`; None where there was none. Raises RevisionTooOld where nobody knows."""
        query = self._query(key, end_revision=revision)
        row = next(self._trail.entries(query, [], 1), None) if revision else None
        if row is None:
            return self._state_pruned(key, revision)
        return self._state(row.after_image, deleted=row.operation == Operation.DELETE)

    def knows(self, key: Key) -> bool:
        """Whether there is a record, deleted or not, whose entries may be pruned."""
        return self.pruned_until() > 0 and self._current(key) is not None

    def pruned_until(self) -> int:
        """The last revision of which entries may be pruned."""
        return kept_of(self._transaction, self._component.name).audit_since

    def versions(self, key: Key, behind: int | None, *, oldest_first: bool) -> Iterator[Version]:
        """The versions of a record, newest first unless asked otherwise, going on behind that of a revision."""
        query = self._query(key, oldest_first=oldest_first)
        last = _ALL if oldest_first else _BEFORE_ALL
        position = [] if behind is None else [behind, last]
        rows = self._trail.entries(query, position, None)
        for _, entries in groupby(rows, key=lambda row: row.revision):
            version = self._version(sorted(entries, key=lambda row: row.ordinal))
            if version is not None:
                yield version

    def differences(self, start: int, end: int, behind: str) -> Iterator[tuple[str, State | None, State | None]]:
        """Key, before and after of records that differ between two revisions; in the order of their keys as text.

        Raises RevisionTooOld where nobody knows all that was there at `start`.
        """
        require_audit(self._transaction, self._component.name, start)
        rows = self._trail.entries_by_key(self._component.name, self._tenant, start, end, behind)
        for key, entries in groupby(rows, key=lambda row: row.record_key):
            before, after = self._ends(list(entries))
            if _is_different(self._component, before, after):
                yield key, before, after

    def changed_fields(self, before: Message | None, after: Message | None) -> Sequence[str]:
        """The fields in which they differ, those of the server left out."""
        one, other = before or self._component.message(), after or self._component.message()
        return differing(one, other, self._component.data_fields)

    def _query(self, key: Key, **conditions: Any) -> AuditQuery:
        """The entries of one record."""
        return AuditQuery(component=self._component.name, tenant=self._tenant, record_key=key_text(key), **conditions)

    def _state_pruned(self, key: Key, revision: int) -> State | None:
        """The record at a revision until which it has no entries: they are pruned, or it was not there yet."""
        if not self.pruned_until():
            return None
        require_audit(self._transaction, self._component.name, revision)
        query = self._query(key, start_revision=revision + 1, oldest_first=True)
        following = next(self._trail.entries(query, [], 1), None)
        if following is None:
            return self._current(key)
        return self._state(following.before_image, deleted=following.operation == Operation.UNDELETE)

    def _current(self, key: Key) -> State | None:
        stored = self._transaction.store[self._component.name]
        current: Current[Any] | None = RecordReader(stored, self._transaction).fetch(key)
        return None if current is None else State(current.message, current.deleted)

    def _version(self, rows: Sequence[AuditRow]) -> Version | None:
        before, after = self._ends(rows)
        operation = _amounts_to(before, after)
        if operation is None or (operation is Operation.UPDATE and not _is_different(self._component, before, after)):
            return None
        return Version(rows[-1], operation, before and before.message, after and after.message)

    def _ends(self, rows: Sequence[AuditRow]) -> tuple[State | None, State | None]:
        """A record before the first of these changes, and after the last."""
        first, last = rows[0], rows[-1]
        return (
            self._state(first.before_image, deleted=first.operation == Operation.UNDELETE),
            self._state(last.after_image, deleted=last.operation == Operation.DELETE),
        )

    def _state(self, image: bytes | None, *, deleted: bool) -> State | None:
        if image is None:
            return None
        message = self._component.message.FromString(image)
        # Fields that the component no longer has.
        message.DiscardUnknownFields()
        return State(message, deleted)


def makes_version(component: Component[Any, Any], change: Change[Any]) -> bool:
    """Whether more has changed than fields that are excluded from the history, and those of the server."""
    if not component.history_excluded or change.before_message is None or change.after_message is None:
        return True
    return _told(component, change.before_message) != _told(component, change.after_message)


def _told(component: Component[Any, Any], message: Message | None) -> bytes | None:
    """What the history tells of a record, to the bit."""
    if message is None:
        return None
    told = type(message)()
    told.CopyFrom(message)
    for name in (*component.history_excluded, *component.standard_fields):
        told.ClearField(name)
    return told.SerializeToString(deterministic=True)


def _is_different(component: Component[Any, Any], before: State | None, after: State | None) -> bool:
    one = None if before is None or before.deleted else before.message
    other = None if after is None or after.deleted else after.message
    return _told(component, one) != _told(component, other)


def _amounts_to(before: State | None, after: State | None) -> Operation | None:
    """What the writes of one commit amount to together; None where nothing is left of them."""
    was_live, is_live = (state is not None and not state.deleted for state in (before, after))
    if was_live:
        return Operation.UPDATE if is_live else Operation.DELETE
    if is_live:
        return Operation.CREATE if before is None else Operation.UNDELETE
    # Created and at once deleted, but there to be undeleted.
    return Operation.DELETE if before is None and after is not None else None
