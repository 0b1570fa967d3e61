"""A session with MariaDB or MySQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from toolcrib.server.databases.mariadb_connection import MariadbCursor
from toolcrib.server.databases.mariadb_errors import is_constraint
from toolcrib.server.databases.mariadb_plan import Explainer
from toolcrib.server.databases.mariadb_spool import spooled
from toolcrib.server.errors import DatabaseUnavailable
from toolcrib.server.query.steps import PlanStep
from toolcrib.server.session import SAVEPOINT, Session
from toolcrib.server.statements import Prepared
from toolcrib.server.system_tables import WRITE_GATE

# One moment: the snapshot is taken when the transaction begins, whichever table is read first.
_BEGIN_READ = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
_BEGIN_WRITE = "START TRANSACTION READ WRITE"
# Whoever writes holds the row of the revisions until its commit, on whichever server, and the gate before it. So there
# is one writer at a time, each sees all that was committed before, and where a revision can be seen all before it can.
_LOCK = (
    "SELECT s.last_value FROM toolcrib_meta AS m LEFT JOIN toolcrib_sequence AS s ON s.name = 'revision' "
    "WHERE m.name = %s FOR UPDATE"
)
_NO_GATE = "toolcrib_meta lacks the row at which writes wait for their turn; start the server again, which makes it"
_ROW = "toolcrib_row"


class MariadbSession(Session):
    """One connection. Readers have REPEATABLE READ: what a transaction reads is of one moment.

    The writer has READ COMMITTED: as it is alone nothing changes under it, and it locks only rows that it writes, so
    that programs besides Toolcrib collide with it as little as can be.
    """

    __slots__ = ()

    def __init__(self, connection: Connection, *, read_only: bool) -> None:
        super().__init__(connection)
        self.cursor = self._driver.cursor(MariadbCursor)
        # A connection from the pool may have been a writer's.
        level, access = ("REPEATABLE READ", "READ ONLY") if read_only else ("READ COMMITTED", "READ WRITE")
        self.cursor.execute(f"SET SESSION TRANSACTION ISOLATION LEVEL {level}, {access}")

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return bool(self._driver.in_transaction)

    def begin(self) -> None:
        """Begins a transaction that reads."""
        self.cursor.execute(_BEGIN_READ)

    def begin_writing(self) -> None:
        """Takes the row of the revisions: there is one writer at a time."""
        self.cursor.execute(_BEGIN_WRITE)
        try:
            if self.cursor.execute(_LOCK, [WRITE_GATE]).fetchone() is None:
                raise DatabaseUnavailable(_NO_GATE)
        except BaseException:
            self.rollback()
            raise

    def rollback(self) -> None:
        """Ends the transaction, if there is one and the connection lives."""
        self._deferred = {}
        if self._driver.open:
            self.cursor.execute("ROLLBACK")

    def iterate(self, statement: Prepared, parameters: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """The rows, one after another."""
        return iter(super().iterate(statement, parameters))

    def stream(self, statement: Prepared, parameters: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """The rows, through a file that lies between: the server has no cursor that lets others be asked meanwhile."""
        if self._deferred:
            self.write_deferred()
        return spooled(self._driver, statement.sql, statement.bind(list(parameters), self.tenant))

    def run_refusable(self, statement: Prepared, rows: list[list[Any]], *, is_behind_savepoint: bool) -> None:
        """Runs the rows. A statement that is refused ends nothing but itself; several rows may be several of them."""
        self.require_transaction()
        if len(rows) == 1:
            self.cursor.execute(statement.sql, statement.bind(rows[0], self.tenant))
            return
        given = statement.bind_all(rows, self.tenant)
        savepoint = f"{SAVEPOINT}_0" if is_behind_savepoint else _ROW
        if not is_behind_savepoint:
            self.cursor.execute(f"SAVEPOINT {savepoint}")
        try:
            self.cursor.executemany(statement.sql, given)
        except self._driver.Error as error:
            if not is_constraint(error):
                raise
            # Who refuses a batch names what it collides with, which may be an earlier item.
            self.cursor.execute(f"ROLLBACK TO {savepoint}")
            for row in given:
                self.cursor.execute(statement.sql, row)
            raise

    def release_savepoint(self, depth: int = 0) -> None:
        """Keeps what was done since the savepoint."""
        self.cursor.execute(f"RELEASE SAVEPOINT {SAVEPOINT}_{depth}")

    def rollback_to_savepoint(self, depth: int = 0) -> None:
        """Undoes what was done since the savepoint."""
        self.cursor.execute(f"ROLLBACK TO {SAVEPOINT}_{depth}")
        self.cursor.execute(f"RELEASE SAVEPOINT {SAVEPOINT}_{depth}")

    def explain(self, statement: Prepared, parameters: Sequence[Any]) -> list[PlanStep]:
        """The steps of the plan; of an empty table too, which MariaDB would rather read than look up."""
        explainer = Explainer(self.cursor)
        with self.snapshot():
            return explainer.steps(statement, statement.bind(list(parameters), self.tenant))

    def close(self) -> None:
        """Gives the connection back, unless it is broken."""
        if not self._driver.open:
            self.connection.invalidate()
        self.connection.close()
