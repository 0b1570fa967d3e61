"""request_id: a repeat is answered like the first and done once, whatever has happened in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from plant.cycles.v1.machine_cycle_service_pb2 import (
    BatchCreateMachineCyclesRequest,
    CreateMachineCycleRequest,
    DeleteMachineCycleRequest,
    ListMachineCyclesRequest,
)
from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_record import RecipeRecord
from plant.recipes.v1.recipe_service_pb2 import (
    BatchCreateRecipesRequest,
    BatchDeleteRecipesRequest,
    BatchUpdateRecipesRequest,
    CreateRecipeRequest,
    DeleteRecipeRequest,
    GetRecipeRequest,
    UndeleteRecipeRequest,
    UpdateRecipeRequest,
)
from plant.tools.v1.tool_offset_record import ToolOffsetRecord
from plant.tools.v1.tool_offset_repository import ToolOffsetRepository
from support.behind import behind
from support.gate import Doorkeeper, Gate, later
from support.plant import COMPONENTS, Plant, cycle, plant, refused
from toolcrib.server import Application, Change, RecordExists, Veto, answers
from toolcrib.server.testing import RunningServer, serve


def create(name: str, request_id: str, speed: float = 1) -> CreateRecipeRequest:
    return CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=speed), request_id=request_id)


def update(key: int, speed: float, request_id: str) -> UpdateRecipeRequest:
    return UpdateRecipeRequest(recipe=Recipe(id=key, speed_mm_s=speed), request_id=request_id)


def kept(database: str) -> list[tuple[Any, ...]]:
    with behind(database) as connection:
        found = connection.execute("SELECT actor, request_id, revision FROM toolcrib_answer ORDER BY number")
        return list(found.fetchall())


class TestRepeat:
    @pytest.mark.parametrize(
        ("method", "request_"),
        [
            ("CreateRecipe", create("new", "r")),
            ("UpdateRecipe", update(1, 7, "r")),
            ("UpdateRecipe", UpdateRecipeRequest(recipe=Recipe(id=1, speed_mm_s=8, etag="1"), request_id="r")),
            ("DeleteRecipe", DeleteRecipeRequest(id=1, request_id="r")),
            ("DeleteRecipe", DeleteRecipeRequest(id=99, allow_missing=True, request_id="r")),
            ("UndeleteRecipe", UndeleteRecipeRequest(id=2, request_id="r")),
            (
                "BatchCreateRecipes",
                BatchCreateRecipesRequest(requests=[create("x", ""), create("y", "")], request_id="r"),
            ),
            ("BatchCreateRecipes", BatchCreateRecipesRequest(request_id="r")),
            ("BatchUpdateRecipes", BatchUpdateRecipesRequest(requests=[update(1, 9, "")], request_id="r")),
            ("BatchDeleteRecipes", BatchDeleteRecipesRequest(requests=[DeleteRecipeRequest(id=1)], request_id="r")),
        ],
    )
    def test_it_is_answered_like_the_first_and_changes_nothing(
        self, crib: Plant, method: str, request_: Message
    ) -> None:
        crib.recipe("one")
        crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=crib.recipe("two").id))
        call = getattr(crib.recipes, method)
        answer, entries = call(request_), crib.entries()
        assert [call(request_) for _ in range(3)] == [answer] * 3
        assert crib.entries() == entries
        assert crib.revision() == entries[-1].revision

    def test_a_record_that_was_deleted_for_good(self, crib: Plant) -> None:
        created = crib.cycles.CreateMachineCycle(CreateMachineCycleRequest(machine_cycle=cycle(), request_id="a"))
        delete = DeleteMachineCycleRequest(id=created.id, request_id="b")
        assert crib.cycles.DeleteMachineCycle(delete) == crib.cycles.DeleteMachineCycle(delete)
        repeated = CreateMachineCycleRequest(machine_cycle=cycle(), request_id="a")
        assert crib.cycles.CreateMachineCycle(repeated) == created
        assert len(crib.entries()) == 2

    def test_what_was_done_since_stays(self, crib: Plant) -> None:
        recipe = crib.recipe(speed_mm_s=1)
        first = crib.recipes.UpdateRecipe(update(recipe.id, 2, "r"))
        crib.recipes.UpdateRecipe(update(recipe.id, 3, ""))
        assert crib.recipes.UpdateRecipe(update(recipe.id, 2, "r")) == first
        assert crib.recipes.GetRecipe(GetRecipeRequest(id=recipe.id)).speed_mm_s == 3

    def test_an_update_that_changed_nothing_still_changes_nothing_later(self, crib: Plant) -> None:
        recipe = crib.recipe(speed_mm_s=1)
        assert crib.recipes.UpdateRecipe(update(recipe.id, 1, "r")) == recipe
        crib.recipes.UpdateRecipe(update(recipe.id, 3, ""))
        assert crib.recipes.UpdateRecipe(update(recipe.id, 1, "r")) == recipe
        assert crib.recipes.GetRecipe(GetRecipeRequest(id=recipe.id)).speed_mm_s == 3

    def test_a_write_that_was_refused_is_tried_anew(self, crib: Plant, server: RunningServer) -> None:
        with refused(grpc.StatusCode.NOT_FOUND, "RECORD_NOT_FOUND"):
            crib.recipes.UpdateRecipe(update(1, 2, "r"))
        assert kept(server.database) == []
        crib.recipe()
        assert crib.recipes.UpdateRecipe(update(1, 2, "r")).speed_mm_s == 2

    def test_it_is_known_after_a_restart(self, database: str) -> None:
        told = []
        for _ in range(2):
            with serve(COMPONENTS, database=database) as running, plant(running.address) as crib:
                told.append(crib.recipes.CreateRecipe(create("a", "r")))
                assert len(crib.entries()) == 1
        assert told[0] == told[1]


class TestId:
    def test_another_request_or_method_under_the_same_id_is_refused(self, crib: Plant) -> None:
        recipe = crib.recipes.CreateRecipe(create("a", "r"))
        others: list[tuple[Callable[[Any], Any], Message]] = [
            (crib.recipes.CreateRecipe, create("b", "r")),
            (crib.recipes.DeleteRecipe, DeleteRecipeRequest(id=recipe.id, request_id="r")),
            (crib.recipes.BatchCreateRecipes, BatchCreateRecipesRequest(request_id="r")),
            (crib.cycles.BatchCreateMachineCycles, BatchCreateMachineCyclesRequest(request_id="r")),
        ]
        for call, request in others:
            with refused(grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED") as refusal:
                call(request)
            assert refusal.fields == ["request_id"]
        assert len(crib.entries()) == 1

    def test_each_actor_has_ids_of_its_own_and_is_never_told_the_answer_of_another(
        self, crib: Plant, server: RunningServer
    ) -> None:
        delete = DeleteRecipeRequest(id=crib.recipe(name="secret").id, request_id="r")
        assert crib.recipes.DeleteRecipe(delete).name == "secret"
        with plant(server.address, actor="bob") as bob:
            with refused(grpc.StatusCode.NOT_FOUND, "RECORD_NOT_FOUND"):
                bob.recipes.DeleteRecipe(delete)
            bob.recipes.CreateRecipe(create("bob's", "r"))
        assert kept(server.database) == [("ann", "r", 2), ("bob", "r", 3)]

    def test_a_write_without_an_actor_is_refused_as_such(self, server: RunningServer) -> None:
        with plant(server.address, actor="") as nobody, refused(grpc.StatusCode.UNAUTHENTICATED, "ACTOR_REQUIRED"):
            nobody.recipes.CreateRecipe(create("a", "r r"))

    @pytest.mark.parametrize("request_id", ["a b", " ", "\n", "é", "a\0", "x" * 129])
    def test_one_of_another_form_is_refused(self, crib: Plant, request_id: str) -> None:
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST_ID") as refusal:
            crib.recipes.CreateRecipe(create("a", request_id))
        assert refusal.fields == ["request_id"]

    @pytest.mark.parametrize("request_id", ["1", "x" * 128, "4f1c0e9a-63a4-4d8e-9f51-4d0c7a9e3b11", "plc7/00042;~!"])
    def test_forms_that_are_taken(self, crib: Plant, request_id: str) -> None:
        assert crib.recipes.CreateRecipe(create("a", request_id)) == crib.recipes.CreateRecipe(create("a", request_id))

    def test_one_within_a_batch_is_refused_at_its_place(self, crib: Plant) -> None:
        batches: list[tuple[Callable[[Any], Any], Message]] = [
            (
                crib.recipes.BatchCreateRecipes,
                BatchCreateRecipesRequest(requests=[create("a", ""), create("b", "r")], request_id="s"),
            ),
            (
                crib.recipes.BatchUpdateRecipes,
                BatchUpdateRecipesRequest(requests=[update(1, 1, ""), update(2, 1, "r")]),
            ),
            (
                crib.recipes.BatchDeleteRecipes,
                BatchDeleteRecipesRequest(
                    requests=[DeleteRecipeRequest(id=1), DeleteRecipeRequest(id=2, request_id="r")]
                ),
            ),
        ]
        for call, request in batches:
            with refused(grpc.StatusCode.INVALID_ARGUMENT, "NOT_WITHIN_BATCH") as refusal:
                call(request)
            assert refusal.fields == ["requests[1].request_id"]


class TestGroup:
    @pytest.fixture
    def gate(self) -> Iterator[Gate]:
        application, doorkeeper = Application(), Doorkeeper()
        doorkeeper.stand_in(application)

        @application.before_create(RecipeRecord)
        def check(change: Change[RecipeRecord]) -> None:
            if change.after.name == "bad":
                raise Veto("no")
            if change.after.name == "lost" and change.transaction.changes == []:
                # What SQLite does by itself when, for example, the disk is full.
                change.transaction.session.cursor.execute("ROLLBACK")

        with serve(COMPONENTS, application=application) as server, plant(server.address) as crib:
            yield Gate(crib, server.database, doorkeeper)

    def test_a_repeat_in_the_group_of_the_first_is_answered_too(self, gate: Gate) -> None:
        recipes, cycles = gate.crib.recipes, gate.crib.cycles
        gate.close()
        requests = [create("a", "r"), create("bad", "s"), create("a", "r"), create("bad", "s"), create("c", "r")]
        calls = [later(recipes.CreateRecipe, request) for request in requests]
        same = CreateMachineCycleRequest(machine_cycle=cycle(), request_id="t")
        others = [later(cycles.CreateMachineCycle, same) for _ in range(3)]
        gate.open()
        assert calls[2].result(20) == calls[0].result(20)
        assert [call.code() for call in calls] == [
            grpc.StatusCode.OK,
            grpc.StatusCode.FAILED_PRECONDITION,
            grpc.StatusCode.OK,
            grpc.StatusCode.FAILED_PRECONDITION,
            grpc.StatusCode.INVALID_ARGUMENT,
        ]
        assert len({call.result(20).id for call in others}) == 1
        assert [entry.revision for entry in gate.crib.entries()] == [1, 2, 3]
        assert kept(gate.database) == [("ann", "r", 2), ("ann", "t", 3)]

    def test_creates_that_wait_together_heed_the_ids_of_all_that_wait_with_them(self, gate: Gate) -> None:
        recipes, cycles = gate.crib.recipes, gate.crib.cycles
        known = CreateMachineCycleRequest(machine_cycle=cycle(), request_id="k")
        first = cycles.CreateMachineCycle(known)
        gate.close()
        batch = BatchCreateMachineCyclesRequest(requests=[CreateMachineCycleRequest(machine_cycle=cycle())] * 2)
        batch.request_id = "b"
        taken = CreateMachineCycleRequest(machine_cycle=cycle(), request_id="r")
        calls = [
            later(recipes.CreateRecipe, create("a", "r")),
            later(cycles.CreateMachineCycle, taken),
            later(cycles.CreateMachineCycle, known),
            later(cycles.BatchCreateMachineCycles, batch),
            later(cycles.BatchCreateMachineCycles, batch),
        ]
        gate.open()
        assert calls[0].result(20).name == "a"
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED"):
            calls[1].result(20)
        assert calls[2].result(20) == first
        assert calls[3].result(20) == calls[4].result(20)
        assert [item.id for item in cycles.ListMachineCycles(ListMachineCyclesRequest()).machine_cycles] == [1, 2, 3]
        assert kept(gate.database) == [("ann", "k", 1), ("ann", "r", 3), ("ann", "b", 4)]

    def test_where_the_group_is_lost_each_is_still_done_once(self, gate: Gate) -> None:
        gate.close()
        requests = [create("a", "r"), create("lost", "s"), create("a", "r"), create("b", "t")]
        calls = [later(gate.crib.recipes.CreateRecipe, request) for request in requests]
        gate.open()
        assert calls[0].result(20) == calls[2].result(20)
        assert calls[1].code() is grpc.StatusCode.INTERNAL
        assert calls[3].result(20).name == "b"
        assert [row[1] for row in kept(gate.database)] == ["r", "t"]
        assert len(gate.crib.entries()) == 3

    def test_a_call_alone_whose_hooks_tried_in_vain_and_that_changed_nothing(self) -> None:
        application = Application()

        @application.before_update(RecipeRecord)
        def try_in_vain(change: Change[RecipeRecord]) -> None:
            with suppress(RecordExists):
                change.repository(ToolOffsetRepository).create(ToolOffsetRecord(tool_number=1))
            change.after = change.before

        @application.before_create(RecipeRecord)
        def add_tool(change: Change[RecipeRecord]) -> None:
            change.repository(ToolOffsetRepository).create(ToolOffsetRecord(tool_number=1))

        with serve(COMPONENTS, application=application) as server, plant(server.address) as crib:
            recipe = crib.recipe()
            for _ in range(2):
                assert crib.recipes.UpdateRecipe(update(recipe.id, 5, "r")) == recipe
            assert kept(server.database) == [("ann", "r", 0)]
            assert crib.revision() == 1


class TestForgetting:
    def test_the_old_ones_go_with_later_writes_a_few_at_a_time(self, database: str) -> None:
        long_ago = datetime.now(UTC) - timedelta(hours=25)
        with serve(COMPONENTS, database=database) as running, plant(running.address) as crib:
            crib.recipes.CreateRecipe(create("a", "young"))
            with behind(running.database) as connection:
                connection.execute("UPDATE toolcrib_answer SET number = 1000")
                connection.executemany(
                    "INSERT INTO toolcrib_answer VALUES (?, '', 'ann', ?, ?, 1, ?, ?)",
                    [(n, f"old {n}", f"{long_ago:%Y-%m-%d %H:%M:%S.%f}", b"", b"") for n in range(1, 250)],
                )
            for turn, left in enumerate([148, 47, 0]):
                crib.recipes.CreateRecipe(create(f"b{turn}", f"new-{turn}"))
                assert sum(row[1].startswith("old") for row in kept(running.database)) == left
            assert crib.recipes.CreateRecipe(create("a", "young")).id == 1

    def test_there_are_never_more_than_are_set(self, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(answers, "_FORGOTTEN_BESIDE", 1)
        with serve(COMPONENTS, database=database, request_ids_max=1000) as running:
            with plant(running.address) as crib:
                pending = [
                    later(
                        crib.cycles.BatchCreateMachineCycles,
                        BatchCreateMachineCyclesRequest(request_id=f"{number}"),
                    )
                    for number in range(1100)
                ]
                for call in pending:
                    call.result(20)
            with behind(running.database) as connection:
                # In the order of their commits, which calls at the same time need not keep.
                span = connection.execute("SELECT min(number), max(number), count(*) FROM toolcrib_answer").fetchone()
        assert span == (101, 1100, 1000)
