"""Tables of another application, as SQLAlchemy's inspector has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Inspector
from sqlalchemy.types import TypeEngine


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column. `default` is SQL text, `computed` the expression of a generated column."""

    name: str
    type: TypeEngine[Any]
    nullable: bool
    default: str | None
    comment: str
    computed: str
    is_counted: bool


@dataclass(frozen=True, slots=True)
class SourceIndex:
    """An index or a unique constraint; `columns` are None where there is an expression in their place."""

    name: str
    columns: tuple[str | None, ...]
    descending: frozenset[str]
    unique: bool
    condition: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True)
class SourceReference:
    """A FOREIGN KEY; `on_delete` and `on_update` are in capitals, empty where nothing is said."""

    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]
    on_delete: str
    on_update: str


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table with all that a database says of it."""

    name: str
    comment: str
    columns: tuple[SourceColumn, ...]
    key: tuple[str, ...]
    indexes: tuple[SourceIndex, ...]
    references: tuple[SourceReference, ...]
    checks: tuple[str, ...]


def source_table(inspector: Inspector, name: str) -> SourceTable:
    """All that a database says of a table."""
    key = tuple(inspector.get_pk_constraint(name)["constrained_columns"])
    try:
        comment = inspector.get_table_comment(name)["text"] or ""
    except NotImplementedError:
        comment = ""
    return SourceTable(
        name=name,
        comment=comment,
        columns=tuple(_column(column, key) for column in inspector.get_columns(name)),
        key=key,
        indexes=tuple(_indexes(inspector, name)),
        references=tuple(_references(inspector, name)),
        checks=tuple(sorted(str(check["sqltext"]) for check in inspector.get_check_constraints(name))),
    )


def _column(column: Mapping[str, Any], key: tuple[str, ...]) -> SourceColumn:
    default, computed = column.get("default"), column.get("computed") or {}
    is_counted = bool(column.get("identity")) or column.get("autoincrement") is True
    if default is not None and "nextval(" in str(default):
        is_counted, default = True, None
    return SourceColumn(
        name=str(column["name"]),
        type=column["type"],
        # A key is never NULL, whatever a database says of its column.
        nullable=bool(column["nullable"]) and column["name"] not in key,
        default=None if default is None else str(default),
        comment=column.get("comment") or "",
        computed=_expression(str(computed.get("sqltext", ""))),
        is_counted=is_counted,
    )


def _expression(sql: str) -> str:
    """Up to the parenthesis that closes what was not opened in it: SQLAlchemy reads on to the end on SQLite."""
    depth = 0
    for position, character in enumerate(sql):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            return sql[:position]
    return sql


def _indexes(inspector: Inspector, table: str) -> Iterator[SourceIndex]:
    for unique in sorted(inspector.get_unique_constraints(table), key=lambda one: one["column_names"]):
        yield SourceIndex(str(unique["name"] or ""), tuple(unique["column_names"]), frozenset(), unique=True)
    for index in sorted(inspector.get_indexes(table), key=lambda one: str(one["name"])):
        if index.get("duplicates_constraint"):
            continue
        options: Mapping[str, Any] = index.get("dialect_options", {})
        sorting = index.get("column_sorting", {})
        method = str(options.get("postgresql_using", ""))
        yield SourceIndex(
            name=str(index["name"]),
            columns=tuple(index["column_names"]),
            descending=frozenset(name for name, order in sorting.items() if "desc" in order),
            unique=bool(index["unique"]),
            condition=next((str(value) for name, value in options.items() if name.endswith("_where")), ""),
            method="" if method == "btree" else method,
        )


def _references(inspector: Inspector, table: str) -> Iterator[SourceReference]:
    for found in sorted(inspector.get_foreign_keys(table), key=lambda one: one["constrained_columns"]):
        options: Mapping[str, Any] = found.get("options", {})
        target = found["referred_table"]
        targets = tuple(found["referred_columns"]) or tuple(
            inspector.get_pk_constraint(target)["constrained_columns"] if inspector.has_table(target) else ()
        )
        yield SourceReference(
            columns=tuple(found["constrained_columns"]),
            table=target,
            targets=targets,
            on_delete=str(options.get("ondelete") or "").upper(),
            on_update=str(options.get("onupdate") or "").upper(),
        )
