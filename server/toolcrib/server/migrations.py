"""For the env.py of a team with migrations of its own in the same database: they leave Toolcrib's tables alone.

context.configure(connection=connection, target_metadata=metadata, include_name=leave_toolcrib(connection))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, inspect

from toolcrib.server.schema.record import read_shapes
from toolcrib.server.system_tables import system_tables

_PREFIX = "toolcrib_"


def leave_toolcrib(connection: Connection) -> Callable[[str | None, str, Mapping[str, Any]], bool]:
    """An `include_name` for Alembic that leaves out Toolcrib's tables, its own and those of components."""
    record = system_tables(MetaData()).schema
    shapes = read_shapes(connection, record) if inspect(connection).has_table(record.name) else []
    tables = {shape.table for shape in shapes}
    left_out = tables | {f"{table}_history" for table in tables}

    def include_name(name: str | None, kind: str, _parents: Mapping[str, Any]) -> bool:
        return kind != "table" or name is None or not (name.startswith(_PREFIX) or name in left_out)

    return include_name
