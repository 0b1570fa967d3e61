"""What bypassed the server and is no revision yet: rows that triggers have noted, by the transactions they came in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Dialect,
    Integer,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    update,
)

from toolcrib.server.columns import ExactText
from toolcrib.server.session import Session
from toolcrib.server.statements import Prepared, RowReader
from toolcrib.server.system_tables import SystemTables

_GIVEN = ("given_revision", "given_start", "given_time")
_FAILURE_CHARACTERS_MAX = 500


class Stamps(NamedTuple):
    """What the server has given a record: its revision, that of its version's beginning, and its time of change."""

    revision: int
    start: int
    time: datetime


class Noted(NamedTuple):
    """A row that was written past the server; the rows before and after are JSON.

    What is `given` are stamps that the record has got since, for an earlier transaction, where it was changed before
    that: its revision, that of its version's beginning, and the time of change.
    """

    number: int
    table_name: str
    record_key: str
    before_row: str | None
    after_row: str | None
    write_time: datetime
    role: str
    reason: str
    application: str
    peer: str
    given_revision: int | None
    given_start: int | None
    given_time: datetime | None


class Waiting(NamedTuple):
    """A transaction that was committed past the server, by the database's id of it, and how many rows it has."""

    transaction_id: int
    last_number: int
    rows: int


class Inbox:
    """The rows of the tables with these names; others are another server's."""

    def __init__(self, tables: SystemTables, dialect: Dialect, table_names: Iterable[str]) -> None:
        table = tables.direct_write
        noted = table.c
        # Names of tables are but letters, digits and underscores.
        names: list[ColumnElement[str]] = [literal_column(f"'{name}'", ExactText) for name in sorted(table_names)]
        ours = (noted.table_name.in_(names), noted.failure.is_(None))
        given_id: Any = noted.transaction_id == bindparam("given_id", type_=BigInteger)
        last = func.max(noted.number)
        self._select_waiting = Prepared(
            select(noted.transaction_id, last, func.count())
            .where(*ours)
            .group_by(noted.transaction_id)
            .having(last <= bindparam("given_upto", type_=BigInteger))
            .order_by(last)
            .limit(bindparam("given_limit", type_=Integer)),
            dialect,
        )
        self._select_last = Prepared(select(last).where(*ours), dialect)
        columns = [noted[name] for name in Noted._fields]
        self._reader = RowReader(columns, dialect)
        self._select_rows = Prepared(select(*columns).where(*ours, given_id).order_by(noted.number), dialect)
        self._delete = Prepared(delete(table).where(*ours, given_id), dialect)
        failure = bindparam("given_failure", type_=ExactText)
        self._fail = Prepared(update(table).values(failure=failure).where(*ours, given_id), dialect)
        self._select_ids = Prepared(select(noted.transaction_id).where(*ours).distinct(), dialect)
        of_others: Any = noted.transaction_id != bindparam("own_id", type_=BigInteger)
        this = noted.record_key == bindparam("given_key", type_=ExactText)
        of_table: Any = noted.table_name == bindparam("given_table", type_=ExactText)
        stamps = {name: bindparam(name, type_=noted[name].type) for name in _GIVEN}
        given = [*stamps, "given_table", "given_key", "own_id"]
        self._give = Prepared(update(table).values(stamps).where(of_table, this, of_others), dialect, given)
        self._select_other = Prepared(select(noted.number).where(of_others, *ours).limit(1), dialect)
        self._select_any_of = Prepared(select(noted.number).where(of_table, this, *ours).limit(1), dialect)

    def last_number(self, session: Session) -> int:
        """The last number that was noted; 0 where nothing waits."""
        row = session.fetch_one(self._select_last, [])
        return (row and row[0]) or 0

    def waiting(self, session: Session, upto: int, limit: int) -> list[Waiting]:
        """Transactions whose last number is `upto` or less, in an order in which they can have been committed."""
        return [Waiting._make(row) for row in session.iterate(self._select_waiting, [upto, limit])]

    def rows(self, session: Session, transaction_id: int) -> list[Noted]:
        """What a transaction wrote, in its order."""
        return [Noted._make(self._reader.read(row)) for row in session.iterate(self._select_rows, [transaction_id])]

    def forget(self, session: Session, transaction_id: int) -> None:
        """Removes a transaction that is a revision now."""
        session.run(self._delete, [[transaction_id]])

    def give(self, session: Session, transaction_id: int, stamps: Iterable[tuple[Stamps, str, str]]) -> None:
        """Tells what other transactions changed of the stamps of the same records, by their tables and keys as text.

        To be called with the records locked: who has changed one has committed then, or has yet to see its stamps.
        """
        if session.fetch_one(self._select_other, [transaction_id]) is None:
            return
        if rows := [[*its, table, key, transaction_id] for its, table, key in stamps]:
            session.run(self._give, rows)

    def set_aside(self, session: Session, transaction_id: int, failure: str) -> None:
        """Lets nobody try again to make a revision of a transaction."""
        session.run(self._fail, [[failure[:_FAILURE_CHARACTERS_MAX], transaction_id]])

    def transaction_ids(self, session: Session) -> set[int]:
        """The transactions that wait."""
        return {int(number) for (number,) in session.iterate(self._select_ids, [])}

    def has_any_of(self, session: Session, records: Iterable[tuple[str, str]]) -> bool:
        """Whether anything waits of these records, by their tables and keys as text."""
        return any(session.fetch_one(self._select_any_of, list(record)) is not None for record in records)
