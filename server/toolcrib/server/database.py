"""Opens the database, checks that it is Toolcrib's and of this version, and says what its errors mean.

The only module that knows which database it is. A SQLite database runs in WAL with synchronous=FULL: a commit that was
acknowledged survives a power cut.
"""

from __future__ import annotations

import logging
import os
import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from toolcrib.server.errors import (
    DatabaseCorrupt,
    DatabaseUnavailable,
    DiskFull,
    SchemaChanged,
    StartError,
    StorageError,
    StoreError,
)
from toolcrib.server.layouts import bring_up
from toolcrib.server.schema.backup import back_up
from toolcrib.server.schema.evolve import Brought, Schema, newest_version
from toolcrib.server.schema.record import SchemaVersion, read_record
from toolcrib.server.system_tables import (
    LAYOUT_VERSION,
    REVISION_SEQUENCE,
    SystemTables,
    system_tables,
)

logger = logging.getLogger(__name__)

_NOTHING = re.compile(r"(?!)")

BEGIN_READ = "BEGIN"
BEGIN_WRITE = "BEGIN IMMEDIATE"

_PAGE_TOKEN_SECRET = "page_token_secret"  # noqa: S105  # the name it is kept under
_LAYOUT_VERSION = "layout_version"
_HISTORY = "history"

_HISTORY_BYTES = 16

_CODES: dict[int, type[StorageError]] = {
    sqlite3.SQLITE_BUSY: DatabaseUnavailable,
    sqlite3.SQLITE_LOCKED: DatabaseUnavailable,
    sqlite3.SQLITE_CANTOPEN: DatabaseUnavailable,
    sqlite3.SQLITE_IOERR: DatabaseUnavailable,
    sqlite3.SQLITE_READONLY: DatabaseUnavailable,
    sqlite3.SQLITE_PERM: DatabaseUnavailable,
    sqlite3.SQLITE_PROTOCOL: DatabaseUnavailable,
    sqlite3.SQLITE_FULL: DiskFull,
    sqlite3.SQLITE_CORRUPT: DatabaseCorrupt,
    sqlite3.SQLITE_NOTADB: DatabaseCorrupt,
}
_MESSAGES: dict[type[StorageError], str] = {
    DatabaseUnavailable: "the database is locked or cannot be reached; nothing was written; try again",
    DiskFull: "the disk or the database's size limit is full; nothing was written; free some room and try again",
    DatabaseCorrupt: "the database file is damaged; nothing was written; restore it from a backup",
}


