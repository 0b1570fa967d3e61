"""Records by many values of one column, in as few statements as it takes: a batch asks each question once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, Column, Dialect, Integer, Select, bindparam

from toolcrib.server.session import Session
from toolcrib.server.statements import Prepared, RowReader

# A statement for each of these numbers of values; one value is often all there is.
_WIDTHS = (1, 16, 256)
# No limit, as a number that every database takes.
ALL = 2**31 - 1


class Among:
    """A SELECT of those rows whose `column` has one of many values. It may be used from several threads."""

    __slots__ = ("_column", "_dialect", "_reader", "_select", "_statements")

    def __init__(self, statement: Select[Any], column: Column[Any], dialect: Dialect) -> None:
        self._select = statement
        self._column = column
        self._dialect = dialect
        self._reader = RowReader(list(statement.selected_columns), dialect)
        self._statements: dict[int, Prepared] = {}

    def rows(self, session: Session, values: Iterable[Any], limit: int = ALL) -> Iterator[Sequence[Any]]:
        """The rows as Python values; of each statement it takes at most `limit`."""
        left = list(values)
        while left:
            width = next((width for width in _WIDTHS if width >= len(left)), _WIDTHS[-1])
            some, left = left[:width], left[width:]
            # Naming one value several times finds its records once.
            given = [*some, *some[-1:] * (width - len(some))]
            found = list(session.iterate(self._statement(width), [*given, limit]))
            yield from map(self._reader.read, found)

    def _statement(self, width: int) -> Prepared:
        statement = self._statements.get(width)
        if statement is None:
            values: list[BindParameter[Any]] = [bindparam(f"value_{n}", type_=self._column.type) for n in range(width)]
            limit: BindParameter[int] = bindparam("given_limit", type_=Integer)
            chosen = self._select.where(self._column.in_(values)).limit(limit)
            statement = Prepared(chosen, self._dialect, [*(value.key for value in values), limit.key])
            self._statements[width] = statement
        return statement
