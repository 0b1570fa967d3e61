"""Versions: how records were, as rows, from one revision to another.

A component's table holds the current versions; one that is replaced moves to a table of its own, with the revision that
it began at and the one that it ended before. So a version costs nothing until the next one comes, and what was there at
a revision is in either table by two comparisons. It is written by the database from its own rows, within the write.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    Dialect,
    FromClause,
    Index,
    PrimaryKeyConstraint,
    Subquery,
    Table,
    bindparam,
    func,
    insert,
    select,
    union_all,
)

from toolcrib.server.statements import Prepared
from toolcrib.server.tenants import TENANT, of_tenant, own_columns

REVISION = "toolcrib_revision"
# The first revision of a version. Where a change of excluded fields makes none, the component's table has it too: its
# rows then change without being new versions.
START = "toolcrib_start_revision"
END = "toolcrib_end_revision"

# A new parameter for the revision that is asked for.
Asked = Callable[[], BindParameter[int]]


class Versions:
    """The former versions of one component, and the statements that write and read them."""

    def __init__(self, table: Table, key_fields: Sequence[str], dialect: Dialect) -> None:
        self._current = table
        self._start = table.c[START] if START in table.c else table.c[REVISION]
        self.table = _former(table, key_fields)
        self.archive = self._archive(key_fields, dialect)
        self.get = self._get(key_fields, dialect)

    def at(self, asked: Asked) -> Subquery:
        """The rows of all records as they were at the revision that is asked for, in the columns of their table."""
        former, columns = self.table.c, own_columns(self._current)
        current = select(*columns).where(*of_tenant(self._current), self._start <= asked())
        past = select(*(former[column.name] for column in columns)).where(*of_tenant(self.table))
        return union_all(current, past.where(former[START] <= asked(), former[END] > asked())).subquery()

    def _archive(self, key_fields: Sequence[str], dialect: Dialect) -> Prepared:
        """Moves what a change replaces. Parameters: its revision, the key, the revision again.

        A second change at the same revision replaces nothing that anyone could have seen.
        """
        own = [column for column in self._current.columns if column.name != START]
        keys = [self._current.c[name] == _given(self._current.c[name]) for name in key_fields]
        moved = select(*own, self._start, bindparam("ended", type_=BigInteger))
        moved = moved.where(*of_tenant(self._current), *keys, self._start < bindparam("before", type_=BigInteger))
        names = [*(column.name for column in own), START, END]
        return Prepared(insert(self.table).from_select(names, moved), dialect)

    def _get(self, key_fields: Sequence[str], dialect: Dialect) -> Prepared:
        """One record as it was. Parameters: the key and the revision, the key twice more, and the revision as well."""
        numbered = iter(range(1, 4))

        def asked() -> BindParameter[int]:
            return bindparam(f"asked_{next(numbered)}", type_=BigInteger)

        def keys(table: FromClause, ending: str) -> list[Any]:
            given = (table.c[name] == _given(self._current.c[name], ending) for name in key_fields)
            return [*of_tenant(table), *given]

        columns = [column.name for column in own_columns(self._current)]
        current = select(*own_columns(self._current)).where(*keys(self._current, ""), self._start <= asked())
        former, begun = self.table.c, self.table.alias()
        past = select(*(former[name] for name in columns)).where(*keys(self.table, "_former"))
        # The last that had begun: found by the key of the table, however many there are.
        last = select(func.max(begun.c[START])).where(*keys(begun, "_begun"), begun.c[START] <= asked())
        past = past.where(former[START] == last.scalar_subquery(), former[END] > asked())
        return Prepared(union_all(current, past), dialect)


def _former(table: Table, key_fields: Sequence[str]) -> Table:
    own = [Column(column.name, column.type, nullable=column.nullable) for column in table.columns]
    start = [] if START in table.c else [Column(START, BigInteger, nullable=False)]
    return Table(
        f"{table.name}_history",
        table.metadata,
        *own,
        *start,
        Column(END, BigInteger, nullable=False),
        PrimaryKeyConstraint(*([TENANT] if TENANT in table.c else []), *key_fields, START),
        Index(f"{table.name}_history_end_idx", END),
        # Versions of a record lie together.
        sqlite_with_rowid=False,
    )


def _given(column: Column[Any], ending: str = "") -> BindParameter[Any]:
    return bindparam(f"given_{column.name}{ending}", type_=column.type)
