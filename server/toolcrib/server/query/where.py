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
    Dialect,
    FromClause,
    and_,
    bindparam,
    false,
    literal_column,
    or_,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeEngine

from toolcrib.server.columns import ExactDouble, ExactText
from toolcrib.server.history import Asked
from toolcrib.server.query.joins import Condition, Scope
from toolcrib.server.query.json_paths import holds, type_within
from toolcrib.server.query.shape import AllOf, AnyOf, Leaf, Related, Shape, Test, Way
from toolcrib.server.query.spelling import contains, ends_with, infinity, known, least_zero

# Of a value, with the parameters that it is compared with.
_Condition: TypeAlias = Callable[[ColumnElement[Any], Sequence[BindParameter[Any]]], Condition]

# The etag is the revision, spelled as text for callers.
_COLUMNS = {"etag": "toolcrib_revision"}
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


def where(
    scope: Scope, shape: Shape, binds: Binds, dialect: Dialect, *, show_deleted: bool, asked: Asked | None = None
) -> Condition:
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
                return (_leaf_in_json if part.steps else _leaf)(part, column, given, dialect)

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
    tested = type_within(leaf.kind) if leaf.steps else column.type
    return [*[ExactText()] * keys, *[tested] * (leaf.values - keys)]


def _leaf(leaf: Leaf, column: Column[Any], given: Sequence[BindParameter[Any]], dialect: Dialect) -> Condition:
    is_number = dialect.name == "mysql" and isinstance(column.type, ExactDouble)
    condition = (_OF_NUMBERS_ON_MYSQL if is_number else _CONDITIONS)[leaf.test](column, given)
    if not leaf.negated:
        return condition
    return or_(column.is_(None), ~condition) if column.nullable and leaf.test is not Test.NULL else ~condition


def _no_nan(column: ColumnElement[Any]) -> list[Condition]:
    """NaN, which is not greater than anything, sorts behind all numbers."""
    return [column <= infinity()] if isinstance(column.type, ExactDouble) else []


def _leaf_in_json(leaf: Leaf, column: Column[Any], given: Sequence[BindParameter[Any]], dialect: Dialect) -> Condition:
    keys = leaf.steps.count(Way.ENTRY)
    negated, test, kind, values = leaf.negated, _CONDITIONS[leaf.test], leaf.kind, given[keys:]
    if leaf.test is Test.NULL:
        # Nothing that is there: the opposite of something that is.
        negated, test, kind = not negated, _is_set, None
    condition = holds(column, leaf.steps, iter(given[:keys]), kind, lambda value: test(value, values), dialect)
    return ~known(condition) if negated else condition


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
    Test.SUFFIX: lambda column, given: ends_with(column, given[0]),
    Test.CONTAINS: lambda column, given: contains(column, given[0]),
}


def _same_number(column: ColumnElement[Any], given: BindParameter[Any]) -> Condition:
    return column.between(least_zero(given), given)


# Where -0.0 is another number than 0.0 (exact_number.py), which it is equal to.
_OF_NUMBERS_ON_MYSQL: Mapping[Test, _Condition] = {
    **_CONDITIONS,
    Test.EQUAL: lambda column, given: _same_number(column, given[0]),
    Test.LESS: lambda column, given: column < least_zero(given[0]),
    Test.GREATER_OR_EQUAL: lambda column, given: and_(column >= least_zero(given[0]), *_no_nan(column)),
    Test.IN: lambda column, given: or_(false(), *(_same_number(column, each) for each in given)),
}
