"""A session with SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from operator import pos
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection

from toolcrib.server.databases.sqlite_plan import plan_steps
from toolcrib.server.query.steps import PlanStep
from toolcrib.server.session import Session
from toolcrib.server.statements import Prepared

BEGIN_WRITE = "BEGIN IMMEDIATE"

# SQLite's own waiting looks ever more rarely, each 25 to 100 ms in the end: the lock that the workers of a server hand
# to each other would lie idle meanwhile, for longer than most groups hold it.
_LOOKS_AGAIN_S = 0.0005

# For values that are not exactly int, float or str the driver looks for an adapter: that there is none it finds out by
# two errors, which takes longer than to bind the value. These change none of them.
sqlite3.register_adapter(bool, pos)
sqlite3.register_adapter(bytes, bytes)


def code_of(error: BaseException) -> int:
    """SQLite's own code, without what it says more precisely; 0 for another error."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


class SqliteSession(Session):
    """One connection to a SQLite file. One that writes waits for the lock, up to `patience_s`, and for nothing else."""

    __slots__ = ("_patience_s",)

    def __init__(self, connection: Connection, *, read_only: bool, waits: bool, patience_s: float) -> None:
        super().__init__(connection)
        self._patience_s = patience_s if waits else 0.0
        if read_only:
            self.cursor.execute("PRAGMA query_only=ON")
        if not (read_only and waits):
            self.cursor.execute("PRAGMA busy_timeout=0")

    @property
    def in_transaction(self) -> bool:
        """Whether the database still holds the transaction open; some errors end it."""
        return bool(self._driver.in_transaction)

    def begin(self) -> None:
        """Begins a transaction that reads."""
        self.cursor.execute("BEGIN")

    def begin_writing(self) -> None:
        """Takes the file's one lock for writing."""
        end = monotonic() + self._patience_s
        while True:
            try:
                self.cursor.execute(BEGIN_WRITE)
            except sqlite3.OperationalError as error:
                if code_of(error) != sqlite3.SQLITE_BUSY or monotonic() >= end:
                    raise
                sleep(_LOOKS_AGAIN_S)
            else:
                return

    def run_refusable(self, statement: Prepared, rows: list[list[Any]], *, is_behind_savepoint: bool) -> None:
        """A statement that a constraint refuses ends nothing but itself."""
        self.run(statement, rows)

    def explain(self, statement: Prepared, parameters: Sequence[Any]) -> list[PlanStep]:
        """The steps of the plan."""
        rows = self.cursor.execute(f"EXPLAIN QUERY PLAN {statement.sql}", statement.bind(list(parameters), self.tenant))
        return list(plan_steps([row[-1] for row in rows], self._index_columns))

    def _index_columns(self, index: str) -> list[str]:
        return [row[0] for row in self.cursor.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", [index])]