class Database:
    """One database: its engine, its tables and what it says of itself.

    Raises StartError where it cannot be used.
    """

    def __init__(self, url: str, *, busy_timeout_s: float) -> None:
        self.url = _parse(url)
        self.metadata = MetaData()
        self.system: SystemTables = system_tables(self.metadata)
        self.path = Path(self.url.database or "").absolute()
        self._busy_timeout_ms = int(busy_timeout_s * 1000)
        self.engine: Engine = create_engine(
            self.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"check_same_thread": False}
        )
        # Every name is quoted: databases have more words of their own than SQLAlchemy knows ("nothing", "filter").
        self.engine.dialect.identifier_preparer.legal_characters = _NOTHING
        event.listen(self.engine, "connect", self._configure)
        self.page_token_secret = b""
        # The names that components had before, by their names.
        self.formerly: Mapping[str, Sequence[str]] = {}
        # The newest that was applied; None where none ever was.
        self.schema_version: int | None = None
        # Of the revisions: a database that is restored goes on with another, since it counts on from an older one.
        self.history = b""
        self._inode = 0

    def open(self, schema: Schema, sequences: Mapping[str, Column[Any]], versioned: Mapping[str, Table]) -> Brought:
        """Brings what is there up to `schema`, and creates `sequences` (of the keys in a column) that are missing.

        Of the components whose tables are `versioned` it notes since when.

        Raises StartError with one line that says what is wrong and what to do.
        """
        existed = self.path.exists()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.engine.connect() as connection:
                if existed:
                    self._check_ownership(connection)
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                connection.exec_driver_sql(BEGIN_WRITE)
                if inspect(connection).has_table(self.system.meta.name):
                    bring_up(connection, self._layout(connection))
                self._create_system_tables(connection)
                brought = schema.bring_up(connection, self.system, str(self.path), self._back_up)
                self.formerly, self.schema_version = brought.formerly, newest_version(connection, self.system)
                self._create_sequences(connection, sequences)
                self._note_since(connection, versioned, brought.created)
                self.page_token_secret = self._meta(connection, _PAGE_TOKEN_SECRET, os.urandom(32))
                self.history = self._meta(connection, _HISTORY, os.urandom(_HISTORY_BYTES))
                connection.exec_driver_sql("COMMIT")
        except OSError as error:
            raise StartError(f"cannot create the folder {self.path.parent}: {error.strerror}") from error
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise StartError(self._explain(unwrap(error))) from error
        self._inode = self.path.stat().st_ino
        return brought

    def names_of(self, component: str) -> Sequence[str]:
        """The names under which the audit has a component: its own, and those that it had before."""
        return (component, *self.formerly.get(component, ()))

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """A moment of the database, to be read only; of an empty one where there is none yet. Raises StartError."""
        engine = self.engine if self.path.exists() else create_engine("sqlite://")
        try:
            with engine.connect() as connection:
                self._check_ownership(connection)
                connection.exec_driver_sql("PRAGMA query_only=ON")
                connection.exec_driver_sql(BEGIN_READ)
                yield connection
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise StartError(self._explain(unwrap(error))) from error

    def schemas(self) -> Sequence[SchemaVersion]:
        """The schemas that the database has had, oldest first. Raises StartError."""
        with self.look() as connection:
            has_record = inspect(connection).has_table(self.system.schema.name)
            return read_record(connection, self.system.schema).versions if has_record else ()

    def connect(self) -> Connection:
        """A connection of its own, not in a transaction.

        Raises StorageError.
        """
        try:
            return self.engine.connect()
        except DBAPIError as error:
            raise classify(error.orig) or error from error

    def check_present(self) -> None:
        """Raises DatabaseUnavailable where the file is no longer the one that was opened.

        SQLite would go on writing into a file that has lost its name, and acknowledge what nobody can find again.
        """
        try:
            present = self.path.stat().st_ino == self._inode
        except OSError:
            present = False
        if not present:
            raise DatabaseUnavailable("the database file was removed or replaced under the running server")

    def probe(self, tables: Iterable[Table]) -> None:
        """Reads a row of each of `tables` through a new connection, which sees the file as it is now.

        Raises StorageError where one cannot be read.
        """
        self.check_present()
        with self.connect() as connection:
            if newest_version(connection, self.system) != self.schema_version:
                raise SchemaChanged
            for table in tables:
                try:
                    connection.execute(select(table).limit(1)).all()
                except (SQLAlchemyError, ValueError) as error:
                    raise classify(unwrap(error)) or DatabaseUnavailable(_MESSAGES[DatabaseUnavailable]) from error

    def _configure(self, driver: sqlite3.Connection, _record: object) -> None:
        for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={self._busy_timeout_ms}"):
            driver.execute(f"PRAGMA {pragma}")

    def _check_ownership(self, connection: Connection) -> None:
        tables = set(inspect(connection).get_table_names())
        if tables and self.system.meta.name not in tables:
            raise StartError(
                f"{self.path} belongs to another application (it has the table {min(tables)} and none of Toolcrib's); "
                "name another file with --database"
            )
        if tables:
            version = self._layout(connection)
            if version > LAYOUT_VERSION:
                raise StartError(
                    f"{self.path} was written by a newer Toolcrib (layout {version}, this one knows {LAYOUT_VERSION}); "
                    "install the newer version to serve it"
                )

    def _layout(self, connection: Connection) -> int:
        return int(self._meta(connection, _LAYOUT_VERSION, None) or b"0")

    def _back_up(self, version: int) -> Path:
        return back_up(self.path, version)

    def _create_system_tables(self, connection: Connection) -> None:
        self.metadata.create_all(connection, tables=self.system.all())
        # What an older server has written is of this layout from now on.
        self._meta(connection, _LAYOUT_VERSION, b"")
        meta = self.system.meta
        raised = meta.update().where(meta.c.name == _LAYOUT_VERSION).values(value=str(LAYOUT_VERSION).encode())
        connection.execute(raised)

    def _create_sequences(self, connection: Connection, keys: Mapping[str, Column[Any]]) -> None:
        sequence = self.system.sequence
        stored = {row.name: row.last_value for row in connection.execute(select(sequence))}
        for name in sorted({REVISION_SEQUENCE, *keys} - stored.keys()):
            connection.execute(sequence.insert().values(name=name, last_value=0))
        for name, column in keys.items():
            # Rows that were written past the server have keys that it never gave.
            highest = connection.execute(select(func.max(column))).scalar_one() or 0
            if highest > stored.get(name, 0):
                connection.execute(sequence.update().where(sequence.c.name == name).values(last_value=highest))

    def _note_since(self, connection: Connection, versioned: Mapping[str, Table], created: Collection[str]) -> None:
        """Notes from which revision on versions are kept; of a table that was there before, not from the beginning."""
        kept, sequence = self.system.kept, self.system.sequence
        newest = connection.execute(
            select(sequence.c.last_value).where(sequence.c.name == REVISION_SEQUENCE)
        ).scalar_one()
        # Where versions are not kept for a while, those of before end in the dark.
        connection.execute(kept.update().where(kept.c.component.not_in(versioned)).values(versions_since=None))
        known = {row.component: row.versions_since for row in connection.execute(select(kept))}
        for component, table in versioned.items():
            since = 0 if table.name in created else newest
            if component not in known:
                values = {"component": component, "audit_since": 0, "versions_since": since}
                connection.execute(kept.insert().values(values))
            elif known[component] is None:
                connection.execute(kept.update().where(kept.c.component == component).values(versions_since=since))

    def _meta(self, connection: Connection, name: str, default: bytes | None) -> bytes:
        meta = self.system.meta
        stored = connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar_one_or_none()
        if stored is None and default is not None:
            connection.execute(meta.insert().values(name=name, value=default))
            return default
        return bytes(stored or b"")

    def _explain(self, error: BaseException) -> str:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_NOTADB:
            return f"{self.path} is not a SQLite database; name another file with --database"
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
            return f"cannot write {self.path}: check that the file and its folder are writable for this user"
        if code == sqlite3.SQLITE_BUSY:
            return f"{self.path} is locked by another program; stop it and start again"
        if code == sqlite3.SQLITE_CORRUPT:
            return f"{self.path} is damaged; restore it from a backup"
        return f"cannot open {self.path}: {error}"


