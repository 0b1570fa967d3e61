"""Carries out changes on SQL Server, all of them in one transaction.

What it asks for that others do not: names are changed by a procedure, which takes them as text; a default has a name of
its own, by which it has to go; no column is altered while an index or a constraint is over it, or renamed while an
index is over those rows where it is set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sqlalchemy import Column, Connection, Index, Table, UniqueConstraint, update
from sqlalchemy.schema import CreateIndex

from toolcrib.server.databases.mssql_compiler import index_of
from toolcrib.server.databases.mssql_tables import may_be_null
from toolcrib.server.schema.planner import Change
from toolcrib.server.schema.served import uniques
from toolcrib.server.schema.tables import Altered
from toolcrib.server.schema.values import default_text

# Of the default that rows begin with, which goes again at once: the server writes every column.
_DEFAULT = "toolcrib_default"


def rename_table(connection: Connection, change: Change) -> None:
    """Gives a table and its columns their new names, which indexes that are left follow; first those go that do not."""
    one, indexes = change.match, change.indexes
    for name, shape in {**indexes.dropped, **indexes.foreign}.items():
        _drop(connection, one.stored, name, is_constraint=shape.is_constraint)
    if one.stored != one.table.name:
        _rename(connection, _quoted(connection, one.stored), one.table.name, "OBJECT")
    for new, old in one.renamed.items():
        _rename(connection, _quoted(connection, one.table.name, old), new, "COLUMN")


def change_table(connection: Connection, change: Change) -> None:
    """Makes a table, whose names are the new ones already, what is declared."""
    table, indexes = change.match.table, change.indexes
    items: list[Index | UniqueConstraint] = [*table.indexes, *uniques(table)]
    declared = {str(item.name): item for item in sorted(items, key=lambda item: str(item.name))}
    for new, old in indexes.renamed.items():
        is_constraint = _is_constraint(declared[new])
        place = _quoted(connection, old) if is_constraint else _quoted(connection, table.name, old)
        _rename(connection, place, new, "OBJECT" if is_constraint else "INDEX")
    in_the_way = list(_in_the_way(change, declared.values()))
    for item in in_the_way:
        _drop(connection, table.name, str(item.name), is_constraint=_is_constraint(item))
    for name in change.columns.added:
        _add(connection, change, table.c[name])
    for altered in change.columns.altered:
        _alter(connection, change, altered)
    for name in change.columns.dropped:
        _alter_table(connection, table, f"DROP COLUMN {_quoted(connection, name)}")
    for item in (*in_the_way, *indexes.added):
        _create(connection, table, item)


def _in_the_way(change: Change, declared: Iterable[Index | UniqueConstraint]) -> Iterator[Index | UniqueConstraint]:
    """The indexes and constraints that stay, over columns that are altered."""
    altered, added = {each.column for each in change.columns.altered}, change.indexes.added
    for item in declared:
        if altered & set(item.columns.keys()) and not any(item is each for each in added):
            yield item


def _add(connection: Connection, change: Change, column: Column[object]) -> None:
    constant = None if column.nullable else change.values.constant(column.name)
    if constant is None:
        _alter_table(connection, change.match.table, f"ADD {_form(connection, column, nullable=True)}")
    else:
        default = f"CONSTRAINT [{_DEFAULT}] DEFAULT {default_text(constant, column, connection.dialect)}"
        _alter_table(connection, change.match.table, f"ADD {_form(connection, column, nullable=False)} {default}")
        _alter_table(connection, change.match.table, f"DROP CONSTRAINT [{_DEFAULT}]")
    if constant is None and not column.nullable:
        connection.execute(update(change.match.table).values({column.name: change.values.added(column.name)}))
        _alter_table(connection, change.match.table, f"ALTER COLUMN {_form(connection, column, nullable=False)}")


def _alter(connection: Connection, change: Change, altered: Altered) -> None:
    """Gives a column its new type first, which converts what it holds, as that is known to fit."""
    table, column = change.match.table, change.match.table.c[altered.column]
    may_be_unset = altered.stored_nullable or altered.nullable
    if altered.is_retyped or not altered.stored_nullable:
        _alter_table(connection, table, f"ALTER COLUMN {_form(connection, column, nullable=may_be_unset)}")
    if altered.stored_nullable != altered.nullable:
        values = change.values.altered(replace(altered, stored_type=altered.type))
        connection.execute(update(table).values({column.name: values}))
    if altered.stored_nullable and not altered.nullable:
        _alter_table(connection, table, f"ALTER COLUMN {_form(connection, column, nullable=False)}")


def _form(connection: Connection, column: Column[object], *, nullable: bool) -> str:
    """A column as it is added or altered: each time all of it is told, or it would be what is the default."""
    form = column.type.compile(connection.dialect)
    return f"{_quoted(connection, column.name)} {form} {'NULL' if nullable else 'NOT NULL'}"


def _create(connection: Connection, table: Table, item: Index | UniqueConstraint) -> None:
    if isinstance(item, Index):
        connection.execute(CreateIndex(item))
    elif may_be_null(item):
        connection.execute(CreateIndex(index_of(item)))
    else:
        columns = ", ".join(_quoted(connection, name) for name in item.columns.keys())  # noqa: SIM118  # by themselves they are columns
        _alter_table(connection, table, f"ADD CONSTRAINT {_quoted(connection, str(item.name))} UNIQUE ({columns})")


def _drop(connection: Connection, table: str, name: str, *, is_constraint: bool) -> None:
    place, quoted = _quoted(connection, table), _quoted(connection, name)
    if is_constraint:
        connection.exec_driver_sql(f"ALTER TABLE {place} DROP CONSTRAINT {quoted}")
    else:
        connection.exec_driver_sql(f"DROP INDEX {quoted} ON {place}")


def _rename(connection: Connection, place: str, name: str, kind: str) -> None:
    connection.exec_driver_sql(f"EXEC sp_rename N'{place}', N'{name}', N'{kind}'")


def _alter_table(connection: Connection, table: Table, what: str) -> None:
    connection.exec_driver_sql(f"ALTER TABLE {_quoted(connection, table.name)} {what}")


def _is_constraint(item: Index | UniqueConstraint) -> bool:
    return isinstance(item, UniqueConstraint) and not may_be_null(item)


def _quoted(connection: Connection, *names: str) -> str:
    quote = connection.dialect.identifier_preparer.quote
    return ".".join(quote(name) for name in names)
