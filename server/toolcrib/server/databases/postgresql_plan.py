"""Reads what PostgreSQL says of its plan: EXPLAIN (FORMAT JSON), a tree of nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from toolcrib.server.query.steps import PlanStep, StepKind
from toolcrib.server.tenants import TENANT

_BY_INDEX = ("Index Scan", "Index Only Scan")
_SORTS = ("Sort", "Incremental Sort")

# The columns of an index, and whether the database made it for a key or a unique constraint.
IndexFacts = Callable[[str], tuple[list[str], bool]]


def plan_steps(node: Mapping[str, Any], index: IndexFacts) -> Iterator[PlanStep]:
    """The steps below and at `node`: first what it reads from."""
    kind = node["Node Type"]
    if kind in _BY_INDEX:
        columns, is_own = index(node["Index Name"])
        condition = node.get("Index Cond", "")
        # All that a tenant has is all that there is for it.
        is_search = condition and not (TENANT in condition and " AND " not in condition)
        way = StepKind.SEARCH if is_search else StepKind.SCAN
        yield PlanStep(way, node["Relation Name"], node["Index Name"], columns, is_own)
    elif kind == "Seq Scan":
        yield PlanStep(StepKind.SCAN, node["Relation Name"])
    elif kind == "Function Scan":
        yield PlanStep(StepKind.INSIDE)
    for part in node.get("Plans", ()):
        yield from plan_steps(part, index)
    if kind in _SORTS:
        yield PlanStep(StepKind.SORT)
