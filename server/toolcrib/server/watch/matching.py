"""Whether a filter holds of a record as it was or will be, which no table has.

The database is asked, with the record's values in the place of its table: so a filter means to a watch what it means to
a list, however it compares texts, numbers that are none, or what is inside JSON.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, bindparam, literal_column, select

from toolcrib.server.component_statements import DELETE_TIME
from toolcrib.server.query.plans import Plan
from toolcrib.server.query.shape import EVERYTHING, Checked, Shape
from toolcrib.server.query.spelling import typed
from toolcrib.server.query.where import Binds, where
from toolcrib.server.session import Session
from toolcrib.server.statements import Prepared
from toolcrib.server.store import Store, Stored
from toolcrib.server.tenants import own_columns
from toolcrib.server.values import timestamp_to_datetime

_KEPT_MAX = 256


class Matching:
    """The filters of a store's components, compiled once for each shape. It may be used from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._plan = lru_cache(_KEPT_MAX)(self._compile)

    def holds(self, session: Session, component: str, checked: Checked, image: bytes) -> bool:
        """Whether the filter holds of the record in `image`."""
        if checked.shape == EVERYTHING:
            return True
        stored = self._store[component]
        plan = self._plan(component, checked.shape)
        parameters = [*_row(stored, stored.component.message.FromString(image)), *plan.parameters(checked.values)]
        return session.find(plan.statement, parameters) is not None

    def _compile(self, component: str, shape: Shape) -> Plan:
        table, scope = self._store[component].table, self._store[component].statements.scope
        columns = own_columns(table)
        given = [bindparam(f"of_record_{column.name}", type_=column.type) for column in columns]
        # Under the table's own name, which so means this one row.
        record = select(*(typed(value).label(column.name) for value, column in zip(given, columns, strict=True)))
        binds = Binds()
        condition = where(scope, shape, binds, self._store.dialect, show_deleted=True)
        found = select(literal_column("1", Integer)).select_from(table).where(condition)
        statement = found.add_cte(record.cte(table.name))
        # Whose record it is was asked before.
        prepared = Prepared(statement, self._store.dialect, of_all_tenants=True)
        # The record stands before what is asked of it.
        return Plan(prepared, tuple(binds.slots[name] for name in prepared.parameters[len(given) :]))


def _row(stored: Stored, message: Any) -> list[Any]:
    """The values of the record's whole row, as far as the record tells them."""
    standard = stored.component.standard_fields
    is_deleted = DELETE_TIME in standard and message.HasField(DELETE_TIME)
    return stored.row(
        message,
        revision=int(message.etag or 0) if "etag" in standard else 0,
        delete_time=timestamp_to_datetime(message.delete_time) if is_deleted else None,
    )
