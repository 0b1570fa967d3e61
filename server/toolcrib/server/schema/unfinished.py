"""What an apply leaves that was interrupted, on databases that commit each change of a table by itself: MariaDB, MySQL.

What is about to be added is noted before the first change, and forgotten in the transaction that records the schema.
Until then a plan takes what is noted as not there, and so has the same steps as before; it begins by taking it away.
What was dropped, renamed or made anew is no difference any more. Others have transactions, and never leave anything.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Table, inspect, select

from toolcrib.server.system_tables import UNFINISHED_SCHEMA

_DIALECT = "mysql"

# Columns by their tables.
Columns = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What an apply to the components with this `fingerprint` has begun, with the steps `allowed`.

    It was to make these `tables` and `columns`, to let those that are `loosened` be unset, and to backfill those that
    were `unset` in the records with these keys. Names are the declared ones.
    """

    fingerprint: str = ""
    allowed: Sequence[str] = ()
    tables: Sequence[str] = ()
    columns: Columns = field(default_factory=dict)
    loosened: Columns = field(default_factory=dict)
    unset: Mapping[str, Mapping[str, Sequence[Sequence[Any]]]] = field(default_factory=dict)

    def is_there(self, table: str, column: str = "") -> bool:
        """Whether a table or column that the database has is more than a left-over."""
        return column not in self.columns.get(table, ()) if column else table not in self.tables

    def is_loosened(self, table: str, column: str) -> bool:
        """Whether a column may be NULL, but zeros of before are not yet."""
        return column in self.loosened.get(table, ())

    def allowed_again(self, allowed: Iterable[str], fingerprint: str, steps: Collection[str]) -> set[str]:
        """The steps that are allowed: what was allowed once stays so, and what is done needs no word any more."""
        again = set(self.allowed) if fingerprint == self.fingerprint else set()
        done = set(self.allowed) - set(steps)
        return (set(allowed) | again) - done


NOTHING = Unfinished()


def read_unfinished(connection: Connection, meta: Table) -> Unfinished:
    """What was noted and not forgotten; nothing where a database has transactions for that, or no tables yet."""
    if connection.dialect.name != _DIALECT or not inspect(connection).has_table(meta.name):
        return NOTHING
    found = connection.execute(select(meta.c.value).where(meta.c.name == UNFINISHED_SCHEMA)).scalar_one_or_none()
    return NOTHING if found is None else Unfinished(**json.loads(found))


def note(connection: Connection, meta: Table, begun: Unfinished) -> None:
    """Keeps what is begun, from now on."""
    if connection.dialect.name == _DIALECT:
        forget(connection, meta)
        content = json.dumps(asdict(begun), separators=(",", ":")).encode()
        connection.execute(meta.insert().values(name=UNFINISHED_SCHEMA, value=content))
        connection.exec_driver_sql("COMMIT")


def forget(connection: Connection, meta: Table) -> None:
    """Notes that all is done, with whatever else the transaction does."""
    if connection.dialect.name == _DIALECT:
        connection.execute(meta.delete().where(meta.c.name == UNFINISHED_SCHEMA))


def begin_again(connection: Connection) -> None:
    """A transaction for what follows: the last change of a table has ended the one that was there."""
    if connection.dialect.name == _DIALECT:
        connection.exec_driver_sql("START TRANSACTION")


def clear(connection: Connection, meta: Table, left: Unfinished) -> Unfinished:
    """Takes away what is left of an apply; answers what remains to be known of it."""
    if left == NOTHING:
        return left
    inspector, quoted = inspect(connection), connection.dialect.identifier_preparer.quote
    for table in left.tables:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {quoted(table)}")
    for table, columns in left.columns.items():
        if not inspector.has_table(table):
            continue
        there = {column["name"] for column in inspector.get_columns(table)}
        for column in columns:
            if column in there:
                connection.exec_driver_sql(f"ALTER TABLE {quoted(table)} DROP COLUMN {quoted(column)}")
    remains = replace(left, tables=(), columns={})
    note(connection, meta, remains)
    begin_again(connection)
    return remains
