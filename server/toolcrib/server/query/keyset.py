"""Where a page goes on: the condition that a record comes behind the last one of the page before.

It names values, not a number of records: what others write between two pages neither hides nor repeats one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, Table, UniqueConstraint, and_, or_

from toolcrib.server.query.joins import Condition
from toolcrib.server.query.order import SortKey
from toolcrib.server.query.spelling import unset_first, unset_last
from toolcrib.server.query.where import Binds, column_of


def order_clauses(table: FromClause, order: Sequence[SortKey]) -> list[ColumnElement[object]]:
    """The ORDER BY: what is unset comes last, and first where the order is descending."""
    clauses: list[ColumnElement[object]] = []
    for key in order:
        column = column_of(table, key.name)
        if column.nullable:
            clauses.append(unset_first(column) if key.descending else unset_last(column))
        else:
            clauses.append(column.desc() if key.descending else column.asc())
            if _decides(table, column):
                # What follows says nothing, and would keep MariaDB from reading the order from the index.
                break
    return clauses


def _decides(table: FromClause, column: Column[Any]) -> bool:
    """Whether no two rows have the same value there."""
    if not isinstance(table, Table):
        return False
    uniques = (each for each in table.constraints if isinstance(each, UniqueConstraint))
    return any(list(each.columns) == [column] for each in uniques)


def behind(table: FromClause, order: Sequence[SortKey], unset: Sequence[bool], binds: Binds, slot: int) -> Condition:
    """The condition to come behind the record whose values in `order` are the caller's from number `slot` on.

    `unset` says which of these are NULL. The last of an order is of the key, and never is.
    """
    key, column = order[0], column_of(table, order[0].name)
    if len(order) == 1:
        return _beyond(table, key, binds, slot)
    if unset[0]:
        # Ascending, nothing comes behind what is unset; descending, all that is set does.
        same = and_(column.is_(None), behind(table, order[1:], unset[1:], binds, slot + 1))
        return or_(column.is_not(None), same) if key.descending else same
    if column.nullable and not key.descending:
        first = or_(_beyond(table, key, binds, slot), column.is_(None))
        bound = None
    else:
        # Says nothing new, but lets an index begin where the page does.
        bound = column <= binds.give(slot, column.type) if key.descending else column >= binds.give(slot, column.type)
        first = _beyond(table, key, binds, slot)
    same = and_(column == binds.give(slot, column.type), behind(table, order[1:], unset[1:], binds, slot + 1))
    return or_(first, same) if bound is None else and_(bound, or_(first, same))


def _beyond(table: FromClause, key: SortKey, binds: Binds, slot: int) -> Condition:
    column = column_of(table, key.name)
    value = binds.give(slot, column.type)
    return column < value if key.descending else column > value
