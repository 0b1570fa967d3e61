"""Alembic's own table, where a database is brought up by its scripts."""

from __future__ import annotations

from sqlalchemy import Connection, column, inspect, select, table

_TABLE = "alembic_version"


def alembic_revisions(connection: Connection) -> list[str]:
    """The revisions that a database is at, sorted; none where Alembic has never been there."""
    if not inspect(connection).has_table(_TABLE):
        return []
    return sorted(connection.execute(select(column("version_num")).select_from(table(_TABLE))).scalars())
