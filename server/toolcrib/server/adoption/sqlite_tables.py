"""What SQLite says of its tables itself.

SQLAlchemy reads the SQL that made them, and misses UNIQUE behind some types, expressions and DESC in indexes, some of
what is done ON DELETE and ON UPDATE, short forms of generated columns, and which key is the row's own number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, text

from toolcrib.server.adoption.tables import SourceColumn, SourceIndex, SourceReference, SourceTable

_INDEXES = text(
    'SELECT il.name, il."unique", il.origin, il.partial, x.name AS "column", x."desc", m.sql '
    "FROM pragma_index_list(:table) AS il, pragma_index_xinfo(il.name) AS x "
    "LEFT JOIN sqlite_master AS m ON m.name = il.name AND m.type = 'index' "
    "WHERE il.origin <> 'pk' AND x.key = 1 ORDER BY il.origin DESC, il.name, x.seqno"
)
_REFERENCES = text(
    'SELECT id, "table", "from" AS source, "to" AS target, on_update, on_delete '
    "FROM pragma_foreign_key_list(:table) ORDER BY id, seq"
)
_COLUMNS = text("SELECT name, type, hidden FROM pragma_table_xinfo(:table)")
_KEY = text("SELECT name FROM pragma_table_info(:table) WHERE pk > 0 ORDER BY pk")
_WHERE = re.compile(r"\bWHERE\b(.*)$", re.IGNORECASE | re.DOTALL)


def as_sqlite_has_it(table: SourceTable, connection: Connection) -> SourceTable:
    """The table, as SQLite has it rather than SQLAlchemy."""
    declared = {row.name: row for row in connection.execute(_COLUMNS, {"table": table.name})}
    return replace(
        table,
        columns=tuple(_column(column, table.key, declared[column.name]) for column in table.columns),
        indexes=tuple(_indexes(connection, table.name)),
        references=tuple(_references(connection, table.name)),
    )


def _column(column: SourceColumn, key: tuple[str, ...], declared: Any) -> SourceColumn:
    computed = column.computed or ("an expression" if declared.hidden else "")
    # Only what is INTEGER to the letter is the row's own number.
    is_counted = key == (column.name,) and declared.type.upper() == "INTEGER"
    return replace(column, computed=computed, is_counted=is_counted)


def _indexes(connection: Connection, table: str) -> Iterator[SourceIndex]:
    rows: dict[str, list[Any]] = {}
    for row in connection.execute(_INDEXES, {"table": table}):
        rows.setdefault(row.name, []).append(row)
    for name, columns in rows.items():
        where = _WHERE.search(columns[0].sql or "") if columns[0].partial else None
        yield SourceIndex(
            name="" if columns[0].origin == "u" else name,
            columns=tuple(row.column for row in columns),
            descending=frozenset(row.column for row in columns if row.desc and row.column),
            unique=bool(columns[0].unique),
            condition=where[1].strip() if where else "",
        )


def _references(connection: Connection, table: str) -> Iterator[SourceReference]:
    rows: dict[int, list[Any]] = {}
    for row in connection.execute(_REFERENCES, {"table": table}):
        rows.setdefault(row.id, []).append(row)
    for columns in sorted(rows.values(), key=lambda rows: [row.source for row in rows]):
        first = columns[0]
        targets = [row.target for row in columns]
        if None in targets:
            # Of the other table's key, which need not be named.
            key = connection.execute(_KEY, {"table": first.table}).scalars().all()
            targets = list(key)
        yield SourceReference(
            tuple(row.source for row in columns), first.table, tuple(targets), first.on_delete, first.on_update
        )
