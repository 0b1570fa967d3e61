"""Reads what SQLite says of its plan: EXPLAIN QUERY PLAN, a line for each step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from toolcrib.server.query.steps import PlanStep, StepKind
from toolcrib.server.tenants import TENANT

# SEARCH recipe USING INDEX recipe_by_name (name>? AND name<?)
_VISIT = re.compile(
    r"(?P<way>SCAN|SEARCH) (?P<table>\S+)(?P<virtual> VIRTUAL)?"
    r"(?: USING (?:(?:COVERING )?INDEX (?P<index>\S+)|(?:INTEGER )?PRIMARY KEY))?"
)
# The index that SQLite makes by itself for a unique constraint or a key.
_OWN_INDEX = "sqlite_autoindex_"
_SORT = "USE TEMP B-TREE"
_UNION = "MULTI-INDEX OR"


def plan_steps(lines: Iterable[str], index_columns: Callable[[str], list[str]]) -> Iterator[PlanStep]:
    """The steps that `lines` describe."""
    for line in lines:
        visit = _VISIT.match(line)
        if visit is not None and visit["virtual"]:
            yield PlanStep(StepKind.INSIDE)
        elif visit is not None:
            index = visit["index"] or ""
            # All that a tenant has is all that there is for it.
            is_search = visit["way"] == "SEARCH" and f"({TENANT}=?)" not in line
            kind = StepKind.SEARCH if is_search else StepKind.SCAN
            columns = index_columns(index) if index else []
            yield PlanStep(kind, visit["table"], index, columns, is_own=index.startswith(_OWN_INDEX))
        elif line.startswith(_SORT):
            yield PlanStep(StepKind.SORT)
        elif line == _UNION:
            yield PlanStep(StepKind.UNION)
