"""A row as triggers have noted it, in JSON, as a record: also one that is no record by the component's own rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from google.protobuf.message import Message
from sqlalchemy import Column, Dialect
from sqlalchemy.types import Boolean, LargeBinary, TypeEngine

from toolcrib.server.columns import Document, ExactDouble, ExactText, ToolcribType, UtcTimestamp
from toolcrib.server.component_statements import DELETE_TIME
from toolcrib.server.history import REVISION, START
from toolcrib.server.store import Stored

_SHOWN_CHARACTERS_MAX = 60


class DirectRow(NamedTuple):
    """A row: its values in the order of the table's columns, and the record that they make.

    `unreadable` says of each column that no record can hold what it has there; the record lacks that. `raw` is the row
    as it was noted.
    """

    values: list[Any]
    message: Message
    unreadable: tuple[str, ...]
    raw: Mapping[str, Any]
    deleted: bool


class RowReading:
    """Reads the rows of one component."""

    def __init__(self, stored: Stored, dialect: Dialect) -> None:
        self._stored = stored
        self._dialect = dialect
        self._columns = list(stored.table.columns)
        # What a record has that nobody has written.
        self._blank = stored.row(stored.component.message(), revision=0, delete_time=None)

    def read(self, text: str) -> DirectRow:
        """The row of a JSON document. What it does not name is as in a record that nobody has written."""
        # Numbers stay text, with all their digits and the sign of zero.
        raw: dict[str, Any] = json.loads(text, parse_int=str, parse_float=str)
        values, unreadable = list(self._blank), []
        for index, column in enumerate(self._columns):
            name = column.name if column.name in raw else self._former_name(column.name)
            try:
                value = self._value(raw[name], column) if name in raw else None
            except (ValueError, OverflowError, TypeError, AttributeError):
                unreadable.append(_spelled(column.name, raw[name]))
                continue
            if value is not None or column.nullable:
                values[index] = value
        message, others = self._record(values, raw)
        deleted = self._stored.component.soft_delete and values[self._place(DELETE_TIME)] is not None
        noted = {name: value for name, value in raw.items() if name not in {REVISION, START}}
        return DirectRow(values, message, (*unreadable, *others), noted, deleted)

    def _record(self, values: list[Any], raw: Mapping[str, Any]) -> tuple[Message, list[str]]:
        """The record of `values`, and what it cannot hold of them, which is left out of both."""
        from_row = self._stored.component.from_row
        try:
            return from_row(values), []
        except Exception:  # noqa: BLE001  # whatever it is, it is about one of the values
            given, unreadable = list(values), []
        values[:] = self._blank
        for index, value in enumerate(given):
            values[index], blank = value, values[index]
            try:
                from_row(values)
            except Exception:  # noqa: BLE001  # as above
                values[index] = blank
                unreadable.append(_spelled(self._columns[index].name, raw.get(self._columns[index].name)))
        return from_row(values), unreadable

    def _value(self, raw: Any, column: Column[Any]) -> Any:
        """A value as rows have it in Python."""
        if raw is None:
            return None
        kind: TypeEngine[Any] = column.type
        value = _as_driver(raw, kind)
        return kind.process_result_value(value, self._dialect) if isinstance(kind, ToolcribType) else value

    def _former_name(self, name: str) -> str:
        """What a column was called when the row was noted, where it has another name since."""
        return self._stored.component.renamed_fields.get(name, name)

    def _place(self, column: str) -> int:
        return self._stored.statements.columns[column]


def _as_driver(raw: Any, kind: TypeEngine[Any]) -> Any:
    """A value of a JSON document as the driver gives it."""
    if isinstance(kind, UtcTimestamp):
        return datetime.fromisoformat(raw).astimezone(UTC)
    if isinstance(kind, LargeBinary):
        return bytes.fromhex(raw.removeprefix("\\x"))
    if isinstance(kind, ExactDouble):
        return float(raw)
    # Truth values are none of JSON's numbers, which are text here.
    return raw if isinstance(kind, ExactText | Document | Boolean) else int(raw)


def _spelled(column: str, raw: Any) -> str:
    text = str(raw)
    cut = text if len(text) <= _SHOWN_CHARACTERS_MAX else f"{text[:_SHOWN_CHARACTERS_MAX]}…"
    return f"{column} cannot be read: {cut}"
