"""Alembic's autogenerate over tables that differ from what is declared: which columns, and how.

Columns are compared by our own comparator: Alembic's takes a column without a type, as SQLite has them for numbers that
are kept to the bit, for one that it cannot know.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from alembic.autogenerate import produce_migrations
from alembic.operations.ops import AddColumnOp, AlterColumnOp, DropColumnOp, ModifyTableOps
from alembic.runtime.migration import MigrationContext
from alembic.runtime.plugins import Plugin
from alembic.util import PriorityDispatchResult
from sqlalchemy import Column, Connection, MetaData

from toolcrib.server.databases.mariadb_tables import LIVE_COLUMN
from toolcrib.server.schema.renames import Match
from toolcrib.server.schema.tables import Altered, Differences
from toolcrib.server.schema.types import type_text

_COMPARATOR = "toolcrib.columns"
_PLUGINS = ["alembic.autogenerate.schemas", "alembic.autogenerate.tables", _COMPARATOR]


def autogenerate(connection: Connection, matches: Iterable[Match]) -> Mapping[str, Differences]:
    """What differs in tables that are there, by the name of the declared one."""
    by_stored = {one.stored: one for one in matches}
    declared = MetaData()
    for one in by_stored.values():
        one.as_stored(declared)

    def is_ours(name: str | None, type_: str, parents: Mapping[str, Any]) -> bool:
        return type_ != "table" or name in by_stored

    options = {"include_name": is_ours, "autogenerate_plugins": _PLUGINS}
    context = MigrationContext.configure(connection, opts=options)
    script = produce_migrations(context, declared)
    found: dict[str, Differences] = {}
    for operation in script.upgrade_ops.ops if script.upgrade_ops else ():
        if isinstance(operation, ModifyTableOps):
            one = by_stored[operation.table_name]
            found[one.table.name] = _differences(one, operation, connection)
    return found


def _differences(one: Match, operations: ModifyTableOps, connection: Connection) -> Differences:
    names = {one.stored_name(column.name): column.name for column in one.table.columns}
    found = Differences()
    for operation in operations.ops:
        match operation:
            case AddColumnOp():
                found.added.append(names[operation.column.name])
            case DropColumnOp(column_name=name) if name != LIVE_COLUMN:
                found.dropped.append(operation.column_name)
            case AlterColumnOp():
                found.altered.append(_altered(one.table.c[names[operation.column_name]], operation, connection))
    order = list(one.table.c.keys())
    found.added.sort(key=order.index)
    found.altered.sort(key=lambda altered: order.index(altered.column))
    found.dropped.sort()
    return found


def _altered(column: Column[Any], operation: AlterColumnOp, connection: Connection) -> Altered:
    declared = type_text(column.type, connection.dialect)
    stored = declared if operation.modify_type is None else _existing(operation, connection)
    return Altered(column.name, stored, declared, bool(operation.existing_nullable), bool(column.nullable))


def _existing(operation: AlterColumnOp, connection: Connection) -> str:
    return "" if operation.existing_type is None else type_text(operation.existing_type, connection.dialect)


def _compare_column(
    autogen_context: Any, operation: AlterColumnOp, _schema: Any, _table: Any, _name: Any, stored: Any, declared: Any
) -> PriorityDispatchResult:
    dialect = autogen_context.dialect
    operation.existing_type, operation.existing_nullable = stored.type, stored.nullable
    if type_text(stored.type, dialect) != type_text(declared.type, dialect):
        operation.modify_type = declared.type
    # A key is never NULL, whatever a database says of its column.
    if stored.nullable is not declared.nullable and not declared.primary_key:
        operation.modify_nullable = declared.nullable
    return PriorityDispatchResult.CONTINUE


def setup(plugin: Plugin) -> None:
    """Hands Alembic the comparator."""
    plugin.add_autogenerate_comparator(_compare_column, "column", "types")


Plugin.setup_plugin_from_module(sys.modules[__name__], _COMPARATOR)
