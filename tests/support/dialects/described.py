"""A database that is described: it answers what a plan asks of it, has a few records in each table, and keeps no word.

Where there is no server to ask, this says what one would answer whose tables are those that were declared before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlglot
from sqlalchemy import Boolean, DateTime, Engine, Index, Integer, LargeBinary, Numeric, Table, UniqueConstraint
from sqlalchemy import create_engine as sqlalchemy_engine
from sqlalchemy.pool import StaticPool
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlglot import exp

from support.dialects.parsed import PARSED_AS
from toolcrib.server.columns import Document, ExactText
from toolcrib.server.databases.mssql_tables import filter_of, may_be_null

URLS = {"mssql": "mssql+toolcrib://plant", "cockroachdb": "cockroachdb+psycopg://plant"}
_RECORDS = 3
_REVISION = 7
_VALUES: Mapping[type, Any] = {
    Boolean: True,
    Integer: 1,
    Numeric: 1,
    LargeBinary: b"a",
    DateTime: datetime.fromisoformat("2026-11-21T00:00:00"),
}
_BEHIND = re.compile(r" > \(?%s")
_FROM = re.compile(r"FROM [\[\"]?(\w+)")


class Described:
    """The database: the tables that it has, and those that are declared. `told` is all that it was told."""

    def __init__(self, kind: str, stored: Sequence[Table], declared: Sequence[Table], *, is_empty: bool) -> None:
        self._kind, self._stored = kind, {table.name: table for table in stored}
        # Records are read under either form; the new one has what was added.
        self._forms = self._stored | {table.name: table for table in declared}
        self._records = 0 if is_empty else _RECORDS
        self.told: list[str] = []
        options: dict[str, Any] = {"deprecate_large_types": True} if kind == "mssql" else {}
        self.engine: Engine = sqlalchemy_engine(
            URLS[kind],
            creator=lambda: _Driver(self),
            poolclass=StaticPool,
            paramstyle="format",
            _initialize=False,
            **options,
        )
        self._describe()

    def _describe(self) -> None:
        """Puts what is known of the tables in the place of questions that only a server answers."""
        dialect: Any = self.engine.dialect
        dialect.server_version_info, dialect.default_schema_name = (25,), "dbo"
        dialect.get_table_names = lambda *_, **__: list(self._stored)
        dialect.has_table = lambda _, name, *__, **___: name in self._stored
        dialect.get_multi_columns = self._of_each(self._columns)
        dialect.get_columns = lambda _, name, *__, **___: self._columns(self._stored[name])
        dialect.get_pk_constraint = lambda _, name, *__, **___: self._key(self._stored[name])
        dialect.get_multi_pk_constraint = self._of_each(self._key)
        dialect.get_multi_unique_constraints = self._of_each(_uniques)
        dialect.get_multi_indexes = self._of_each(_indexes)
        for name in ("foreign_keys", "check_constraints"):
            setattr(dialect, f"get_multi_{name}", self._of_each(lambda _: []))
        dialect.get_multi_table_options = self._of_each(lambda _: {})
        dialect.get_multi_table_comment = self._of_each(lambda _: {"text": None})

    def _of_each(self, describe: Callable[[Table], Any]) -> Callable[..., Any]:
        def found(_connection: object, *, schema: Any = None, filter_names: Any = None, **_: Any) -> Any:
            names = self._stored if filter_names is None else [name for name in filter_names if name in self._stored]
            return {(schema, name): describe(self._stored[name]) for name in names}.items()

        return found

    def _columns(self, table: Table) -> list[dict[str, Any]]:
        dialect = self.engine.dialect
        types = {each.name: _plain(each.type.dialect_impl(dialect)) for each in table.columns}
        return [
            {"name": each.name, "type": types[each.name], "nullable": each.nullable, "default": None}
            for each in table.columns
        ]

    def _key(self, table: Table) -> dict[str, Any]:
        return {"constrained_columns": table.primary_key.columns.keys(), "name": f"PK__{table.name}"}

    def answer(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The names of what a statement selects, and the rows."""
        self.told.append(sql)
        if not sql.startswith("SELECT"):
            return [], []
        tree = sqlglot.parse_one(sql.replace("%s", "1"), read=PARSED_AS[self._kind])
        assert isinstance(tree, exp.Query)
        names = [each.alias_or_name for each in tree.selects]
        if "sys.indexes" in sql:
            return names, [row for table in self._stored.values() for row in self._stored_indexes(table)]
        if "count(*)" in sql.partition("FROM")[0]:
            return names, [(self._count(sql), 0)[: len(names)]]
        source = next(iter(_FROM.findall(sql)), "")
        if source == "toolcrib_sequence":
            return names, self._sequences(names[0])
        # One is all that is needed to show what is done with each; there is none behind it.
        is_any = source in self._forms and self._records and not _BEHIND.search(sql)
        return names, [tuple(_value(self._forms[source], name) for name in names)] if is_any else []

    def _sequences(self, name: str) -> list[tuple[Any, ...]]:
        """What is counted: revisions, or the keys of tenants."""
        if name != "name":
            return [(_REVISION,)]
        text = ExactText().to_driver(self.engine.dialect) or str
        return [(text(f"key:{table}{of}"),) for table in sorted(self._stored) for of in ("", ":north")]

    def _count(self, sql: str) -> int:
        """All records; of those that would stand against a change, such as values that do not fit, there are none."""
        _, _, condition = sql.partition("WHERE")
        if "HAVING" in sql or "delete_time" in condition or (condition and "NULL" not in condition):
            return 0
        return self._records if "IS NOT NULL" in condition or not condition else min(1, self._records)

    def _stored_indexes(self, table: Table) -> Iterator[tuple[Any, ...]]:
        """What the view sys.indexes has of a table of SQL Server, in its spelling."""
        items: list[Any] = [*table.indexes, *(one for one in table.constraints if isinstance(one, UniqueConstraint))]
        for item in sorted(items, key=lambda each: str(each.name)):
            is_unique = isinstance(item, UniqueConstraint)
            condition = filter_of(item)
            kwargs = {"include_table": False}
            where = condition is not None and f"({condition.compile(self.engine, compile_kwargs=kwargs)})"
            is_constraint = is_unique and not may_be_null(item)
            expressions = item.columns if is_unique else item.expressions
            for column, expression in zip(item.columns, expressions, strict=True):
                facts = (is_unique or item.unique, is_constraint, where or None)
                yield (table.name, item.name, *facts, column.name, " DESC" in str(expression))


