"""One transaction that bypassed the server as one of the server's: its changes, former versions and stamps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from google.protobuf.message import Message
from protovalidate import EvaluationError

from toolcrib.server.changes import Change
from toolcrib.server.component import key_text
from toolcrib.server.direct.amounts import RecordState, amounts_to
from toolcrib.server.direct.inbox import Inbox, Noted, Stamps
from toolcrib.server.direct.rows import DirectRow
from toolcrib.server.direct.tables import DirectTable
from toolcrib.server.requests import Key
from toolcrib.server.revisions import makes_version
from toolcrib.server.statements import Prepared
from toolcrib.server.transaction import Transaction
from toolcrib.server.validation import Rules

# A record: its table's name and its key.
Record = tuple[str, Key]

_FINDINGS_MAX = 5


class RowChange(NamedTuple):
    """A row that was changed, what it was and is, and the stamps that it had by then, if there was one."""

    table: DirectTable
    before: DirectRow | None
    after: DirectRow | None
    stamps: Stamps | None

    @property
    def record(self) -> Record:
        """The record."""
        row = self.after or self.before
        assert row is not None  # a change has one of the two
        stored = self.table.stored
        return stored.table.name, stored.component.key_of(row.message)


@dataclass(slots=True)
class _Touched:
    """A record within the transaction: how it was before it, with its `former` stamps, and the `stamps` that it has.

    `is_new_version` says whether it has begun one.
    """

    table: DirectTable
    before: DirectRow | None
    former: Stamps | None
    stamps: Stamps | None
    is_new_version: bool = False
    is_there: bool = True


def read_changes(noted: Iterable[Noted], tables: Mapping[str, DirectTable]) -> list[RowChange]:
    """The rows that a transaction has changed; where nothing is other than before, it has not."""
    changes = []
    for each in noted:
        table = tables[each.table_name]
        before, after = (
            None if text is None else table.reading.read(text) for text in (each.before_row, each.after_row)
        )
        if before is None or after is None or before.raw != after.raw:
            changes.append(RowChange(table, before, after, before and (_given(each) or table.stamps_of(before))))
    return changes


def _given(noted: Noted) -> Stamps | None:
    if noted.given_revision is None or noted.given_start is None or noted.given_time is None:
        return None
    return Stamps(noted.given_revision, noted.given_start, noted.given_time)


def findings(changes: Iterable[RowChange]) -> str:
    """What the component would have refused, and what no record can hold; empty where all is in order."""
    found = list(_findings(changes))
    more = [f"and {len(found) - _FINDINGS_MAX} more"] if len(found) > _FINDINGS_MAX else []
    return "; ".join([*found[:_FINDINGS_MAX], *more])


def _findings(changes: Iterable[RowChange]) -> Iterator[str]:
    for change in changes:
        row = change.after
        if row is None:
            continue
        stored = change.table.stored
        place = f"{stored.component.singular} {key_text(change.record[1])}"
        yield from (f"{place}: {text}" for text in row.unreadable)
        if not row.deleted:
            yield from (f"{place}: {text}" for text in _broken_rules(stored.rules, row.message))


def _broken_rules(rules: Rules, message: Message) -> list[str]:
    try:
        found = rules.violations(message)
    except EvaluationError as error:
        return [f"its rules cannot be evaluated: {error}"]
    return [" ".join(part for part in (each.field, each.description) if part) for each in found]


class DirectWriting:
    """Writes the changes of one transaction, which the database knows by its id."""

    def __init__(self, transaction: Transaction, inbox: Inbox, transaction_id: int) -> None:
        self._transaction = transaction
        self._inbox = inbox
        self._transaction_id = transaction_id
        self._touched: dict[Record, _Touched] = {}

    def write(self, changes: Iterable[RowChange]) -> None:
        """Writes all of it as one revision. Raises the driver's error, also where somebody has locked a record."""
        self._transaction.begin_writing()
        written = [each for change in changes for each in self._changes(change)]
        given = {record: self._stamps_after(touched) for record, touched in self._touched.items() if touched.is_there}
        self._run((self._touched[record].table.lock, [*record[1]]) for record in given)
        self._inbox.give(
            self._transaction.session,
            self._transaction_id,
            ((stamps, table, key_text(key)) for (table, key), stamps in given.items()),
        )
        self._run(self._archived())
        self._run(
            (table.stamp, [*table.parameters(stamps), *record[1]])
            for record, stamps in given.items()
            for table in [self._touched[record].table]
        )
        self._transaction.audit(written)

    def _changes(self, change: RowChange) -> Iterator[Change[Any]]:
        touched = self._touch(change)
        before = _state(change.table, change.before, touched.stamps)
        touched.stamps = Stamps(self._transaction.revision, self._transaction.revision, self._transaction.time)
        after = _state(change.table, change.after, touched.stamps)
        component = change.table.stored.component
        for amount in amounts_to(before, after):
            written: Change[Any] = Change(self._transaction, component, amount.operation, change.record[1], *amount[1:])
            touched.is_new_version = touched.is_new_version or makes_version(component, written)
            yield written
        touched.is_there = after is not None

    def _touch(self, change: RowChange) -> _Touched:
        record = change.record
        touched = self._touched.get(record)
        if touched is None:
            touched = _Touched(change.table, change.before, change.stamps, change.stamps)
            self._touched[record] = touched
        return touched

    def _stamps_after(self, touched: _Touched) -> Stamps:
        revision = self._transaction.revision
        is_new_version = touched.is_new_version or touched.former is None
        start = revision if is_new_version or touched.former is None else touched.former.start
        return Stamps(revision, start, self._transaction.time)

    def _archived(self) -> Iterator[tuple[Prepared, list[Any]]]:
        """The versions that ended."""
        revision = self._transaction.revision
        for touched in self._touched.values():
            archive, before, former = touched.table.archive, touched.before, touched.former
            if archive and before and former and touched.is_new_version and former.start < revision:
                yield archive, touched.table.former(before, former, revision)

    def _run(self, statements: Iterable[tuple[Prepared, list[Any]]]) -> None:
        """Runs each statement for all of its rows."""
        rows: dict[Prepared, list[list[Any]]] = {}
        for statement, row in statements:
            rows.setdefault(statement, []).append(row)
        for statement, its in rows.items():
            self._transaction.session.run(statement, its)


def _state(table: DirectTable, row: DirectRow | None, stamps: Stamps | None) -> RecordState | None:
    if row is None:
        return None
    assert stamps is not None  # what is there has some
    return RecordState(table.stamped(row.message, stamps), row.deleted)
