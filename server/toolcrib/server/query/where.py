"""The one place that turns a checked filter into SQL. Values are bound, never written into it.

Every leaf is true or false in SQL as well: one that is negated says what becomes of NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from sqlalchemy import (
    BindParameter,
    Boolean,
    Column,
    Double,
    FromClause,
    Integer,
    LargeBinary,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import NULLTYPE, TypeEngine

from toolcrib.server.columns import ExactDouble
from toolcrib.server.history import Asked
from toolcrib.server.query.joins import Condition, Scope
from toolcrib.server.query.json_paths import holds
from toolcrib.server.query.shape import AllOf, AnyOf, Leaf, Related, Shape, Test, Way

# Of a value, with the parameters that it is compared with.
_Condition: TypeAlias = Callable[[ColumnElement[Any], Sequence[BindParameter[Any]]], Condition]

# The etag is the revision, spelled as text for callers.
_COLUMNS = {"etag": "toolcrib_revision"}
_ZERO = literal_column("0", Integer)
# Too large for any number, and so read as infinity.
_INFINITY: ColumnElement[float] = literal_column("9e999", Double)
# Written into the statement: its parameters are the caller's values.
_TEXTS_OF_NUMBERS = (
    (literal_column("'NaN'", Text), null()),
    (literal_column("'Infinity'", Text), _INFINITY),
    (literal_column("'-Infinity'", Text), -_INFINITY),
)
_ALWAYS, _NEVER = literal_column("1 = 1", Boolean), literal_column("1 = 0", Boolean)


class Binds:
    """Hands out the parameters of a statement; `slots` says which of the caller's values each of them takes."""

    def __init__(self) -> None:
        self.slots: dict[str, int] = {}

    def give(self, slot: int, type_: TypeEngine[Any]) -> BindParameter[Any]:
        """A parameter that takes the caller's value number `slot`."""
        name = f"given_{len(self.slots) + 1}"
        self.slots[name] = slot
        return bindparam(name, type_=type_)


def column_of(table: FromClause, name: str) -> Column[Any]:
    """The column that holds a field; the rows of some revision have the columns of their table."""
    column: Any = table.c[_COLUMNS.get(name, name)]
    assert isinstance(column, Column)
    return column


def value_count(shape: Shape) -> int:
    """How many values the leaves have."""
    match shape:
        case Leaf():
            return shape.values
        case Related():
            return value_count(shape.part)
        case AllOf(parts) | AnyOf(parts):
            return sum(map(value_count, parts))


def where(scope: Scope, shape: Shape, binds: Binds, *, show_deleted: bool, asked: Asked | None = None) -> Condition:
    """The condition; its leaves take the caller's values from number 0 on, from left to right.

    Related records count only if they are not deleted, unless `show_deleted`, and as they were at the revision that is
    `asked` for, if one is.
    """
    slots = iter(range(value_count(shape)))

    def condition(scope: Scope, part: Shape) -> Condition:
        match part:
            case AllOf(parts):
                return and_(*(condition(scope, each) for each in parts)) if parts else _ALWAYS
            case AnyOf(parts):
                return or_(*(condition(scope, each) for each in parts)) if parts else _NEVER
            case Related():
                return related(scope, part.way, part)
            case Leaf():
                column = column_of(scope.table, part.column)
                types = _types(part, column)
                given = [binds.give(next(slots), type_) for type_ in types]
                return _leaf_in_json(part, column, given) if part.steps else _leaf(part, column, given)

    def related(scope: Scope, way: Sequence[str], part: Related) -> Condition:
        join, column = scope.joins[way[0]].at(asked), scope.table.c[scope.joins[way[0]].column]
        target = join.target
        inner = related(target, way[1:], replace(part, negated=False)) if way[1:] else condition(target, part.part)
        found = join.holds(scope.table, inner, show_deleted=show_deleted)
        if not part.negated:
            return found
        return or_(column.is_(None), ~found) if column.nullable else ~found

    return condition(scope, shape)


def _types(leaf: Leaf, column: Column[Any]) -> Sequence[TypeEngine[Any]]:
    keys = leaf.steps.count(Way.ENTRY)
    # Values within JSON are given as they are there.
    tested = _TYPES.get(leaf.test) or [NULLTYPE if leaf.steps else column.type] * (leaf.values - keys)
    return [*[Text()] * keys, *tested]


def _leaf(leaf: Leaf, column: Column[Any], given: Sequence[BindParameter[Any]]) -> Condition:
    condition = _CONDITIONS[leaf.test](column, given)
    if not leaf.negated:
        return condition
    return or_(column.is_(None), ~condition) if column.nullable and leaf.test is not Test.NULL else ~condition


def _no_nan(column: ColumnElement[Any]) -> list[Condition]:
    """NaN, which is not greater than anything, sorts behind all numbers."""
    return [column <= _INFINITY] if isinstance(column.type, ExactDouble) else []


def _leaf_in_json(leaf: Leaf, column: Column[Any], given: Sequence[BindParameter[Any]]) -> Condition:
    keys = leaf.steps.count(Way.ENTRY)
    negated, test, values = leaf.negated, _CONDITIONS[leaf.test], given[keys:]
    if leaf.test is Test.NULL:
        # Nothing that is there: the opposite of something that is.
        negated, test = not negated, _is_set
    elif leaf.is_number:
        test = _on_numbers(test)
    condition = holds(column, leaf.steps, iter(given[:keys]), lambda value: test(value, values))
    return ~func.coalesce(condition, literal_column("0", Boolean)) if negated else condition


def _on_numbers(test: _Condition) -> _Condition:
    """The test with the numbers that JSON has as text (documents.py) put back."""

    def on_number(value: ColumnElement[Any], given: Sequence[BindParameter[Any]]) -> Condition:
        number = case(*((value == text, number) for text, number in _TEXTS_OF_NUMBERS), else_=value)
        return test(number, given)

    return on_number


def _is_set(value: ColumnElement[Any], _: Sequence[BindParameter[Any]]) -> Condition:
    return value.is_not(None)


_CONDITIONS: Mapping[Test, _Condition] = {
    Test.EQUAL: lambda column, given: column == given[0],
    Test.LESS: lambda column, given: column < given[0],
    Test.LESS_OR_EQUAL: lambda column, given: column <= given[0],
    Test.GREATER: lambda column, given: and_(column > given[0], *_no_nan(column)),
    Test.GREATER_OR_EQUAL: lambda column, given: and_(column >= given[0], *_no_nan(column)),
    Test.IN: lambda column, given: column.in_(given),
    Test.NULL: lambda column, _: column.is_(None),
    Test.RANGE: lambda column, given: and_(column >= given[0], column < given[1]),
    # By bytes: SQLite's functions of characters end at the first NUL. What it gives for empty ones is NULL.
    Test.SUFFIX: lambda column, given: func.substr(cast(column, LargeBinary), given[0]).is_not_distinct_from(given[1]),
    Test.CONTAINS: lambda column, given: func.instr(column, given[0]) > _ZERO,
}
# Where they are not the column's.
_TYPES: Mapping[Test, Sequence[TypeEngine[Any]]] = {Test.SUFFIX: (Integer(), LargeBinary())}
