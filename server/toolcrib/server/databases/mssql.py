"""SQL Server: a pool of connections to one database, which several servers of Toolcrib may share.

No server was to be had when this was written: its statements are checked as text, and reads against a peer that speaks
its protocol (docs/databases.md). So tables are made, and records written, only where the URL says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytds
from sqlalchemy import URL, Connection, Table
from sqlalchemy.exc import ArgumentError

from toolcrib.server.databases import mssql_audit, mssql_errors, mssql_tables, unverified
from toolcrib.server.databases.backend import Finding, Stored
from toolcrib.server.databases.limits import Limits
from toolcrib.server.databases.mssql_dialect import DRIVER_NAME
from toolcrib.server.databases.mssql_session import BEGIN_READ, SqlServerSession
from toolcrib.server.databases.places import shown
from toolcrib.server.databases.pooled import PooledBackend
from toolcrib.server.errors import StartError, StorageError, StoreError

_NO_SNAPSHOTS = (
    "{place} allows no snapshots, which reads of one moment need; its administrator sets them on: "
    "ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON"
)
# What filtered indexes ask of whoever writes.
_OPTIONS = (
    "SET ANSI_NULLS, ANSI_PADDING, ANSI_WARNINGS, ARITHABORT, CONCAT_NULL_YIELDS_NULL, QUOTED_IDENTIFIER ON; "
    "SET NUMERIC_ROUNDABORT, XACT_ABORT OFF; SET LOCK_TIMEOUT {lock_timeout_ms}"
)
BEGIN_SETUP = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN TRANSACTION"
SETUP_LOCK = (
    "EXEC sp_getapplock @Resource = N'toolcrib', @LockMode = N'Exclusive', @LockOwner = N'Transaction', "
    "@LockTimeout = -1"
)
LOCK_SEQUENCE = "SELECT count(*) FROM [toolcrib_sequence] WITH (TABLOCKX, HOLDLOCK)"


class SqlServer(PooledBackend):
    """A database of SQL Server."""

    driver_error = pytds.Error

    def __init__(self, url: URL, limits: Limits) -> None:
        super().__init__(limits)
        url, self._is_accepted = unverified.split(url)
        self.place = shown(url.set(drivername="mssql"))
        arguments = {
            "login_timeout": limits.connect_timeout_s,
            "timeout": limits.statement_timeout_s or None,
            "appname": "toolcrib",
        }
        try:
            # VARBINARY(MAX) rather than IMAGE: of every version that is served.
            self.engine = self._pooled_engine(url.set(drivername=DRIVER_NAME), arguments, deprecate_large_types=True)
        except ArgumentError as error:
            raise StartError(str(error)) from error

    def exists(self) -> bool:
        """Nobody but an administrator makes a database. Raises StartError where it is not to be written to."""
        unverified.require_accepted(self.place, "SQL Server", is_accepted=self._is_accepted)
        return True

    def fit(self, table: Table) -> None:
        """By the room of its indexes."""
        mssql_tables.fit(table)

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """By a transaction that is rolled back; it sees one moment where the database allows that."""
        with self.engine.connect() as connection:
            if mssql_audit.allows_snapshots(connection):
                connection.exec_driver_sql(BEGIN_READ)
            yield connection

    @contextmanager
    def setup(self, connection: Connection) -> Iterator[None]:
        """Waits for other servers that begin, and keeps those that run from writing meanwhile. Raises StartError."""
        if not mssql_audit.allows_snapshots(connection):
            raise StartError(_NO_SNAPSHOTS.format(place=self.place))
        connection.exec_driver_sql(BEGIN_SETUP)
        connection.exec_driver_sql(SETUP_LOCK)
        if connection.exec_driver_sql("SELECT object_id(N'toolcrib_sequence')").scalar_one() is not None:
            connection.exec_driver_sql(LOCK_SEQUENCE).all()
        yield

    def classify(self, error: BaseException) -> StorageError | None:
        """By number."""
        return mssql_errors.classify(error)

    def is_constraint(self, error: BaseException) -> bool:
        """Whether a constraint of a table refused a row."""
        return mssql_errors.is_constraint(error)

    def refusal(self, error: BaseException) -> StoreError | None:
        """A value that no index holds."""
        return mssql_errors.refusal(error)

    def explain_failure(self, error: BaseException) -> str:
        """Why it cannot be opened."""
        found = mssql_audit.first_line(error)
        if not mssql_errors.number_of(error):
            return f"cannot connect to {self.place}: {found}; see that it runs and that the URL is right"
        return f"cannot open {self.place}: {found}"

    def audit(self) -> AbstractContextManager[Stored]:
        """The rows of the database."""
        return mssql_audit.stored(self.engine, self.place)

    def _examined(self, rows: Stored) -> Finding:
        return mssql_audit.examined(rows, self.place)

    @property
    def _driver_errors(self) -> tuple[type[Exception], ...]:
        return mssql_errors.DRIVER_ERRORS

    def _session_on(self, connection: Connection, *, read_only: bool) -> SqlServerSession:
        return SqlServerSession(connection, read_only=read_only)

    def _configure(self, driver: pytds.Connection) -> None:
        with driver.cursor() as cursor:
            cursor.execute(_OPTIONS.format(lock_timeout_ms=int(self._limits.busy_timeout_s * 1000)))
