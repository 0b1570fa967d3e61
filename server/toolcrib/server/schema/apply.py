"""Carries out a plan, in the order that keeps every record: names first, then form, then documents and values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Column, Connection, insert, literal_column, select, table
from sqlalchemy import column as column_of

from toolcrib.server.history import END, REVISION, START
from toolcrib.server.schema import mssql, operations, sqlite
from toolcrib.server.schema.backfill import Backfiller, Unset, find_backfills, find_unset
from toolcrib.server.schema.documents import rewrite_documents
from toolcrib.server.schema.planner import Change, Evolution
from toolcrib.server.schema.record import Author, Recorded
from toolcrib.server.schema.tenancy import is_another_tenancy, make_anew
from toolcrib.server.schema.triggers import change_triggers
from toolcrib.server.schema.unfinished import Unfinished, begin_again, note
from toolcrib.server.schema.values import prepare
from toolcrib.server.system_tables import KEY_SEQUENCE, SystemTables

# What gives tables their names, and their form.
_WAYS = {"sqlite": (sqlite.rename_table, sqlite.change_table), "mssql": (mssql.rename_table, mssql.change_table)}
_ELSEWHERE = (sqlite.rename_table, operations.change_table)


def apply_changes(
    connection: Connection,
    system: SystemTables,
    found: Evolution,
    author: Author,
    allowed: Collection[str],
    writer_secret: str,
) -> int:
    """Changes the database, within the transaction of `connection`; answers its newest revision then.

    Triggers know the server by its `writer_secret`. Where there is no such transaction it may be interrupted anywhere,
    and called again with what was begun.
    """
    prepare(connection)
    unset = find_unset(connection, found.changes, found.left)
    backfills = find_backfills(connection, found.changes, unset)
    if found.touches_records:
        note(connection, system.meta, _begun(found, allowed, unset))
    for change in found.changes:
        if change.match.is_new:
            change.match.table.create(connection)
    kept = [change for change in found.changes if not change.match.is_new]
    rename_table, change_table = _WAYS.get(connection.dialect.name, _ELSEWHERE)
    for change in kept:
        rename_table(connection, change)
        _rename_counted(connection, system, change, found.recorded)
    for change in kept:
        _end_versions(connection, change, kept)
    # Former versions first: a step of a component's own table, which stands for both, is then the last to be done.
    for change in sorted(kept, key=lambda change: not change.match.is_history):
        if is_another_tenancy(change.columns):
            make_anew(connection, change.match.table)
        elif not change.is_empty:
            change_table(connection, change.renamed())
    begin_again(connection)
    for served in found.rewritten:
        rewrite_documents(connection, served)
    for change in found.changes:
        change_triggers(connection, change.match.served, change.triggers, writer_secret)
    backfiller = Backfiller(connection, system, author)
    backfiller.run(backfills)
    return backfiller.revision


def _begun(found: Evolution, allowed: Collection[str], unset: Unset) -> Unfinished:
    changes = [change for change in found.changes if not change.match.is_new]
    return Unfinished(
        found.fingerprint,
        sorted(allowed),
        [change.match.table.name for change in found.changes if change.match.is_new],
        {change.match.table.name: change.columns.added for change in changes},
        {
            change.match.table.name: [each.column for each in change.columns.altered if not each.stored_nullable]
            for change in changes
        },
        unset,
    )


def _rename_counted(connection: Connection, system: SystemTables, change: Change, recorded: Recorded) -> None:
    """What is counted under a table's name, and noted under its component's, goes with them."""
    one, before = change.match, recorded.shape_before(change.match.served)
    if one.is_history:
        return
    # By the record: where this goes on with what was interrupted, the table may have its new name already.
    stored = one.stored if before is None else before.table
    old, new = (f"{KEY_SEQUENCE}{name}" for name in (stored, one.table.name))
    sequence = system.sequence.c.name
    _rename(connection, sequence, old, new)
    # Looked through here: what a name begins with is not its beginning where text has an end (exact_text.py).
    names = connection.execute(select(sequence).order_by(sequence)).scalars().all() if old != new else ()
    for name in names:
        if name.startswith(f"{old}:"):
            _rename(connection, sequence, name, f"{new}{name.removeprefix(old)}")
    noted = system.direct_write
    if stored != one.table.name:
        connection.execute(noted.update().where(noted.c.table_name == stored).values(table_name=one.table.name))
    if before is not None:
        _rename(connection, system.kept.c.component, before.name, one.served.component.name)


def _rename(connection: Connection, name: Column[Any], old: str, new: str) -> None:
    is_there = select(name).where(name == old)
    if old != new and connection.execute(is_there).first() is not None:
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
    source = table(one.table.name, *map(column_of, {*names, START, REVISION}))
    target = table(versions.table.name, *map(column_of, [*names, START, END]))
    moved = select(*(source.c[name] for name in (*names, START, REVISION))).where(source.c[START] < source.c[REVISION])
    # Not again, where that was interrupted behind it.
    same = [target.c[name] == source.c[name] for name in (*one.served.component.key_fields, START)]
    moved = moved.where(~select(literal_column("1")).select_from(target).where(*same).exists())
    connection.execute(insert(target).from_select([*names, START, END], moved))