def classify(error: BaseException | None) -> StorageError | None:
    """What a driver's error means for the caller, or None where it is not the database's fault."""
    if not isinstance(error, sqlite3.Error) or isinstance(error, sqlite3.IntegrityError):
        return None
    kind = _CODES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    return None if kind is None else kind(_MESSAGES[kind])


def for_caller(error: BaseException) -> BaseException:
    """The refusal that an error of the database means, or the error itself."""
    return error if isinstance(error, StoreError) else classify(unwrap(error)) or error


def unwrap(error: BaseException) -> BaseException:
    """The driver's error behind SQLAlchemy's, or the error itself."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def is_constraint(error: BaseException) -> bool:
    """Whether a constraint of a table refused a row."""
    return isinstance(unwrap(error), sqlite3.IntegrityError)


def _parse(text: str) -> URL:
    try:
        url = make_url(text if "://" in text else f"sqlite:///{text}")
    except ArgumentError as error:
        raise StartError(f"{text!r} is not a database URL; write for example sqlite:///toolcrib.db") from error
    if url.get_backend_name() != "sqlite":
        raise StartError(f"{url.get_backend_name()} is not served yet; write for example sqlite:///toolcrib.db")
    if not url.database or url.database == ":memory:":
        raise StartError("a database in memory cannot be shared by the server's lanes; name a file")
    return url


def driver_connection(connection: Connection) -> Any:
    """The driver's own connection behind SQLAlchemy's."""
    return connection.connection.driver_connection
