"""From a plan to the migration script that does the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Dialect, inspect

from toolcrib.codegen.layout import Node
from toolcrib.server.component_statements import DELETE_TIME
from toolcrib.server.errors import StartError
from toolcrib.server.schema.backfill import find_backfills, find_unset
from toolcrib.server.schema.evolve import Schema
from toolcrib.server.schema.indexes import stored_indexes
from toolcrib.server.schema.planner import Change, Evolution
from toolcrib.server.schema.script import operations, values
from toolcrib.server.schema.script.chain import newest_revision, require_applied
from toolcrib.server.schema.script.forms import ColumnForm, TableForm, declared_form, stored_form
from toolcrib.server.schema.script.system import create_system, drop_system
from toolcrib.server.schema.script.text import Script, script
from toolcrib.server.schema.sqlite import others
from toolcrib.server.schema.steps import Plan
from toolcrib.server.schema.tables import Altered
from toolcrib.server.schema.text import plan_text
from toolcrib.server.system_tables import KEY_SEQUENCE, SystemTables


def export(
    connection: Connection,
    dialect: Dialect,
    schema: Schema,
    system: SystemTables,
    database: str,
    folder: Path,
    allowed: Collection[str],
) -> tuple[Plan, Script | None]:
    """The plan for a database, and the script for it behind those in `folder`; None where there is nothing to do.

    The script is for `dialect`, which is that of the database where there is anything in it.

    Raises PlanRefused where a step is not taken, and StartError for what no script can do.
    """
    found = schema.plan(connection, system, database)
    has_system = inspect(connection).has_table(system.meta.name)
    newest = newest_revision(folder)
    if has_system:
        require_applied(connection, newest, folder)
    found.plan.require(allowed)
    if has_system and not found.plan.steps:
        return found.plan, None
    _require_structural(connection, found)
    upgrade: list[Node] = [] if has_system else list(create_system(system, dialect))
    downgrade: list[Node] = []
    for change in found.changes:
        if change.match.is_new:
            form = declared_form(change.match.table, dialect)
            upgrade += [operations.create_table(form), *operations.create_indexes(form)]
            downgrade.insert(0, operations.drop_table(form.name))
        else:
            forth, back = _both_ways(connection, change, found, system)
            upgrade += forth
            downgrade = [*back, *downgrade]
    downgrade += [] if has_system else list(drop_system(system))
    title = f"Toolcrib schema {found.plan.version + 1}"
    plan = plan_text(replace(found.plan, database="the database"), allowed)
    return found.plan, script(title, plan, newest, upgrade, downgrade, datetime.now(UTC))


def _require_structural(connection: Connection, found: Evolution) -> None:
    """Raises StartError for what is more than the form of tables: records that are written, each with its audit."""
    unset = find_unset(connection, found.changes, found.left)
    parts = [f"a backfill of {one.served.component.name}" for one in find_backfills(connection, found.changes, unset)]
    parts += [f"documents of {one.component.name} that are written anew" for one in found.rewritten]
    for change in found.changes:
        table = change.match.table
        parts += [
            f"{table.name}.{name}, which is filled in from the audit trail"
            for name in change.columns.added
            if not change.match.is_new and not table.c[name].nullable and change.values.constant(name) is None
        ]
    parts += [
        f"{name}.{altered.column}, where SQLite needs Toolcrib to tell -0.0 from zero"
        for name, altered in _loosened_doubles(connection.dialect, found.changes)
    ]
    if parts:
        raise StartError(
            f"a migration script cannot do {parts[0]}"
            + (f", and {len(parts) - 1} more" if len(parts) > 1 else "")
            + "; use `toolcrib schema apply` for this change, and `alembic stamp` for scripts that it replaces"
        )


def _loosened_doubles(dialect: Dialect, changes: Sequence[Change]) -> Iterator[tuple[str, Altered]]:
    for change in changes:
        for altered in change.columns.altered:
            is_double = dialect.name == "sqlite" and altered.type == ""
            if is_double and altered.nullable and not altered.stored_nullable:
                yield change.match.table.name, altered


def _both_ways(
    connection: Connection, change: Change, found: Evolution, system: SystemTables
) -> tuple[list[Node], list[Node]]:
    """What is done to a table that is there, and what takes that back."""
    one, dialect = change.match, connection.dialect
    shape = found.recorded.shape_before(one.served)
    inspector = inspect(connection)
    indexes = stored_indexes(connection, inspector, [one.stored]).get(one.stored, {})
    before, after = stored_form(one, indexes, inspector), declared_form(one.table, dialect)
    # What tells live rows goes with what it hangs on.
    after = replace(after, tells_live=after.tells_live or (before.tells_live and DELETE_TIME in after.columns))
    # What somebody else has made on it stays.
    left = {each.name for each in after.indexes} | change.indexes.dropped.keys() | change.indexes.foreign.keys()
    # Those under another name are made anew.
    left |= set(change.indexes.renamed.values())
    before = replace(before, indexes=tuple(each for each in before.indexes if each.name in left or each.is_constraint))
    sql = list(others(connection, change).values()) if dialect.name == "sqlite" else []
    known = shape or one.served.shape()
    forth = values.added(change, dialect) | {
        name: values.altered(before.columns[name], column, known, dialect.name, unsets_zeros=True)
        for name, column in _altered(before, after)
    }
    upgrade = operations.Transition(before, after, forth, sql).operations()
    back = {
        name: values.zero(column, known, dialect.name)
        for name, column in before.columns.items()
        if name not in after.columns and not column.nullable
    } | {
        name: values.altered(after.columns[name], column, known, dialect.name)
        for name, column in _altered(after, before)
    }
    downgrade = operations.Transition(after, before, back, sql).operations()
    renames = list(_renames(change, found, system, dialect.name))
    returns = list(_returns(change, found, system, dialect.name))
    return [*renames, *upgrade], [*downgrade, *returns]


def _altered(old: TableForm, new: TableForm) -> Iterator[tuple[str, ColumnForm]]:
    """The columns of the new form that the old one has otherwise."""
    for name, column in new.columns.items():
        before = old.columns.get(name)
        if before is not None and (before.type, before.nullable) != (column.type, column.nullable):
            yield name, column


def _renames(change: Change, found: Evolution, system: SystemTables, dialect: str) -> Iterator[Node]:
    one = change.match
    if one.stored != one.table.name:
        yield operations.rename_table(one.stored, one.table.name)
    for new, old in one.renamed.items():
        yield operations.rename_column(one.table.name, old, new, dialect)
    yield from _renamed_rows(change, found, system, forward=True)


def _returns(change: Change, found: Evolution, system: SystemTables, dialect: str) -> Iterator[Node]:
    one = change.match
    yield from _renamed_rows(change, found, system, forward=False)
    for new, old in one.renamed.items():
        yield operations.rename_column(one.table.name, new, old, dialect)
    if one.stored != one.table.name:
        yield operations.rename_table(one.table.name, one.stored)


def _renamed_rows(change: Change, found: Evolution, system: SystemTables, *, forward: bool) -> Iterator[Node]:
    """What is counted under a table's name, and noted under its component's."""
    one, before = change.match, found.recorded.shape_before(change.match.served)
    names = [(system.sequence.name, "name", KEY_SEQUENCE + one.stored, KEY_SEQUENCE + one.table.name)]
    if before is not None:
        names.append((system.kept.name, "component", before.name, one.served.component.name))
    for table, column, old, new in names:
        if old != new and not one.is_history:
            yield from operations.rename_row(table, column, *((old, new) if forward else (new, old)))
