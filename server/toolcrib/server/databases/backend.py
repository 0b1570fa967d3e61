"""What Toolcrib asks of a kind of database beyond SQLAlchemy: one backend for each, made from a URL."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import DBAPIError

from toolcrib.server.errors import DatabaseCorrupt, DatabaseUnavailable, DiskFull, StorageError, StoreError
from toolcrib.server.session import Session
from toolcrib.server.statements import Prepared

MESSAGES: dict[type[StorageError], str] = {
    DatabaseUnavailable: "the database is locked or cannot be reached; nothing was written; try again",
    DiskFull: "the disk or the database's size limit is full; nothing was written; free some room and try again",
    DatabaseCorrupt: "the database is damaged; nothing was written; restore it from a backup",
}


class Figures(NamedTuple):
    """A server's connections: how many are used and idle now, and how many there may be.

    `opened` is how many there ever were, `refused` how often none came free in time.
    """

    used: int
    idle: int
    limit: int
    opened: int
    refused: int

    def __str__(self) -> str:
        """For the log."""
        now = f"{self.used} used and {self.idle} idle of at most {self.limit}"
        return f"{now}; {self.opened} opened and {self.refused} times none free since the start"


class Finding(NamedTuple):
    """What `doctor` finds of a database, and the remedy where something is wrong."""

    found: str
    remedy: str = ""


class News(Protocol):
    """Hears of the commits of other servers until it is closed; on a thread of its own."""

    def start(self) -> None:
        """Begins to listen."""

    def close(self) -> None:
        """Ends."""


class Stored(Protocol):
    """The rows of a database as they are stored at one moment, read without a server, in constant memory."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Sequence[Any]]:
        """What a SELECT, whose parameters are spelled `?`, finds, one after another. Times are text as in documents."""

    def first(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Any] | None:
        """The first row of the same, or None."""

    def read(self, statement: Prepared, parameters: Sequence[Any] = (), tenant: str = "") -> Iterator[Sequence[Any]]:
        """What a prepared SELECT finds, as its driver gives it, one after another; of `tenant` if it is about one's."""

    def has_table(self, name: str) -> bool:
        """Whether there is this table."""


class Backend(ABC):
    """One database of a kind. `place` says where it is, for people: without a password.

    `reads_at_once` says that a record can be read in microseconds, without waiting for a network: on the event loop.
    """

    engine: Engine
    place: str
    reads_at_once: bool
    # The base of what its driver raises.
    driver_error: type[Exception]
    # The file, where it is one.
    path: Path | None = None

    @abstractmethod
    def exists(self) -> bool:
        """Whether there may be tables already, whose owner is to be found out. Makes room for what is to be made."""

    @abstractmethod
    def look(self) -> AbstractContextManager[Connection]:
        """A connection that reads one moment and cannot write; of an empty database where there is none yet."""

    @abstractmethod
    def setup(self, connection: Connection) -> AbstractContextManager[None]:
        """Begins the transaction that makes and changes tables; no other server does the same, or writes, meanwhile.

        Whoever calls it commits the transaction before the block ends.
        """

    def fit(self, table: Table) -> None:  # noqa: B027  # most have room for everything
        """Gives the columns of a declared table other types, where those that it has hold too little."""

    def introduce(self, connection: Connection, secret: str) -> None:  # noqa: B027  # most have nobody to tell
        """From now on triggers know by the `secret` what is the server's own, in this transaction and all sessions."""

    def direct_tables(self, connection: Connection) -> Collection[str]:
        """The tables that have triggers which note what bypasses the server."""
        return ()

    @abstractmethod
    def opened(self) -> None:
        """Notes which database it is that was opened; `check_present` relies on it."""

    @abstractmethod
    def check_present(self) -> None:
        """Raises DatabaseUnavailable where it is no longer the one that was opened, as far as that costs nothing."""

    @abstractmethod
    def session(self, *, read_only: bool, waits: bool) -> Session:
        """A session of its own. One that `waits` is patient, as the limits say; another fails at once.

        Raises StorageError.
        """

    @abstractmethod
    def classify(self, error: BaseException) -> StorageError | None:
        """What an error of the driver means for the caller, or None where it is not the database's fault."""

    @abstractmethod
    def is_constraint(self, error: BaseException) -> bool:
        """Whether a constraint of a table refused a row."""

    @abstractmethod
    def refusal(self, error: BaseException) -> StoreError | None:
        """The refusal of a value that this database cannot hold, or None."""

    @abstractmethod
    def explain_failure(self, error: BaseException) -> str:
        """Why the database cannot be opened and what to do, in one line."""

    @abstractmethod
    def audit(self) -> AbstractContextManager[Stored]:
        """Its rows for a check without a server. Raises StartError."""

    @abstractmethod
    def examine(self) -> Finding:
        """Whether it is, or can become, a sound database of this version; it is only read."""

    def tell_of_tenants(self, connection: Connection, tables: Iterable[Table]) -> None:  # noqa: B027  # most know
        """Lets the database choose well among the indexes of `tables` with tenants, within the transaction of setup."""

    def news(self, heard: Callable[[], None], direct: Callable[[], None]) -> News | None:
        """Calls `heard` on a thread when another server has committed; None where only asking finds that out.

        It calls `direct` when something was committed that bypassed all servers.
        """
        return None

    def close(self) -> None:  # noqa: B027  # most keep nothing
        """Closes the connections that are kept in store."""

    def size(self) -> int | None:
        """How many bytes it takes where it is stored, if that is known. Raises the driver's error."""
        return None

    def figures(self) -> Figures | None:
        """The connections, where there is a limit to them."""
        return None

    def connect(self) -> Connection:
        """A connection of its own, not in a transaction.

        Raises StorageError.
        """
        try:
            return self.engine.connect()
        except DBAPIError as error:
            raise self.classify(unwrap(error)) or error from error

    def for_caller(self, error: BaseException) -> BaseException:
        """The refusal that an error of the database means, or the error itself."""
        if isinstance(error, StoreError):
            return error
        found = unwrap(error)
        return self.classify(found) or self.refusal(found) or error


def unwrap(error: BaseException) -> BaseException:
    """The driver's error behind SQLAlchemy's, or the error itself."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
