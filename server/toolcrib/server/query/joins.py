"""From the records of one component to those that a relation of it leads to, as the database finds them.

A filter asks of a record whether its key, or what it refers to, is among those of related records that are as asked. So
each table stands in a SELECT of its own, which the database may begin with whichever end has the fewer records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy import Column, ColumnElement, Select, Table, select

Condition: TypeAlias = ColumnElement[bool]


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """A component's table, what holds of its deleted records, if it keeps such, and the way from it to others.

    `joins` has its relations by their names; it is filled once all components are there.
    """

    table: Table
    deleted: Condition | None
    joins: dict[str, Join] = field(default_factory=dict)

    def shown(self, *, show_deleted: bool) -> list[Condition]:
        """What holds of the records that are shown."""
        return [] if show_deleted or self.deleted is None else [~self.deleted]


@dataclass(frozen=True, slots=True, eq=False)
class Junction:
    """The link component that a relation leads through: `near` refers to the one side, `far` to the other."""

    scope: Scope
    near: Column[Any]
    far: Column[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """A relation: `column` of its own records equals `other` of `target`, or they share a record of `link`."""

    column: Column[Any]
    target: Scope
    other: Column[Any]
    link: Junction | None = None

    def holds(self, condition: Condition, *, show_deleted: bool) -> Condition:
        """True of records that a record is related to which `condition` holds of; NULL where `column` is."""
        found = _values(self.other, [condition, *self.target.shown(show_deleted=show_deleted)])
        if self.link is not None:
            shown = self.link.scope.shown(show_deleted=show_deleted)
            found = _values(self.link.near, [self.link.far.in_(found), *shown])
        return self.column.in_(found)


def _values(column: Column[Any], conditions: Sequence[Condition]) -> Select[Any]:
    # NULL among the values would make "not among them" NULL.
    is_set = [column.is_not(None)] if column.nullable else []
    return select(column).where(*conditions, *is_set).correlate(None)
