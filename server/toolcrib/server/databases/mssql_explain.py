"""Asks SQL Server for plans: SET SHOWPLAN_XML ON, alone in its batch, makes it answer plans and run nothing until OFF.

The driver runs what has parameters by sp_executesql, of which no plan is shown but that it is called. So the parameters
are variables of the batch here, of the types that the driver gives them, by which it is decided whether an index
serves. They have no values: nobody would set them, and the plan is one for any.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

import pytds

from toolcrib.server.databases.mssql_errors import DRIVER_ERRORS, number_of
from toolcrib.server.databases.mssql_plan import NoPlanError, plan_steps
from toolcrib.server.errors import Unsupported
from toolcrib.server.query.steps import PlanStep, StepKind

SHOW, SHOW_NO_MORE = "SET SHOWPLAN_XML ON", "SET SHOWPLAN_XML OFF"
_INDEX = (
    "SELECT c.name, i.is_primary_key, i.is_unique, i.is_unique_constraint FROM sys.indexes AS i "
    "JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id "
    "JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id "
    "WHERE i.object_id = object_id(quotename(%s)) AND i.name = %s AND ic.key_ordinal > 0 ORDER BY ic.key_ordinal"
)
_TABLE = re.compile(r"\b(?:FROM|JOIN) \[\w+\](?: AS \[\w+\])?")
_FORCED = " WITH (FORCESEEK)"
# The errors of a hint that no plan can follow, and of a login that may not see plans.
_NO_SUCH_PLAN, _NOT_PERMITTED = 8622, 262
_TYPES: Mapping[type, str] = {bool: "BIT", float: "FLOAT", str: "NVARCHAR(MAX)", datetime: "DATETIME2(6)"}
_INTEGERS = ((31, "INT"), (63, "BIGINT"))
_LONGER = "DECIMAL(38, 0)"
_BYTES_MAX = 8000


class Cursor(Protocol):
    """What statements are run on."""

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Runs a statement; answers what its rows are fetched from."""


class Explainer:
    """Asks for plans, on one connection, which it gives up by `discard` where it could not be made to run again."""

    def __init__(self, cursor: Cursor, discard: Callable[[], None]) -> None:
        self._cursor = cursor
        self._discard = discard

    def steps(self, sql: str, parameters: Sequence[Any]) -> list[PlanStep]:
        """The steps of a statement. Raises Unsupported where no plan is shown."""
        batch = declared(sql, parameters)
        try:
            with self._shown():
                found = self._sought(batch)
        except NoPlanError:
            raise Unsupported("the database has shown no plan for SET SHOWPLAN_XML ON") from None
        except pytds.Error as error:
            if number_of(error) != _NOT_PERMITTED:
                raise
            raise Unsupported("the database shows no plans to this login: GRANT SHOWPLAN TO it") from error
        return [self._with_columns(step) if step.by else step for step in found]

    @contextmanager
    def _shown(self) -> Iterator[None]:
        """What is run within is not run, but answered with its plan."""
        try:
            self._cursor.execute(SHOW)
            yield
        finally:
            try:
                self._cursor.execute(SHOW_NO_MORE)
            except DRIVER_ERRORS:
                # Whoever had it next would be answered with plans.
                self._discard()
                raise

    def _sought(self, batch: str) -> list[PlanStep]:
        """The plan; of an empty table too, which SQL Server would rather read than look up.

        Where a table is read as a whole, each in turn is to be sought by an index if any serves.
        """
        found, forced = self._asked(batch), batch
        if not any(step.kind is StepKind.SCAN and not step.by for step in found):
            return found
        # From the last on, so that those before stay where they are.
        for place in reversed([table.end() for table in _TABLE.finditer(batch)]):
            tried = f"{forced[:place]}{_FORCED}{forced[place:]}"
            try:
                found, forced = self._asked(tried), tried
            except pytds.Error as error:
                if number_of(error) != _NO_SUCH_PLAN:
                    raise
        return found

    def _asked(self, batch: str) -> list[PlanStep]:
        # There are no parameters any more, but the driver looks for them.
        row = self._cursor.execute(batch.replace("%", "%%")).fetchone()
        return plan_steps(row[0] if row else None)

    def _with_columns(self, step: PlanStep) -> PlanStep:
        """A step by an index, with what there is in it."""
        found = self._cursor.execute(_INDEX, [step.table, step.by]).fetchall()
        names = [name for name, *_ in found]
        return step._replace(columns=names, is_own=bool(found and _is_own(step, *found[0])))


def _is_own(step: PlanStep, first: str, is_key: bool, is_unique: bool, is_constraint: bool) -> bool:
    # Where it may be unset, an index of the name that the generator gives it stands for a unique constraint.
    stands_for_one = is_unique and step.by == f"{step.table}_{first}_key"
    return is_key or is_constraint or stands_for_one


def declared(sql: str, parameters: Sequence[Any]) -> str:
    """A statement with its parameters as variables, which are declared before it."""
    names = ["NULL" if value is None else f"@P{place}" for place, value in enumerate(parameters, start=1)]
    given = zip(names, parameters, strict=True)
    variables = ", ".join(f"{name} {_type(value)}" for name, value in given if value is not None)
    # As the driver puts their names in.
    text = sql % tuple(names)
    return f"DECLARE {variables}; {text}" if variables else text


def _type(value: Any) -> str:
    """The type that the driver gives a value."""
    if type(value) is int:
        return next((name for bits, name in _INTEGERS if -(2**bits) <= value < 2**bits), _LONGER)
    if type(value) is bytes:
        return f"VARBINARY({_BYTES_MAX if len(value) <= _BYTES_MAX else 'MAX'})"
    return _TYPES[type(value)]
