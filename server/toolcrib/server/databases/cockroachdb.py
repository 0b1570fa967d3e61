"""CockroachDB: speaks PostgreSQL's protocol, and most of its SQL; here is what it does otherwise.

No server was to be had when this was written: its statements are checked as text (docs/databases.md).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

# Registers the dialect; its absence is to be noticed here.
import sqlalchemy_cockroachdb  # noqa: F401
from sqlalchemy import URL, Connection

from toolcrib.server.databases import unverified
from toolcrib.server.databases.backend import MESSAGES
from toolcrib.server.databases.limits import Limits
from toolcrib.server.databases.postgresql import Postgresql
from toolcrib.server.databases.postgresql_session import PostgresqlSession
from toolcrib.server.errors import ConnectionLost, DatabaseUnavailable, StorageError, StoreError, Unsupported
from toolcrib.server.query.steps import PlanStep
from toolcrib.server.session import Session
from toolcrib.server.statements import Prepared

BEGIN_READ = "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"
# As on PostgreSQL. Where others were faster all of it is run again (40001).
BEGIN_WRITE = (
    "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT last_value FROM toolcrib_sequence WHERE name = 'revision' FOR UPDATE"
)
# It would commit what was done before a definition: here all of it is one transaction.
BEGIN_SETUP = ("SET autocommit_before_ddl = off", "BEGIN ISOLATION LEVEL SERIALIZABLE")
# There are no advisory locks, and no table can be locked.
LOCK_SEQUENCE = "SELECT last_value FROM toolcrib_sequence FOR UPDATE"
_UNKNOWN_OUTCOME = "40003"  # statement_completion_unknown


class CockroachSession(PostgresqlSession):
    """One connection to CockroachDB."""

    __slots__ = ()

    begin_read_sql = BEGIN_READ
    begin_write_sql = BEGIN_WRITE

    def commit(self, *, has_news: bool) -> None:
        """Makes the transaction durable; nobody listens (there is no NOTIFY): others find out by asking."""
        super().commit(has_news=False)

    def write(self, statement: Prepared, rows: Sequence[list[Any]]) -> None:
        """By INSERTs: what its COPY does within a transaction is not verified."""
        Session.write(self, statement, rows)

    def explain(self, statement: Prepared, parameters: Sequence[Any]) -> list[PlanStep]:
        """Raises Unsupported: its plans are not PostgreSQL's."""
        raise Unsupported("plans of CockroachDB are not explained; ask it by EXPLAIN")


class Cockroach(Postgresql):
    """A database of a CockroachDB cluster."""

    scheme = "cockroachdb"

    def __init__(self, url: URL, limits: Limits) -> None:
        url, self._is_accepted = unverified.split(url)
        super().__init__(url, limits)

    def exists(self) -> bool:
        """Nobody but an administrator makes a database. Raises StartError where it is not to be written to."""
        unverified.require_accepted(self.place, "CockroachDB", is_accepted=self._is_accepted)
        return True

    @contextmanager
    def setup(self, connection: Connection) -> Iterator[None]:
        """Waits for others that begin, where there is something to wait at."""
        for statement in BEGIN_SETUP:
            connection.exec_driver_sql(statement)
        if connection.exec_driver_sql("SELECT to_regclass('toolcrib_sequence')").scalar_one() is not None:
            connection.exec_driver_sql(LOCK_SEQUENCE).all()
        yield

    def classify(self, error: BaseException) -> StorageError | None:
        """As PostgreSQL; and it tells where it does not know what became of a statement, in a commit above all."""
        if isinstance(error, psycopg.Error) and error.sqlstate == _UNKNOWN_OUTCOME:
            return ConnectionLost(MESSAGES[DatabaseUnavailable])
        return super().classify(error)

    def refusal(self, error: BaseException) -> StoreError | None:
        """Indexes hold all that a record does."""
        return None

    def introduce(self, connection: Connection, secret: str) -> None:
        """It has no triggers of ours."""

    def direct_tables(self, connection: Connection) -> Collection[str]:
        """None."""
        return ()

    def news(self, heard: Callable[[], None], direct: Callable[[], None]) -> None:
        """Only asking finds out what others have committed."""

    def _session_on(self, connection: Connection, *, read_only: bool) -> CockroachSession:
        return CockroachSession(connection, read_only=read_only, news="", secret="")

    def _settings(self) -> dict[str, str]:
        return {name: value for name, value in super()._settings().items() if not name.startswith("tcp_")}
