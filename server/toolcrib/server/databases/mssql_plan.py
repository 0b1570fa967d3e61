"""Reads what SQL Server says of its plan: SHOWPLAN_XML, a tree of operators (RelOp), each with an element of its kind.

Whether rows are found or all are read is not told by an operator's name, but by what it seeks: a seek by nothing but
the tenant reads all that there is for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from toolcrib.server.query.steps import PlanStep, StepKind
from toolcrib.server.tenants import TENANT

_NAMESPACE = "{http://schemas.microsoft.com/sqlserver/2004/07/showplan}"
_ROOT = f"{_NAMESPACE}ShowPlanXML"
_OPERATOR = f"{_NAMESPACE}RelOp"
_OBJECT = f"{_NAMESPACE}Object"
_SOUGHT = f"{_NAMESPACE}SeekPredicates//{_NAMESPACE}RangeColumns/{_NAMESPACE}ColumnReference"
# The elements of operators that read a table, by whatever way, and of a function that makes rows (OPENJSON).
_READS = tuple(_NAMESPACE + name for name in ("IndexScan", "TableScan"))
_FUNCTION = f"{_NAMESPACE}TableValuedFunction"
_SORTS, _UNIONS = ("Sort", "TopN Sort"), ("Concatenation", "Union")
# The rows of a table are in the order of this index.
_CLUSTERED = "Clustered Index"


class NoPlanError(Exception):
    """What came is no plan."""


def plan_steps(document: object) -> list[PlanStep]:
    """The steps of a batch. Those by an index have its name, and no columns: these are not told. Raises NoPlanError."""
    if not isinstance(document, str):
        raise NoPlanError
    try:
        # From the database that has all records anyway, and of which no more is believed than the names of tables and
        # indexes. It has no document type: expat refuses entities that grow without end.
        root = ET.fromstring(document.removeprefix("\ufeff"))  # noqa: S314
    except ET.ParseError as error:
        raise NoPlanError from error
    if root.tag != _ROOT:
        raise NoPlanError
    return list(_below(root))


def _below(node: ET.Element) -> Iterator[PlanStep]:
    """The steps of the operators below a node, in their order."""
    for part in node:
        if part.tag == _OPERATOR:
            yield from _steps(part)
        else:
            yield from _below(part)


def _steps(operator: ET.Element) -> Iterator[PlanStep]:
    """The steps of an operator: first what it reads from."""
    before = list(_below(operator))
    if _is_union(operator, before):
        yield PlanStep(StepKind.UNION)
    yield from before
    for part in operator:
        if part.tag in _READS:
            yield from _visit(operator.get("PhysicalOp", ""), part)
        elif part.tag == _FUNCTION:
            yield PlanStep(StepKind.INSIDE)
    # Ranges that are made of parameters are sorted too, before anything is sought by them; and what two indexes have
    # found, to have each row once.
    if operator.get("LogicalOp") in _SORTS and before:
        yield PlanStep(StepKind.SORT)


def _visit(physical: str, reading: ET.Element) -> Iterator[PlanStep]:
    """The step of a table that is read; none where it is only asked for the rest of rows that an index has found."""
    found = reading.find(_OBJECT)
    if found is None or reading.get("Lookup") in {"true", "1"}:
        return
    sought = {_name(column.get("Column", "")) for column in reading.iterfind(_SOUGHT)}
    kind = StepKind.SEARCH if sought - {TENANT} else StepKind.SCAN
    index = "" if physical.startswith(_CLUSTERED) else _name(found.get("Index", ""))
    yield PlanStep(kind, _name(found.get("Table", "")), index)


def _is_union(operator: ET.Element, before: list[PlanStep]) -> bool:
    """Whether searches of one table are joined; of several it is records with their former versions."""
    tables = [step.table for step in before if step.table]
    return operator.get("LogicalOp") in _UNIONS and len(tables) > 1 and len(set(tables)) == 1


def _name(quoted: str) -> str:
    """A name without its brackets."""
    return quoted[1:-1].replace("]]", "]") if quoted.startswith("[") else quoted
