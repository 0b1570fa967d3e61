"""A session with SQL Server. A statement that is refused ends nothing but itself there, as on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytds
from sqlalchemy import Connection

from toolcrib.server.databases.mssql_errors import DRIVER_ERRORS, network_as_driver
from toolcrib.server.databases.mssql_explain import Explainer
from toolcrib.server.query.steps import PlanStep
from toolcrib.server.session import SAVEPOINT, Session
from toolcrib.server.statements import Prepared

BEGIN_READ = "SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRANSACTION"
# Whoever writes holds the row of the revisions until its commit, on whichever server. So there is one writer at a time,
# each sees all that was committed before, and where a revision can be seen all before it can. Behind a name is its end
# (exact_text.py).
BEGIN_WRITE = (
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN TRANSACTION; "
    "SELECT [last_value] FROM [toolcrib_sequence] WITH (UPDLOCK, HOLDLOCK, ROWLOCK) "
    "WHERE [name] = N'revision' + nchar(1) + nchar(1)"
)
COMMIT = "COMMIT TRANSACTION"
ROLLBACK = "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION"
# A savepoint is released by what ends the transaction; one of the same name hides it.
SAVE = "SAVE TRANSACTION {name}"
ROLLBACK_TO_SAVE = "ROLLBACK TRANSACTION {name}"


def as_driver_takes(parameters: Sequence[Any]) -> tuple[Any, ...]:
    """Parameters with bytes marked as such: python-tds takes bare ones for text."""
    return tuple(pytds.Binary(value) if type(value) is bytes else value for value in parameters)


class _Cursor:
    """The driver's cursor; tells where a statement has failed, as that may have ended the transaction."""

    __slots__ = ("_cursor", "_failed")

    def __init__(self, cursor: Any, failed: Callable[[], None]) -> None:
        self._cursor = cursor
        self._failed = failed

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> _Cursor:
        """Runs a statement; its rows are this cursor's."""
        try:
            with network_as_driver():
                self._cursor.execute(sql, as_driver_takes(parameters))
        except DRIVER_ERRORS:
            self._failed()
            raise
        return self

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Runs a statement for each of the rows."""
        for row in rows:
            self.execute(sql, row)

    def fetchone(self) -> Any:
        """The next row, or None."""
        return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        return list(self)

    def __iter__(self) -> Iterator[Any]:
        while (row := self._cursor.fetchone()) is not None:
            yield row


class SqlServerSession(Session):
    """One connection to SQL Server."""

    __slots__ = ("_has_failed", "_is_open", "_is_read_only")

    def __init__(self, connection: Connection, *, read_only: bool) -> None:
        super().__init__(connection)
        self.cursor = _Cursor(self.cursor, self._note_failure)
        self._is_open = self._has_failed = False
        self._is_read_only = read_only
        # What is read outside of a transaction waits for no writer either; one from the pool may have been a writer's.
        self.cursor.execute("SET TRANSACTION ISOLATION LEVEL SNAPSHOT")

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open. Behind an error that is asked: some end the transaction, most do not."""
        if self._has_failed:
            self._has_failed = False
            try:
                (count,) = self.cursor.execute("SELECT @@TRANCOUNT").fetchone()
            except DRIVER_ERRORS:
                count = 0
            self._is_open, self._has_failed = count > 0, False
        return self._is_open

    def begin(self) -> None:
        """Begins a transaction that reads: all that was committed before its first statement, and nothing else."""
        self._begin(BEGIN_READ)

    def begin_writing(self) -> None:
        """Takes the row of the revisions: there is one writer at a time."""
        if self._is_read_only:
            raise AssertionError("a session that reads has begun to write")
        self._begin(BEGIN_WRITE)

    def commit(self, *, has_news: bool) -> None:
        """Makes the transaction durable."""
        self.require_transaction()
        self.cursor.execute(COMMIT)
        self._is_open = False

    def rollback(self) -> None:
        """Ends the transaction, if the database has not ended it already."""
        self._deferred = {}
        if self._is_open:
            self._is_open = self._has_failed = False
            self.cursor.execute(ROLLBACK)

    def savepoint(self, depth: int = 0) -> None:
        """Marks the place that `rollback_to_savepoint` returns to; one within another is deeper."""
        self.require_transaction()
        # What others left to be written must not be undone with what comes.
        self.write_deferred()
        self.cursor.execute(SAVE.format(name=f"{SAVEPOINT}_{depth}"))

    def release_savepoint(self, depth: int = 0) -> None:
        """There is nothing to be released."""

    def rollback_to_savepoint(self, depth: int = 0) -> None:
        """Undoes what was done since the savepoint."""
        self.cursor.execute(ROLLBACK_TO_SAVE.format(name=f"{SAVEPOINT}_{depth}"))

    def run_refusable(self, statement: Prepared, rows: list[list[Any]], *, is_behind_savepoint: bool) -> None:
        """A statement that a constraint refuses ends nothing but itself."""
        self.run(statement, rows)

    def explain(self, statement: Prepared, parameters: Sequence[Any]) -> list[PlanStep]:
        """The steps of the plan. Raises Unsupported where none is shown."""
        explainer = Explainer(self.cursor, self.connection.invalidate)
        return explainer.steps(statement.sql, statement.bind(list(parameters), self.tenant))

    def _begin(self, statement: str) -> None:
        self._is_open = True
        try:
            self.cursor.execute(statement)
        except BaseException:
            # The transaction may have begun before what failed.
            self.rollback()
            raise

    def _note_failure(self) -> None:
        self._has_failed = True
