"""Records by many values of one column, in as few statements as it takes: a batch asks each question once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Dialect, Integer, Select, bindparam

from toolcrib.server.session import Session
from toolcrib.server.statements import Prepared, RowReader

_LIMIT = "given_limit"
# A statement for each of these numbers of values; one value is often all there is.
_WIDTHS = (1, 16, 256)
# The parameter for the revision that is asked for, if the statement has one.
ASKED = "asked"
# No limit, as a number that every database takes.
ALL = 2**31 - 1


class Among:
    """A SELECT of those rows whose `column` has one of many values. It may be used from several threads."""

    __slots__ = ("_column", "_dialect", "_of_all_tenants", "_reader", "_select", "_statements")

    def __init__(
        self, statement: Select[Any], column: ColumnElement[Any], dialect: Dialect, *, of_all_tenants: bool = False
    ) -> None:
        self._of_all_tenants = of_all_tenants
        self._select = statement
        self._column = column
        self._dialect = dialect
        self._reader = RowReader(list(statement.selected_columns), dialect)
        self._statements: dict[int, Prepared] = {}

    def rows(
        self, session: Session, values: Iterable[Any], limit: int = ALL, *, asked: int | None = None
    ) -> Iterator[Sequence[Any]]:
        """The rows as Python values; of each statement it takes at most `limit`. `asked` is the revision asked for."""
        left = list(values)
        while left:
            width = next((width for width in _WIDTHS if width >= len(left)), _WIDTHS[-1])
            some, left = left[:width], left[width:]
            # Naming one value several times finds its records once.
            padded = [*some, *some[-1:] * (width - len(some))]
            given = {_LIMIT: limit, ASKED: asked, **{_value(n): value for n, value in enumerate(padded)}}
            statement = self._statement(width)
            found = list(session.iterate(statement, [given[name] for name in statement.parameters]))
            yield from map(self._reader.read, found)

    def _statement(self, width: int) -> Prepared:
        statement = self._statements.get(width)
        if statement is None:
            values: list[BindParameter[Any]] = [bindparam(_value(n), type_=self._column.type) for n in range(width)]
            chosen = self._select.where(self._column.in_(values)).limit(bindparam(_LIMIT, type_=Integer))
            prepared = Prepared(chosen, self._dialect, of_all_tenants=self._of_all_tenants)
            statement = self._statements[width] = prepared
        return statement


def _value(number: int) -> str:
    return f"value_{number}"
