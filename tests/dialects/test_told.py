"""What each kind of database is told, as text: it is what is recorded, and SQL of that database's own kind."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlalchemy import MetaData, Table

from support.dialects.parsed import PARSED_AS, require_valid
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

_GOLDEN = sorted((TESTS / "golden").glob("*/expected/**/*_table.py"))


@pytest.mark.parametrize("kind", URLS)
def test_a_database_is_told_what_is_recorded(kind: str) -> None:
    assert everything(kind) == (RECORDED / f"{kind}.sql").read_text("utf-8")


@pytest.mark.parametrize("kind", PARSED_AS)
def test_tables_of_every_golden_case_are_sql_of_their_database(kind: str) -> None:
    database = store_of(kind).database
    dialect = database.engine.dialect
    for path in _GOLDEN:
        table = golden_table(path)
        database.backend.fit(table)
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


@pytest.mark.parametrize("kind", PARSED_AS)
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
