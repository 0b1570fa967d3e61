"""Reads what MariaDB and MySQL say of their plan: EXPLAIN FORMAT=JSON, a tree of which each has names of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import BinaryExpression, ClauseElement, Column, ColumnElement, Select, Table, UniqueConstraint
from sqlalchemy.sql.elements import BooleanClauseList
from sqlalchemy.sql.operators import and_, eq

from toolcrib.server.databases.mariadb_connection import MariadbCursor
from toolcrib.server.databases.mariadb_tables import LIVE_COLUMN
from toolcrib.server.query.steps import PlanStep, StepKind
from toolcrib.server.statements import Prepared

# The ways of access (EXPLAIN's column `type`) that read all rows.
_SCANS = ("ALL", "index")
_PRIMARY = "PRIMARY"
_TABLE = re.compile(r"\bFROM `(\w+)`(?: AS `\w+`)?")
_INDEXES = (
    "SELECT DISTINCT index_name FROM information_schema.statistics WHERE table_schema = database() AND table_name = %s"
)
_COLUMNS = (
    "SELECT column_name FROM information_schema.statistics "
    "WHERE table_schema = database() AND table_name = %s AND index_name = %s ORDER BY seq_in_index"
)


class Explainer:
    """Asks for plans, on one connection."""

    def __init__(self, cursor: MariadbCursor) -> None:
        self._cursor = cursor

    def steps(self, statement: Prepared, parameters: Sequence[Any]) -> list[PlanStep]:
        """The steps of a statement: by other indexes where one serves, before by the key, in whose order rows lie."""
        for but in (_PRIMARY, ""):
            sql = _TABLE.sub(partial(self._forced, but), statement.sql)
            ((plan,),) = self._cursor.execute(f"EXPLAIN FORMAT=JSON {sql}", parameters).fetchall()
            steps = list(self._read(json.loads(plan)))
            if not any(step.kind is StepKind.SCAN and not step.by for step in steps):
                break
        # Where a unique value is not there, all that is told is that nothing is found.
        return steps or list(self._looked_up(statement.statement))

    def _forced(self, but: str, found: re.Match[str]) -> str:
        """A table whose rows are all read only where none of its indexes serves, leaving one of these out."""
        names = [f"`{name}`" for (name,) in self._cursor.execute(_INDEXES, [found[1]]).fetchall() if name != but]
        return f"{found[0]} FORCE INDEX ({', '.join(names)})" if names else found[0]

    def _read(self, node: Any) -> Iterator[PlanStep]:
        """The steps below `node`: first what it reads from."""
        if isinstance(node, list):
            for each in node:
                yield from self._read(each)
        elif isinstance(node, Mapping):
            if "table_name" in node:
                yield from self._visit(node)
            for name, part in node.items():
                yield from self._read(part)
                # MySQL says with a flag what MariaDB has a node for.
                if name == "filesort" or (name == "using_filesort" and part):
                    yield PlanStep(StepKind.SORT)

    def _visit(self, node: Mapping[str, Any]) -> Iterator[PlanStep]:
        table = str(node["table_name"])
        if "table_function" in node:
            yield PlanStep(StepKind.INSIDE)
        elif node["access_type"] == "index_merge":
            yield PlanStep(StepKind.UNION)
            yield from (self._by(StepKind.SEARCH, table, key) for key in _keys(node))
        else:
            way = StepKind.SCAN if node["access_type"] in _SCANS else StepKind.SEARCH
            yield self._by(way, table, str(node.get("key", "")))

    def _by(self, way: StepKind, table: str, index: str) -> PlanStep:
        names = [name for (name,) in self._cursor.execute(_COLUMNS, [table, index]).fetchall()]
        if index == _PRIMARY or not names:
            # Its own order; or none that anybody made, of rows that were found before.
            return PlanStep(way, table)
        columns = [name for name in names if name != LIVE_COLUMN]
        # A unique constraint is an index of the name that the generator gives it.
        return PlanStep(way, table, index, columns, is_own=index == f"{table}_{columns[0]}_key" and len(names) == 1)

    def _looked_up(self, statement: ClauseElement) -> Iterator[PlanStep]:
        """The search by what is unique in the table that is asked: by its key, or else by another value."""
        if not isinstance(statement, Select) or statement.whereclause is None:
            return
        given = set(_equal(statement.whereclause))
        for table in statement.get_final_froms():
            if isinstance(table, Table):
                unique = next((name for name, columns in _uniques(table) if given.issuperset(columns)), "")
                yield self._by(StepKind.SEARCH, table.name, unique)


def _keys(node: Any) -> Iterator[str]:
    """The indexes whose findings are merged."""
    if isinstance(node, list):
        for each in node:
            yield from _keys(each)
    elif isinstance(node, Mapping):
        for name, part in node.items():
            if name == "range":
                yield str(part["key"])
            else:
                yield from _keys(part)


def _uniques(table: Table) -> Iterator[tuple[str, Sequence[Column[Any]]]]:
    yield _PRIMARY, list(table.primary_key.columns)
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield str(constraint.name), list(constraint.columns)
    for index in table.indexes:
        if index.unique:
            yield str(index.name), list(index.columns)


def _equal(condition: ColumnElement[Any]) -> Iterator[ColumnElement[Any]]:
    """The columns that have to be equal to a value."""
    if isinstance(condition, BooleanClauseList) and condition.operator is and_:
        for part in condition.clauses:
            yield from _equal(part)
    elif isinstance(condition, BinaryExpression) and condition.operator is eq:
        yield condition.left
