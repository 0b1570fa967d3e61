"""Compares a database with what the components declare: the steps for people, and the changes to carry out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Dialect, Inspector, inspect

from toolcrib.server.schema.alterations import alteration_steps
from toolcrib.server.schema.columns import column_steps, moving_steps
from toolcrib.server.schema.facts import Facts
from toolcrib.server.schema.index_steps import index_steps
from toolcrib.server.schema.indexes import IndexDifferences, index_differences, own_renames, stored_indexes
from toolcrib.server.schema.numbers import number_steps, stored_key_steps
from toolcrib.server.schema.record import Recorded
from toolcrib.server.schema.renames import Match, match
from toolcrib.server.schema.served import Served, fingerprint
from toolcrib.server.schema.shapes import ComponentShape
from toolcrib.server.schema.steps import Kind, Plan, Sign, Step
from toolcrib.server.schema.table_steps import TableSteps
from toolcrib.server.schema.tables import Differences, differences
from toolcrib.server.schema.tenancy import tenancy_steps
from toolcrib.server.schema.triggers import Triggers, trigger_differences, trigger_steps
from toolcrib.server.schema.unfinished import NOTHING, Unfinished
from toolcrib.server.schema.values import Values
from toolcrib.server.system_tables import SystemTables
from toolcrib.server.tenants import TENANT

# Of other components than these.
_UNFINISHED = Step(
    name="unfinished",
    sign=Sign.CHANGE,
    component="",
    table="",
    text="leave an apply of other components unfinished",
    kind=Kind.AMBIGUOUS,
    loss="it was interrupted; what it has renamed, altered or dropped by then differs from these components",
    remedy="apply those components first, which carries it to its end",
)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done to one table."""

    match: Match
    columns: Differences
    indexes: IndexDifferences
    values: Values
    triggers: Triggers = Triggers.AS_THEY_ARE

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        one, columns, indexes = self.match, self.columns, self.indexes
        is_moved = one.is_new or one.stored != one.table.name or bool(one.renamed)
        has_columns = columns.added or columns.altered or columns.dropped
        has_indexes = indexes.added or indexes.dropped or indexes.foreign or own_renames(one, indexes)
        return not (is_moved or has_columns or has_indexes or self.triggers is not Triggers.AS_THEY_ARE)

    def renamed(self) -> Change:
        """The same once its table and columns have their new names."""
        one = replace(self.match, stored=self.match.table.name, renamed={})
        return replace(self, match=one, values=self.values.renamed(one))


@dataclass(frozen=True, slots=True)
class Evolution:
    """A plan with the changes that it stands for, one for each table, and the record that it goes on from.

    `rewritten` are the components whose documents are written anew, as messages inside them have changed. What is
    `left` of an apply that was interrupted is taken for what is not there.
    """

    plan: Plan
    changes: Sequence[Change]
    recorded: Recorded
    fingerprint: str
    rewritten: Sequence[Served] = ()
    left: Unfinished = NOTHING

    @property
    def touches_records(self) -> bool:
        """Whether tables are changed that are there already."""
        return bool(self.rewritten) or any(not (change.match.is_new or change.is_empty) for change in self.changes)

    @property
    def is_new_schema(self) -> bool:
        """Whether applying it makes a schema that the record has not."""
        return self.fingerprint != self.recorded.fingerprint or bool(self.plan.steps)


def evolution(
    connection: Connection,
    served: Sequence[Served],
    recorded: Recorded,
    system: SystemTables,
    database: str,
    left: Unfinished,
) -> Evolution:
    """The way from what the database has, by its record and by itself, to what is served. Reads only."""
    declared = fingerprint(served)
    inspector = inspect(connection)
    changes = _changes(connection, match(served, recorded, inspector, left), recorded, system, left)
    facts, steps, rewritten = Facts(connection), list(_ahead(recorded, declared)), []
    for one in served:
        own = [change for change in changes if change.match.served is one]
        before = recorded.shape_before(one)
        steps += _identity_steps(one, before, own[0].match, inspector)
        steps += _table_steps(own, before, facts, connection.dialect)
        if before is not None and before.messages != one.shape().messages:
            rewritten.append(one)
    steps += _retired(recorded, served)
    if steps and left != NOTHING and left.fingerprint != declared:
        steps.insert(0, _UNFINISHED)
    return Evolution(Plan(database, recorded.version, tuple(steps)), changes, recorded, declared, rewritten, left)


