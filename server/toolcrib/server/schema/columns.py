"""Steps from columns that a table lacks or has beyond what is declared, and from tables that are new or renamed."""

from __future__ import annotations

from collections.abc import Iterator

from toolcrib.server.component_statements import DELETE_TIME
from toolcrib.server.history import START
from toolcrib.server.schema.costs import Work, counted
from toolcrib.server.schema.steps import Kind, Sign, Step
from toolcrib.server.schema.table_steps import TableSteps
from toolcrib.server.schema.tables import Differences
from toolcrib.server.schema.values import shown, zero_of
from toolcrib.server.tenants import TENANT

BACKFILL_REMEDY = "write `optional`, or what these have as `backfill` in its (toolcrib.options.v1.field)"


def moving_steps(steps: TableSteps) -> Iterator[Step]:
    """The steps of a table that is created, or has other names."""
    one = steps.match
    if one.is_new:
        what = "for former versions" if one.is_history else f"with {counted(len(one.table.c), 'column')}"
        yield steps.step("create", Sign.ADD, f"create the table {one.table.name} {what}")
    if one.is_new or one.is_history:
        return
    if one.stored != one.table.name:
        text = f"rename the table {one.stored} to {one.table.name}"
        yield steps.step("rename", Sign.CHANGE, text, work=Work.CATALOG)
    for new, old in one.renamed.items():
        text = f"rename {steps.place(old)} to {new}"
        yield steps.step("rename", Sign.CHANGE, text, column=new, work=Work.CATALOG)


def column_steps(steps: TableSteps, found: Differences, said: Differences) -> Iterator[Step]:
    """The steps of columns that are added and dropped, but for what is `said` already of the component's own table."""
    for name in found.added:
        if name not in said.added and name != TENANT:
            yield _added(steps, name)
    for name in found.dropped:
        if name not in said.dropped and name != TENANT:
            yield _deletion_times(steps) if name == DELETE_TIME else _dropped(steps, name)


def _added(steps: TableSteps, name: str) -> Step:
    one, rows, field = steps.match, steps.rows, steps.after.field(name)
    constant, nullable = steps.values.constant(name), one.table.c[name].nullable
    text, backfills = f"add {steps.place(name)}, {steps.type(name)}", one.served.component.backfills
    if one.is_history or not rows:
        return steps.step("add", Sign.ADD, text, column=name, work=Work.ADD_COLUMN)
    if name in backfills and (nullable or backfills[name] != constant):
        text = f"{text}, and {shown(backfills[name])} in {counted(rows, 'record')}, each audited"
        return steps.step("add", Sign.ADD, text, column=name, work=Work.FILL)
    if nullable:
        return steps.step("add", Sign.ADD, f"{text}, unset", column=name, work=Work.ADD_COLUMN)
    if constant is None or field is None:
        source = "its revision" if name == START else "the audit trail"
        text = f"{text}, from {source} in {counted(rows, 'record')}"
        return steps.step("add", Sign.ADD, text, column=name, work=Work.FILL)
    # A list or a map that nobody wrote is empty, which is no value of doubt.
    if field.label or name in backfills:
        text = f"{text}, {shown(zero_of(field))} in {counted(rows, 'record')}"
        return steps.step("add", Sign.ADD, text, column=name, work=Work.ADD_CONSTANT)
    return steps.step(
        "add",
        Sign.ADD,
        text,
        column=name,
        work=Work.ADD_CONSTANT,
        kind=Kind.AMBIGUOUS,
        loss=f"nobody has said what it is in {counted(rows, 'record')}, where it would be {shown(constant)}",
        remedy=BACKFILL_REMEDY,
    )


def _dropped(steps: TableSteps, name: str) -> Step:
    one, text = steps.match, f"drop {steps.place(name)}"
    if name == START:
        return steps.step("drop", Sign.DROP, text, column=name, work=Work.DROP_COLUMN)
    loss = f"{counted(steps.facts.written(one.stored, name), 'value')} in {one.stored}"
    versions = steps.versions
    if versions is not None and name in versions.columns:
        loss += f", and {counted(steps.facts.written(versions.stored, name), 'value')} in former versions,"
    kept = "" if one.is_history else "; the audit trail keeps what it has"
    return steps.step(
        "drop",
        Sign.DROP,
        text,
        column=name,
        work=Work.DROP_COLUMN,
        kind=Kind.DESTRUCTIVE,
        loss=f"{loss} would go{kept}",
    )


def _deletion_times(steps: TableSteps) -> Step:
    """Without soft delete, records that are deleted have no place."""
    deleted = 0 if steps.match.is_history else steps.facts.written(steps.match.stored, DELETE_TIME)
    text = f"drop {steps.place(DELETE_TIME)}"
    if not deleted:
        return steps.step("drop", Sign.DROP, text, column=DELETE_TIME, work=Work.DROP_COLUMN)
    return steps.step(
        "drop",
        Sign.DROP,
        text,
        column=DELETE_TIME,
        work=Work.DROP_COLUMN,
        kind=Kind.AMBIGUOUS,
        loss=f"{counted(deleted, 'deleted record')} would be live again",
        remedy="undelete them with the former .proto, or keep `soft_delete`",
        may_be_allowed=False,
    )
