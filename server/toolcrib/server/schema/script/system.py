"""Toolcrib's own tables, as a script makes them in a database that has none: who may not make tables can serve then."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Dialect

from toolcrib.codegen.layout import Node, call, list_of, quoted
from toolcrib.server.schema.script.forms import declared_form
from toolcrib.server.schema.script.operations import create_indexes, create_table, drop_table
from toolcrib.server.system_tables import LAYOUT_NAME, LAYOUT_VERSION, SystemTables


def create_system(system: SystemTables, dialect: Dialect) -> Iterator[Node]:
    """Makes them, and says of which layout they are."""
    for table in system.all():
        form = declared_form(table, dialect)
        yield create_table(form)
        yield from create_indexes(form)
    row = f'{{"name": {quoted(LAYOUT_NAME)}, "value": b"{LAYOUT_VERSION}"}}'
    columns = ['sa.column("name", sa.Text())', 'sa.column("value", sa.LargeBinary())']
    yield call("op.bulk_insert", call("sa.table", quoted(system.meta.name), *columns), list_of(row))


def drop_system(system: SystemTables) -> Iterator[Node]:
    """Drops them, and with them the audit trail."""
    for table in reversed(system.all()):
        yield drop_table(table.name)
