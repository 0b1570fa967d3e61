"""The rows of a MariaDB or MySQL database as they are stored, and what doctor finds of it.

Rows come through a temporary file (`mariadb_spool.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pymysql
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from toolcrib.server.databases.backend import Finding, Stored, unwrap
from toolcrib.server.databases.examination import required, settled, sound
from toolcrib.server.databases.mariadb_connection import MariadbCursor
from toolcrib.server.databases.mariadb_spool import spooled
from toolcrib.server.errors import StartError
from toolcrib.server.session import driver_connection
from toolcrib.server.statements import Prepared

BEGIN = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
# A power cut takes commits that were acknowledged, unless it is this.
_DURABLE = "1"


class MariadbRows:
    """The rows of a database at one moment."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Sequence[Any]]:
        """What a SELECT finds, one after another."""
        return spooled(self._driver, _placed(sql), parameters)

    def first(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Any] | None:
        """The first row of the same."""
        with self._driver.cursor(MariadbCursor) as cursor:
            row: Sequence[Any] | None = cursor.execute(_placed(sql), parameters).fetchone()
            return row

    def read(self, statement: Prepared, parameters: Sequence[Any] = (), tenant: str = "") -> Iterator[Sequence[Any]]:
        """What a prepared SELECT finds."""
        return spooled(self._driver, statement.sql, statement.bind(list(parameters), tenant))

    def has_table(self, name: str) -> bool:
        """Whether there is this table."""
        sql = "SELECT 1 FROM information_schema.tables WHERE table_schema = database() AND table_name = ?"
        return self.first(sql, [name]) is not None


@contextmanager
def stored(engine: Engine, place: str) -> Iterator[MariadbRows]:
    """The rows, while servers may go on writing. Raises StartError where the database cannot be read."""
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.exec_driver_sql(BEGIN)
            yield MariadbRows(driver_connection(connection))
    except (DBAPIError, pymysql.err.Error) as error:
        raise StartError(f"{place} cannot be read: {said(unwrap(error))}") from error


def said(error: BaseException) -> str:
    """What an error says, in a line and without its number."""
    return str(error.args[-1] if error.args else error).strip().partition("\n")[0] or type(error).__name__


def examined(rows: Stored, place: str) -> Finding:
    """Whether it is, or can become, a sound database of this version."""
    version, flushed = required(rows, "SELECT version(), @@innodb_flush_log_at_trx_commit")
    named = f"{place} ({'' if 'MariaDB' in version else 'MySQL '}{version})"
    own = "SELECT table_name FROM information_schema.tables WHERE table_schema = database()"
    tables = [name for (name,) in rows.rows(own)]
    if found := settled(rows, place, named, tables):
        return found
    if str(flushed) != _DURABLE:
        runs = f"{place} runs with innodb_flush_log_at_trx_commit={flushed}: a power cut takes commits with it"
        return Finding(runs, "set innodb_flush_log_at_trx_commit = 1")
    return Finding(sound(rows, named))


def _placed(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")
