"""A session with PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from psycopg import Error, IntegrityError
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Table

from toolcrib.server.databases.postgresql_plan import plan_steps
from toolcrib.server.databases.postgresql_triggers import INTRODUCE
from toolcrib.server.query.steps import PlanStep
from toolcrib.server.session import SAVEPOINT, Session
from toolcrib.server.statements import Prepared

# A failed transaction is none any more: nothing but an undoing is let through.
_OPEN = (TransactionStatus.INTRANS, TransactionStatus.ACTIVE)

BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# Whoever writes holds the row of the revisions until its commit, on whichever server. So there is one writer at a time,
# each sees all that was committed before, and where a revision can be seen all before it can.
BEGIN_WRITE = (
    "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT last_value FROM toolcrib_sequence WHERE name = 'revision' FOR UPDATE"
)
_ROW = "toolcrib_row"
_STREAMED_AT_ONCE = 500
# So many rows and more are written by COPY: each then costs a fifth of an INSERT, or less (docs/performance.md).
_COPIED_FROM = 4


class PostgresqlSession(Session):
    """One connection to PostgreSQL. `news` is what others are told behind a commit, on Toolcrib's channel.

    By its `secret` triggers know it for the server's.
    """

    __slots__ = ("_commit_with_news", "_copies")

    begin_read_sql = BEGIN_READ
    begin_write_sql = BEGIN_WRITE

    def __init__(self, connection: Connection, *, read_only: bool, news: str, secret: str) -> None:
        super().__init__(connection)
        self._commit_with_news = f"{news}; COMMIT"
        self._copies: dict[str, tuple[str, list[int]]] = {}
        # A connection from the pool may have been a writer's.
        self.cursor.execute(f"SET default_transaction_read_only = {'on' if read_only else 'off'}")
        if not read_only:
            self.cursor.execute(INTRODUCE, [secret, False])

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open and has not failed."""
        return self._driver.info.transaction_status in _OPEN

    def begin(self) -> None:
        """Begins a transaction that reads."""
        self.cursor.execute(self.begin_read_sql)

    def begin_writing(self) -> None:
        """Takes the row of the revisions: there is one writer at a time."""
        self.cursor.execute(self.begin_write_sql)

    def commit(self, *, has_news: bool) -> None:
        """Makes the transaction durable."""
        # A failed transaction would be rolled back, and PostgreSQL would not call that an error.
        self.require_transaction()
        self.cursor.execute(self._commit_with_news if has_news else "COMMIT")

    def rollback(self) -> None:
        """Ends the transaction, failed or not, if there is one."""
        self._deferred = {}
        if not self._driver.closed and self._driver.info.transaction_status is not TransactionStatus.IDLE:
            self.cursor.execute("ROLLBACK")

    def stream(self, statement: Prepared, parameters: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """The rows, some at a time, through a cursor on the server."""
        if self._deferred:
            self.write_deferred()
        with self._driver.cursor(name="toolcrib_stream") as cursor:
            cursor.itersize = _STREAMED_AT_ONCE
            yield from cursor.execute(statement.sql, statement.bind(list(parameters), self.tenant))

    def write(self, statement: Prepared, rows: Sequence[list[Any]]) -> None:
        """Runs `statement` for each of `rows`; many whole rows at once."""
        if statement.rows_of is None or len(rows) < _COPIED_FROM:
            super().write(statement, rows)
            return
        sql, types = self._copy_into(statement.rows_of)
        with self.cursor.copy(sql) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def _copy_into(self, table: Table) -> tuple[str, list[int]]:
        """The COPY that takes rows of a table, and the types that its columns have there."""
        if (known := self._copies.get(table.name)) is None:
            quote = self.connection.dialect.identifier_preparer.quote
            columns = ", ".join(quote(column.name) for column in table.columns)
            self.cursor.execute(f"SELECT {columns} FROM {quote(table.name)} LIMIT 0")  # noqa: S608  # names, quoted
            types = [column.type_code for column in self.cursor.description or ()]
            known = f"COPY {quote(table.name)} ({columns}) FROM STDIN (FORMAT BINARY)", types
            self._copies[table.name] = known
        return known

    def run_refusable(self, statement: Prepared, rows: list[list[Any]], *, is_behind_savepoint: bool) -> None:
        """Runs the rows behind a savepoint, as an error would end the transaction; one costs more than a row.

        Where one is refused those before it are written again, one by one: who refuses a batch names what it collides
        with, which may be an earlier item.
        """
        self.require_transaction()
        given = statement.bind_all(rows, self.tenant)
        try:
            if is_behind_savepoint:
                self._run_behind(f"{SAVEPOINT}_0", statement, given)
            else:
                self._run_guarded(statement, given)
        except IntegrityError:
            if len(given) == 1:
                raise
            for row in given:
                self._run_guarded(statement, [row])

    def _run_guarded(self, statement: Prepared, rows: list[list[Any]]) -> None:
        self.cursor.execute(f"SAVEPOINT {_ROW}")
        self._run_behind(_ROW, statement, rows)
        self.cursor.execute(f"RELEASE {_ROW}")

    def _run_behind(self, savepoint: str, statement: Prepared, rows: list[list[Any]]) -> None:
        """Runs the rows, none of which stays where one is refused: all is as it was at the savepoint."""
        try:
            self.write(statement, rows)
        except Error:
            if self._driver.info.transaction_status is TransactionStatus.INERROR:
                self.cursor.execute(f"ROLLBACK TO {savepoint}")
            raise

    def explain(self, statement: Prepared, parameters: Sequence[Any]) -> list[PlanStep]:
        """The steps of the plan; of an empty table too, which PostgreSQL would rather read than look up."""
        with self.snapshot():
            self.cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
            self.cursor.execute(f"EXPLAIN (FORMAT JSON) {statement.sql}", statement.bind(list(parameters), self.tenant))
            ((plan,),) = self.cursor.fetchall()
            return list(plan_steps(plan[0]["Plan"], self._index))

    def _index(self, name: str) -> tuple[list[str], bool]:
        """The columns of an index, and whether it is that of a key or a unique constraint."""
        found = self.cursor.execute(
            "SELECT attname, EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = attrelid) FROM pg_attribute "
            "WHERE attrelid = to_regclass(quote_ident(%s)) ORDER BY attnum",
            [name],
        ).fetchall()
        return [column for column, _ in found], bool(found and found[0][1])

    def close(self) -> None:
        """Gives the connection back, unless it is broken."""
        if self._driver.closed:
            self.connection.invalidate()
        self.connection.close()
