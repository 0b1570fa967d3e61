"""The steps of a database's plan, whatever it calls them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, unique
from typing import NamedTuple


@unique
class StepKind(Enum):
    """What a step does."""

    SEARCH = "search"  # finds rows of a table by an index
    SCAN = "scan"  # reads all rows of a table
    INSIDE = "inside"  # reads the elements of a list or a map
    UNION = "union"  # joins what the searches that follow find
    SORT = "sort"


class PlanStep(NamedTuple):
    """One step. `by` is the name of the index that a table is read by, if any, and `columns` are the index's.

    An index `is_own` where the database made it by itself, for a key or what is unique.
    """

    kind: StepKind
    table: str = ""
    by: str = ""
    columns: Sequence[str] = ()
    is_own: bool = False
