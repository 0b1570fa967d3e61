"""The statements of a component's queries, compiled once for each shape and kept while they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Dialect, Select, func, select

from toolcrib.server.history import Asked
from toolcrib.server.query.joins import Scope
from toolcrib.server.query.keyset import behind, order_clauses
from toolcrib.server.query.order import SortKey
from toolcrib.server.query.shape import Shape
from toolcrib.server.query.where import Binds, value_count, where
from toolcrib.server.statements import Prepared

# An application asks in some dozens of ways; whoever makes up new ones only pushes out those least used.
_KEPT_MAX = 256


class PageShape(NamedTuple):
    """All that a statement for a page depends on.

    `unset` says which values of its position are NULL, if it has one; `is_past`, that a revision is asked for.
    """

    filter: Shape
    order: tuple[SortKey, ...]
    unset: tuple[bool, ...] | None
    show_deleted: bool
    is_past: bool


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
        self._dialect = dialect
        self.page = lru_cache(_KEPT_MAX)(self._page)
        self.count = lru_cache(_KEPT_MAX)(self._count)

    def _page(self, shape: PageShape) -> Plan:
        """Values: those of the filter, then of the position, the most records to answer, and the revision if past."""
        binds, position = Binds(), value_count(shape.filter)
        limit_slot = position + len(shape.unset or ())
        asked = _asked(binds, limit_slot + 1) if shape.is_past else None
        scope = self._scope.at(asked)
        chosen = where(scope, shape.filter, binds, self._dialect, show_deleted=shape.show_deleted, asked=asked)
        statement = select(*scope.columns).where(chosen, *scope.shown(show_deleted=shape.show_deleted))
        if shape.unset is not None:
            statement = statement.where(behind(scope.table, shape.order, shape.unset, binds, position))
        statement = statement.order_by(*order_clauses(scope.table, shape.order))
        return self._plan(statement.limit(binds.give(limit_slot, BigInteger())), binds)

    def _count(self, shape: Shape, show_deleted: bool, is_past: bool) -> Plan:
        """Values: those of the filter, and the revision if past."""
        binds = Binds()
        asked = _asked(binds, value_count(shape)) if is_past else None
        scope = self._scope.at(asked)
        chosen = where(scope, shape, binds, self._dialect, show_deleted=show_deleted, asked=asked)
        counted = select(func.count()).select_from(scope.table)
        return self._plan(counted.where(chosen, *scope.shown(show_deleted=show_deleted)), binds)

    def _plan(self, statement: Select[Any], binds: Binds) -> Plan:
        prepared = Prepared(statement, self._dialect)
        return Plan(prepared, tuple(binds.slots[name] for name in prepared.parameters))


def _asked(binds: Binds, slot: int) -> Asked:
    return partial(binds.give, slot, BigInteger())
