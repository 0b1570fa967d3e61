"""SQLite: one file in WAL with synchronous=FULL, so that a commit that was acknowledged survives a power cut."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from re import compile as pattern

from sqlalchemy import URL, Connection, Table, create_engine, event
from sqlalchemy.pool import NullPool

from toolcrib.server.databases import sqlite_file
from toolcrib.server.databases.backend import MESSAGES, Backend, Finding, Stored
from toolcrib.server.databases.limits import Limits
from toolcrib.server.databases.sqlite_session import BEGIN_WRITE, SqliteSession, code_of
from toolcrib.server.databases.sqlite_statistics import tell_of_tenants
from toolcrib.server.errors import DatabaseCorrupt, DatabaseUnavailable, DiskFull, StartError, StorageError, StoreError

_NOTHING = pattern(r"(?!)")

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


class Sqlite(Backend):
    """A SQLite file. Raises StartError for a URL that names none."""

    reads_at_once = True
    driver_error = sqlite3.Error

    def __init__(self, url: URL, limits: Limits) -> None:
        if not url.database or url.database == ":memory:":
            raise StartError("a database in memory cannot be shared by the server's lanes; name a file")
        self.path: Path = Path(url.database).absolute()
        self.place = str(self.path)
        self._busy_timeout_s = limits.busy_timeout_s
        self.engine = create_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"check_same_thread": False}
        )
        # Every name is quoted: databases have more words of their own than SQLAlchemy knows ("nothing", "filter").
        self.engine.dialect.identifier_preparer.legal_characters = _NOTHING
        event.listen(self.engine, "connect", self._configure)
        self._inode = 0

    def exists(self) -> bool:
        """Whether the file is there; makes its folder where it is not. Raises StartError."""
        try:
            existed = self.path.exists()
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(f"cannot create the folder {self.path.parent}: {error.strerror}") from error
        return existed

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Of an empty one in memory where the file is not there."""
        engine = self.engine if self.path.exists() else create_engine("sqlite://")
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA query_only=ON")
            connection.exec_driver_sql("BEGIN")
            yield connection

    @contextmanager
    def setup(self, connection: Connection) -> Iterator[None]:
        """Chooses the log that lets others read meanwhile, and takes the lock for writing."""
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        connection.exec_driver_sql(BEGIN_WRITE)
        yield

    def opened(self) -> None:
        """Notes which file it is."""
        self._inode = self.path.stat().st_ino

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

    def tell_of_tenants(self, connection: Connection, tables: Iterable[Table]) -> None:
        """It has no statistics by itself."""
        tell_of_tenants(connection, tables)

    def session(self, *, read_only: bool, waits: bool) -> SqliteSession:
        """A session with a connection of its own."""
        return SqliteSession(self.connect(), read_only=read_only, waits=waits, patience_s=self._busy_timeout_s)

    def classify(self, error: BaseException) -> StorageError | None:
        """By SQLite's own code."""
        if not isinstance(error, sqlite3.Error) or isinstance(error, sqlite3.IntegrityError):
            return None
        kind = _CODES.get(code_of(error))
        return None if kind is None else kind(MESSAGES[kind])

    def is_constraint(self, error: BaseException) -> bool:
        """Whether a constraint of a table refused a row."""
        return isinstance(error, sqlite3.IntegrityError)

    def refusal(self, error: BaseException) -> StoreError | None:
        """SQLite holds all that a message does."""
        return None

    def explain_failure(self, error: BaseException) -> str:
        """Why the file cannot be opened."""
        code = code_of(error)
        if code == sqlite3.SQLITE_NOTADB:
            return f"{self.path} is not a SQLite database; name another file with --database"
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
            return f"cannot write {self.path}: check that the file and its folder are writable for this user"
        if code == sqlite3.SQLITE_BUSY:
            return f"{self.path} is locked by another program; stop it and start again"
        if code == sqlite3.SQLITE_CORRUPT:
            return f"{self.path} is damaged; restore it from a backup"
        return f"cannot open {self.path}: {error}"

    def audit(self) -> AbstractContextManager[Stored]:
        """The rows of the file, read-only."""
        return sqlite_file.stored(self.path)

    def examine(self) -> Finding:
        """Looks at the file."""
        return sqlite_file.examine(self.path)

    def size(self) -> int:
        """That of the file, with what waits in its log; 0 where it is not there."""
        log = self.path.with_name(f"{self.path.name}-wal")
        return sum(path.stat().st_size for path in (self.path, log) if path.exists())

    def _configure(self, driver: sqlite3.Connection, _record: object) -> None:
        for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={self._busy_timeout_s * 1000:.0f}"):
            driver.execute(f"PRAGMA {pragma}")
