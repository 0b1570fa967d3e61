"""The plan of a list in words: which index serves it, and a warning where every record is read."""

from __future__ import annotations

import grpc
import pytest

from plant.recipes.v1.recipe_service_pb2 import ExplainRecipesRequest
from support.plant import Plant, refused
from support.samples import eq
from toolcrib.query.v1 import query_pb2


def explained(crib: Plant, **asked: object) -> query_pb2.Plan:
    return crib.recipes.ExplainRecipes(ExplainRecipesRequest(**asked)).plan  # type: ignore[arg-type]  # as it comes


class TestIndexes:
    @pytest.mark.parametrize("text", ["id = 5", "id > 5 AND approved = true", "id in (1, 2)"])
    def test_the_key_serves_what_asks_for_keys(self, crib: Plant, text: str) -> None:
        plan = explained(crib, filter=text)
        assert [(step.index, list(step.index_fields)) for step in plan.steps] == [("key", ["id"])]
        assert (plan.full_scan, list(plan.warnings)) == (False, [])

    @pytest.mark.parametrize("text", ['name = "a"', 'name in ("a", "b")'])
    def test_a_unique_field_serves_what_asks_for_its_values(self, crib: Plant, text: str) -> None:
        plan = explained(crib, filter=text)
        assert plan.steps[0].description == "finds records by what is unique (name)"
        assert not plan.full_scan

    def test_a_prefix_is_found_by_an_index(self, crib: Plant) -> None:
        assert list(explained(crib, filter='name = "a*"', order_by="name").steps[0].index_fields) == ["name"]

    def test_an_order_is_read_from_an_index(self, crib: Plant) -> None:
        plan = explained(crib, order_by="name")
        assert list(plan.steps[0].index_fields) == ["name"]
        assert explained(crib, query=eq("name", "a").message).steps[0].index == "unique"


class TestWarnings:
    def test_a_list_of_everything_in_the_order_of_keys_is_none(self, crib: Plant) -> None:
        plan = explained(crib)
        assert not plan.full_scan
        assert not plan.warnings
        assert plan.steps[0].description == "reads all records, in the order of the key (id)"

    @pytest.mark.parametrize("text", ["speed_mm_s > 1", 'name:"a"', 'name = "*a"', "NOT approved = true"])
    def test_a_filter_without_an_index_reads_every_record(self, crib: Plant, text: str) -> None:
        plan = explained(crib, filter=text)
        assert plan.full_scan
        assert "no index serves the filter" in plan.warnings[0]

    def test_an_order_without_an_index_sorts_everything(self, crib: Plant) -> None:
        plan = explained(crib, order_by="speed_mm_s desc")
        assert plan.full_scan
        assert "no index has this order" in plan.warnings[0]
        assert plan.steps[-1].description == "sorts what was found"


def test_a_plan_has_no_sql(crib: Plant) -> None:
    text = str([explained(crib, filter=text) for text in ("id = 1 OR name = x", "name = x", 'name = "*x"', "etag = x")])
    for word in ("SELECT", "SCAN", "SEARCH", "USING", "toolcrib_revision", "autoindex", "?"):
        assert word not in text


def test_what_a_list_refuses_is_refused(crib: Plant) -> None:
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FILTER"):
        explained(crib, filter="speed = 1")
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ORDER_BY"):
        explained(crib, order_by="speed")
