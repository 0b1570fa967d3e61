"""From the records of one component to those that a relation of it leads to, as the database finds them.

A filter asks of a record whether its key, or what it refers to, is among those of related records that are as asked. So
each table stands in a SELECT of its own, which the database may begin with whichever end has the fewer records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, FromClause, Select, select

from toolcrib.server.errors import InvalidRequest
from toolcrib.server.history import Asked, Versions
from toolcrib.server.tenants import TENANT, of_tenant

Condition: TypeAlias = ColumnElement[bool]


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """The records of a component: their table, or their rows at some revision.

    `delete_time` is the column that says which of them are deleted, if the component keeps such. `joins` has its
    relations by their names; it is filled once all components are there.
    """

    component: str
    table: FromClause
    delete_time: str | None = None
    versions: Versions | None = None
    joins: dict[str, Join] = field(default_factory=dict)

    def shown(self, *, show_deleted: bool) -> list[Condition]:
        """What holds of the records that are shown: they are the tenant's, and not deleted."""
        return [*of_tenant(self.table), *([] if show_deleted else self.live())]

    def live(self) -> list[Condition]:
        """What holds of the records that are not deleted, whose ever they are."""
        return [] if self.delete_time is None else [self.table.c[self.delete_time].is_(None)]

    @property
    def columns(self) -> list[ColumnElement[Any]]:
        """The columns of a row: all but whose it is."""
        return [column for column in self.table.c if column.name != TENANT]

    def at(self, asked: Asked | None) -> Scope:
        """The records as they were at the revision that is asked for, if one is.

        Raises InvalidRequest where the component keeps no versions.
        """
        if asked is None:
            return self
        if self.versions is None:
            text = f"{self.component} keeps no versions, so nobody knows its records of then; leave it out"
            raise InvalidRequest.field("INVALID_AS_OF", "as_of_revision", text)
        return replace(self, table=self.versions.at(asked))


@dataclass(frozen=True, slots=True, eq=False)
class Junction:
    """The link component that a relation leads through: `near` refers to the one side, `far` to the other."""

    scope: Scope
    near: str
    far: str


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """A relation: `column` of its own records equals `other` of `target`, or they share a record of `link`."""

    column: str
    target: Scope
    other: str
    link: Junction | None = None

    def at(self, asked: Asked | None) -> Join:
        """The relation as it was at the revision that is asked for, if one is."""
        link = self.link and replace(self.link, scope=self.link.scope.at(asked))
        return replace(self, target=self.target.at(asked), link=link)

    def scopes(self) -> list[Scope]:
        """The components that it leads through."""
        return [self.target] if self.link is None else [self.link.scope, self.target]

    def holds(self, source: FromClause, condition: Condition, *, show_deleted: bool) -> Condition:
        """True of records of `source` that are related to one which `condition` holds of; NULL where `column` is."""
        found = _values(self.target.table, self.other, [condition, *self.target.shown(show_deleted=show_deleted)])
        if self.link is not None:
            links = self.link.scope
            among = links.table.c[self.link.far].in_(found)
            found = _values(links.table, self.link.near, [among, *links.shown(show_deleted=show_deleted)])
        return source.c[self.column].in_(found)


def _values(table: FromClause, name: str, conditions: Sequence[Condition]) -> Select[Any]:
    column = table.c[name]
    # NULL among the values would make "not among them" NULL.
    is_set = [column.is_not(None)] if column.nullable else []
    return select(column).where(*conditions, *is_set).correlate(None)
