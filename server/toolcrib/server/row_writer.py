"""The innermost step of a write: the changes of one operation become rows and audit entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp

from toolcrib.server.changes import Change, Operation
from toolcrib.server.component_statements import DELETE_TIME, PositionedUpdate
from toolcrib.server.databases.backend import unwrap
from toolcrib.server.errors import RecordExists
from toolcrib.server.history import REVISION, START
from toolcrib.server.reference_checks import require_targets
from toolcrib.server.release import releasing
from toolcrib.server.revisions import makes_version
from toolcrib.server.store import Stored
from toolcrib.server.transaction import Transaction
from toolcrib.server.uniqueness import find_conflict
from toolcrib.server.values import etag_of

# The standard fields that say when something was done, by what that is.
_TIMES = {
    "create_time": frozenset({Operation.CREATE}),
    "update_time": frozenset(Operation),
    DELETE_TIME: frozenset({Operation.DELETE}),
}


class _Stamps:
    """What an operation sets in the standard fields of each record, at one time."""

    __slots__ = ("_has_etag", "_now", "_undeletes", "times")

    def __init__(self, times: Sequence[str], now: Timestamp, *, undeletes: bool, has_etag: bool) -> None:
        self.times = times
        self._now = now
        self._undeletes = undeletes
        self._has_etag = has_etag

    def put_on(self, message: Any, etag: str) -> None:
        for name in self.times:
            getattr(message, name).CopyFrom(self._now)
        if self._undeletes:
            message.ClearField(DELETE_TIME)
        if self._has_etag:
            message.etag = etag


class NewRecords(NamedTuple):
    """Records and their rows, complete but for the keys that the server gives, and what is their commit's to say."""

    messages: Sequence[Any]
    rows: Sequence[list[Any]]


