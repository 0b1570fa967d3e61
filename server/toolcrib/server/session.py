"""A lane's connection: prepared statements on the driver's cursor, and SQLAlchemy's connection for everything else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from toolcrib.server.database import BEGIN_READ, Database, driver_connection
from toolcrib.server.errors import StorageError
from toolcrib.server.statements import Prepared

_SAVEPOINT = "toolcrib"


class Session:
    """One connection, used by one thread at a time. Errors are the driver's."""

    __slots__ = ("_deferred", "_driver", "connection", "cursor")

    def __init__(self, database: Database, *, read_only: bool = False, waits: bool = True) -> None:
        """One that `waits` is patient with a locked database, as the settings say; another fails at once."""
        self.connection: Connection = database.connect()
        self._driver = driver_connection(self.connection)
        self.cursor = self._driver.cursor()
        self._deferred: dict[Prepared, list[list[Any]]] = {}
        if read_only:
            self.cursor.execute("PRAGMA query_only=ON")
        if not waits:
            self.cursor.execute("PRAGMA busy_timeout=0")

    @property
    def in_transaction(self) -> bool:
        """Whether the database still holds the transaction open; some errors end it."""
        return bool(self._driver.in_transaction)

    def fetch_one(self, statement: Prepared, parameters: Sequence[Any]) -> Sequence[Any] | None:
        """The first row, or None."""
        if self._deferred:
            self.write_deferred()
        row: Sequence[Any] | None = self.cursor.execute(statement.sql, statement.bind(list(parameters))).fetchone()
        return row

    def find(self, statement: Prepared, parameters: Sequence[Any]) -> Sequence[Any] | None:
        """The first row, or None, from a table of which nothing is ever kept back to be written together."""
        row: Sequence[Any] | None = self.cursor.execute(statement.sql, statement.bind(list(parameters))).fetchone()
        return row

    def iterate(self, statement: Prepared, parameters: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """The rows, one after another; to be read within a snapshot, before anything else is asked."""
        if self._deferred:
            self.write_deferred()
        rows: Iterator[Sequence[Any]] = self.cursor.execute(statement.sql, statement.bind(list(parameters)))
        return rows

    def explain(self, statement: Prepared, parameters: Sequence[Any]) -> list[str]:
        """What the database says that it does for `statement`, a line each, in its own words."""
        rows = self.cursor.execute(f"EXPLAIN QUERY PLAN {statement.sql}", statement.bind(list(parameters)))
        return [row[-1] for row in rows]

    def index_columns(self, index: str) -> list[str]:
        """The columns of an index in their order."""
        return [row[0] for row in self.cursor.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", [index])]

    def run(self, statement: Prepared, rows: list[list[Any]]) -> None:
        """Runs `statement`, which writes, for each of `rows`, whose lists it takes over.

        Raises StorageError where the database has ended the transaction: nothing is ever written outside of one.
        """
        self.require_transaction()
        bind = statement.bind
        if len(rows) == 1:
            self.cursor.execute(statement.sql, bind(rows[0]))
        else:
            self.cursor.executemany(statement.sql, [bind(row) for row in rows])

    def require_transaction(self) -> None:
        """Raises StorageError where the database has ended the transaction, by itself or at a hook's bidding."""
        if not self._driver.in_transaction:
            raise StorageError("the database has ended the transaction; nothing of it was written")

    def defer(self, statement: Prepared, rows: list[list[Any]]) -> None:
        """Keeps rows that nothing can refuse, to be written with others of their kind: before anything is read."""
        self._deferred.setdefault(statement, []).extend(rows)

    def write_deferred(self) -> None:
        """Writes what was kept.

        Where that fails nothing is forgotten: the next try fails too, and with it the commit that they belong to,
        whatever became of the error.
        """
        for statement, rows in self._deferred.items():
            self.run(statement, rows)
        self._deferred = {}

    def begin(self, how: str = BEGIN_READ) -> None:
        """Begins a transaction: what is read within it is of one moment."""
        self.cursor.execute(how)

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

    def commit(self) -> None:
        """Makes the transaction durable."""
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
        self.cursor.execute(f"SAVEPOINT {_SAVEPOINT}_{depth}")

    def release_savepoint(self, depth: int = 0) -> None:
        """Keeps what was done since the savepoint."""
        self.cursor.execute(f"RELEASE {_SAVEPOINT}_{depth}")

    def rollback_to_savepoint(self, depth: int = 0) -> None:
        """Undoes what was done since the savepoint."""
        self.cursor.execute(f"ROLLBACK TO {_SAVEPOINT}_{depth}")
        self.cursor.execute(f"RELEASE {_SAVEPOINT}_{depth}")

    def close(self) -> None:
        """Gives the connection back."""
        self.connection.close()
