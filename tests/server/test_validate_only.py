"""validate_only: answered as the write would be, and nothing of it stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from plant.cycles.v1.machine_cycle_record import MachineCycleRecord
from plant.cycles.v1.machine_cycle_service_pb2 import (
    BatchCreateMachineCyclesRequest,
    CreateMachineCycleRequest,
    DeleteMachineCycleRequest,
)
from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_record import RecipeRecord
from plant.recipes.v1.recipe_service_pb2 import (
    BatchCreateRecipesRequest,
    BatchDeleteRecipesRequest,
    BatchUpdateRecipesRequest,
    CreateRecipeRequest,
    DeleteRecipeRequest,
    UndeleteRecipeRequest,
    UpdateRecipeRequest,
)
from plant.tools.v1.tool_offset_pb2 import ToolOffset
from plant.tools.v1.tool_offset_record import ToolOffsetRecord
from plant.tools.v1.tool_offset_repository import ToolOffsetRepository
from plant.tools.v1.tool_offset_service_pb2 import CreateToolOffsetRequest, UpdateToolOffsetRequest
from support.behind import behind
from support.gate import Doorkeeper, Gate, later
from support.plant import COMPONENTS, Plant, cycle, plant, refused
from toolcrib.server import Application, Change, Commit, Veto
from toolcrib.server.testing import RunningServer, serve


def contents(database: str) -> dict[str, list[Any]]:
    with behind(database) as connection:
        return connection.tables()


def create(name: str, **fields: Any) -> CreateRecipeRequest:
    return CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=1), **fields)


WRITES: list[tuple[str, Message]] = [
    ("CreateRecipe", create("new", validate_only=True)),
    ("CreateRecipe", create("new", validate_only=True, request_id="r")),
    ("UpdateRecipe", UpdateRecipeRequest(recipe=Recipe(id=1, speed_mm_s=7), validate_only=True)),
    ("UpdateRecipe", UpdateRecipeRequest(recipe=Recipe(id=1, name="one"), validate_only=True, request_id="r")),
    ("DeleteRecipe", DeleteRecipeRequest(id=1, validate_only=True)),
    ("DeleteRecipe", DeleteRecipeRequest(id=99, allow_missing=True, validate_only=True)),
    ("UndeleteRecipe", UndeleteRecipeRequest(id=2, validate_only=True)),
    ("BatchCreateRecipes", BatchCreateRecipesRequest(requests=[create("x"), create("y")], validate_only=True)),
    (
        "BatchUpdateRecipes",
        BatchUpdateRecipesRequest(
            requests=[UpdateRecipeRequest(recipe=Recipe(id=1, speed_mm_s=7))], validate_only=True
        ),
    ),
    ("BatchDeleteRecipes", BatchDeleteRecipesRequest(requests=[DeleteRecipeRequest(id=1)], validate_only=True)),
]


class TestNothingStays:
    @pytest.mark.parametrize(("method", "request_"), WRITES)
    def test_the_database_is_as_it_was(
        self, crib: Plant, server: RunningServer, method: str, request_: Message
    ) -> None:
        crib.recipe("one")
        crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=crib.recipe("two").id))
        before = contents(server.database)
        getattr(crib.recipes, method)(request_)
        assert contents(server.database) == before

    def test_neither_revision_nor_key_nor_request_id_is_used_up(self, crib: Plant) -> None:
        crib.recipes.CreateRecipe(create("tried", validate_only=True, request_id="r"))
        created = crib.recipes.CreateRecipe(create("done", request_id="r"))
        assert (created.id, created.etag) == (1, "1")

    def test_one_under_an_id_that_is_used_is_still_only_a_try(self, crib: Plant) -> None:
        crib.recipes.CreateRecipe(create("a", request_id="r"))
        assert crib.recipes.CreateRecipe(create("b", request_id="r", validate_only=True)).name == "b"
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST_ID"):
            crib.recipes.CreateRecipe(create("b", request_id=" ", validate_only=True))

    def test_a_hard_delete(self, crib: Plant, server: RunningServer) -> None:
        created = crib.cycles.CreateMachineCycle(CreateMachineCycleRequest(machine_cycle=cycle()))
        before = contents(server.database)
        crib.cycles.DeleteMachineCycle(DeleteMachineCycleRequest(id=created.id, validate_only=True))
        assert contents(server.database) == before


class TestAnswer:
    def test_it_has_all_but_what_a_commit_gives(self, crib: Plant) -> None:
        tried = crib.recipes.CreateRecipe(create("a", validate_only=True))
        assert (tried.id, tried.etag, tried.name) == (0, "", "a")
        assert tried.HasField("create_time")
        upsert = UpdateToolOffsetRequest(tool_offset=ToolOffset(tool_number=3), allow_missing=True, validate_only=True)
        tool = crib.tools.UpdateToolOffset(upsert)
        assert (tool.tool_number, tool.etag) == (3, "")

    def test_a_record_that_would_stay_as_it_is_keeps_its_etag(self, crib: Plant) -> None:
        one, two = crib.recipe("one", speed_mm_s=1), crib.recipe("two", speed_mm_s=1)
        changes = [UpdateRecipeRequest(recipe=Recipe(id=recipe.id, name="one")) for recipe in (one, two)]
        changes[1].recipe.name = "three"
        answer = crib.recipes.BatchUpdateRecipes(BatchUpdateRecipesRequest(requests=changes, validate_only=True))
        assert [(recipe.id, recipe.name, recipe.etag) for recipe in answer.recipes] == [
            (1, "one", "1"),
            (2, "three", ""),
        ]

    def test_a_soft_delete_shows_the_deleted_record(self, crib: Plant) -> None:
        recipe = crib.recipe()
        left = crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=recipe.id, validate_only=True))
        assert (left.id, left.HasField("delete_time"), left.etag) == (recipe.id, True, "")


class TestRefusals:
    def test_rules_keys_unique_values_and_etags(self, crib: Plant) -> None:
        recipe = crib.recipe("one")
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_RECORD"):
            crib.recipes.CreateRecipe(CreateRecipeRequest(recipe=Recipe(name="x", speed_mm_s=-1), validate_only=True))
        with refused(grpc.StatusCode.ALREADY_EXISTS, "RECORD_EXISTS"):
            crib.recipes.CreateRecipe(create("one", validate_only=True))
        with refused(grpc.StatusCode.ALREADY_EXISTS, "RECORD_EXISTS") as refusal:
            batch = BatchCreateRecipesRequest(requests=[create("same"), create("same")], validate_only=True)
            crib.recipes.BatchCreateRecipes(batch)
        assert refusal.metadata["index"] == "1"
        with refused(grpc.StatusCode.ABORTED, "ETAG_MISMATCH"):
            crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=recipe.id, etag="7", validate_only=True))
        crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=1)))
        with refused(grpc.StatusCode.ALREADY_EXISTS, "RECORD_EXISTS"):
            crib.tools.CreateToolOffset(
                CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=1), validate_only=True)
            )

    def test_one_without_an_actor(self, server: RunningServer) -> None:
        with plant(server.address, actor="") as nobody, refused(grpc.StatusCode.UNAUTHENTICATED, "ACTOR_REQUIRED"):
            nobody.recipes.CreateRecipe(create("a", validate_only=True))

    def test_one_within_a_batch_is_refused_at_its_place(self, crib: Plant) -> None:
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "NOT_WITHIN_BATCH") as refusal:
            requests = [create("a"), create("b", validate_only=True)]
            crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=requests, validate_only=True))
        assert refusal.fields == ["requests[1].validate_only"]


class TestHooks:
    def test_all_run_and_see_that_it_is_a_dry_run_and_listeners_are_not_told(self) -> None:
        application, seen, told = Application(), list[tuple[str, bool]](), list[Commit]()

        @application.before_create(RecipeRecord)
        def before(change: Change[RecipeRecord]) -> None:
            seen.append(("before", change.dry_run))
            change.repository(ToolOffsetRepository).create(ToolOffsetRecord(tool_number=1))

        @application.after_create(RecipeRecord)
        def after(change: Change[RecipeRecord]) -> None:
            seen.append(("after", change.dry_run))
            if change.after.name == "bad":
                raise Veto("no")

        application.after_commit(told.append)
        with serve(COMPONENTS, application=application) as server, plant(server.address) as crib:
            crib.recipes.CreateRecipe(create("a", validate_only=True))
            with refused(grpc.StatusCode.FAILED_PRECONDITION, "CHANGE_VETOED"):
                crib.recipes.CreateRecipe(create("bad", validate_only=True))
            assert crib.entries() == []
            crib.recipes.CreateRecipe(create("b"))
            assert [entry.revision for entry in crib.entries()] == [1, 1]
        assert seen == [("before", True), ("after", True)] * 2 + [("before", False), ("after", False)]
        assert [commit.revision for commit in told] == [1]


class TestGroup:
    @pytest.fixture(params=["without hooks", "with hooks"])
    def gate(self, request: pytest.FixtureRequest) -> Iterator[Gate]:
        application, doorkeeper = Application(), Doorkeeper()
        doorkeeper.stand_in(application)
        if request.param == "with hooks":
            application.before_create(MachineCycleRecord)(lambda change: None)
        with serve(COMPONENTS, application=application) as server, plant(server.address) as crib:
            yield Gate(crib, server.database, doorkeeper)

    def test_those_that_share_the_commit_notice_nothing(self, gate: Gate) -> None:
        cycles, recipes = gate.crib.cycles, gate.crib.recipes
        one = CreateMachineCycleRequest(machine_cycle=cycle())
        tried = CreateMachineCycleRequest(machine_cycle=cycle(), validate_only=True)
        many = BatchCreateMachineCyclesRequest(requests=[one] * 3, validate_only=True)
        gate.close()
        calls = [
            later(cycles.CreateMachineCycle, one),
            later(cycles.CreateMachineCycle, tried),
            later(cycles.BatchCreateMachineCycles, many),
            later(cycles.CreateMachineCycle, one),
            later(recipes.CreateRecipe, create("a", validate_only=True)),
            later(recipes.CreateRecipe, create("a")),
            later(recipes.CreateRecipe, create("a", validate_only=True)),
        ]
        gate.open()
        assert [call.code() for call in calls] == [grpc.StatusCode.OK] * 6 + [grpc.StatusCode.ALREADY_EXISTS]
        assert [calls[index].result(20).id for index in (0, 1, 3, 5)] == [1, 0, 2, 2]
        assert [calls[index].result(20).etag for index in (0, 1, 3, 5)] == ["2", "", "3", "4"]
        assert [entry.revision for entry in gate.crib.entries()] == [1, 2, 3, 4]
