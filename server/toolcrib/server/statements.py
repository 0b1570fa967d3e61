"""Statements that SQLAlchemy compiles once and the driver's cursor runs, for the paths that every call takes.

Running a statement through SQLAlchemy's execute costs more than SQLite needs to carry it out (docs/performance.md).
Everything that is not on those paths uses SQLAlchemy's connection plainly.

Values come from and go to protobuf fields, whose numbers, text and bytes are already what drivers take and give; so
only those of Toolcrib's own column types are converted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Table
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

from toolcrib.server.columns import NAN_TEXT, Convert, ToolcribType, number_to_value
from toolcrib.server.errors import TenantRequired
from toolcrib.server.tenants import GIVEN, require_tenant

Converter = tuple[int, Convert]

# Those that leave a number as it is unless it is NaN.
_OF_NUMBERS = (number_to_value, float)


class Prepared:
    """A statement as text for the driver. Its parameters are given by position, in the order of `parameters`.

    Without them these are all that have no value, in the order in which they stand in the statement. It is compiled
    when it is first used: a server begins at once, however many it may come to need. The tenant is none of them: it
    is the session's to give. Only a statement `of_all_tenants` goes over the records of all.

    `rows_of` is the table whose rows, with all of their columns in order, it inserts as they are given; None otherwise.
    """

    __slots__ = (
        "_constants",
        "_converters",
        "_is_of_tenant",
        "_numbers",
        "_places",
        "_source",
        "parameters",
        "rows_of",
        "sql",
    )

    sql: str
    parameters: tuple[str, ...]
    _constants: list[Any]
    _converters: tuple[Converter, ...]
    _numbers: tuple[int, ...]
    _places: tuple[int, ...]
    _is_of_tenant: bool

    def __init__(
        self,
        statement: ClauseElement,
        dialect: Dialect,
        parameters: Sequence[str] | None = None,
        *,
        rows_of: Table | None = None,
        of_all_tenants: bool = False,
    ) -> None:
        self._source = statement, dialect, parameters, of_all_tenants
        self.rows_of = rows_of

    @property
    def statement(self) -> ClauseElement:
        """What it was prepared from."""
        return self._source[0]

    def __getattr__(self, name: str) -> Any:
        # Asked only for what is not there yet; two threads may both compile, and find the same.
        if name not in self.__slots__:
            raise AttributeError(name)
        self._compile(*self._source)
        return getattr(self, name)

    def _compile(
        self, statement: ClauseElement, dialect: Dialect, parameters: Sequence[str] | None, of_all_tenants: bool
    ) -> None:
        if not of_all_tenants:
            require_tenant(statement)
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)  # of a statement, not of DDL
        order = list(compiled.positiontup or [])
        if parameters is None:
            parameters = [name for name in order if compiled.params[name] is None and name != GIVEN]
        self.parameters = tuple(parameters)
        self.sql = str(compiled)
        # What SQLAlchemy adds by itself (an OFFSET of 0).
        added = [name for name in order if name not in parameters and name != GIVEN]
        self._constants = [compiled.params[name] for name in added]
        self._is_of_tenant = GIVEN in order
        given = [*parameters, *([GIVEN] if self._is_of_tenant else []), *added]
        # The tenant stands anywhere; SQL Server's dialect has a limit in front, and some values twice.
        self._places = () if order == given else tuple(map(given.index, order))
        types = {name: bind.type for bind, name in compiled.bind_names.items()}
        self._converters, self._numbers = _conversions([types[name] for name in given], dialect, ToolcribType.to_driver)

    def bind(self, parameters: list[Any], tenant: str = "") -> list[Any]:
        """`parameters` as the driver takes them; converts the list in place, or makes another of it.

        Raises TenantRequired where the statement is about a tenant's records and there is none.
        """
        return self.bind_all([parameters], tenant)[0]

    def bind_all(self, rows: list[list[Any]], tenant: str = "") -> list[list[Any]]:
        """The same for the parameters of each of `rows`."""
        if self._is_of_tenant:
            if not tenant:
                raise TenantRequired
            for row in rows:
                row.append(tenant)
        for index, convert in self._converters:
            for row in rows:
                if (value := row[index]) is not None:
                    row[index] = convert(value)
        for index in self._numbers:
            for row in rows:
                # Only NaN is not itself; to ask so costs a third of a call.
                if (value := row[index]) != value:
                    row[index] = NAN_TEXT
        if self._constants:
            for row in rows:
                row.extend(self._constants)
        return [[row[place] for place in self._places] for row in rows] if self._places else rows


class RowReader:
    """Turns what the driver gives for `columns` into Python values."""

    __slots__ = ("_converters", "_numbers")

    def __init__(self, columns: Iterable[ColumnElement[Any]], dialect: Dialect) -> None:
        self._converters, self._numbers = _conversions(
            [column.type for column in columns], dialect, ToolcribType.from_driver
        )

    def read(self, row: Sequence[Any]) -> Sequence[Any]:
        """The row's Python values."""
        if not self._converters and not any(type(row[index]) is str for index in self._numbers):
            return row
        values = list(row)
        for index, convert in self._converters:
            if (value := values[index]) is not None:
                values[index] = convert(value)
        for index in self._numbers:
            if type(value := values[index]) is str:
                values[index] = float(value)
        return values


def _conversions(
    kinds: Sequence[TypeEngine[Any]], dialect: Dialect, choose: Callable[[ToolcribType, Dialect], Convert | None]
) -> tuple[tuple[Converter, ...], tuple[int, ...]]:
    """What is converted, by its place, and the places of numbers that are converted only where they are NaN."""
    found = [(index, convert) for index, kind in enumerate(kinds) if (convert := _conversion(kind, dialect, choose))]
    numbers = {index for index, convert in found if convert in _OF_NUMBERS}
    return tuple(item for item in found if item[0] not in numbers), tuple(sorted(numbers))


def _conversion(
    kind: TypeEngine[Any], dialect: Dialect, choose: Callable[[ToolcribType, Dialect], Convert | None]
) -> Convert | None:
    return choose(kind, dialect) if isinstance(kind, ToolcribType) else None