class _Driver:
    """A driver's connection, and its cursor."""

    closed, autocommit, rowcount, arraysize = False, True, -1, 1

    def __init__(self, database: Described) -> None:
        self._database = database
        self._rows: list[tuple[Any, ...]] = []
        self.description: Any = None

    def cursor(self, *_: object, **__: object) -> _Driver:
        return _Driver(self._database)

    def __enter__(self) -> _Driver:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, sql: str, _parameters: object = ()) -> _Driver:
        names, self._rows = self._database.answer(sql)
        self.description = [(name, *[None] * 6) for name in names] or None
        return self

    def executemany(self, sql: str, rows: Sequence[object]) -> None:
        for row in rows:
            self.execute(sql, row)

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    def fetchmany(self, _size: int = 1) -> list[Any]:
        return self.fetchall()

    def close(self) -> None:
        pass

    rollback = commit = close


def _plain(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    """A type as a database is asked for it: SQLAlchemy's own."""
    return type_.impl_instance if isinstance(type_, TypeDecorator) else type_


def _uniques(table: Table) -> list[dict[str, Any]]:
    found = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    return [{"name": one.name, "column_names": one.columns.keys()} for one in found]


def _indexes(table: Table) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "column_names": one.columns.keys(),
            "unique": one.unique,
            "dialect_options": {"postgresql_where": "delete_time IS NULL"} if _is_live_only(one) else {},
            "column_sorting": {
                column.name: ("desc",)
                for column, expression in zip(one.columns, one.expressions, strict=True)
                if " DESC" in str(expression)
            },
        }
        for one in table.indexes
    ]


def _is_live_only(index: Index) -> bool:
    return index.dialect_options["postgresql"]["where"] is not None


def _value(table: Table, name: str) -> Any:
    """What a record has there."""
    if name not in table.c:
        return ""
    type_ = table.c[name].type
    if isinstance(type_, Document):
        return '{"y":1.5}'
    plain = type_.impl if isinstance(type_, TypeDecorator) else type_
    found = next((value for kind, value in _VALUES.items() if isinstance(plain, kind)), "a")
    return None if table.c[name].nullable else found
