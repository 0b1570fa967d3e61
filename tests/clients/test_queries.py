"""Queries written in Python, by the synchronous and the asyncio client: what they ask, and what they find."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plant.recipes.v1.recipe_client import AsyncRecipeClient, RecipeClient, RecipeFields
from plant.recipes.v1.recipe_pb2 import Coolant, Recipe
from support.both_clients import KINDS, Client, connected
from support.plant import COMPONENTS
from toolcrib.client import Condition, InvalidArgument
from toolcrib.server.testing import serve

FIELDS = RecipeFields
RECIPES = [
    Recipe(name="bracket", speed_mm_s=120, coolant=Coolant.COOLANT_MIST, approved=True),
    Recipe(name="bracket 2", speed_mm_s=80, spindle_rpm=0),
    Recipe(name="axle", speed_mm_s=200, spindle_rpm=9000, coolant=Coolant.COOLANT_FLOOD),
    Recipe(name="a*c", speed_mm_s=80, spindle_rpm=100, approved=True),
]


@pytest.fixture(params=KINDS, scope="module")
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with serve(COMPONENTS) as server, connected(request.param, server.address, actor="ann") as connection:
        connection.run(lambda crib: recipes(crib).batch_create(RECIPES))
        yield connection


def recipes(crib: Any) -> Any:
    return RecipeClient(crib) if type(crib).__name__ == "Crib" else AsyncRecipeClient(crib)


def names(client: Client, *conditions: Condition) -> list[str]:
    return [recipe.name for recipe in client.every(lambda crib: recipes(crib).where(*conditions))]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (FIELDS.speed_mm_s > 100, ["bracket", "axle"]),
        (FIELDS.speed_mm_s >= 120, ["bracket", "axle"]),
        (FIELDS.speed_mm_s < 100, ["bracket 2", "a*c"]),
        (FIELDS.speed_mm_s <= 80.0, ["bracket 2", "a*c"]),
        (FIELDS.spindle_rpm == 0, ["bracket 2"]),
        (FIELDS.spindle_rpm != 0, ["bracket", "axle", "a*c"]),
        (FIELDS.spindle_rpm == None, ["bracket"]),  # noqa: E711  # as in SQLAlchemy
        (FIELDS.spindle_rpm != None, ["bracket 2", "axle", "a*c"]),  # noqa: E711  # as above
        (FIELDS.spindle_rpm.in_([100, None]), ["bracket", "a*c"]),
        (FIELDS.name.in_([]), []),
        (FIELDS.name == "a*c", ["a*c"]),
        (FIELDS.name.startswith("bracket"), ["bracket", "bracket 2"]),
        (FIELDS.name.startswith("a*"), ["a*c"]),
        (FIELDS.name.endswith("le"), ["axle"]),
        (FIELDS.name.contains("*"), ["a*c"]),
        (FIELDS.coolant == Coolant.COOLANT_FLOOD, ["axle"]),
        (FIELDS.approved == True, ["bracket", "a*c"]),  # noqa: E712  # as above
        (FIELDS.create_time > datetime.now(UTC) - timedelta(days=1), ["bracket", "bracket 2", "axle", "a*c"]),
        (FIELDS.etag == "x", []),
        ((FIELDS.speed_mm_s > 100) & ~(FIELDS.name == "axle"), ["bracket"]),
        ((FIELDS.name == "axle") | (FIELDS.spindle_rpm == 100), ["axle", "a*c"]),
    ],
)
def test_a_condition_finds_what_it_says(client: Client, condition: Condition, found: list[str]) -> None:
    assert names(client, condition) == found


class TestSteps:
    def test_several_conditions_have_all_to_hold(self, client: Client) -> None:
        assert names(client, FIELDS.speed_mm_s == 80, FIELDS.name.startswith("a")) == ["a*c"]
        assert names(client) == [recipe.name for recipe in RECIPES]

    def test_an_order_of_several_fields_over_pages(self, client: Client) -> None:
        found = client.every(
            lambda crib: (
                recipes(crib)
                .where()
                .order_by(FIELDS.speed_mm_s, FIELDS.spindle_rpm.desc(), FIELDS.name.asc())
                .page_size(1)
            )
        )
        assert [recipe.name for recipe in found] == ["a*c", "bracket 2", "bracket", "axle"]

    def test_a_count_and_the_first(self, client: Client) -> None:
        assert client.run(lambda crib: recipes(crib).where(FIELDS.speed_mm_s == 80).count()) == 2
        newest = client.run(lambda crib: recipes(crib).where().order_by(FIELDS.id.desc()).first())
        assert newest.name == "a*c"
        none = client.run(lambda crib: recipes(crib).where(FIELDS.name == "x").first())
        assert none is None

    def test_a_step_leaves_the_query_before_it_as_it_is(self, client: Client) -> None:
        def narrowed(crib: Any) -> Any:
            query = recipes(crib).where(FIELDS.speed_mm_s == 80)
            query.where(FIELDS.name == "x").order_by(FIELDS.name)
            return query

        assert [recipe.name for recipe in client.every(narrowed)] == ["bracket 2", "a*c"]

    def test_only_some_fields_and_deleted_records(self, client: Client) -> None:
        gone = client.run(lambda crib: recipes(crib).create(Recipe(name="gone", speed_mm_s=1)))
        client.run(lambda crib: recipes(crib).delete(gone.id))
        assert names(client, FIELDS.name == "gone") == []
        found = client.every(
            lambda crib: recipes(crib).where(FIELDS.name == "gone").show_deleted().only("name, delete_time")
        )
        assert [recipe.name for recipe in found] == ["gone"]
        assert found[0].HasField("delete_time")
        assert not found[0].id


class TestParameters:
    def test_a_filter_as_text_an_order_and_a_mask(self, client: Client) -> None:
        found = client.every(
            lambda crib: recipes(crib).list(filter="speed_mm_s >= 80", order_by="name desc", read_mask="name")
        )
        assert found == [Recipe(name=name) for name in ("bracket 2", "bracket", "axle", "a*c")]
        assert client.run(lambda crib: recipes(crib).count(filter='name = "br*"')) == 2
        assert client.run(lambda crib: recipes(crib).get(1, read_mask=["name"])) == Recipe(name="bracket")

    def test_a_plan_warns_of_a_full_scan(self, client: Client) -> None:
        assert client.run(lambda crib: recipes(crib).explain(filter="speed_mm_s > 1")).full_scan
        assert not client.run(lambda crib: recipes(crib).explain(filter="id = 1")).full_scan

    def test_a_refusal_names_the_field_and_the_position(self, client: Client) -> None:
        with pytest.raises(InvalidArgument) as failure:
            client.run(lambda crib: recipes(crib).count(filter="speed > 1"))
        assert "did you mean 'speed_mm_s'?" in failure.value.violations[0].description


class TestMistakes:
    def test_and_or_and_not_of_python_are_no_way_to_join_conditions(self) -> None:
        with pytest.raises(TypeError, match="&"):
            assert not (FIELDS.speed_mm_s > 1)

    def test_a_time_without_a_zone_is_refused(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            assert FIELDS.create_time > datetime(2026, 1, 1)  # noqa: DTZ001  # the mistake

    def test_what_is_no_value_is_refused(self) -> None:
        field: Any = FIELDS.name
        with pytest.raises(TypeError, match="not with"):
            assert field == FIELDS.name
