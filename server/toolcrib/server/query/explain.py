"""A database's plan in words that name fields and indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from toolcrib.query.v1.query_pb2 import Plan, Step
from toolcrib.server.query.steps import PlanStep, StepKind
from toolcrib.server.tenants import TENANT

_IN_WORDS = {
    StepKind.INSIDE: "reads the elements of a list or a map",
    StepKind.UNION: "joins what the searches that follow find",
    StepKind.SORT: "sorts what was found",
}
_FOUND = "goes through what was found"

_SCAN_WARNING = "no index serves the filter: every record is read until the page is full, on each page"
_SORT_WARNING = "no index has this order: all that the filter finds is read and sorted, on each page"


class Visited(NamedTuple):
    """A table that a plan reads: what its rows are called, and their key.

    They are `related` if they are of another component, and `former` if they are versions that were replaced.
    """

    records: str
    key_fields: Sequence[str]
    related: bool
    former: bool


def plan_in_words(plan: Iterable[PlanStep], tables: Callable[[str], Visited | None], *, filters: bool) -> Plan:
    """The plan in words. `filters` says whether a filter was given."""
    steps: list[Step] = []
    related_scans: dict[str, None] = {}
    scans = sorts = False
    for step in plan:
        if step.kind in _IN_WORDS:
            sorts |= step.kind is StepKind.SORT
            steps.append(Step(description=_IN_WORDS[step.kind]))
        elif (table := tables(step.table)) is None:
            steps.append(Step(description=_FOUND))
        else:
            if step.kind is StepKind.SCAN and table.related:
                related_scans[table.records] = None
            elif step.kind is StepKind.SCAN:
                scans = True
            steps.append(_visit(step, table))
    slow_scan = (scans and (filters or sorts)) or bool(related_scans)
    warnings = [
        *([_SCAN_WARNING] if scans and filters else []),
        *(f"no index serves the filter on {records}: they are all read, on each page" for records in related_scans),
        *([_SORT_WARNING] if sorts else []),
    ]
    return Plan(steps=steps, full_scan=slow_scan, warnings=warnings)


def _visit(step: PlanStep, table: Visited) -> Step:
    key_fields = list(table.key_fields)
    fields = [name for name in step.columns if name != TENANT] if step.by else key_fields
    if not step.by or fields == key_fields:
        name, phrase = "key", f"the key ({', '.join(fields)})"
    elif table.former:
        fields = [field for field in fields if field in key_fields]
        name, phrase = "versions", "their revisions"
    elif step.is_own:
        name, phrase = "unique", f"what is unique ({', '.join(fields)})"
    else:
        name, phrase = step.by, f"the index {step.by} ({', '.join(fields)})"
    if step.kind is StepKind.SEARCH:
        return Step(description=f"finds {table.records} by {phrase}", index=name, index_fields=fields)
    everything = f"reads all {table.records}, in the order of {phrase}"
    if not step.by:
        return Step(description=everything)
    return Step(description=everything, index=name, index_fields=fields)
