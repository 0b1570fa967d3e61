"""Carries out a plan, in the order that keeps every record: names first, then form, then documents and values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, insert, select, table
from sqlalchemy import column as column_of

from toolcrib.server.history import END, REVISION, START
from toolcrib.server.schema import operations, sqlite
from toolcrib.server.schema.backfill import Backfiller, find_backfills
from toolcrib.server.schema.documents import rewrite_documents
from toolcrib.server.schema.planner import Change, Evolution
from toolcrib.server.schema.record import Author, Recorded
from toolcrib.server.schema.values import prepare
from toolcrib.server.system_tables import KEY_SEQUENCE, SystemTables


def apply_changes(connection: Connection, system: SystemTables, found: Evolution, author: Author) -> int:
    """Changes the database, within the transaction of `connection`; answers its newest revision then."""
    prepare(connection)
    backfills = find_backfills(connection, found.changes)
    for change in found.changes:
        if change.match.is_new:
            change.match.table.create(connection)
    kept = [change for change in found.changes if not change.match.is_new]
    for change in kept:
        sqlite.rename_table(connection, change)
        _rename_counted(connection, system, change, found.recorded)
    for change in kept:
        _end_versions(connection, change, kept)
    change_table = sqlite.change_table if connection.dialect.name == "sqlite" else operations.change_table
    for change in kept:
        if not change.is_empty:
            change_table(connection, change.renamed())
    for served in found.rewritten:
        rewrite_documents(connection, served)
    backfiller = Backfiller(connection, system, author)
    backfiller.run(backfills)
    return backfiller.revision


def _rename_counted(connection: Connection, system: SystemTables, change: Change, recorded: Recorded) -> None:
    """What is counted under a table's name, and noted under its component's, goes with them."""
    one, before = change.match, recorded.shape_before(change.match.served)
    if one.is_history:
        return
    _rename(connection, system.sequence.c.name, f"{KEY_SEQUENCE}{one.stored}", f"{KEY_SEQUENCE}{one.table.name}")
    if before is not None:
        _rename(connection, system.kept.c.component, before.name, one.served.component.name)


def _rename(connection: Connection, name: Column[Any], old: str, new: str) -> None:
    if old != new:
        # Of what had the name once.
        connection.execute(name.table.delete().where(name == new))
        connection.execute(name.table.update().where(name == old).values({name: new}))


def _end_versions(connection: Connection, change: Change, changes: Sequence[Change]) -> None:
    """Before a table forgets when its versions began: those that changed since then become former ones.

    From the last change on a version then begins with it, as in all tables without such a column.
    """
    one = change.match
    versions = next((each.match for each in changes if each.match.served is one.served and each.match.is_history), None)
    if START not in change.columns.dropped or one.is_history or versions is None:
        return
    new_names = {old: new for new, old in one.renamed.items()}
    names = sorted(new_names.get(name, name) for name in (one.columns.keys() & versions.columns.keys()) - {START, END})
    columns: list[ColumnElement[Any]] = [column_of(name) for name in (*names, START, REVISION)]
    moved = select(*columns).select_from(table(one.table.name)).where(column_of(START) < column_of(REVISION))
    target = table(versions.table.name, *map(column_of, [*names, START, END]))
    connection.execute(insert(target).from_select([*names, START, END], moved))