def _identity_steps(one: Served, before: ComponentShape | None, stored: Match, inspector: Inspector) -> Iterator[Step]:
    """What becomes of a component's name, and what stands against its key and its numbers."""
    if before is not None:
        yield from _renamed(one, before)
        yield from number_steps(one, before, one.shape())
    elif not stored.is_new:
        key = [name for name in inspector.get_pk_constraint(stored.stored)["constrained_columns"] if name != TENANT]
        yield from stored_key_steps(one, key, [stored.stored_name(name) for name in one.component.key_fields])


def _table_steps(
    own: Sequence[Change], before: ComponentShape | None, facts: Facts, dialect: Dialect
) -> Iterator[Step]:
    """The steps of a component's table, and of that of its former versions as far as they are not the same."""
    said, versions = Differences(), own[1].match if len(own) > 1 else None
    for change in own:
        others, after = None if change.match.is_history else versions, change.match.served.shape()
        its = TableSteps(change.match, change.values, facts, dialect, before, after, others)
        yield from moving_steps(its)
        yield from tenancy_steps(its, change.columns)
        yield from column_steps(its, change.columns, said)
        yield from alteration_steps(its, change.columns, said)
        yield from index_steps(its, change.indexes, change.columns.added)
        yield from trigger_steps(its, change.triggers)
        said = change.columns


def _changes(
    connection: Connection, matches: Sequence[Match], recorded: Recorded, system: SystemTables, left: Unfinished
) -> list[Change]:
    found, triggers = differences(connection, matches, left), trigger_differences(connection, matches)
    stored = stored_indexes(connection, inspect(connection), [one.stored for one in matches if one.stored])
    changes = []
    for one in matches:
        before = recorded.shape_before(one.served)
        names = (one.served.component.name, *((before.name, *before.formerly) if before else ()))
        values = Values(one, names, system, connection.dialect)
        # A new table is made with its indexes.
        its = {} if one.is_new else stored.get(one.stored, {})
        ours = before.indexes if before else ()
        indexes = IndexDifferences() if one.is_new else index_differences(one, its, ours, connection.dialect)
        columns, its_triggers = found.get(one.table.name, Differences()), triggers.get(one.table.name)
        changes.append(Change(one, columns, indexes, values, its_triggers or Triggers.AS_THEY_ARE))
    return changes


def _ahead(recorded: Recorded, declared: str) -> Iterator[Step]:
    former = recorded.ahead_of(declared)
    if former is not None:
        yield Step(
            name="older",
            sign=Sign.CHANGE,
            component="",
            table="",
            text=f"go back to the components of schema {former.version}",
            kind=Kind.AMBIGUOUS,
            loss=f"the database is at schema {recorded.version}, applied by {recorded.versions[-1].actor} at "
            f"{recorded.versions[-1].apply_time:%Y-%m-%d %H:%M} UTC, and so ahead of these components",
            remedy="serve the newer components",
        )


def _renamed(one: Served, before: ComponentShape) -> Iterator[Step]:
    if before.name != one.component.name:
        yield Step(
            name=f"rename:{one.component.name}",
            sign=Sign.CHANGE,
            component=one.component.name,
            table=one.table.name,
            text=f"rename the component {before.name} to {one.component.name}; its audit and history stay its own",
            cost="the catalog only",
        )


def _retired(recorded: Recorded, served: Sequence[Served]) -> Iterator[Step]:
    """Components that were there at the newest schema and are no longer served."""
    names = {name for one in served for name in (one.component.name, one.component.renamed_from)}
    for name, shape in sorted(recorded.components.items()):
        if name not in names and not shape.is_retired:
            yield Step(
                name=f"retire:{name}",
                sign=Sign.DROP,
                component=name,
                table=shape.table,
                text=f"serve {name} no longer",
                kind=Kind.AMBIGUOUS,
                loss=f"it is not among the components; its table {shape.table} and its audit would stay as they are",
                remedy="serve the folder that has it",
            )
