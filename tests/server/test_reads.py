"""The lines under "Reads" of what is promised at the edges, and values that come back as they were written."""

from __future__ import annotations

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import (
    BatchCreateRecipesRequest,
    CreateRecipeRequest,
    DeleteRecipeRequest,
    GetRecipeRequest,
    ListRecipesRequest,
)
from plant.tools.v1.tool_offset_pb2 import ToolOffset
from plant.tools.v1.tool_offset_service_pb2 import CreateToolOffsetRequest, GetToolOffsetRequest, ListToolOffsetsRequest
from support.plant import COMPONENTS, Plant, plant, refused
from toolcrib.audit.v1.audit_pb2 import ListAuditEntriesRequest
from toolcrib.server.testing import serve


def fill(crib: Plant, count: int) -> list[Recipe]:
    items = [CreateRecipeRequest(recipe=Recipe(name=f"r{n:04}", speed_mm_s=1)) for n in range(count)]
    return list(crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=items)).recipes)


class TestPageSize:
    def test_zero_is_the_default_of_50_and_above_1000_is_1000(self, crib: Plant) -> None:
        fill(crib, 1001)
        sizes = [len(crib.recipes.ListRecipes(ListRecipesRequest(page_size=size)).recipes) for size in (0, 7, 5000)]
        assert sizes == [50, 7, 1000]

    def test_a_negative_one_is_refused(self, crib: Plant) -> None:
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_SIZE") as refusal:
            crib.recipes.ListRecipes(ListRecipesRequest(page_size=-1))
        assert refusal.fields == ["page_size"]
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_SIZE"):
            crib.audit.ListAuditEntries(ListAuditEntriesRequest(page_size=-1))


class TestPages:
    def test_records_written_and_deleted_between_pages_neither_repeat_nor_hide_others(self, crib: Plant) -> None:
        created = fill(crib, 30)
        seen: list[int] = []
        token = ""
        while True:
            page = crib.recipes.ListRecipes(ListRecipesRequest(page_size=4, page_token=token))
            seen += [recipe.id for recipe in page.recipes]
            token = page.next_page_token
            if not token:
                break
            crib.recipe(f"between {len(seen)}")
            crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=seen[-1]))
        assert seen == sorted(set(seen))
        assert {recipe.id for recipe in created} <= set(seen)

    def test_the_last_full_page_has_no_token(self, crib: Plant) -> None:
        fill(crib, 4)
        assert not crib.recipes.ListRecipes(ListRecipesRequest(page_size=4)).next_page_token

    def test_the_answer_says_the_revision_it_was_read_at(self, crib: Plant) -> None:
        assert crib.recipes.ListRecipes(ListRecipesRequest()).revision == 0
        crib.recipe("a")
        crib.recipe("b")
        assert crib.recipes.ListRecipes(ListRecipesRequest()).revision == 2

    def test_a_token_outlives_a_restart(self, database: str) -> None:
        with serve(COMPONENTS, database=database) as first, plant(first.address) as crib:
            fill(crib, 3)
            token = crib.recipes.ListRecipes(ListRecipesRequest(page_size=2)).next_page_token
        with serve(COMPONENTS, database=database) as second, plant(second.address) as crib:
            rest = crib.recipes.ListRecipes(ListRecipesRequest(page_size=2, page_token=token)).recipes
            assert [recipe.id for recipe in rest] == [3]


class TestPageTokens:
    def test_one_of_another_list_is_refused(self, crib: Plant) -> None:
        fill(crib, 3)
        token = crib.recipes.ListRecipes(ListRecipesRequest(page_size=1)).next_page_token
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN") as refusal:
            crib.recipes.ListRecipes(ListRecipesRequest(page_size=1, page_token=token, show_deleted=True))
        assert refusal.fields == ["page_token"]
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"):
            crib.tools.ListToolOffsets(ListToolOffsetsRequest(page_token=token))
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"):
            crib.audit.ListAuditEntries(ListAuditEntriesRequest(page_token=token))

    def test_one_of_other_audit_conditions_is_refused(self, crib: Plant) -> None:
        fill(crib, 3)
        token = crib.audit.ListAuditEntries(ListAuditEntriesRequest(page_size=1)).next_page_token
        assert crib.audit.ListAuditEntries(ListAuditEntriesRequest(page_size=1, page_token=token)).entries
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"):
            crib.audit.ListAuditEntries(ListAuditEntriesRequest(page_size=1, page_token=token, actor="bob"))

    def test_a_changed_one_is_refused_wherever_it_was_changed(self, crib: Plant) -> None:
        fill(crib, 3)
        token = crib.recipes.ListRecipes(ListRecipesRequest(page_size=1)).next_page_token
        for place in range(len(token)):
            forged = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
            with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"):
                crib.recipes.ListRecipes(ListRecipesRequest(page_token=forged))

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(token=st.one_of(st.text(min_size=1, max_size=60), st.from_regex(r"[A-Za-z0-9_=-]{1,80}", fullmatch=True)))
    def test_an_invented_one_is_refused(self, crib: Plant, token: str) -> None:
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"):
            crib.recipes.ListRecipes(ListRecipesRequest(page_token=token))


AWKWARD = [
    "'; DROP TABLE recipe; --",
    '"',
    "100%",
    "a_b",
    "back\\slash",
    "nul\0inside",
    "😀",
    "\u202eabc",
    " ",
    "ﬀ",
    "é",
]


class TestStrings:
    @pytest.mark.parametrize("text", AWKWARD, ids=[ascii(text) for text in AWKWARD])
    def test_awkward_ones_are_stored_and_found_exactly(self, crib: Plant, text: str) -> None:
        created = crib.recipe(text)
        assert created.name == text
        assert crib.recipes.GetRecipe(GetRecipeRequest(id=created.id)) == created
        with refused(grpc.StatusCode.ALREADY_EXISTS, "RECORD_EXISTS"):
            crib.recipe(text)
        crib.recipe(text + "x")

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(comment=st.text(max_size=200))
    def test_any_text_comes_back(self, crib: Plant, comment: str) -> None:
        number = TestStrings.number = TestStrings.number + 1
        tool = ToolOffset(tool_number=number, comment=comment)
        crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=tool))
        assert crib.tools.GetToolOffset(GetToolOffsetRequest(tool_number=number)).comment == comment

    number = 0


class TestNumbers:
    @pytest.mark.parametrize("value", [5e-324, -1.7976931348623157e308, 1.7976931348623157e308, 0.1 + 0.2])
    def test_floats_come_back_bit_by_bit(self, crib: Plant, value: float) -> None:
        tool = ToolOffset(tool_number=1, x_offset_mm=value)
        crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=tool))
        stored = crib.tools.GetToolOffset(GetToolOffsetRequest(tool_number=1)).x_offset_mm
        assert stored.hex() == value.hex()

    def test_what_an_answer_shows_is_what_is_read_later(self, crib: Plant) -> None:
        created = crib.recipe()
        assert created.create_time.nanos % 1000 == 0
        assert crib.recipes.GetRecipe(GetRecipeRequest(id=created.id)) == created
        assert list(crib.recipes.ListRecipes(ListRecipesRequest()).recipes) == [created]
