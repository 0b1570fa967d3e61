"""What SQLite says of its plan, in words that name fields and indexes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from toolcrib.query.v1.query_pb2 import Plan, Step

# SEARCH recipe USING INDEX recipe_by_name (name>? AND name<?)
_VISIT = re.compile(
    r"(?P<way>SCAN|SEARCH) (?P<table>\S+)(?P<virtual> VIRTUAL)?"
    r"(?: USING (?:(?:COVERING )?INDEX (?P<index>\S+)|(?P<key>(?:INTEGER )?PRIMARY KEY)))?"
)
_INSIDE = "reads the elements of a list or a map"
_FOUND = "goes through what was found"
# The index that SQLite makes by itself for a unique constraint or a key.
_OWN_INDEX = "sqlite_autoindex_"
_SORT = "USE TEMP B-TREE"
_UNION = "MULTI-INDEX OR"

_SCAN_WARNING = "no index serves the filter: every record is read until the page is full, on each page"
_SORT_WARNING = "no index has this order: all that the filter finds is read and sorted, on each page"


class Visited(NamedTuple):
    """A table that a plan reads: what its rows are called, and their key. `related`: those of another component."""

    records: str
    key_fields: Sequence[str]
    related: bool


def plan_in_words(
    lines: Iterable[str],
    tables: Callable[[str], Visited | None],
    index_columns: Callable[[str], list[str]],
    *,
    filters: bool,
) -> Plan:
    """The plan that SQLite's `lines` describe. `filters` says whether a filter was given."""
    steps: list[Step] = []
    related_scans: dict[str, None] = {}
    scans = sorts = False
    for line in lines:
        visit = _VISIT.match(line)
        if visit is not None and visit["virtual"]:
            steps.append(Step(description=_INSIDE))
        elif visit is not None and (table := tables(visit["table"])) is None:
            steps.append(Step(description=_FOUND))
        elif visit is not None and table is not None:
            if visit["way"] == "SCAN" and table.related:
                related_scans[table.records] = None
            elif visit["way"] == "SCAN":
                scans = True
            steps.append(_visit(visit, table, index_columns))
        elif line.startswith(_SORT):
            sorts = True
            steps.append(Step(description="sorts what was found"))
        elif line == _UNION:
            steps.append(Step(description="joins what the searches that follow find"))
    slow_scan = (scans and (filters or sorts)) or bool(related_scans)
    warnings = [
        *([_SCAN_WARNING] if scans and filters else []),
        *(f"no index serves the filter on {records}: they are all read, on each page" for records in related_scans),
        *([_SORT_WARNING] if sorts else []),
    ]
    return Plan(steps=steps, full_scan=slow_scan, warnings=warnings)


def _visit(visit: re.Match[str], table: Visited, index_columns: Callable[[str], list[str]]) -> Step:
    index, key_fields = visit["index"], list(table.key_fields)
    fields = index_columns(index) if index else key_fields
    if index is None or fields == key_fields:
        name, phrase = "key", f"the key ({', '.join(fields)})"
    elif index.startswith(_OWN_INDEX):
        name, phrase = "unique", f"what is unique ({', '.join(fields)})"
    else:
        name, phrase = index, f"the index {index} ({', '.join(fields)})"
    if visit["way"] == "SEARCH":
        return Step(description=f"finds {table.records} by {phrase}", index=name, index_fields=fields)
    everything = f"reads all {table.records}, in the order of {phrase}"
    if index is None:
        return Step(description=everything)
    return Step(description=everything, index=name, index_fields=fields)
