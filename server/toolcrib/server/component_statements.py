"""The prepared statements of one component's table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, Column, Dialect, Integer, Table, bindparam, delete, func, select, tuple_, update
from sqlalchemy.sql.elements import ColumnElement

from toolcrib.server.query.joins import Scope
from toolcrib.server.query.order import SortKey
from toolcrib.server.query.plans import Plans
from toolcrib.server.statements import Prepared, RowReader
from toolcrib.server.system_statements import insert_into

DELETE_TIME = "delete_time"
REVISION = "toolcrib_revision"


class ComponentStatements:
    """Every statement that the methods of a component run, compiled once.

    `value_positions` and `key_positions` are places in a whole row, for the parameters of `update`; `columns` are those
    of all columns by their names. `plans` has the statements of filters and orders, `key_order` the order without one;
    `scope` is the table as filters of other components go through it.
    """

    def __init__(self, table: Table, key_fields: Sequence[str], *, soft_delete: bool, dialect: Dialect) -> None:
        keys = [table.c[name] for name in key_fields]
        others = [column for column in table.columns if column.name not in key_fields]
        names = [column.name for column in table.columns]
        self.key_positions = tuple(names.index(name) for name in key_fields)
        self.value_positions = tuple(index for index, name in enumerate(names) if name not in key_fields)
        self.reader = RowReader(table.columns, dialect)
        self.columns = {name: index for index, name in enumerate(names)}
        self.key_order = tuple(SortKey(name) for name in key_fields)

        given = [_given(column) for column in keys]
        given_names = [parameter.key for parameter in given]
        this: list[ColumnElement[bool]] = [column == parameter for column, parameter in zip(keys, given, strict=True)]
        self.insert = insert_into(table, dialect)
        self.update = Prepared(
            update(table).values({c.name: bindparam(c.name, type_=c.type) for c in others}).where(*this),
            dialect,
            [*(column.name for column in others), *given_names],
        )
        self.delete = Prepared(delete(table).where(*this), dialect, given_names)
        self.get = Prepared(select(*table.columns).where(*this), dialect, given_names)

        live: list[ColumnElement[bool]] = [table.c[DELETE_TIME].is_(None)] if soft_delete else []
        after: ColumnElement[bool] = tuple_(*keys) > tuple_(*given) if len(keys) > 1 else keys[0] > given[0]
        limit: BindParameter[int] = bindparam("given_limit", type_=Integer)
        # (deleted ones too, after a key) -> statement
        self.list: dict[tuple[bool, bool], Prepared] = {}
        for show_deleted in (False, True):
            for continued in (False, True):
                where = ([] if show_deleted else live) + ([after] if continued else [])
                self.list[show_deleted, continued] = Prepared(
                    select(*table.columns).where(*where).order_by(*keys).limit(limit),
                    dialect,
                    [*(given_names if continued else []), limit.key],
                )
        self.scope = Scope(table, table.c[DELETE_TIME].is_not(None) if soft_delete else None)
        self.plans = Plans(self.scope, dialect)
        # Counts no further than the limit it is asked about.
        some_live = select(keys[0]).where(*live).limit(limit).subquery()
        self.count_live = Prepared(select(func.count()).select_from(some_live), dialect, [limit.key])


def _given(column: Column[Any]) -> BindParameter[Any]:
    return bindparam(f"given_{column.name}", type_=column.type)
