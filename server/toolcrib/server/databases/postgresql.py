"""PostgreSQL: a pool of connections to one database, which several servers of Toolcrib may share."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from math import inf
from re import compile as pattern
from uuid import uuid4

import psycopg
from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from toolcrib.server.databases import postgresql_audit, postgresql_errors, postgresql_triggers
from toolcrib.server.databases.backend import Backend, Figures, Finding, Stored
from toolcrib.server.databases.limits import Limits
from toolcrib.server.databases.places import shown
from toolcrib.server.databases.postgresql_news import CHANNEL, PostgresqlNews
from toolcrib.server.databases.postgresql_session import PostgresqlSession
from toolcrib.server.databases.postgresql_triggers import INTRODUCE
from toolcrib.server.errors import DatabaseUnavailable, StartError, StorageError, StoreError
from toolcrib.server.session import driver_connection

logger = logging.getLogger(__name__)

_NOTHING = pattern(r"(?!)")

# Of transactions that make tables: any number, the same for all servers.
_SETUP_LOCK = 0x746F6F6C63726962
# Statements are prepared when they are used for the second time, and so many are kept for each connection.
_PREPARED_FROM, _PREPARED_MAX = 1, 500
# A server that is gone without a word is noticed within half a minute, and its locks are released: in seconds.
_KEEPALIVE = {"tcp_keepalives_idle": 10, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 4}
_CONNECT_TIMEOUT_MIN_S = 2
_WARN_EVERY_S = 60


class Postgresql(Backend):
    """A database of a PostgreSQL server."""

    reads_at_once = False
    driver_error = psycopg.Error
    scheme = "postgresql"

    def __init__(self, url: URL, limits: Limits) -> None:
        self.place = shown(url.set(drivername=self.scheme))
        self._limits = limits
        self._opened = 0
        self._refused = 0
        self._warned_at = -inf
        # Who this is for others that hear of its commits.
        self._name = uuid4().hex
        self._writer_secret = ""
        self.engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=limits.connections_max,
            max_overflow=0,
            pool_timeout=limits.busy_timeout_s,
            # A connection that has lain idle may have been ended by a restart of the database.
            pool_pre_ping=True,
            isolation_level="AUTOCOMMIT",
            paramstyle="format",
            use_native_hstore=False,
            connect_args={
                "connect_timeout": max(_CONNECT_TIMEOUT_MIN_S, round(limits.connect_timeout_s)),
                "client_encoding": "utf8",
                "prepare_threshold": _PREPARED_FROM,
                "fallback_application_name": postgresql_audit.APPLICATION,
                "keepalives_idle": _KEEPALIVE["tcp_keepalives_idle"],
                "keepalives_interval": _KEEPALIVE["tcp_keepalives_interval"],
                "keepalives_count": _KEEPALIVE["tcp_keepalives_count"],
            },
        )
        # Every name is quoted: databases have more words of their own than SQLAlchemy knows.
        self.engine.dialect.identifier_preparer.legal_characters = _NOTHING
        event.listen(self.engine, "connect", self._configure)

    def exists(self) -> bool:
        """Nobody but an administrator makes a database."""
        return True

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """By a transaction that is read-only."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    @contextmanager
    def setup(self, connection: Connection) -> Iterator[None]:
        """Waits for other servers that begin, and keeps those that run from writing meanwhile."""
        connection.exec_driver_sql("BEGIN ISOLATION LEVEL READ COMMITTED")
        # To make an index of a large table may take its time.
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SETUP_LOCK})")
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            raise StartError(f"{self.place} has the encoding {encoding}; create a database with ENCODING 'UTF8'")
        if connection.exec_driver_sql("SELECT to_regclass('toolcrib_sequence')").scalar_one() is not None:
            connection.exec_driver_sql("LOCK TABLE toolcrib_sequence IN EXCLUSIVE MODE")
        yield

    def introduce(self, connection: Connection, secret: str) -> None:
        """By a setting of the session, that nobody else knows the value of."""
        self._writer_secret = secret
        driver_connection(connection).execute(INTRODUCE, [secret, True])

    def direct_tables(self, connection: Connection) -> Collection[str]:
        """Those with whole triggers."""
        return {table for table, digest in postgresql_triggers.stored(connection).items() if digest}

    def opened(self) -> None:
        """PostgreSQL itself keeps a database from being replaced while it is connected to."""

    def check_present(self) -> None:
        """As above."""

    def session(self, *, read_only: bool, waits: bool) -> PostgresqlSession:
        """A session with a connection from the pool."""
        connection = self.connect()
        try:
            return self._session_on(connection, read_only=read_only)
        except psycopg.Error as error:
            connection.invalidate()
            connection.close()
            raise self.classify(error) or error from error

    def connect(self) -> Connection:
        """A connection from the pool. Raises StorageError, also where all are in use for too long."""
        try:
            return super().connect()
        except PoolTimeout as error:
            self._refused += 1
            self._warn()
            limits = self._limits
            raise DatabaseUnavailable(
                f"all {limits.connections_max} connections to the database are in use (connections_max), and none came "
                f"free in {limits.busy_timeout_s:g} s; nothing was written; try again"
            ) from error

    def _warn(self) -> None:
        """Tells the operator that there are too few connections, now and then."""
        if time.monotonic() - self._warned_at >= _WARN_EVERY_S:
            self._warned_at = time.monotonic()
            logger.warning("no connection to %s came free: %s", self.place, self.figures())

    def classify(self, error: BaseException) -> StorageError | None:
        """By SQLSTATE."""
        return postgresql_errors.classify(error)

    def is_constraint(self, error: BaseException) -> bool:
        """Whether a constraint of a table refused a row."""
        return isinstance(error, psycopg.IntegrityError)

    def refusal(self, error: BaseException) -> StoreError | None:
        """A value that no index holds."""
        return postgresql_errors.refusal(error)

    def explain_failure(self, error: BaseException) -> str:
        """Why it cannot be opened."""
        found = postgresql_audit.first_line(error)
        if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
            return f"cannot connect to {self.place}: {found}; see that it runs and that the URL is right"
        return f"cannot open {self.place}: {found}"

    def audit(self) -> AbstractContextManager[Stored]:
        """The rows of the database."""
        return postgresql_audit.stored(self.engine, self.place)

    def examine(self) -> Finding:
        """Connects and looks."""
        return postgresql_audit.examine(self.engine, self.place)

    def news(self, heard: Callable[[], None], direct: Callable[[], None]) -> PostgresqlNews | None:
        """Listens for others' commits."""
        return PostgresqlNews(self.connect, self._name, heard, direct)

    def size(self) -> int:
        """That of the database with its indexes."""
        with self.engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())

    def figures(self) -> Figures:
        """Of the pool."""
        pool = self.engine.pool
        assert isinstance(pool, QueuePool)
        return Figures(pool.checkedout(), pool.checkedin(), self._limits.connections_max, self._opened, self._refused)

    def close(self) -> None:
        """Closes the connections that lie idle."""
        self.engine.dispose()

    def _session_on(self, connection: Connection, *, read_only: bool) -> PostgresqlSession:
        news = f"NOTIFY {CHANNEL}, '{self._name}'"
        return PostgresqlSession(connection, read_only=read_only, news=news, secret=self._writer_secret)

    def _configure(self, driver: psycopg.Connection, _record: object) -> None:
        self._opened += 1
        logger.debug("connected to %s: %s", self.place, self.figures())
        driver.prepared_max = _PREPARED_MAX
        driver.execute("; ".join(f"SET {name} = {value}" for name, value in self._settings().items()))
        # Acknowledged is durable, whatever else is the default there; more than that is left as it is.
        durable = "SELECT set_config(name, 'on', false) FROM pg_settings WHERE name = %s AND setting = 'off'"
        driver.execute(durable, ["synchronous_commit"])

    def _settings(self) -> dict[str, str]:
        return {
            "timezone": "'UTC'",
            "datestyle": "'ISO, YMD'",
            "bytea_output": "'hex'",
            "extra_float_digits": "1",
            "lock_timeout": f"{int(self._limits.busy_timeout_s * 1000)}",
            "statement_timeout": f"{int(self._limits.statement_timeout_s * 1000)}",
            **{name: str(value) for name, value in _KEEPALIVE.items()},
        }
