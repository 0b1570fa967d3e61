"""PostgreSQL: a pool of connections to one database, which several servers of Toolcrib may share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from re import compile as pattern
from uuid import uuid4

import psycopg
from sqlalchemy import URL, Connection

from toolcrib.server.databases import postgresql_audit, postgresql_errors, postgresql_triggers
from toolcrib.server.databases.backend import Finding, Stored
from toolcrib.server.databases.limits import Limits
from toolcrib.server.databases.places import shown
from toolcrib.server.databases.pooled import PooledBackend
from toolcrib.server.databases.postgresql_news import PostgresqlNews
from toolcrib.server.databases.postgresql_session import PostgresqlSession
from toolcrib.server.databases.postgresql_triggers import CHANNEL, INTRODUCE
from toolcrib.server.errors import StartError, StorageError, StoreError
from toolcrib.server.session import driver_connection

_NOTHING = pattern(r"(?!)")

# Of transactions that make tables: any number, the same for all servers.
_SETUP_LOCK = 0x746F6F6C63726962
# Statements are prepared when they are used for the second time, and so many are kept for each connection.
_PREPARED_FROM, _PREPARED_MAX = 1, 500
# A server that is gone without a word is noticed within half a minute, and its locks are released: in seconds.
_KEEPALIVE = {"tcp_keepalives_idle": 10, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 4}
_CONNECT_TIMEOUT_MIN_S = 2


class Postgresql(PooledBackend):
    """A database of a PostgreSQL server."""

    driver_error = psycopg.Error
    scheme = "postgresql"

    def __init__(self, url: URL, limits: Limits) -> None:
        super().__init__(limits)
        self.place = shown(url.set(drivername=self.scheme))
        # Who this is for others that hear of its commits.
        self._name = uuid4().hex
        self._writer_secret = ""
        arguments = {
            "connect_timeout": max(_CONNECT_TIMEOUT_MIN_S, round(limits.connect_timeout_s)),
            "client_encoding": "utf8",
            "prepare_threshold": _PREPARED_FROM,
            "fallback_application_name": postgresql_audit.APPLICATION,
            "keepalives_idle": _KEEPALIVE["tcp_keepalives_idle"],
            "keepalives_interval": _KEEPALIVE["tcp_keepalives_interval"],
            "keepalives_count": _KEEPALIVE["tcp_keepalives_count"],
        }
        self.engine = self._pooled_engine(url, arguments, use_native_hstore=False)
        # Every name is quoted: databases have more words of their own than SQLAlchemy knows.
        self.engine.dialect.identifier_preparer.legal_characters = _NOTHING

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

    def _examined(self, rows: Stored) -> Finding:
        return postgresql_audit.examined(rows, self.place)

    def news(self, heard: Callable[[], None], direct: Callable[[], None]) -> PostgresqlNews | None:
        """Listens for others' commits."""
        return PostgresqlNews(self.connect, self._name, heard, direct)

    def size(self) -> int:
        """That of the database with its indexes."""
        with self.engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())

    def _session_on(self, connection: Connection, *, read_only: bool) -> PostgresqlSession:
        news = f"NOTIFY {CHANNEL}, '{self._name}'"
        return PostgresqlSession(connection, read_only=read_only, news=news, secret=self._writer_secret)

    def _configure(self, driver: psycopg.Connection) -> None:
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
