"""MariaDB and MySQL: a pool of connections to one database, which several servers of Toolcrib may share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from string import ascii_letters, digits
from typing import Any

import pymysql
from sqlalchemy import URL, Connection, Table, event, inspect

from toolcrib.server.databases import mariadb_audit, mariadb_errors, mariadb_tables
from toolcrib.server.databases.backend import Finding, Stored
from toolcrib.server.databases.limits import Limits
from toolcrib.server.databases.mariadb_connection import CONVERSIONS, FLAGS, MariadbConnection
from toolcrib.server.databases.mariadb_session import MariadbSession
from toolcrib.server.databases.mariadb_tls import plain_through_socket
from toolcrib.server.databases.places import shown
from toolcrib.server.databases.pooled import PooledBackend
from toolcrib.server.errors import ConnectionLost, StartError, StorageError, StoreError
from toolcrib.server.system_tables import WRITE_GATE

_ALL = {*ascii_letters, *digits, "_", "$"}
# What is asked of JSON (JSON_TABLE), of collations, and of columns that `SELECT *` does not show.
_MARIADB_MIN, _MYSQL_MIN = (10, 6), (8, 0, 23)

# Nothing is cut, rounded or made up: what does not fit is an error. Backslashes escape, as the driver writes them.
_SQL_MODE = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
# A server that begins waits so long for another that changes the schema; a year is for ever.
_SETUP_WAIT_S = 365 * 24 * 3600


class Mariadb(PooledBackend):
    """A database of a MariaDB or MySQL server."""

    driver_error = pymysql.err.Error

    def __init__(self, url: URL, limits: Limits) -> None:
        super().__init__(limits)
        self.place = shown(url)
        arguments = {
            "charset": "utf8mb4",
            "connect_timeout": max(1, math.ceil(limits.connect_timeout_s)),
            "client_flag": FLAGS,
            "conv": CONVERSIONS,
            "program_name": "toolcrib",
        }
        self.engine = self._pooled_engine(plain_through_socket(url.set(drivername="mysql+pymysql")), arguments)
        event.listen(self.engine, "do_connect", _connect)

    def fit(self, table: Table) -> None:
        """By the limits of its indexes."""
        mariadb_tables.fit(table)

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """By a transaction that is read-only."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.exec_driver_sql(mariadb_audit.BEGIN)
            yield connection

    @contextmanager
    def setup(self, connection: Connection) -> Iterator[None]:
        """Waits for other servers that begin, and for writes, which then wait at the gate.

        Each change of a table is a commit here, so the locks are another connection's, from the beginning to the end.
        """
        self._require_version()
        with self.engine.connect() as guard:
            try:
                has_gate = self._lock(guard)
                connection.exec_driver_sql(_timeout(0, is_mariadb=self._is_mariadb))
                connection.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE")
                connection.exec_driver_sql("START TRANSACTION")
                yield
                if not has_gate:
                    self._make_gate(connection)
            finally:
                # With it go its locks; and the other one has no timeout any more.
                guard.invalidate()
                connection.invalidate()

    def classify(self, error: BaseException) -> StorageError | None:
        """By the error's number."""
        return mariadb_errors.classify(error)

    def is_constraint(self, error: BaseException) -> bool:
        """Whether a constraint of a table refused a row."""
        return mariadb_errors.is_constraint(error)

    def refusal(self, error: BaseException) -> StoreError | None:
        """A value that no column, index or statement holds."""
        return mariadb_errors.refusal(error)

    def explain_failure(self, error: BaseException) -> str:
        """Why it cannot be opened."""
        found = mariadb_audit.said(error)
        if isinstance(self.classify(error), ConnectionLost):
            return f"cannot connect to {self.place}: {found}; see that it runs and that the URL is right"
        return f"cannot open {self.place}: {found}"

    def audit(self) -> AbstractContextManager[Stored]:
        """The rows of the database."""
        return mariadb_audit.stored(self.engine, self.place)

    def _examined(self, rows: Stored) -> Finding:
        return mariadb_audit.examined(rows, self.place)

    def _session_on(self, connection: Connection, *, read_only: bool) -> MariadbSession:
        return MariadbSession(connection, read_only=read_only)

    @property
    def _is_mariadb(self) -> bool:
        return bool(self.engine.dialect.is_mariadb)  # type: ignore[attr-defined]  # of SQLAlchemy's dialect

    def _require_version(self) -> None:
        version: Any = self.engine.dialect.server_version_info
        least = _MARIADB_MIN if self._is_mariadb else _MYSQL_MIN
        if version < least:
            has, needs = (".".join(map(str, each)) for each in (version, least))
            name = "MariaDB" if self._is_mariadb else "MySQL"
            raise StartError(f"{self.place} is {name} {has}; Toolcrib needs {needs} or newer")

    def _lock(self, guard: Connection) -> bool:
        """Keeps other servers from beginning until `guard` is closed, and from writing; answers whether any could."""
        guard.exec_driver_sql(_timeout(0, is_mariadb=self._is_mariadb))
        guard.exec_driver_sql(f"SELECT GET_LOCK(sha1(concat('toolcrib:', database())), {_SETUP_WAIT_S})").scalar_one()
        if not inspect(guard).has_table("toolcrib_meta"):
            return False
        self._make_gate(guard)
        guard.exec_driver_sql("START TRANSACTION")
        guard.exec_driver_sql("SELECT value FROM toolcrib_meta WHERE name = %s FOR UPDATE", (WRITE_GATE,)).all()
        return True

    def _make_gate(self, connection: Connection) -> None:
        connection.exec_driver_sql("INSERT IGNORE INTO toolcrib_meta (name, value) VALUES (%s, '')", (WRITE_GATE,))

    def _configure(self, driver: MariadbConnection) -> None:
        # Every name is quoted but those of functions: databases have more words of their own than SQLAlchemy knows. Its
        # dialect chooses anew how to quote when it first sees which of the two servers it is.
        self.engine.dialect.identifier_preparer.illegal_initial_characters = _ALL
        # Said by itself: SQLAlchemy may not have asked yet.
        is_mariadb = "MariaDB" in driver.server_version
        wait_s = max(1, math.ceil(self._limits.busy_timeout_s))
        settings = {
            "sql_mode": f"'{_SQL_MODE}'",
            "time_zone": "'+00:00'",
            "collation_connection": "utf8mb4_nopad_bin" if is_mariadb else "utf8mb4_0900_bin",
            "innodb_lock_wait_timeout": wait_s,
            "lock_wait_timeout": wait_s,
            "foreign_key_checks": 1,
            "unique_checks": 1,
        }
        driver.configure("SET " + ", ".join(f"SESSION {name} = {value}" for name, value in settings.items()))
        driver.configure(_timeout(self._limits.statement_timeout_s, is_mariadb=is_mariadb))


def _timeout(seconds: float, *, is_mariadb: bool) -> str:
    """What limits a statement; MySQL has it for those that only read."""
    if is_mariadb:
        return f"SET SESSION max_statement_time = {seconds}"
    return f"SET SESSION max_execution_time = {int(seconds * 1000)}"


def _connect(_dialect: object, _record: object, arguments: Sequence[Any], named: dict[str, Any]) -> MariadbConnection:
    return MariadbConnection(*arguments, **named)
