"""Emits the indexes of a component's table."""

from __future__ import annotations

from toolcrib.codegen.indexes import TENANT_COLUMN
from toolcrib.codegen.layout import call, quoted
from toolcrib.codegen.model import Component, Index
from toolcrib.codegen.writer import CodeWriter


def write_indexes(writer: CodeWriter, component: Component) -> None:
    """Declares each index of the variable `table`."""
    if any(index.live_only for index in component.indexes):
        writer.line("live = table.c.delete_time.is_(None)")
    for index in component.indexes:
        _index(writer, index, is_multi_tenant=component.multi_tenant)


def _index(writer: CodeWriter, index: Index, *, is_multi_tenant: bool) -> None:
    # By subscript: as attributes some names are methods of the collection, `keys` for one.
    columns = [f"table.c[{quoted(c.field)}]{'.desc()' if c.descending else ''}" for c in index.columns]
    if is_multi_tenant:
        columns.insert(len(columns) if index.of_all_tenants else 0, f"table.c[{quoted(TENANT_COLUMN)}]")
    unique = ["unique=True"] if index.unique else []
    # The databases that have partial indexes each have a word of their own for them.
    live = ["sqlite_where=live", "postgresql_where=live"] if index.live_only else []
    writer.statement(call(writer.use("sqlalchemy", "Index"), quoted(index.name), *columns, *unique, *live))
