"""Statements that SQLAlchemy compiles once and the driver's cursor runs, for the paths that every call takes.

Running a statement through SQLAlchemy's execute costs more than SQLite needs to carry it out (docs/performance.md).
Everything that is not on those paths uses SQLAlchemy's connection plainly.

Values come from and go to protobuf fields, whose numbers, text and bytes are already what drivers take and give; so
only the times of Toolcrib's own column type are converted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Dialect, Table
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

from toolcrib.server.columns import UtcTimestamp

Converter = tuple[int, Callable[[Any], Any]]


class Prepared:
    """A statement as text for the driver. Its parameters are given by position, in the order of `parameters`."""

    __slots__ = ("_constants", "_converters", "sql")

    def __init__(self, statement: ClauseElement, dialect: Dialect, parameters: Sequence[str]) -> None:
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)  # of a statement, not of DDL
        order = list(compiled.positiontup or [])
        if order[: len(parameters)] != list(parameters):
            raise AssertionError(f"the driver takes {order}, the caller gives {list(parameters)}")
        self.sql = str(compiled)
        # What SQLAlchemy adds by itself comes last (an OFFSET of 0).
        self._constants = [compiled.params[name] for name in order[len(parameters) :]]
        types = {name: bind.type for bind, name in compiled.bind_names.items()}
        self._converters = _converters([_binder(types[name], dialect) for name in order])

    def bind(self, parameters: list[Any]) -> list[Any]:
        """`parameters` as the driver takes them; converts the list in place."""
        for index, convert in self._converters:
            parameters[index] = convert(parameters[index])
        if self._constants:
            parameters.extend(self._constants)
        return parameters


class RowReader:
    """Turns what the driver gives for all columns of `table` into Python values."""

    __slots__ = ("_converters",)

    def __init__(self, table: Table, dialect: Dialect) -> None:
        self._converters = _converters([_reader(column.type, dialect) for column in table.columns])

    def read(self, row: Sequence[Any]) -> Sequence[Any]:
        """The row's Python values."""
        if not self._converters:
            return row
        values = list(row)
        for index, convert in self._converters:
            values[index] = convert(values[index])
        return values


def _binder(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    return kind.to_driver(dialect) if isinstance(kind, UtcTimestamp) else None


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    return kind.from_driver(dialect) if isinstance(kind, UtcTimestamp) else None


def _converters(processors: Sequence[Callable[[Any], Any] | None]) -> tuple[Converter, ...]:
    return tuple((index, processor) for index, processor in enumerate(processors) if processor is not None)