class RowWriter:
    """Writes the changes of one component in one transaction."""

    __slots__ = ("_links", "_standard", "_stored", "_transaction")

    def __init__(self, stored: Stored, transaction: Transaction) -> None:
        self._stored = stored
        self._transaction = transaction
        self._standard = stored.component.standard_fields
        self._links = transaction.store.links.get(stored.component.name)

    def write(self, operation: Operation, changes: list[Change[Any]]) -> None:
        """Stamps and writes `changes`, all of `operation`, and audits them.

        Raises, placed at its index, RecordExists where a key or a unique value is taken, ReferenceNotFound where a
        record refers to one that is not there, RecordInUse where one that others refer to is deleted.
        """
        if self._links is None:
            self._write(operation, changes)
        elif operation is Operation.DELETE:
            with releasing(self._transaction, self._links.incoming, changes):
                self._write(operation, changes)
        else:
            require_targets(self._transaction, self._links.outgoing, operation, changes)
            self._write(operation, changes)

    def create_each(self, calls: Sequence[tuple[Transaction, NewRecords]]) -> None:
        """Writes new records that nothing can refuse, those of each call in its transaction, all of one group."""
        component, columns = self._stored.component, self._stored.statements.columns
        stamps, time = self._stamps(Operation.CREATE), self._transaction.time
        (key_field,) = component.key_fields
        key_at = columns[key_field]
        times_at = [columns[name] for name in stamps.times]
        revisions_at = [columns[name] for name in (START, REVISION) if name in columns]
        written: list[list[Any]] = []
        for transaction, new in calls:
            revision, changes = transaction.begin_writing(), []
            etag = etag_of(revision)
            for index, (message, row) in enumerate(zip(new.messages, new.rows, strict=True)):
                stamps.put_on(message, etag)
                key = row[key_at] = getattr(message, key_field)
                for place in times_at:
                    row[place] = time
                for place in revisions_at:
                    row[place] = revision
                change = Change(transaction, component, Operation.CREATE, (key,), None, message, index=index)
                change.done = True
                changes.append(change)
            transaction.has_written = True
            transaction.audit(changes)
            written += new.rows
        self._transaction.session.defer(self._stored.statements.insert, written)

    def _write(self, operation: Operation, changes: list[Change[Any]]) -> None:
        transaction = self._transaction
        transaction.begin_writing()
        self._stamp(operation, changes)
        try:
            self._write_rows(operation, changes)
        except Exception as error:
            if (conflict := self._conflict(error, changes)) is not None:
                raise conflict from error
            raise
        transaction.audit(changes)
        for change in changes:
            change.done = True

    def _conflict(self, error: Exception, changes: Sequence[Change[Any]]) -> RecordExists | None:
        """Which record stands in the way, where that is what the error means, and the database can still be asked."""
        session, backend = self._transaction.session, self._transaction.store.database.backend
        if not backend.is_constraint(unwrap(error)) or not session.in_transaction:
            return None
        return find_conflict(self._stored, session, changes)

    def _stamp(self, operation: Operation, changes: Sequence[Change[Any]]) -> None:
        """Fills in the standard fields that the component declares, of what is left."""
        stamps, etag = self._stamps(operation), etag_of(self._transaction.revision)
        for change in changes:
            if change.after_message is not None:
                stamps.put_on(change.after_message, etag)

    def _stamps(self, operation: Operation) -> _Stamps:
        standard = self._standard
        times = [name for name, of in _TIMES.items() if name in standard and operation in of]
        undeletes = DELETE_TIME in standard and operation is not Operation.DELETE
        return _Stamps(times, self._transaction.timestamp, undeletes=undeletes, has_etag="etag" in standard)

    def _write_rows(self, operation: Operation, changes: Sequence[Change[Any]]) -> None:
        stored, transaction = self._stored, self._transaction
        statements = stored.statements
        # Also what an earlier part of the call wrote is undone where a later one is refused.
        refusable = bool(stored.holders) or bool(self._links and self._links.outgoing)
        if operation is Operation.CREATE:
            rows = self._rows(operation, changes)
            transaction.insert(statements.insert, rows, may_be_refused=refusable or stored.has_chosen_keys)
        elif changes[0].after_message is None:
            self._archive(changes)
            transaction.run(statements.delete, [list(change.key) for change in changes], may_be_refused=False)
        elif operation is Operation.UPDATE and statements.update_excluded is not None:
            for update, is_new in ((statements.update, True), (statements.update_excluded, False)):
                some = [change for change in changes if makes_version(self._stored.component, change) is is_new]
                self._update(operation, some, update, refusable=refusable)
        else:
            self._update(operation, changes, statements.update, refusable=refusable)

    def _update(
        self, operation: Operation, changes: Sequence[Change[Any]], update: PositionedUpdate, *, refusable: bool
    ) -> None:
        if not changes:
            return
        if update.is_new_version:
            self._archive(changes)
        ordered = [[row[index] for index in update.positions] for row in self._rows(operation, changes)]
        self._transaction.run(update.statement, ordered, may_be_refused=refusable)

    def _archive(self, changes: Sequence[Change[Any]]) -> None:
        """Keeps the versions that the changes replace."""
        versions, revision = self._stored.statements.versions, self._transaction.revision
        if versions is not None:
            moved = [[revision, *change.key, revision] for change in changes]
            self._transaction.run(versions.archive, moved, may_be_refused=False)
            self._restore_excluded(changes)

    def _restore_excluded(self, changes: Sequence[Change[Any]]) -> None:
        """Gives former versions what this commit has changed of excluded fields alone before it came to end them."""
        stored, transaction = self._stored, self._transaction
        update = stored.statements.update_former
        if update is None or not transaction.changes:
            return
        first = {change.key: change for change in reversed(transaction.changes) if change.component is stored.component}
        earlier = [first[change.key] for change in changes if change.key in first]
        for change in earlier:
            if change.operation is Operation.UPDATE and not makes_version(stored.component, change):
                before: Any = change.before_message
                revision = int(before.etag) if "etag" in self._standard else transaction.revision
                row = [*stored.row(before, revision=revision, delete_time=None), transaction.revision]
                transaction.run(update.statement, [[row[index] for index in update.positions]], may_be_refused=False)

    def _rows(self, operation: Operation, changes: Sequence[Change[Any]]) -> list[list[Any]]:
        revision, time = self._transaction.revision, self._transaction.time if operation is Operation.DELETE else None
        messages: list[Any] = [change.after_message for change in changes]
        return self._stored.rows(messages, revision=revision, delete_time=time)
