"""The prepared statements of one component's table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, Column, Dialect, Integer, Table, bindparam, delete, func, select, tuple_, update
from sqlalchemy.sql.elements import ColumnElement

from toolcrib.server.history import END, START, Versions
from toolcrib.server.query.joins import Scope
from toolcrib.server.query.order import SortKey
from toolcrib.server.query.plans import Plans
from toolcrib.server.statements import Prepared, RowReader
from toolcrib.server.system_statements import insert_into
from toolcrib.server.tenants import of_tenant, own_columns

DELETE_TIME = "delete_time"


class ComponentStatements:
    """Every statement that the methods of a component run, compiled once.

    `columns` has the place of each column in a whole row by its name. `update_excluded` is there if a change may make
    no new version. `plans` has the statements of filters and orders, `key_order` the order without one;
    `scope` is the table as filters of other components go through it, `versions` are there if they are kept, and
    `update_former` for what ended at a revision if a change may make no new version.
    """

    def __init__(
        self,
        name: str,
        table: Table,
        key_fields: Sequence[str],
        *,
        soft_delete: bool,
        keeps_versions: bool,
        dialect: Dialect,
    ) -> None:
        keys = [table.c[name] for name in key_fields]
        columns = own_columns(table)
        others = [column for column in columns if column.name not in key_fields]
        names = [column.name for column in columns]
        self.reader = RowReader(columns, dialect)
        self.columns = {name: index for index, name in enumerate(names)}
        self.key_order = tuple(SortKey(name) for name in key_fields)

        given = [_given(column) for column in keys]
        given_names = [parameter.key for parameter in given]
        this: list[ColumnElement[bool]] = [column == parameter for column, parameter in zip(keys, given, strict=True)]
        tenant = of_tenant(table)
        self.insert = insert_into(table, dialect)
        self.update = PositionedUpdate(table, others, keys, dialect)
        # A version that goes on keeps its beginning.
        kept = [column for column in others if column.name != START]
        self.update_excluded = PositionedUpdate(table, kept, keys, dialect) if START in table.c else None
        self.delete = Prepared(delete(table).where(*tenant, *this), dialect, given_names)
        self.get = Prepared(select(*columns).where(*tenant, *this), dialect, given_names)

        live: list[ColumnElement[bool]] = [*tenant, *([table.c[DELETE_TIME].is_(None)] if soft_delete else [])]
        after: ColumnElement[bool] = tuple_(*keys) > tuple_(*given) if len(keys) > 1 else keys[0] > given[0]
        limit: BindParameter[int] = bindparam("given_limit", type_=Integer)
        # (deleted ones too, after a key) -> statement
        self.list: dict[tuple[bool, bool], Prepared] = {}
        for show_deleted in (False, True):
            for continued in (False, True):
                where = (tenant if show_deleted else live) + ([after] if continued else [])
                self.list[show_deleted, continued] = Prepared(
                    select(*columns).where(*where).order_by(*keys).limit(limit),
                    dialect,
                    [*(given_names if continued else []), limit.key],
                )
        self.versions = Versions(table, key_fields, dialect) if keeps_versions else None
        self.update_former = None
        if self.versions is not None and START in table.c:
            former = self.versions.table.c
            self.update_former = PositionedUpdate(
                self.versions.table,
                [former[column.name] for column in kept],
                [*(former[name] for name in key_fields), former[END]],
                dialect,
            )
        self.scope = Scope(name, table, DELETE_TIME if soft_delete else None, self.versions)
        self.plans = Plans(self.scope, dialect)
        # Counts no further than the limit it is asked about.
        some_live = select(keys[0]).where(*live).limit(limit).subquery()
        self.count_live = Prepared(select(func.count()).select_from(some_live), dialect, [limit.key])


class PositionedUpdate:
    """An UPDATE of one record; `positions` are the places in a whole row that its parameters come from."""

    def __init__(
        self, table: Table, columns: Sequence[Column[Any]], keys: Sequence[Column[Any]], dialect: Dialect
    ) -> None:
        names = [column.name for column in own_columns(table)]
        self.positions = tuple(names.index(column.name) for column in (*columns, *keys))
        self.is_new_version = START not in table.c or START in {column.name for column in columns}
        values = {column.name: bindparam(column.name, type_=column.type) for column in columns}
        this = [column == _given(column) for column in keys]
        names = [*values, *(_given(column).key for column in keys)]
        self.statement = Prepared(update(table).values(values).where(*of_tenant(table), *this), dialect, names)


def _given(column: Column[Any]) -> BindParameter[Any]:
    return bindparam(f"given_{column.name}", type_=column.type)
