"""Steps from columns that have another type, or come to be always set, or to be set or unset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from toolcrib.server.schema.columns import BACKFILL_REMEDY
from toolcrib.server.schema.costs import Work, counted
from toolcrib.server.schema.numbers import reads_alike
from toolcrib.server.schema.shapes import FieldShape
from toolcrib.server.schema.steps import Kind, Sign, Step
from toolcrib.server.schema.table_steps import TableSteps
from toolcrib.server.schema.tables import Altered, Differences
from toolcrib.server.schema.values import shown

_BOUNDS: Mapping[str, tuple[int, int]] = {
    "bool": (0, 1),
    **dict.fromkeys(("int32", "sint32", "sfixed32", "enum"), (-(2**31), 2**31 - 1)),
    **dict.fromkeys(("int64", "sint64", "sfixed64"), (-(2**63), 2**63 - 1)),
    **dict.fromkeys(("uint32", "fixed32"), (0, 2**32 - 1)),
    # What is above fits in no column of another type.
    **dict.fromkeys(("uint64", "fixed64"), (0, 2**63 - 1)),
}


def alteration_steps(steps: TableSteps, found: Differences, said: Differences) -> Iterator[Step]:
    """The steps of columns that are altered, but for what is `said` already of the component's own table."""
    known = {altered.column for altered in said.altered}
    for altered in found.altered:
        if altered.column in known:
            continue
        if altered.is_retyped and steps.values.is_resized(altered):
            yield _resized(steps, altered)
        elif altered.is_retyped:
            yield from _retyped(steps, altered)
        if altered.stored_nullable and not altered.nullable:
            yield _required(steps, altered)
        elif altered.nullable and not altered.stored_nullable:
            text = f"let {steps.place(altered.column)} be unset; where it is zero it then is"
            yield steps.step("loosen", Sign.CHANGE, text, column=altered.column, work=Work.ALTER)


def _required(steps: TableSteps, altered: Altered) -> Step:
    name, one = altered.column, steps.match
    unset, backfills = steps.facts.unset(one.stored, one.stored_name(name)), one.served.component.backfills
    text = f"let {steps.place(name)} be always set"
    if name in backfills and unset and not one.is_history:
        audited = "" if backfills[name] == steps.values.constant(name) else ", each audited"
        text = f"{text}, to {shown(backfills[name])} in {counted(unset, 'record')}{audited}"
    elif unset and not one.is_history:
        return steps.step(
            "require",
            Sign.CHANGE,
            text,
            column=name,
            work=Work.REQUIRE,
            kind=Kind.AMBIGUOUS,
            loss=f"it is unset in {counted(unset, 'record')}, where it would be {shown(steps.values.constant(name))}",
            remedy=BACKFILL_REMEDY,
        )
    return steps.step("require", Sign.CHANGE, text, column=name, work=Work.REQUIRE)


def _resized(steps: TableSteps, altered: Altered) -> Step:
    """Of text or bytes that come to be in an index, or in none any more, where these have little room (MariaDB)."""
    one, text = steps.match, f"change {steps.place(altered.column)} from {altered.stored_type} to {altered.type}"
    too_long = steps.values.too_long(altered.column)
    count = 0 if too_long is None else steps.facts.count(one.stored, too_long)
    if not count:
        return steps.step("resize", Sign.CHANGE, text, column=altered.column, work=Work.ALTER)
    return steps.step(
        "resize",
        Sign.CHANGE,
        text,
        column=altered.column,
        kind=Kind.AMBIGUOUS,
        loss=f"{counted(count, 'value')} would not fit into an index",
        remedy="make them shorter with the former .proto first, or leave the index out",
        may_be_allowed=False,
    )


def _retyped(steps: TableSteps, altered: Altered) -> Iterator[Step]:
    name, field = altered.column, steps.after.field(altered.column)
    former = steps.before.field(steps.match.stored_name(name)) if steps.before else None
    if former is not None and field is not None and not reads_alike(former, field):
        # Said by its number already.
        return
    was = former.spelled if former else altered.stored_type or "a column without a type"
    text = f"change {steps.place(name)} from {was} to {steps.type(name)}"
    wrong, remedy = _wrong(steps, altered, former, field)
    if wrong:
        yield steps.step(
            "retype",
            Sign.CHANGE,
            text,
            column=name,
            kind=Kind.AMBIGUOUS,
            loss=wrong,
            remedy=remedy,
            may_be_allowed=False,
        )
    else:
        loss = "values stay, but who has the former type may misread those that only the new one holds"
        yield steps.step("retype", Sign.CHANGE, text, column=name, work=Work.ALTER, kind=Kind.AMBIGUOUS, loss=loss)


def _wrong(steps: TableSteps, altered: Altered, former: FieldShape | None, field: FieldShape | None) -> tuple[str, str]:
    """Why a type cannot be changed, and what to do; empty where it can."""
    if former is None or field is None or field.type not in _BOUNDS or former.type == field.type:
        return "the column has a type that no schema on record gave it", "bring it back by SQL, as it was made"
    is_outside = steps.values.outside(altered.column, altered.stored_type, *_BOUNDS[field.type])
    tables = [steps.match, *([steps.versions] if steps.versions is not None and not steps.versions.is_new else [])]
    outside = sum(steps.facts.count(one.stored, is_outside) for one in tables)
    if outside:
        return f"{counted(outside, 'value')} would not fit", "give the field another name and number"
    return "", ""
