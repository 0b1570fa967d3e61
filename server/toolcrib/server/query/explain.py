"""What SQLite says of its plan, in words that name fields and indexes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from toolcrib.query.v1.query_pb2 import Plan, Step

# SEARCH recipe USING INDEX recipe_by_name (name>? AND name<?)
_VISIT = re.compile(
    r"(?P<way>SCAN|SEARCH) \S+(?: USING (?:(?:COVERING )?INDEX (?P<index>\S+)|(?P<key>INTEGER PRIMARY KEY)))?"
)
# The index that SQLite makes by itself for a unique constraint or a key.
_OWN_INDEX = "sqlite_autoindex_"
_SORT = "USE TEMP B-TREE"
_UNION = "MULTI-INDEX OR"

_SCAN_WARNING = "no index serves the filter: every record is read until the page is full, on each page"
_SORT_WARNING = "no index has this order: all that the filter finds is read and sorted, on each page"


def plan_in_words(
    lines: Iterable[str], key_fields: Sequence[str], index_columns: Callable[[str], list[str]], *, filters: bool
) -> Plan:
    """The plan that SQLite's `lines` describe. `filters` says whether a filter was given."""
    steps: list[Step] = []
    scans = sorts = False
    for line in lines:
        visit = _VISIT.match(line)
        if visit is not None:
            scans |= visit["way"] == "SCAN"
            steps.append(_visit(visit, key_fields, index_columns))
        elif line.startswith(_SORT):
            sorts = True
            steps.append(Step(description="sorts what was found"))
        elif line == _UNION:
            steps.append(Step(description="joins what the searches that follow find"))
    slow_scan = scans and (filters or sorts)
    warnings = [*([_SCAN_WARNING] if scans and filters else []), *([_SORT_WARNING] if sorts else [])]
    return Plan(steps=steps, full_scan=slow_scan, warnings=warnings)


def _visit(visit: re.Match[str], key_fields: Sequence[str], index_columns: Callable[[str], list[str]]) -> Step:
    index = visit["index"]
    fields = index_columns(index) if index else list(key_fields)
    if index is None or fields == list(key_fields):
        name, phrase = "key", f"the key ({', '.join(fields)})"
    elif index.startswith(_OWN_INDEX):
        name, phrase = "unique", f"what is unique ({', '.join(fields)})"
    else:
        name, phrase = index, f"the index {index} ({', '.join(fields)})"
    if visit["way"] == "SEARCH":
        return Step(description=f"finds records by {phrase}", index=name, index_fields=fields)
    if index is None:
        return Step(description=f"reads every record, in the order of {phrase}")
    return Step(description=f"reads every record, in the order of {phrase}", index=name, index_fields=fields)
