"""What each kind of database is told, as text: it is what is recorded, and SQL of that database's own kind."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlalchemy import MetaData, Table
from sqlglot import exp
from sqlglot.errors import ErrorLevel

from support.dialects.shapes import every_shape
from support.dialects.told import (
    FOLDERS,
    RECORDED,
    TESTS,
    URLS,
    Told,
    audit_reads,
    everything,
    statements,
    store_of,
    system_statements,
    tables,
    watched,
)
from toolcrib.server.component_statements import ComponentStatements
from toolcrib.server.query.plans import PageShape
from toolcrib.server.query.shape import AnyOf
from toolcrib.server.store import Store
from toolcrib.server.tenants import TENANT

# Those that no server was to be had of, and what an independent parser calls them. CockroachDB's SQL is PostgreSQL's.
_PARSED_AS = {"cockroachdb": "postgres", "mssql": "tsql"}
_GOLDEN = sorted((TESTS / "golden").glob("*/expected/**/*_table.py"))
# A parser of many dialects lets pass what SQL Server does not.
_NOT_IN_TSQL = ("LIMIT", "NULLS", "RETURNING", "BOOLEAN", "TRUE", "FALSE", "SAVEPOINT", "TEXT", "BLOB", "SERIAL")


_QUOTED_FUNCTION = re.compile(r"\]\(")


@pytest.mark.parametrize("kind", URLS)
def test_a_database_is_told_what_is_recorded(kind: str) -> None:
    assert everything(kind) == (RECORDED / f"{kind}.sql").read_text("utf-8")


@pytest.mark.parametrize("kind", _PARSED_AS)
def test_tables_of_every_golden_case_are_sql_of_their_database(kind: str) -> None:
    dialect = store_of(kind).dialect
    for path in _GOLDEN:
        table = golden_table(path)
        keys = [column.name for column in table.primary_key.columns if column.name != TENANT]
        keeps_versions = "toolcrib_start_revision" in table.c
        found = ComponentStatements(
            table.name,
            table,
            keys,
            soft_delete="delete_time" in table.c,
            keeps_versions=keeps_versions,
            dialect=dialect,
        )
        told = list(tables(dialect, [table, *([found.versions.table] if found.versions else [])]))
        told += [Told("page", page.sql) for page in found.list.values()]
        told += [Told("insert", found.insert.sql), Told("update", found.update.statement.sql)]
        for each in told:
            require_valid(kind, each.sql)


@pytest.mark.parametrize("kind", _PARSED_AS)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_statement_is_sql_of_its_database(kind: str, folder: Path) -> None:
    for each in every_statement(store_of(kind, folder)):
        require_valid(kind, each.sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT [id] FROM [recipe] WRECORDED 1 = 1 = 1",
        "SELECT [id] FROM [recipe] WRECORDED coalesce([id] = 1, 0) = 1",
        "SELECT [id] FROM [recipe] ORDER BY [id] NULLS LAST",
        "SELECT [id] FROM [recipe] LIMIT 5",
        "SELECT [id] FROM [recipe] WRECORDED ([id], [name]) > (%s, %s)",
        "SELECT [count](*) FROM [recipe]",
    ],
)
def test_what_sql_server_does_not_know_is_noticed(sql: str) -> None:
    with pytest.raises((AssertionError, sqlglot.ParseError)):
        require_valid("mssql", sql)


def every_statement(store: Store) -> Iterator[Told]:
    """All that components of a folder, and Toolcrib's own tables, may need."""
    yield from tables(store.dialect, store.database.system.all())
    yield from system_statements(store)
    yield from audit_reads(store)
    seen: set[tuple[object, ...]] = set()
    for component in store.components():
        stored = store[component.name]
        shapes = tuple(every_shape(stored.fields.values(), seen))
        yield from tables(store.dialect, stored.tables())
        yield from statements(stored, store.links.get(component.name))
        yield from watched(store, stored)
        for shape in shapes:
            yield Told(str(shape), stored.statements.plans.count(shape, False, False).statement.sql)
        if stored.statements.versions is not None:
            past = PageShape(AnyOf(()), stored.statements.key_order, None, show_deleted=False, is_past=True)
            yield Told("past", stored.statements.plans.page(past).statement.sql)


def golden_table(path: Path) -> Table:
    """The table of a golden case, whose modules share their names with those of others."""
    spec = importlib.util.spec_from_file_location(f"golden_{abs(hash(path))}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    declare = next(value for name, value in vars(module).items() if name.endswith("_table"))
    table: Table = declare(MetaData())
    return table


def require_valid(kind: str, sql: str) -> None:
    """Raises where it is no SQL of that database, as far as can be told without one."""
    # It knows NONCLUSTERED with indexes only.
    marked = sql.replace("%s", "@p").replace(" NONCLUSTERED", "") if kind == "mssql" else sql.replace("%s", "$1")
    parsed = sqlglot.parse(marked, read=_PARSED_AS[kind], error_level=ErrorLevel.RAISE)
    assert parsed
    for tree in parsed:
        assert tree is not None
        # What it does not understand it takes for a command of its own.
        assert not list(tree.find_all(exp.Command)), sql
        if kind == "mssql":
            _require_tsql(sql, tree)


def _require_tsql(sql: str, tree: exp.Expr) -> None:
    words = {
        token.text.upper() for token in sqlglot.tokenize(sql.replace("%s", "@p"), read="tsql") if not _is_name(token)
    }
    assert not words & {*_NOT_IN_TSQL, "||", "::"}, sql
    assert not _QUOTED_FUNCTION.search(sql), sql
    for node in tree.find_all(exp.Binary, exp.Coalesce):
        if isinstance(node, exp.Connector):
            continue
        for part in (*node.iter_expressions(),):
            assert not isinstance(part.unnest(), exp.Predicate | exp.Connector | exp.Not | exp.Tuple), sql
    for function in tree.find_all(exp.Anonymous):
        assert function.name.lower() in {"openjson", "json_query", "nchar", "try_cast"}, sql


def _is_name(token: Any) -> bool:
    return token.token_type in {sqlglot.TokenType.IDENTIFIER, sqlglot.TokenType.STRING}
