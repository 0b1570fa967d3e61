"""Steps from what differs in the indexes and unique constraints of one table."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Index, UniqueConstraint

from toolcrib.server.component_statements import DELETE_TIME
from toolcrib.server.schema.costs import Work, counted
from toolcrib.server.schema.indexes import IndexDifferences, IndexShape, own_renames
from toolcrib.server.schema.steps import Kind, Sign, Step
from toolcrib.server.schema.table_steps import TableSteps


def index_steps(steps: TableSteps, found: IndexDifferences, added: Collection[str]) -> Iterator[Step]:
    """A step for each index that is added, changed, renamed or dropped; the columns in `added` are not there yet."""
    again = {str(item.name) for item in found.added} & found.dropped.keys()
    for item in found.added:
        yield _added(steps, item, added, is_changed=str(item.name) in again)
    for name in own_renames(steps.match, found):
        text = f"rename the index {found.renamed[name]} to {name}"
        yield steps.step("rename", Sign.CHANGE, text, of=name, work=Work.CATALOG)
    for name, shape in found.dropped.items():
        if name not in again:
            work = Work.DROP_CONSTRAINT if shape.is_constraint else Work.CATALOG
            yield steps.step("drop", Sign.DROP, f"drop the {_spelled(name, shape)}", of=name, work=work)
    for name, shape in found.foreign.items():
        yield steps.step(
            "drop",
            Sign.DROP,
            f"drop the {_spelled(name, shape)}",
            of=name,
            work=Work.CATALOG,
            kind=Kind.DESTRUCTIVE,
            loss=f"{steps.match.stored} has the unique index {name}, which no .proto declared",
            remedy="declare it, if records are to keep to it",
        )


def _added(steps: TableSteps, item: Index | UniqueConstraint, added: Collection[str], *, is_changed: bool) -> Step:
    names = [column.name for column in item.columns]
    is_constraint = isinstance(item, UniqueConstraint)
    is_unique = isinstance(item, UniqueConstraint) or bool(item.unique)
    verb, sign = ("change", Sign.CHANGE) if is_changed else ("add", Sign.ADD)
    shape = IndexShape(tuple((name, False) for name in names), unique=is_unique, is_constraint=is_constraint)
    facts: dict[str, Any] = {}
    if is_unique and (shared := _shared(steps, item, names, added)):
        facts = {
            "kind": Kind.AMBIGUOUS,
            "loss": f"{steps.match.stored} has records with the same {', '.join(names)}, which are to be unique now: "
            f"{shared}",
            "remedy": "make them differ with the former .proto first",
            "may_be_allowed": False,
        }
    work = Work.CONSTRAINT if is_constraint else Work.INDEX
    text = f"{verb} the {_spelled(str(item.name), shape)}"
    return steps.step(verb, sign, text, of=str(item.name), work=work, **facts)


def _shared(steps: TableSteps, item: Index | UniqueConstraint, names: list[str], added: Collection[str]) -> str:
    """How many records have values that others have too; empty where none do."""
    one, rows = steps.match, steps.rows
    if any(one.table.c[name].nullable for name in names if name in added):
        # What is unset collides with nothing.
        return ""
    old = [one.stored_name(name) for name in names if name not in added]
    if not old:
        return f"all {counted(rows, 'record')}" if rows > 1 else ""
    live_only = isinstance(item, Index) and item.dialect_options["sqlite"]["where"] is not None
    values, records = steps.facts.duplicates(one.stored, old, live_only=live_only and DELETE_TIME not in added)
    return f"{counted(values, 'value')} in {counted(records, 'record')}" if values else ""


def _spelled(name: str, shape: IndexShape) -> str:
    over = ", ".join(column for column, _ in shape.columns)
    if shape.is_constraint:
        return f"unique constraint over {over}"
    return f"{'unique ' if shape.unique else ''}index {name} over {over}"
