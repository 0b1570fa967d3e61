"""Compares the records of a database with the last that the audit says of each: finds what was written past the server.

Read within the moment that the chain is followed in, and only worth as much as the chain: first that has to be sound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from google.protobuf.json_format import ParseError
from google.protobuf.message import DecodeError, Message
from sqlalchemy import Dialect, MetaData, literal_column, select

from toolcrib.server.changes import REFUSED, Operation
from toolcrib.server.columns import ExactText
from toolcrib.server.component import Component, key_text
from toolcrib.server.component_statements import DELETE_TIME, ComponentStatements
from toolcrib.server.constraints import History
from toolcrib.server.databases.backend import Stored
from toolcrib.server.findings import Fault
from toolcrib.server.statements import Prepared, RowReader
from toolcrib.server.tenants import TENANT, own_columns

# The newest entry of each record; calls that were refused, and prunings, changed nothing.
_LAST_OF_ALL = """
SELECT record_key, tenant, after_image FROM toolcrib_audit AS entry
WHERE component IN ({names}) AND operation < ? AND NOT EXISTS (
    SELECT 1 FROM toolcrib_audit AS later
    WHERE later.component IN ({names}) AND later.tenant = entry.tenant AND later.record_key = entry.record_key
    AND later.operation < ? AND (later.revision, later.ordinal) > (entry.revision, entry.ordinal))
"""
_LAST_OF_ONE = """
SELECT after_image, operation FROM toolcrib_audit
WHERE component IN ({names}) AND tenant = ? AND record_key = ? AND operation < ?
ORDER BY revision DESC, ordinal DESC LIMIT 1
"""
_WAITING = "SELECT DISTINCT record_key FROM toolcrib_direct_write WHERE table_name = ?"
_PRUNED_UNTIL = "SELECT audit_since FROM toolcrib_kept WHERE component = ?"


class RecordFinding(NamedTuple):
    """A record that is not as the audit says: altered, missing, or extra. `tenant` is empty where all share it."""

    component: str
    record_key: str
    fault: Fault
    text: str
    tenant: str = ""


class RecordCheck:
    """The records of one component.

    `records` counts those that were compared, `untold` those without entries. `waiting` are those, by their keys as
    text, that were written past the server and wait for their revision: their rows are ahead of the audit.
    """

    def __init__(self, stored: Stored, component: Component[Any, Any], names: Sequence[str], dialect: Dialect) -> None:
        """`names` are those of the component in the audit, now and before."""
        self._stored = stored
        self._component = component
        self._names = names
        marks = ", ".join("?" for _ in names)
        self._last_of_all, self._last_of_one = (sql.format(names=marks) for sql in (_LAST_OF_ALL, _LAST_OF_ONE))
        self._table = component.table(MetaData())
        self._statements = ComponentStatements(
            component.name,
            self._table,
            component.key_fields,
            soft_delete=component.soft_delete,
            keeps_versions=False,
            dialect=dialect,
        )
        whose = self._table.c[TENANT] if component.multi_tenant else literal_column("''", ExactText).label(TENANT)
        columns = [whose, *own_columns(self._table)]
        self._all = Prepared(select(*columns), dialect, [], of_all_tenants=True)
        self._reader = RowReader(columns, dialect)
        self.records = self.untold = 0
        self.waiting: frozenset[str] = frozenset()

    def run(self) -> RecordFinding | None:
        """The first record that is not as it should be, or None; also where no contents are kept to compare with."""
        if self._component.history is History.NONE:
            return None
        if not self._stored.has_table(self._table.name):
            return None
        self.waiting = frozenset(key for (key,) in self._stored.rows(_WAITING, (self._table.name,)))
        return next(self._altered_or_extra(), None) or next(self._missing(), None)

    def _altered_or_extra(self) -> Iterator[RecordFinding]:
        component, pruned_until = self._component, self._pruned_until()
        for found in self._stored.read(self._all):
            tenant, *row = self._reader.read(found)
            key = key_text(tuple(row[self._statements.columns[name]] for name in component.key_fields))
            if key in self.waiting:
                continue
            record = self._record(row)
            if record is None:
                text = "it holds what no record can: it was written past the server"
                yield RecordFinding(component.name, key, Fault.ALTERED, text, tenant)
                continue
            last = self._stored.first(self._last_of_one, (*self._names, tenant, key, REFUSED))
            if last is None and row[-1] <= pruned_until:
                self.untold += 1
                continue
            self.records += 1
            if last is None or last[0] is None:
                yield RecordFinding(component.name, key, Fault.EXTRA, "the audit knows of no such record", tenant)
            elif not self._is_same(self._message(last[0]), record, is_deleted=last[1] == Operation.DELETE):
                text = "it is not what the audit says that it was left as"
                yield RecordFinding(component.name, key, Fault.ALTERED, text, tenant)

    def _record(self, values: Sequence[Any]) -> Message | None:
        """The record of a row; None where there cannot be one."""
        try:
            record: Message = self._component.from_row(values)
        except (ValueError, TypeError, OverflowError, ParseError):
            return None
        return record

    def _pruned_until(self) -> int:
        """The last revision of which entries may have been pruned."""
        row = self._stored.first(_PRUNED_UNTIL, (self._component.name,))
        return 0 if row is None else int(row[0])

    def _missing(self) -> Iterator[RecordFinding]:
        component, get = self._component, self._statements.get
        for key, tenant, image in self._stored.rows(self._last_of_all, (*self._names, REFUSED, *self._names, REFUSED)):
            if image is None or key in self.waiting:
                continue
            values = list(component.key_of(self._message(image)))
            # Before its records came to be each a tenant's own, or everyone's, all that there were had to go.
            can_be_there = bool(tenant) is component.multi_tenant
            if not can_be_there or next(self._stored.read(get, values, tenant), None) is None:
                text = "the audit does not say that it was deleted"
                yield RecordFinding(component.name, key, Fault.MISSING, text, tenant)

    def _is_same(self, image: Message, record: Message, *, is_deleted: bool) -> bool:
        told = {field.name for field, _ in image.ListFields()}
        for name in self._component.standard_fields:
            # The server fills them in since the component declares them; before, no record told them.
            if name not in told and (name != DELETE_TIME or is_deleted):
                record.ClearField(name)
        return _bytes(image) == _bytes(record)

    def _message(self, image: bytes) -> Message:
        message: Message = self._component.message()
        try:
            message.ParseFromString(image)
            # Fields that the component no longer has.
            message.DiscardUnknownFields()
        except DecodeError:
            # Of another version of the component; it is said to be altered.
            message.Clear()
        return message


def _bytes(message: Message) -> bytes:
    # To the bit: protobuf's own comparison takes NaN for another.
    return message.SerializeToString(deterministic=True)
