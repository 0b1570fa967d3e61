"""The statements of a component's queries, compiled once for each shape and kept while they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Integer, Select, func, select

from toolcrib.server.query.joins import Scope
from toolcrib.server.query.keyset import behind, order_clauses
from toolcrib.server.query.order import SortKey
from toolcrib.server.query.shape import Shape
from toolcrib.server.query.where import Binds, value_count, where
from toolcrib.server.statements import Prepared

# An application asks in some dozens of ways; whoever makes up new ones only pushes out those least used.
_KEPT_MAX = 256


class PageShape(NamedTuple):
    """All that a statement for a page depends on. `unset` says which values of its position are NULL, if it has one."""

    filter: Shape
    order: tuple[SortKey, ...]
    unset: tuple[bool, ...] | None
    show_deleted: bool


class Plan(NamedTuple):
    """A statement, and which of the caller's values each of its parameters takes."""

    statement: Prepared
    slots: tuple[int, ...]

    def parameters(self, values: Sequence[Any]) -> list[Any]:
        """The parameters for these values."""
        return [values[slot] for slot in self.slots]


class Plans:
    """The plans of one table. It may be used from several threads."""

    def __init__(self, scope: Scope, dialect: Dialect) -> None:
        self._scope = scope
        self._table = scope.table
        self._dialect = dialect
        self.page = lru_cache(_KEPT_MAX)(self._page)
        self.count = lru_cache(_KEPT_MAX)(self._count)

    def _page(self, shape: PageShape) -> Plan:
        """Values: those of the filter, then of the position, then the most records to answer."""
        binds, position = Binds(), value_count(shape.filter)
        statement = self._selected(select(*self._table.columns), shape.filter, binds, show_deleted=shape.show_deleted)
        if shape.unset is not None:
            statement = statement.where(behind(self._table, shape.order, shape.unset, binds, position))
        limit = binds.give(position + len(shape.unset or ()), Integer())
        return self._plan(statement.order_by(*order_clauses(self._table, shape.order)).limit(limit), binds)

    def _count(self, shape: Shape, show_deleted: bool) -> Plan:
        """Values: those of the filter."""
        binds = Binds()
        counted = select(func.count()).select_from(self._table)
        return self._plan(self._selected(counted, shape, binds, show_deleted=show_deleted), binds)

    def _selected(self, statement: Select[Any], shape: Shape, binds: Binds, *, show_deleted: bool) -> Select[Any]:
        chosen = where(self._scope, shape, binds, show_deleted=show_deleted)
        return statement.where(chosen, *self._scope.shown(show_deleted=show_deleted))

    def _plan(self, statement: Select[Any], binds: Binds) -> Plan:
        return Plan(Prepared(statement, self._dialect, binds.names), tuple(binds.slots))
