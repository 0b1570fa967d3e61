"""What columns hold behind a change, as SQL of one database."""

from __future__ import annotations

import re

from sqlalchemy import Dialect

from toolcrib.server.schema.planner import Change
from toolcrib.server.schema.script import mariadb
from toolcrib.server.schema.script.forms import ColumnForm, quoted_name
from toolcrib.server.schema.shapes import ComponentShape
from toolcrib.server.schema.values import STANDARD_TIMES, default_text, zero_of

# Of PostgreSQL, which writes bytes as text, of SQLite and of MariaDB.
_TEXT = re.compile("TEXT|LONGTEXT|VARCHAR|BYTEA")
_BYTES = re.compile("BLOB|LONGBLOB|VARBINARY")
_EPOCH = "'1970-01-01 00:00:00.000000'"


def added(change: Change, dialect: Dialect) -> dict[str, str]:
    """Columns that are new and always set, with what they begin with."""
    table = change.match.table
    return {
        name: default_text(change.values.constant(name), table.c[name], dialect)
        for name in change.columns.added
        if not table.c[name].nullable
    }


def altered(
    old: ColumnForm, new: ColumnForm, shape: ComponentShape | None, dialect: str, *, unsets_zeros: bool = False
) -> str:
    """What a column that is altered holds; what was zero is unset where that is asked for, and it then can be."""
    stored = quoted_name(old.name, dialect)
    value = stored if old.type == new.type else _converted(stored, old.type, new.type, dialect)
    if old.nullable and not new.nullable:
        return f"coalesce({value}, {zero(new, shape, dialect)})"
    if unsets_zeros and new.nullable and not old.nullable:
        is_zero = f"{stored} = {zero(old, shape, dialect)}"
        if old.type == "DOUBLE PRECISION":
            is_zero = f"{is_zero} AND CAST({stored} AS TEXT) <> '-0'"
        return f"CASE WHEN {is_zero} THEN NULL ELSE {value} END"
    return value


def zero(column: ColumnForm, shape: ComponentShape | None, dialect: str) -> str:
    """What a column that is always set holds where nothing is known."""
    if column.name in STANDARD_TIMES:
        return _EPOCH
    field = shape.field(column.name) if shape else None
    if field is not None and field.label not in {"", "optional"}:
        return f"'{zero_of(field)}'"
    if column.type == "BOOLEAN":
        return "false" if dialect == "postgresql" else "0"
    if dialect == "sqlite" and column.type == "VARCHAR(20)":
        return f"'{0:020}'"
    if _BYTES.match(column.type):
        return "x''"
    return "''" if _TEXT.match(column.type) else "0"


def _converted(value: str, old: str, new: str, dialect: str) -> str:
    if dialect == "sqlite":
        if new.startswith("VARCHAR"):
            return f"printf('%020d', {value})"
        return f"CAST({value} AS INTEGER)" if old.startswith("VARCHAR") else value
    if dialect == mariadb.DIALECT:
        # What is wider or narrower it converts by itself.
        return f"{value} <> 0" if new == "TINYINT" else value
    if old == "BOOLEAN":
        return f"CAST(CAST({value} AS INTEGER) AS {new})"
    return f"{value} <> 0" if new == "BOOLEAN" else f"CAST({value} AS {new})"
