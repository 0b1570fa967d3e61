"""Carries out changes on SQLite: in the catalog where it can, else by a copy of the table in its new form.

Alembic's own batch mode reads the table's form back from the database, where columns without a type and WITHOUT ROWID
are lost; the declared form is at hand, and so the copy is exactly what a new database would have.
"""

from __future__ import annotations

from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, ColumnElement, Connection, Index, MetaData, insert, select, text
from sqlalchemy import column as column_of
from sqlalchemy import table as table_of
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateIndex, CreateTable, DropTable

from toolcrib.server.errors import StartError
from toolcrib.server.schema.planner import Change
from toolcrib.server.schema.values import default_text

_COPY = "toolcrib_copy"
_OTHERS = text(
    "SELECT name, sql FROM sqlite_master WHERE tbl_name = :table AND type IN ('index', 'trigger') AND sql <> ''"
)


def rename_table(connection: Connection, change: Change) -> None:
    """Gives a table and its columns their new names; indexes and triggers follow by themselves."""
    operations, one = Operations(MigrationContext.configure(connection)), change.match
    if one.stored != one.table.name:
        operations.rename_table(one.stored, one.table.name)
    for new, old in one.renamed.items():
        if connection.dialect.name == "mysql":
            # Alembic would write the column's whole form anew.
            quoted = connection.dialect.identifier_preparer.quote
            names = (quoted(name) for name in (one.table.name, old, new))
            connection.exec_driver_sql("ALTER TABLE {} RENAME COLUMN {} TO {}".format(*names))
        else:
            operations.alter_column(one.table.name, old, new_column_name=new)


def change_table(connection: Connection, change: Change) -> None:
    """Makes a table, whose names are the new ones already, what is declared."""
    table, columns, indexes = change.match.table, change.columns, change.indexes
    if columns.altered or columns.dropped or indexes.has_constraints or not _are_constants(change):
        _copy(connection, change)
        return
    operations = Operations(MigrationContext.configure(connection))
    for name in columns.added:
        operations.add_column(table.name, _column(connection, change, name))
    for name in (*indexes.dropped, *indexes.foreign):
        operations.drop_index(name, table.name)
    for item in indexes.added:
        if isinstance(item, Index):
            connection.execute(CreateIndex(item))


def _are_constants(change: Change) -> bool:
    table = change.match.table
    return all(table.c[name].nullable or change.values.constant(name) is not None for name in change.columns.added)


def _column(connection: Connection, change: Change, name: str) -> Column[object]:
    column = change.match.table.c[name]
    if column.nullable:
        return Column(name, column.type, nullable=True)
    # The default stays with the column; the server writes every column, and so never needs it.
    default = text(default_text(change.values.constant(name), column, connection.dialect))
    return Column(name, column.type, nullable=False, server_default=default)


def _copy(connection: Connection, change: Change) -> None:
    table = change.match.table
    made_by_others = others(connection, change)
    copy = table.to_metadata(MetaData(), name=f"{_COPY}_{table.name}")
    connection.execute(CreateTable(copy))
    values: dict[str, ColumnElement[Any]] = {column.name: column_of(column.name) for column in table.columns}
    values |= {altered.column: change.values.altered(altered) for altered in change.columns.altered}
    values |= {name: change.values.added(name) for name in change.columns.added}
    source = select(*values.values()).select_from(table_of(table.name))
    connection.execute(insert(copy).from_select(list(values), source))
    connection.execute(DropTable(table))
    Operations(MigrationContext.configure(connection)).rename_table(copy.name, table.name)
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        connection.execute(CreateIndex(index))
    for name, sql in made_by_others.items():
        try:
            connection.exec_driver_sql(sql)
        except OperationalError as error:
            raise StartError(
                f"{name}, which somebody made on the table {table.name}, does not fit its new form; drop it first"
            ) from error


def others(connection: Connection, change: Change) -> dict[str, str]:
    """What else somebody has made on the table, and what made it: it goes with the table and is made again."""
    own = {str(index.name) for index in change.match.table.indexes}
    own |= {*change.indexes.dropped, *change.indexes.foreign}
    rows = connection.execute(_OTHERS, {"table": change.match.table.name})
    return {row.name: row.sql for row in rows if row.name not in own}
