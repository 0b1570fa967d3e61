"""The rows of a SQL Server database as they are stored, read without a server of Toolcrib's, and what doctor finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from toolcrib.server.columns import in_utc, time_to_text
from toolcrib.server.databases.backend import Finding, Stored, unwrap
from toolcrib.server.databases.examination import settled, sound
from toolcrib.server.databases.mssql_errors import DRIVER_ERRORS
from toolcrib.server.databases.mssql_session import BEGIN_READ, as_driver_takes
from toolcrib.server.errors import StartError
from toolcrib.server.exact_text import from_ended, to_ended
from toolcrib.server.session import driver_connection
from toolcrib.server.statements import Prepared

ALLOWS_SNAPSHOTS = "SELECT snapshot_isolation_state FROM sys.databases WHERE name = db_name()"


class SqlServerRows:
    """The rows of a database at one moment."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Sequence[Any]]:
        """What a SELECT finds, one after another."""
        yield from map(_plain, self._streamed(sql.replace("?", "%s"), _given(parameters)))

    def first(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Any] | None:
        """The first row of the same."""
        return next(self.rows(sql, parameters), None)

    def read(self, statement: Prepared, parameters: Sequence[Any] = (), tenant: str = "") -> Iterator[Sequence[Any]]:
        """What a prepared SELECT finds."""
        return self._streamed(statement.sql, statement.bind(list(parameters), tenant))

    def has_table(self, name: str) -> bool:
        """Whether there is this table."""
        return next(self._streamed("SELECT 1 FROM sys.tables WHERE name = %s", [name]), None) is not None

    def _streamed(self, sql: str, parameters: Sequence[Any]) -> Iterator[Sequence[Any]]:
        with self._driver.cursor() as cursor:
            cursor.execute(sql, as_driver_takes(parameters))
            while (row := cursor.fetchone()) is not None:
                yield row


@contextmanager
def stored(engine: Engine, place: str) -> Iterator[SqlServerRows]:
    """The rows, while servers may go on writing. Raises StartError where the database cannot be read."""
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(BEGIN_READ)
            yield SqlServerRows(driver_connection(connection))
    except (DBAPIError, *DRIVER_ERRORS) as error:
        raise StartError(f"{place} cannot be read: {first_line(unwrap(error))}") from error


def allows_snapshots(connection: Connection) -> bool:
    """Whether the database lets a transaction read one moment."""
    return connection.exec_driver_sql(ALLOWS_SNAPSHOTS).scalar() == 1


def first_line(error: BaseException) -> str:
    """What an error says, without the lines that quote statements."""
    text = str(error.args[0]) if error.args else ""
    lines = text.strip().splitlines()
    return lines[0] if lines else type(error).__name__


def examined(rows: Stored, place: str) -> Finding:
    """Whether it is, or can become, a sound database of this version."""
    tables = [name for (name,) in rows.rows("SELECT name FROM sys.tables")]
    if (rows.first(ALLOWS_SNAPSHOTS) or [0])[0] != 1:
        return Finding(f"{place} allows no snapshots", "ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON")
    named = f"{place} (SQL Server)"
    return settled(rows, place, named, tables) or Finding(f"{sound(rows, named)}; writes there are unverified")


def _given(parameters: Sequence[Any]) -> list[Any]:
    return [to_ended(value) if isinstance(value, str) else value for value in parameters]


def _plain(row: Sequence[Any]) -> Sequence[Any]:
    return [_PLAIN[type(value)](value) if type(value) in _PLAIN else value for value in row]


_PLAIN: dict[type, Any] = {str: from_ended, datetime: lambda moment: time_to_text(in_utc(moment))}
