"""The rows of a PostgreSQL database as they are stored, read without a server of Toolcrib's, and what doctor finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import Any

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from toolcrib.server.columns import time_to_text
from toolcrib.server.databases.backend import Finding, Stored, unwrap
from toolcrib.server.databases.examination import required, settled, sound
from toolcrib.server.errors import StartError
from toolcrib.server.exact_text import from_stored, to_stored
from toolcrib.server.session import driver_connection
from toolcrib.server.statements import Prepared

# So many rows are in memory at a time, whose images may be large.
_ROWS_AT_ONCE = 500

# What Toolcrib's connections are called.
APPLICATION = "toolcrib"
# The connections that there are to PostgreSQL as a whole, without those that it keeps for its administrators.
_CONNECTIONS = f"""
    SELECT count(*) FILTER (WHERE is_ours), count(*) FILTER (WHERE is_ours AND state <> 'idle'),
        count(*) FILTER (WHERE NOT is_ours),
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
    FROM pg_stat_activity, LATERAL (
        SELECT application_name = '{APPLICATION}' AND datname = current_database() AS is_ours
    ) AS named
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""  # noqa: S608  # a name of ours
# A server with one reader lane takes fewer when it starts.
_CONNECTIONS_LEFT_MIN = 8


class PostgresqlRows:
    """The rows of a database at one moment."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._numbers = count()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Sequence[Any]]:
        """What a SELECT finds, one after another."""
        for row in self._streamed(_placed(sql), _given(parameters)):
            yield _plain(row)

    def first(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Any] | None:
        """The first row of the same."""
        row = self._driver.execute(_placed(sql), _given(parameters)).fetchone()
        return None if row is None else _plain(row)

    def read(self, statement: Prepared, parameters: Sequence[Any] = (), tenant: str = "") -> Iterator[Sequence[Any]]:
        """What a prepared SELECT finds."""
        return self._streamed(statement.sql, statement.bind(list(parameters), tenant))

    def has_table(self, name: str) -> bool:
        """Whether there is this table."""
        (found,) = self._driver.execute("SELECT to_regclass(quote_ident(%s)) IS NOT NULL", [name]).fetchone()
        return bool(found)

    def _streamed(self, sql: str, parameters: Sequence[Any]) -> Iterator[Sequence[Any]]:
        with self._driver.cursor(name=f"toolcrib_rows_{next(self._numbers)}") as cursor:
            cursor.itersize = _ROWS_AT_ONCE
            yield from cursor.execute(sql, parameters)


@contextmanager
def stored(engine: Engine, place: str) -> Iterator[PostgresqlRows]:
    """The rows, while servers may go on writing. Raises StartError where the database cannot be read."""
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield PostgresqlRows(driver_connection(connection))
    except (DBAPIError, psycopg.Error) as error:
        raise StartError(f"{place} cannot be read: {first_line(unwrap(error))}") from error


def first_line(error: BaseException) -> str:
    """What an error says, without the lines that quote statements."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def examined(rows: Stored, place: str) -> Finding:
    """Whether it is, or can become, a sound database of this version."""
    version, encoding, fsync = required(
        rows, "SELECT current_setting('server_version'), current_setting('server_encoding'), current_setting('fsync')"
    )
    if encoding != "UTF8":
        return Finding(f"{place} has the encoding {encoding}", "create it with ENCODING 'UTF8'")
    tables = [name for (name,) in rows.rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")]
    named = f"{place} (PostgreSQL {version})"
    if early := settled(rows, place, named, tables):
        return early
    ours, busy, others, limit = required(rows, _CONNECTIONS)
    connections = f"of {limit} connections Toolcrib has {ours}, {busy} of them busy, and others have {others}"
    found = f"{sound(rows, named)}; {connections}"
    remedies = []
    if fsync != "on":
        found = f"{found}; it runs with fsync={fsync}: a power cut destroys it"
        remedies.append("set fsync = on")
    if limit - ours - others < _CONNECTIONS_LEFT_MIN:
        remedies.append("raise max_connections there, or lower reader_lanes and connections_max of the servers")
    return Finding(found, "\n".join(remedies))


def _placed(sql: str) -> str:
    return sql.replace("?", "%s")


def _given(parameters: Sequence[Any]) -> list[Any]:
    return [to_stored(value) if isinstance(value, str) else value for value in parameters]


def _plain(row: Sequence[Any]) -> Sequence[Any]:
    return [_PLAIN[type(value)](value) if type(value) in _PLAIN else value for value in row]


_PLAIN: dict[type, Any] = {str: from_stored, datetime: time_to_text}
