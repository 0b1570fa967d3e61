"""Carries out changes on a server database, by Alembic's operations.

PostgreSQL does all of it in one transaction; MariaDB commits each by itself, see unfinished.py.
"""

from __future__ import annotations

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, Index, Table, UniqueConstraint, inspect, text, update
from sqlalchemy.schema import CreateIndex

from toolcrib.server.component_statements import DELETE_TIME
from toolcrib.server.databases.mariadb_tables import ADD_LIVE_COLUMN, LIVE_COLUMN, is_unique_among_live
from toolcrib.server.schema.planner import Change
from toolcrib.server.schema.tables import Altered
from toolcrib.server.schema.values import default_text

_MYSQL, _COCKROACHDB = "mysql", "cockroachdb"


def change_table(connection: Connection, change: Change) -> None:
    """Makes a table, whose names are the new ones already, what is declared."""
    operations = Operations(MigrationContext.configure(connection))
    _drop_indexes(operations, connection, change)
    for new, old in change.indexes.renamed.items():
        _rename_index(connection, change.match.table, old, new)
    for name in change.columns.added:
        _add(operations, connection, change, name)
    for altered in change.columns.altered:
        _alter(operations, connection, change, altered)
    for name in change.columns.dropped:
        if name == DELETE_TIME:
            _drop_live_column(connection, operations, change.match.table.name)
        operations.drop_column(change.match.table.name, name)
    _add_indexes(operations, connection, change)


def _add(operations: Operations, connection: Connection, change: Change, name: str) -> None:
    table, column = change.match.table, change.match.table.c[name]
    constant = None if column.nullable else change.values.constant(name)
    if column.nullable:
        operations.add_column(table.name, Column(name, column.type, nullable=True))
    # Their long texts take no default.
    elif constant is not None and connection.dialect.name != _MYSQL:
        default = text(default_text(constant, column, connection.dialect))
        operations.add_column(table.name, Column(name, column.type, nullable=False, server_default=default))
    else:
        operations.add_column(table.name, Column(name, column.type, nullable=True))
        _write(connection, table, name, change.values.added(name))
        operations.alter_column(table.name, name, nullable=False, existing_type=column.type)


def _alter(operations: Operations, connection: Connection, change: Change, altered: Altered) -> None:
    table, column = change.match.table, change.match.table.c[altered.column]
    is_mysql, is_other_nullable = connection.dialect.name == _MYSQL, altered.stored_nullable != altered.nullable
    values, may_be_unset = change.values.altered(altered), altered.stored_nullable or altered.nullable
    if is_mysql and (altered.is_retyped or not altered.stored_nullable):
        # It converts values by itself, and is told the whole of a column each time.
        operations.alter_column(table.name, column.name, type_=column.type, nullable=may_be_unset)
    elif not altered.stored_nullable and altered.nullable:
        operations.alter_column(table.name, column.name, nullable=True, existing_type=column.type)
    if altered.is_retyped and not is_mysql:
        using = str(values.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
        operations.alter_column(
            table.name, column.name, type_=column.type, existing_nullable=may_be_unset, postgresql_using=using
        )
    elif is_other_nullable:
        _write(connection, table, column.name, values)
    if altered.stored_nullable and not altered.nullable:
        operations.alter_column(table.name, column.name, nullable=False, existing_type=column.type)


def _write(connection: Connection, table: Table, name: str, value: object) -> None:
    connection.execute(update(table).values({name: value}))


def _drop_indexes(operations: Operations, connection: Connection, change: Change) -> None:
    for name, shape in {**change.indexes.dropped, **change.indexes.foreign}.items():
        if shape.is_constraint and connection.dialect.name == _COCKROACHDB:
            # A constraint goes with its index; it is dropped by no other way before version 26.2.
            connection.exec_driver_sql(f"DROP INDEX {connection.dialect.identifier_preparer.quote(name)} CASCADE")
        elif shape.is_constraint:
            operations.drop_constraint(name, change.match.table.name, type_="unique")
        else:
            operations.drop_index(name, change.match.table.name)


def _rename_index(connection: Connection, table: Table, old: str, new: str) -> None:
    """Renames an index, and with it the constraint that it keeps."""
    quote = connection.dialect.identifier_preparer.quote
    if connection.dialect.name == _MYSQL:
        sql = f"ALTER TABLE {quote(table.name)} RENAME INDEX {quote(old)} TO {quote(new)}"
    else:
        sql = f"ALTER INDEX {quote(old)} RENAME TO {quote(new)}"
    connection.exec_driver_sql(sql)


def _add_indexes(operations: Operations, connection: Connection, change: Change) -> None:
    for item in change.indexes.added:
        if isinstance(item, UniqueConstraint):
            names = [column.name for column in item.columns]
            operations.create_unique_constraint(str(item.name), change.match.table.name, names)
        elif isinstance(item, Index):
            if connection.dialect.name == "mysql" and is_unique_among_live(item):
                _add_live_column(connection, change.match.table.name)
            connection.execute(CreateIndex(item))


def _has_live_column(connection: Connection, table: str) -> bool:
    return LIVE_COLUMN in {column["name"] for column in inspect(connection).get_columns(table)}


def _add_live_column(connection: Connection, table: str) -> None:
    """What says of a row that it is live, where an index cannot."""
    if not _has_live_column(connection, table):
        connection.exec_driver_sql(ADD_LIVE_COLUMN.format(table=connection.dialect.identifier_preparer.quote(table)))


def _drop_live_column(connection: Connection, operations: Operations, table: str) -> None:
    """Before what it hangs on."""
    if _has_live_column(connection, table):
        operations.drop_column(table, LIVE_COLUMN)
