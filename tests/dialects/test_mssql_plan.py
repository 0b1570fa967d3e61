"""SQL Server's plans: what is asked for them, in which order, and which steps they are read as."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytds
import pytest
from pytds.tds_base import TDS74
from pytds.tds_types import SerializerFactory, TdsTypeInferrer

from support.dialects.showplan import constants, document, operator, reading
from support.dialects.told import store_of
from toolcrib.server.databases.mssql_explain import SHOW, SHOW_NO_MORE, Explainer, declared
from toolcrib.server.databases.mssql_plan import NoPlanError, plan_steps
from toolcrib.server.databases.mssql_session import as_driver_takes
from toolcrib.server.errors import Unsupported
from toolcrib.server.query.check import check
from toolcrib.server.query.order import parse_order
from toolcrib.server.query.parser import parse
from toolcrib.server.query.plans import PageShape
from toolcrib.server.query.steps import PlanStep, StepKind

SEARCH, SCAN, SORT, UNION, INSIDE = (
    StepKind.SEARCH,
    StepKind.SCAN,
    StepKind.SORT,
    StepKind.UNION,
    StepKind.INSIDE,
)
# Without a zone, as SQL Server has times.
MOMENT = datetime(2026, 11, 21, tzinfo=UTC).replace(tzinfo=None)
BY_KEY = reading("Clustered Index Seek", "recipe", "PK__recipe__1", ["id"])
BY_NAME = reading("Index Seek", "recipe", "recipe_name_key", ["name"])
REST = reading("Clustered Index Seek", "recipe", "PK__recipe__1", ["id"], lookup=True)
ALL = reading("Clustered Index Scan", "recipe", "PK__recipe__1")
RANGES = operator(
    "Merge Interval",
    "MergeInterval",
    operator("Sort", "TopSort", operator("Concatenation", "Concat", constants(), constants()), logical="TopN Sort"),
)


def joined(*inner: str) -> str:
    return operator("Nested Loops", "NestedLoops", *inner, logical="Inner Join")


@pytest.mark.parametrize(
    ("plan", "steps"),
    [
        (BY_KEY, [PlanStep(SEARCH, "recipe")]),
        (ALL, [PlanStep(SCAN, "recipe")]),
        (BY_NAME, [PlanStep(SEARCH, "recipe", "recipe_name_key")]),
        (reading("Index Scan", "recipe", "recipe_name_key"), [PlanStep(SCAN, "recipe", "recipe_name_key")]),
        (reading("Table Scan", "axis"), [PlanStep(SCAN, "axis")]),
        # All that a tenant has is all that there is for it.
        (reading("Clustered Index Seek", "part", "PK__part", ["toolcrib_tenant"]), [PlanStep(SCAN, "part")]),
        (reading("Clustered Index Seek", "part", "PK__part", ["toolcrib_tenant", "id"]), [PlanStep(SEARCH, "part")]),
        (joined(BY_NAME, REST), [PlanStep(SEARCH, "recipe", "recipe_name_key")]),
        (
            joined(BY_NAME, reading("Key Lookup", "recipe", "PK__recipe__1", ["id"], lookup=True)),
            [PlanStep(SEARCH, "recipe", "recipe_name_key")],
        ),
        (
            joined(BY_NAME, reading("RID Lookup", "recipe", lookup=True)),
            [PlanStep(SEARCH, "recipe", "recipe_name_key")],
        ),
        (operator("Sort", "Sort", ALL), [PlanStep(SCAN, "recipe"), PlanStep(SORT)]),
        (
            operator("Sort", 'TopSort Distinct="false" Rows="51"', ALL, logical="TopN Sort"),
            [PlanStep(SCAN, "recipe"), PlanStep(SORT)],
        ),
        (
            operator("Top", "Top", operator("Filter", "Filter", operator("Compute Scalar", "ComputeScalar", ALL))),
            [PlanStep(SCAN, "recipe")],
        ),
        # What is equal to one of several parameters: they are sorted, the records are not.
        (joined(RANGES, BY_KEY), [PlanStep(SEARCH, "recipe")]),
        (
            operator("Sort", "Sort", operator("Concatenation", "Concat", BY_NAME, BY_KEY), logical="Distinct Sort"),
            [PlanStep(UNION), PlanStep(SEARCH, "recipe", "recipe_name_key"), PlanStep(SEARCH, "recipe")],
        ),
        # Records and their former versions are two tables.
        (
            operator(
                "Concatenation", "Concat", BY_KEY, reading("Clustered Index Seek", "recipe_history", "PK__r", ["id"])
            ),
            [PlanStep(SEARCH, "recipe"), PlanStep(SEARCH, "recipe_history")],
        ),
        (
            joined(
                ALL, operator("Table-valued function", "TableValuedFunction", '<Object Table="[OPENJSON_EXPLICIT]" />')
            ),
            [PlanStep(SCAN, "recipe"), PlanStep(INSIDE)],
        ),
        (constants(), []),
    ],
)
def test_each_operator_is_read_as_its_step(plan: str, steps: list[PlanStep]) -> None:
    assert plan_steps(document(plan)) == steps
    # As the type XML comes over the wire, and behind the statement that declares the parameters.
    assert plan_steps("\ufeff" + document(constants(), plan)) == steps


@pytest.mark.parametrize("answer", [None, 5, "", "Bracket", "<recipe/>", document(BY_KEY)[:-1]])
def test_what_is_no_plan_is_not_taken_for_one(answer: object) -> None:
    with pytest.raises(NoPlanError):
        plan_steps(answer)


@pytest.mark.parametrize("value", [True, 5, -(2**31), 2**31, 2**63, 1.5, "a", b"\x80", b"a" * 8001, MOMENT])
def test_variables_have_the_types_that_the_driver_gives_parameters(value: Any) -> None:
    inferrer = TdsTypeInferrer(SerializerFactory(TDS74), bytes_to_unicode=True)
    (taken,) = as_driver_takes([value])
    given = inferrer.from_value(taken).get_declaration()
    assert declared("SELECT %s", [value]) == f"DECLARE @P1 {given}; SELECT @P1"


def test_what_is_unset_is_written_as_the_driver_does() -> None:
    assert declared("SELECT %s, %s WHERE 5 %% 2 = 1", [None, 5]) == "DECLARE @P2 INT; SELECT NULL, @P2 WHERE 5 % 2 = 1"
    assert declared("SELECT 1", []) == "SELECT 1"


class Recorded:
    """A cursor that keeps what it is told, and answers by it."""

    def __init__(self, **answers: Any) -> None:
        self.told: list[str] = []
        self._answers = answers
        self._answer: Any = None

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Recorded:
        self.told.append(sql % tuple(parameters))
        kind = "on" if sql == SHOW else "off" if sql == SHOW_NO_MORE else "index" if "sys.indexes" in sql else "plan"
        if kind == "plan" and sql.count("FORCESEEK"):
            kind = "forced"
        self._answer = self._answers.get(kind)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self

    def fetchone(self) -> Any:
        return None if self._answer is None else [self._answer]

    def fetchall(self) -> Any:
        return self._answer


def numbered(number: int) -> pytds.Error:
    error = pytds.OperationalError("in words that nobody reads")
    error.number = number
    return error


def asked(text: str, order: str = "") -> tuple[str, list[Any]]:
    """The first page of a list, as it is asked of SQL Server."""
    recipe = store_of("mssql")["plant.recipes.v1.Recipe"]
    checked = check(parse(text), recipe.fields)
    keys = parse_order(order, recipe.fields, recipe.component.key_fields)
    plan = recipe.statements.plans.page(PageShape(checked.shape, keys, None, show_deleted=False, is_past=False))
    return plan.statement.sql, plan.statement.bind(plan.parameters([*checked.values, 51]))


@pytest.fixture
def discarded() -> list[bool]:
    return []


def test_a_plan_is_asked_for_in_batches_of_their_own(discarded: list[bool]) -> None:
    sql, parameters = asked('name = "Bracket"')
    cursor = Recorded(plan=document(joined(BY_NAME, REST)), index=[("name", False, True, True)])
    steps = Explainer(cursor, lambda: discarded.append(True)).steps(sql, parameters)
    assert steps == [PlanStep(SEARCH, "recipe", "recipe_name_key", ["name"], is_own=True)]
    on, batch, off, index = cursor.told
    assert (on, off) == ("SET SHOWPLAN_XML ON", "SET SHOWPLAN_XML OFF")
    assert batch.startswith("DECLARE @P1 INT, @P2 NVARCHAR(MAX); SELECT TOP (@P1) [recipe].[id], ")
    assert "[recipe].[name] = @P2" in batch
    assert "object_id(quotename(recipe)) AND i.name = recipe_name_key" in index
    assert not discarded


def test_an_empty_table_is_explained_by_its_index(discarded: list[bool]) -> None:
    sql, parameters = asked('name = "Bracket"')
    cursor = Recorded(plan=document(ALL), forced=document(joined(BY_NAME, REST)), index=[("name", False, True, False)])
    steps = Explainer(cursor, lambda: discarded.append(True)).steps(sql, parameters)
    # An index that is unique stands for the constraint where it has its name.
    assert steps == [PlanStep(SEARCH, "recipe", "recipe_name_key", ["name"], is_own=True)]
    assert "FROM [recipe] WITH (FORCESEEK) " in " ".join(cursor.told[2].split())


def test_a_table_that_nothing_serves_is_read_as_a_whole(discarded: list[bool]) -> None:
    sql, parameters = asked("speed_mm_s > 1.5", "speed_mm_s")
    cursor = Recorded(plan=document(operator("Sort", "Sort", ALL)), forced=numbered(8622))
    steps = Explainer(cursor, lambda: discarded.append(True)).steps(sql, parameters)
    assert steps == [PlanStep(SCAN, "recipe"), PlanStep(SORT)]
    assert cursor.told[-1] == SHOW_NO_MORE


def test_every_table_that_is_read_as_a_whole_is_tried_by_itself(discarded: list[bool]) -> None:
    sql, parameters = asked('tools.comment = "drill"')
    cursor = Recorded(plan=document(ALL), forced=document(ALL))
    Explainer(cursor, lambda: discarded.append(True)).steps(sql, parameters)
    _, plain, *tried, _ = cursor.told
    tables = plain.count("FROM [") + plain.count("JOIN [")
    assert tables > 1
    assert [one.count("WITH (FORCESEEK)") for one in tried] == list(range(1, tables + 1))


@pytest.mark.parametrize("failing", ["on", "plan"])
def test_plans_are_shown_no_more_after_an_error(discarded: list[bool], failing: str) -> None:
    sql, parameters = asked("id = 5")
    cursor = Recorded(**{failing: numbered(1205)})
    with pytest.raises(pytds.Error) as raised:
        Explainer(cursor, lambda: discarded.append(True)).steps(sql, parameters)
    assert raised.value.number == 1205
    assert cursor.told[-1] == SHOW_NO_MORE
    assert not discarded


def test_a_connection_that_goes_on_showing_plans_is_given_up(discarded: list[bool]) -> None:
    sql, parameters = asked("id = 5")
    with pytest.raises(pytds.Error):
        Explainer(Recorded(plan=document(BY_KEY), off=numbered(596)), lambda: discarded.append(True)).steps(
            sql, parameters
        )
    assert discarded


def test_a_login_that_may_not_see_plans_is_told_so(discarded: list[bool]) -> None:
    sql, parameters = asked("id = 5")
    with pytest.raises(Unsupported, match="GRANT SHOWPLAN"):
        Explainer(Recorded(plan=numbered(262)), lambda: discarded.append(True)).steps(sql, parameters)
