"""A lane's connection: prepared statements on the driver's cursor, and SQLAlchemy's connection for everything else.

What is said differently to each kind of database is in the folder `databases/`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from toolcrib.server.errors import StorageError
from toolcrib.server.query.steps import PlanStep
from toolcrib.server.statements import Prepared

SAVEPOINT = "toolcrib"


def driver_connection(connection: Connection) -> Any:
    """The driver's own connection behind SQLAlchemy's."""
    return connection.connection.driver_connection


class Session(ABC):
    """One connection, used by one thread at a time. Errors are the driver's.

    `tenant` is whose work runs; empty where it is nobody's, so that no tenant's records are in its reach.
    """

    __slots__ = ("_deferred", "_driver", "connection", "cursor", "tenant")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._driver = driver_connection(connection)
        self.cursor = self._driver.cursor()
        self._deferred: dict[tuple[Prepared, str], list[list[Any]]] = {}
        self.tenant = ""

    @property
    @abstractmethod
    def in_transaction(self) -> bool:
        """Whether the database still holds the transaction open, and lets it go on; some errors end it."""

    @abstractmethod
    def begin(self) -> None:
        """Begins a transaction that reads: what is read within it is of one moment."""

    @abstractmethod
    def begin_writing(self) -> None:
        """Begins a transaction that writes, once no other does; it sees all that was committed before.

        Raises the driver's error where that takes longer than the limits say.
        """

    @abstractmethod
    def run_refusable(self, statement: Prepared, rows: list[list[Any]], *, is_behind_savepoint: bool) -> None:
        """Does as `run`; where a constraint refuses a row, those before it are written and the transaction goes on.

        It `is_behind_savepoint` where the one of depth 0 was set just before.
        """

    @abstractmethod
    def explain(self, statement: Prepared, parameters: Sequence[Any]) -> list[PlanStep]:
        """What the database says that it does for `statement`, step by step."""

    def fetch_one(self, statement: Prepared, parameters: Sequence[Any]) -> Sequence[Any] | None:
        """The first row, or None."""
        if self._deferred:
            self.write_deferred()
        row: Sequence[Any] | None = self.cursor.execute(
            statement.sql, statement.bind(list(parameters), self.tenant)
        ).fetchone()
        return row

    def find(self, statement: Prepared, parameters: Sequence[Any]) -> Sequence[Any] | None:
        """The first row, or None, from a table of which nothing is ever kept back to be written together."""
        row: Sequence[Any] | None = self.cursor.execute(
            statement.sql, statement.bind(list(parameters), self.tenant)
        ).fetchone()
        return row

    def iterate(self, statement: Prepared, parameters: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """The rows, one after another; to be read within a snapshot, before anything else is asked."""
        if self._deferred:
            self.write_deferred()
        rows: Iterator[Sequence[Any]] = self.cursor.execute(
            statement.sql, statement.bind(list(parameters), self.tenant)
        )
        return rows

    def stream(self, statement: Prepared, parameters: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """The same for any number of rows: memory does not grow with them."""
        return self.iterate(statement, parameters)

    def run(self, statement: Prepared, rows: list[list[Any]], *, tenant: str | None = None) -> None:
        """Runs `statement`, which writes, for each of `rows`, whose lists it takes over; for `tenant` if one is named.

        Raises StorageError where the database has ended the transaction: nothing is ever written outside of one.
        """
        self.require_transaction()
        if tenant is None:
            tenant = self.tenant
        self.write(statement, statement.bind_all(rows, tenant))

    def write(self, statement: Prepared, rows: Sequence[list[Any]]) -> None:
        """Runs `statement` for each of `rows`, which are as the driver takes them."""
        if len(rows) == 1:
            self.cursor.execute(statement.sql, rows[0])
        else:
            self.cursor.executemany(statement.sql, rows)

    def require_transaction(self) -> None:
        """Raises StorageError where the database has ended the transaction, by itself or at a hook's bidding."""
        if not self.in_transaction:
            raise StorageError("the database has ended the transaction; nothing of it was written")

    def defer(self, statement: Prepared, rows: list[list[Any]]) -> None:
        """Keeps rows that nothing can refuse, to be written with others of their kind: before anything is read."""
        self._deferred.setdefault((statement, self.tenant), []).extend(rows)

    def write_deferred(self) -> None:
        """Writes what was kept.

        Where that fails nothing is forgotten: the next try fails too, and with it the commit that they belong to,
        whatever became of the error.
        """
        for (statement, tenant), rows in self._deferred.items():
            self.run(statement, rows, tenant=tenant)
        self._deferred = {}

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is read within is of one moment; inside a transaction that is so already."""
        if self.in_transaction:
            yield
            return
        self.begin()
        try:
            yield
        finally:
            self.rollback()

    def commit(self, *, has_news: bool) -> None:
        """Makes the transaction durable; others who watch the database are told where it `has_news`."""
        self.cursor.execute("COMMIT")

    def rollback(self) -> None:
        """Ends the transaction, if the database has not ended it already."""
        self._deferred = {}
        if self.in_transaction:
            self.cursor.execute("ROLLBACK")

    def savepoint(self, depth: int = 0) -> None:
        """Marks the place that `rollback_to_savepoint` returns to; one within another is deeper."""
        # Outside of a transaction it would begin one of its own.
        self.require_transaction()
        # What others left to be written must not be undone with what comes.
        self.write_deferred()
        self.cursor.execute(f"SAVEPOINT {SAVEPOINT}_{depth}")

    def release_savepoint(self, depth: int = 0) -> None:
        """Keeps what was done since the savepoint."""
        self.cursor.execute(f"RELEASE {SAVEPOINT}_{depth}")

    def rollback_to_savepoint(self, depth: int = 0) -> None:
        """Undoes what was done since the savepoint."""
        self.cursor.execute(f"ROLLBACK TO {SAVEPOINT}_{depth}")
        self.cursor.execute(f"RELEASE {SAVEPOINT}_{depth}")

    def close(self) -> None:
        """Gives the connection back."""
        self.connection.close()
