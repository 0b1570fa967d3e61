"""Gives records that are there the values of `backfill`: updates like any other, each with its entry.

They are one commit, or one for each tenant.

Which records these are is found before the tables change, and written once they have. Records that are deleted and kept
are left as they are: an entry that updates one would bring it back to life in its history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from google.protobuf.message import Message
from sqlalchemy import ColumnElement, Connection, and_, literal, or_, select, table, update
from sqlalchemy import column as column_of

from toolcrib.server.chain import GENESIS, Chain
from toolcrib.server.changes import Operation
from toolcrib.server.columns import ExactText, time_to_text
from toolcrib.server.component import key_text
from toolcrib.server.component_statements import DELETE_TIME
from toolcrib.server.constraints import History
from toolcrib.server.history import START
from toolcrib.server.requests import Key
from toolcrib.server.schema.planner import Change
from toolcrib.server.schema.record import Author
from toolcrib.server.schema.renames import Match
from toolcrib.server.schema.served import Served
from toolcrib.server.schema.unfinished import Unfinished
from toolcrib.server.schema.values import zero_of
from toolcrib.server.statements import Prepared
from toolcrib.server.system_statements import chain_head
from toolcrib.server.system_tables import REVISION_SEQUENCE, SystemTables
from toolcrib.server.tenants import TENANT, own_columns
from toolcrib.server.values import datetime_to_timestamp, etag_of

# Records that are in memory together, and named in one statement: SQL Server takes 2,100 parameters.
_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class Backfill:
    """The records of one component, and one tenant if they are such, that are given values; by their keys."""

    served: Served
    tenant: str
    values: Mapping[Key, Mapping[str, Any]]


# The records, each by its tenant and key, in which a column is unset that is to be always set: by table and column.
Unset = Mapping[str, Mapping[str, Sequence[tuple[str, Key]]]]


def find_unset(connection: Connection, changes: Iterable[Change], left: Unfinished) -> Unset:
    """Where a value of doubt is to be backfilled; what an apply that was interrupted has found stays so."""
    found = {
        table: {name: [(tenant, tuple(key)) for tenant, key in records] for name, records in its.items()}
        for table, its in left.unset.items()
    }
    for change in changes:
        if not (change.match.is_new or change.match.is_history):
            for name in _required(change):
                its = found.setdefault(change.match.table.name, {})
                its[name] = [*its.get(name, ()), *_keys(connection, change, name)]
    return found


def find_backfills(connection: Connection, changes: Iterable[Change], unset: Unset) -> list[Backfill]:
    """What is to be given to which records; asked before the tables change."""
    found = []
    for change in changes:
        one = change.match
        if one.is_new or one.is_history:
            continue
        values: dict[str, dict[Key, dict[str, Any]]] = {}
        for name, records in [*((name, _keys(connection, change)) for name in _added(change)), *_unset_in(one, unset)]:
            for tenant, key in records:
                of_record = values.setdefault(tenant, {}).setdefault(key, {})
                of_record[name] = one.served.component.backfills[name]
        found += [Backfill(one.served, tenant, given) for tenant, given in values.items()]
    return found


class Backfiller:
    """Writes backfills, those of a tenant as one commit. `revision` is the newest once it is done."""

    def __init__(self, connection: Connection, system: SystemTables, author: Author) -> None:
        self._connection, self._system = connection, system
        self._author = author
        self._time = datetime.now(UTC)
        sequence = system.sequence.c
        newest = select(sequence.last_value).where(sequence.name == REVISION_SEQUENCE)
        self.revision = int(connection.execute(newest).scalar_one_or_none() or 0)
        head: Any = connection.execute(chain_head(system)).scalar_one_or_none()
        self._chain = Chain(GENESIS if head is None else head)
        self._ordinals = count()

    def run(self, backfills: Sequence[Backfill]) -> None:
        """Writes all of them; nothing where there are none."""
        for tenant in sorted({backfill.tenant for backfill in backfills}):
            self._commit(tenant, [backfill for backfill in backfills if backfill.tenant == tenant])

    def _commit(self, tenant: str, backfills: Sequence[Backfill]) -> None:
        self._ordinals = count()
        entries = sum(len(backfill.values) for backfill in backfills)
        self.revision += 1
        sequence = self._system.sequence
        counted = update(sequence).where(sequence.c.name == REVISION_SEQUENCE).values(last_value=self.revision)
        self._connection.execute(counted)
        self._write_transaction(tenant, entries)
        for backfill in backfills:
            keys = list(backfill.values)
            for start in range(0, len(keys), _AT_ONCE):
                self._write_records(backfill, keys[start : start + _AT_ONCE])

    def _write_transaction(self, tenant: str, entries: int) -> None:
        author = self._author
        reason = author.reason or "backfill of new fields"
        texts = ["", "", 0, entries, tenant]
        row = [self.revision, self._time, author.actor, author.source.value, reason, author.method, "", *texts]
        digest = self._chain.add_transaction([self.revision, time_to_text(self._time), *row[2:]])
        self._insert(self._system.transaction, [[*row, digest]])

    def _write_records(self, backfill: Backfill, keys: Sequence[Key]) -> None:
        served, entries, rows = backfill.served, [], []
        for before, deleted in self._read(backfill, keys):
            key = served.component.key_of(before)
            after = self._filled(served, before, backfill.values[key])
            rows.append((key, [*self._row(served, after), *deleted, self.revision]))
            entries.append(self._entry(backfill, key, before, after))
        if served.statements.versions is not None:
            moved = [[self.revision, *key, self.revision] for key, _ in rows]
            self._run(served.statements.versions.archive, moved, backfill.tenant)
        positions = served.statements.update.positions
        given = [[row[index] for index in positions] for _, row in rows]
        self._run(served.statements.update.statement, given, backfill.tenant)
        self._insert(self._system.audit, entries)

    def _read(self, backfill: Backfill, keys: Sequence[Key]) -> Iterator[tuple[Message, list[Any]]]:
        """Each record, with the value of delete_time if there is such a column."""
        served = backfill.served
        columns = [served.table.c[name] for name in served.component.key_fields]
        # Rows of several columns are compared one by one: SQL Server has no list of them.
        is_any = (and_(*(column == value for column, value in zip(columns, key, strict=True))) for key in keys)
        among = columns[0].in_([key[0] for key in keys]) if len(columns) == 1 else or_(*is_any)
        asked = select(*own_columns(served.table)).where(among)
        if backfill.tenant:
            asked = asked.where(served.table.c[TENANT] == backfill.tenant)
        for row in self._connection.execute(asked):
            yield served.component.from_row(row), [None] if DELETE_TIME in served.table.c else []

    def _filled(self, served: Served, before: Message, values: Mapping[str, Any]) -> Any:
        after: Any = type(before)()
        after.CopyFrom(before)
        for name, value in values.items():
            setattr(after, name, value)
        if "update_time" in served.component.standard_fields:
            after.update_time.CopyFrom(datetime_to_timestamp(self._time))
        if "etag" in served.component.standard_fields:
            after.etag = etag_of(self.revision)
        return after

    def _row(self, served: Served, message: Any) -> list[Any]:
        row = served.component.to_row(message)
        return [*row, self.revision] if START in served.table.c else row

    def _entry(self, backfill: Backfill, key: Key, before: Message, after: Message) -> list[Any]:
        served = backfill.served
        keeps = served.component.history is not History.NONE
        images = [message.SerializeToString() if keeps else None for message in (before, after)]
        entry = [self.revision, next(self._ordinals), served.component.name, key_text(key), Operation.UPDATE.value]
        entry += [*images, backfill.tenant]
        return [*entry, self._chain.add_entry(entry)]

    def _run(self, statement: Prepared, rows: Sequence[list[Any]], tenant: str) -> None:
        self._connection.exec_driver_sql(statement.sql, [tuple(statement.bind(row, tenant)) for row in rows])

    def _insert(self, into: Any, rows: Sequence[Sequence[Any]]) -> None:
        names = [column.name for column in into.columns]
        self._connection.execute(into.insert(), [dict(zip(names, row, strict=True)) for row in rows])


def _added(change: Change) -> Iterator[str]:
    """The fields that are new, and given a value."""
    component, shape = change.match.served.component, change.match.served.shape()
    for name in change.columns.added:
        field = shape.field(name)
        nullable = change.match.table.c[name].nullable
        # What is always set has zero by itself.
        if (
            field is not None
            and name in component.backfills
            and (nullable or component.backfills[name] != zero_of(field))
        ):
            yield name


def _required(change: Change) -> Iterator[str]:
    """The fields that come to be always set, and are given a value where they are unset."""
    component, shape = change.match.served.component, change.match.served.shape()
    for altered in change.columns.altered:
        field = shape.field(altered.column)
        if (
            field is None
            or altered.column not in component.backfills
            or altered.nullable
            or not altered.stored_nullable
        ):
            continue
        if component.backfills[altered.column] != zero_of(field):
            yield altered.column


def _unset_in(one: Match, unset: Unset) -> Iterator[tuple[str, Iterable[tuple[str, Key]]]]:
    """What was found unset in a table that is still to be backfilled."""
    for name, records in unset.get(one.table.name, {}).items():
        if name in one.served.component.backfills:
            yield name, records


def _keys(connection: Connection, change: Change, unset: str = "") -> Iterator[tuple[str, Key]]:
    """The records that are not deleted, each by its tenant, if it is one's, and its key.

    Only where the column `unset` is, if one is named.
    """
    one, table_ = change.match, change.match.served.table
    whose: ColumnElement[str] = column_of(TENANT, ExactText) if TENANT in one.columns else literal("")
    columns = [column_of(one.stored_name(name), table_.c[name].type) for name in one.served.component.key_fields]
    asked = select(whose, *columns).select_from(table(one.stored))
    if DELETE_TIME in one.columns:
        asked = asked.where(column_of(DELETE_TIME).is_(None))
    if unset:
        asked = asked.where(column_of(one.stored_name(unset)).is_(None))
    for tenant, *key in connection.execute(asked.order_by(*columns)):
        yield tenant, tuple(key)
