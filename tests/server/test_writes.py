"""The lines under "Writes" of what is promised at the edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from plant.cycles.v1.machine_cycle_pb2 import MachineCycle
from plant.cycles.v1.machine_cycle_service_pb2 import (
    BatchCreateMachineCyclesRequest,
    CreateMachineCycleRequest,
    DeleteMachineCycleRequest,
    GetMachineCycleRequest,
)
from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import (
    BatchCreateRecipesRequest,
    BatchDeleteRecipesRequest,
    BatchGetRecipesRequest,
    BatchUpdateRecipesRequest,
    CreateRecipeRequest,
    DeleteRecipeRequest,
    GetRecipeRequest,
    ListRecipesRequest,
    UndeleteRecipeRequest,
    UpdateRecipeRequest,
)
from plant.tools.v1.tool_offset_pb2 import ToolOffset
from plant.tools.v1.tool_offset_service_pb2 import (
    BatchCreateToolOffsetsRequest,
    CreateToolOffsetRequest,
    DeleteToolOffsetRequest,
    GetToolOffsetRequest,
    UpdateToolOffsetRequest,
)
from plant.users.v1.user_pb2 import Role, User
from plant.users.v1.user_service_pb2 import BatchCreateUsersRequest, CreateUserRequest, DeleteUserRequest
from support.plant import Plant, cycle, refused
from toolcrib.audit.v1 import audit_pb2

CREATE, UPDATE = audit_pb2.OPERATION_CREATE, audit_pb2.OPERATION_UPDATE
DELETE, UNDELETE = audit_pb2.OPERATION_DELETE, audit_pb2.OPERATION_UNDELETE


def update(crib: Plant, recipe: Recipe, *paths: str, allow_missing: bool = False) -> Recipe:
    mask = FieldMask(paths=paths) if paths else None
    return crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=recipe, update_mask=mask, allow_missing=allow_missing))


class TestUpdatesThatChangeNothing:
    def test_nothing_is_written_and_the_answer_is_the_current_record_with_its_old_etag(self, crib: Plant) -> None:
        created = crib.recipe(speed_mm_s=100)
        before = crib.revision()
        answer = update(crib, Recipe(id=created.id, speed_mm_s=100), "speed_mm_s")
        assert answer == created
        assert crib.revision() == before
        assert len(crib.entries()) == 1

    def test_in_a_batch_only_those_that_change_are_written(self, crib: Plant) -> None:
        first, second = crib.recipe("a"), crib.recipe("b")
        answer = crib.recipes.BatchUpdateRecipes(
            BatchUpdateRecipesRequest(
                requests=[
                    UpdateRecipeRequest(recipe=Recipe(id=first.id, name="a")),
                    UpdateRecipeRequest(recipe=Recipe(id=second.id, name="c")),
                ]
            )
        )
        assert [recipe.name for recipe in answer.recipes] == ["a", "c"]
        assert answer.recipes[0] == first
        assert [entry.record_key for entry in crib.entries(start_revision=3)] == [str(second.id)]


class TestSoftDeletedRecords:
    def test_an_update_is_refused_as_the_record_is_deleted(self, crib: Plant) -> None:
        recipe = crib.recipe()
        crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=recipe.id))
        before = crib.revision()
        with refused(grpc.StatusCode.FAILED_PRECONDITION, "RECORD_DELETED") as refusal:
            update(crib, Recipe(id=recipe.id, name="revived"))
        assert refusal.preconditions == ["RECORD_DELETED"]
        assert refusal.resource == ("plant.recipes.v1.Recipe", str(recipe.id))
        assert crib.revision() == before

    def test_an_upsert_does_not_revive_it_either(self, crib: Plant) -> None:
        crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=7)))
        crib.tools.DeleteToolOffset(DeleteToolOffsetRequest(tool_number=7))
        with refused(grpc.StatusCode.FAILED_PRECONDITION, "RECORD_DELETED"):
            crib.tools.UpdateToolOffset(
                UpdateToolOffsetRequest(tool_offset=ToolOffset(tool_number=7, pocket=1), allow_missing=True)
            )

    def test_a_delete_answers_the_record_with_its_delete_time_and_hides_it(self, crib: Plant) -> None:
        recipe = crib.recipe()
        deleted = crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=recipe.id))
        assert deleted.HasField("delete_time")
        assert deleted.etag != recipe.etag
        with refused(grpc.StatusCode.NOT_FOUND, "RECORD_NOT_FOUND") as refusal:
            crib.recipes.GetRecipe(GetRecipeRequest(id=recipe.id))
        assert refusal.metadata["deleted"] == "true"
        assert crib.recipes.GetRecipe(GetRecipeRequest(id=recipe.id, show_deleted=True)) == deleted
        assert not crib.recipes.ListRecipes(ListRecipesRequest()).recipes
        assert list(crib.recipes.ListRecipes(ListRecipesRequest(show_deleted=True)).recipes) == [deleted]

    def test_a_second_delete_finds_nothing_and_writes_nothing(self, crib: Plant) -> None:
        recipe = crib.recipe()
        crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=recipe.id))
        before = crib.revision()
        with refused(grpc.StatusCode.NOT_FOUND, "RECORD_NOT_FOUND"):
            crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=recipe.id))
        crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=recipe.id, allow_missing=True))
        assert crib.revision() == before
        assert [entry.operation for entry in crib.entries()] == [CREATE, DELETE]

    def test_an_undelete_brings_it_back(self, crib: Plant) -> None:
        recipe = crib.recipe()
        crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=recipe.id))
        back = crib.recipes.UndeleteRecipe(UndeleteRecipeRequest(id=recipe.id))
        assert not back.HasField("delete_time")
        assert (back.name, back.create_time) == (recipe.name, recipe.create_time)
        assert crib.recipes.GetRecipe(GetRecipeRequest(id=recipe.id)) == back
        assert [entry.operation for entry in crib.entries()] == [CREATE, DELETE, UNDELETE]

    def test_an_undelete_of_a_live_record_is_refused_as_it_exists(self, crib: Plant) -> None:
        recipe = crib.recipe()
        with refused(grpc.StatusCode.ALREADY_EXISTS, "RECORD_NOT_DELETED"):
            crib.recipes.UndeleteRecipe(UndeleteRecipeRequest(id=recipe.id))

    def test_an_undelete_of_a_missing_record_finds_nothing(self, crib: Plant) -> None:
        with refused(grpc.StatusCode.NOT_FOUND, "RECORD_NOT_FOUND"):
            crib.recipes.UndeleteRecipe(UndeleteRecipeRequest(id=5))

    def test_without_soft_delete_there_is_no_undelete_and_delete_is_for_good(self, crib: Plant) -> None:
        created = crib.cycles.CreateMachineCycle(CreateMachineCycleRequest(machine_cycle=cycle()))
        crib.cycles.DeleteMachineCycle(DeleteMachineCycleRequest(id=created.id))
        with refused(grpc.StatusCode.NOT_FOUND) as refusal:
            crib.cycles.GetMachineCycle(GetMachineCycleRequest(id=created.id))
        assert refusal.metadata["deleted"] == "false"
        undelete: Any = crib.channel.unary_unary("/plant.cycles.v1.MachineCycleService/UndeleteMachineCycle")
        with pytest.raises(grpc.RpcError) as failure:
            undelete(b"")
        assert isinstance(failure.value, grpc.Call)
        assert failure.value.code() == grpc.StatusCode.UNIMPLEMENTED
        entry = crib.entries(operations=[DELETE])[0]
        assert entry.HasField("before")
        assert not entry.HasField("after")


class TestKeys:
    def test_a_create_with_a_key_that_exists_is_refused_and_names_the_field(self, crib: Plant) -> None:
        crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=3, comment="first")))
        with refused(grpc.StatusCode.ALREADY_EXISTS, "RECORD_EXISTS") as refusal:
            crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=3)))
        assert refusal.metadata["field"] == "tool_number"
        assert refusal.resource == ("plant.tools.v1.ToolOffset", "3")
        assert crib.tools.GetToolOffset(GetToolOffsetRequest(tool_number=3)).comment == "first"

    def test_the_key_of_a_deleted_record_stays_taken(self, crib: Plant) -> None:
        crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=3)))
        crib.tools.DeleteToolOffset(DeleteToolOffsetRequest(tool_number=3))
        with refused(grpc.StatusCode.ALREADY_EXISTS, "RECORD_EXISTS") as refusal:
            crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=3)))
        assert "undelete" in refusal.message

    def test_a_unique_value_that_is_taken_is_refused_and_names_field_and_holder(self, crib: Plant) -> None:
        holder = crib.recipe("same")
        other = crib.recipe("other")
        attempts: list[Callable[[], Recipe]] = [
            lambda: crib.recipe("same"),
            lambda: update(crib, Recipe(id=other.id, name="same")),
        ]
        for attempt in attempts:
            with refused(grpc.StatusCode.ALREADY_EXISTS, "RECORD_EXISTS") as refusal:
                attempt()
            assert refusal.metadata["field"] == "name"
            assert refusal.metadata["key"] == str(holder.id)

    def test_an_update_of_the_key_is_refused_as_it_never_changes(self, crib: Plant) -> None:
        recipe = crib.recipe()
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "KEY_IMMUTABLE") as refusal:
            update(crib, Recipe(id=recipe.id, name="x"), "id", "name")
        assert refusal.fields == ["update_mask"]

    def test_a_key_that_the_server_gives_cannot_be_chosen(self, crib: Plant) -> None:
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "KEY_NOT_SETTABLE") as refusal:
            crib.recipe(id=77)
        assert refusal.fields == ["recipe.id"]

    def test_a_missing_key_is_refused(self, crib: Plant) -> None:
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "KEY_MISSING") as refusal:
            crib.recipes.GetRecipe(GetRecipeRequest())
        assert refusal.fields == ["id"]
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "KEY_MISSING") as refusal:
            crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(pocket=1)))
        assert refusal.fields == ["tool_offset.tool_number"]

    def test_numbers_are_never_given_twice_not_even_of_the_newest_deleted_record(self, crib: Plant) -> None:
        first = crib.cycles.CreateMachineCycle(CreateMachineCycleRequest(machine_cycle=cycle()))
        crib.cycles.DeleteMachineCycle(DeleteMachineCycleRequest(id=first.id))
        second = crib.cycles.CreateMachineCycle(CreateMachineCycleRequest(machine_cycle=cycle()))
        assert second.id == first.id + 1

    def test_string_keys_are_version_7_uuids_in_the_order_of_time(self, crib: Plant) -> None:
        users = [
            crib.users.CreateUser(CreateUserRequest(user=User(login=login, role=Role.ROLE_OPERATOR)))
            for login in ("anna", "bert")
        ]
        assert all(user.id[14] == "7" and len(user.id) == 36 for user in users)
        assert users[0].id[:13] <= users[1].id[:13]


class TestUpdates:
    def test_a_patch_is_refused_where_the_whole_record_would_break_a_rule(self, crib: Plant) -> None:
        recipe = crib.recipe(speed_mm_s=100)
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_RECORD") as refusal:
            update(crib, Recipe(id=recipe.id, speed_mm_s=900), "speed_mm_s")
        assert refusal.fields == ["recipe.speed_mm_s"]
        assert crib.recipes.GetRecipe(GetRecipeRequest(id=recipe.id)) == recipe

    def test_without_a_mask_the_populated_fields_change(self, crib: Plant) -> None:
        recipe = crib.recipe("kept", spindle_rpm=8000)
        changed = update(crib, Recipe(id=recipe.id, speed_mm_s=50))
        assert (changed.name, changed.spindle_rpm, changed.speed_mm_s) == ("kept", 8000, 50)

    def test_a_mask_clears_what_is_unset(self, crib: Plant) -> None:
        recipe = crib.recipe(spindle_rpm=8000, approved=True)
        changed = update(crib, Recipe(id=recipe.id), "spindle_rpm", "approved")
        assert not changed.HasField("spindle_rpm")
        assert not changed.approved

    def test_an_optional_field_set_to_its_default_is_not_unset(self, crib: Plant) -> None:
        recipe = crib.recipe(spindle_rpm=0)
        assert crib.recipes.GetRecipe(GetRecipeRequest(id=recipe.id)).HasField("spindle_rpm")

    def test_a_star_replaces_the_record(self, crib: Plant) -> None:
        recipe = crib.recipe("old", spindle_rpm=8000)
        changed = update(crib, Recipe(id=recipe.id, name="new", speed_mm_s=1), "*")
        assert (changed.name, changed.HasField("spindle_rpm")) == ("new", False)
        assert changed.create_time == recipe.create_time

    @pytest.mark.parametrize(
        ("path", "hint"),
        [("speed_mm", "speed_mm_s"), ("name.first", "name"), ("", "speed_mm_s"), ("create_time", "server")],
    )
    def test_a_mask_with_an_unknown_path_is_refused_with_the_nearest_name(
        self, crib: Plant, path: str, hint: str
    ) -> None:
        recipe = crib.recipe()
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_MASK") as refusal:
            update(crib, Recipe(id=recipe.id), path)
        assert hint in refusal.violations["update_mask"]

    def test_a_stale_etag_is_refused_and_the_current_one_is_told(self, crib: Plant) -> None:
        recipe = crib.recipe()
        current = update(crib, Recipe(id=recipe.id, name="newer"))
        with refused(grpc.StatusCode.ABORTED, "ETAG_MISMATCH") as refusal:
            update(crib, Recipe(id=recipe.id, name="mine", etag=recipe.etag))
        assert refusal.metadata["etag"] == current.etag
        assert update(crib, Recipe(id=recipe.id, name="mine", etag=current.etag)).name == "mine"
        with refused(grpc.StatusCode.ABORTED, "ETAG_MISMATCH"):
            crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=recipe.id, etag=recipe.etag))

    def test_an_upsert_creates_under_the_callers_key_and_then_updates(self, crib: Plant) -> None:
        for pocket in (4, 5):
            answer = crib.tools.UpdateToolOffset(
                UpdateToolOffsetRequest(tool_offset=ToolOffset(tool_number=9, pocket=pocket), allow_missing=True)
            )
            assert answer.pocket == pocket
        assert [entry.operation for entry in crib.entries()] == [CREATE, UPDATE]

    def test_an_upsert_creates_where_the_server_gives_the_key_only_without_one(self, crib: Plant) -> None:
        assert update(crib, Recipe(name="new", speed_mm_s=1), allow_missing=True).id == 1
        with refused(grpc.StatusCode.NOT_FOUND, "RECORD_NOT_FOUND"):
            update(crib, Recipe(id=50, name="other", speed_mm_s=1), allow_missing=True)

    def test_an_update_of_a_missing_record_finds_nothing(self, crib: Plant) -> None:
        with refused(grpc.StatusCode.NOT_FOUND, "RECORD_NOT_FOUND") as refusal:
            update(crib, Recipe(id=50, name="x"))
        assert refusal.resource == ("plant.recipes.v1.Recipe", "50")


class TestRules:
    def test_every_violated_field_is_named(self, crib: Plant) -> None:
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_RECORD") as refusal:
            crib.recipe("", speed_mm_s=-1, spindle_rpm=99999, coolant=17)
        assert refusal.fields == ["recipe.name", "recipe.speed_mm_s", "recipe.spindle_rpm", "recipe.coolant"]
        assert crib.revision() == 0

    def test_standard_fields_are_the_servers(self, crib: Plant) -> None:
        mine = Recipe(name="x", speed_mm_s=1, etag="mine")
        mine.create_time.FromJsonString("2001-01-01T00:00:00Z")
        mine.delete_time.FromJsonString("2001-01-01T00:00:00Z")
        created = crib.recipes.CreateRecipe(CreateRecipeRequest(recipe=mine))
        assert created.create_time.seconds > 1_700_000_000
        assert created.create_time == created.update_time
        assert not created.HasField("delete_time")
        assert created.etag == "1"


class TestBatches:
    def test_one_bad_item_keeps_all_out_and_is_named_by_index_and_field(self, crib: Plant) -> None:
        items = [CreateRecipeRequest(recipe=Recipe(name=f"r{n}", speed_mm_s=1 if n != 2 else 0)) for n in range(4)]
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_RECORD") as refusal:
            crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=items))
        assert refusal.fields == ["requests[2].recipe.speed_mm_s"]
        assert crib.revision() == 0
        assert not crib.recipes.ListRecipes(ListRecipesRequest()).recipes

    def test_a_conflict_in_the_middle_keeps_all_out_and_is_named_by_its_index(self, crib: Plant) -> None:
        crib.recipe("taken")
        items = [CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=1)) for name in ("a", "taken", "b")]
        with refused(grpc.StatusCode.ALREADY_EXISTS, "RECORD_EXISTS") as refusal:
            crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=items))
        assert (refusal.metadata["index"], refusal.metadata["field"]) == ("1", "name")
        assert len(crib.entries()) == 1

    def test_two_items_with_the_same_unique_value_conflict(self, crib: Plant) -> None:
        items = [CreateRecipeRequest(recipe=Recipe(name="twin", speed_mm_s=1)) for _ in range(2)]
        with refused(grpc.StatusCode.ALREADY_EXISTS, "RECORD_EXISTS") as refusal:
            crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=items))
        assert refusal.metadata["field"] == "name"
        assert crib.revision() == 0

    def test_the_same_key_twice_is_refused(self, crib: Plant) -> None:
        recipe = crib.recipe()
        twice = [UpdateRecipeRequest(recipe=Recipe(id=recipe.id, name=name)) for name in ("a", "b")]
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "KEY_REPEATED") as refusal:
            crib.recipes.BatchUpdateRecipes(BatchUpdateRecipesRequest(requests=twice))
        assert refusal.fields == ["requests[1]"]
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "KEY_REPEATED"):
            crib.recipes.BatchDeleteRecipes(BatchDeleteRecipesRequest(requests=[DeleteRecipeRequest(id=recipe.id)] * 2))
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "KEY_REPEATED"):
            crib.tools.BatchCreateToolOffsets(
                BatchCreateToolOffsetsRequest(
                    requests=[CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=1))] * 2
                )
            )

    def test_an_empty_batch_has_an_empty_answer_and_no_revision(self, crib: Plant) -> None:
        assert not crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest()).recipes
        assert not crib.recipes.BatchUpdateRecipes(BatchUpdateRecipesRequest()).recipes
        assert not crib.recipes.BatchDeleteRecipes(BatchDeleteRecipesRequest()).recipes
        assert not crib.recipes.BatchGetRecipes(BatchGetRecipesRequest()).recipes
        assert crib.revision() == 0

    def test_answers_come_in_the_order_of_the_requests_under_one_revision(self, crib: Plant) -> None:
        names = ["z", "a", "m"]
        items = [CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=1)) for name in names]
        created = crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=items)).recipes
        assert [recipe.name for recipe in created] == names
        assert [recipe.id for recipe in created] == [1, 2, 3]
        assert crib.revision() == 1
        assert [(entry.revision, entry.ordinal) for entry in crib.entries()] == [(1, 0), (1, 1), (1, 2)]
        found = crib.recipes.BatchGetRecipes(
            BatchGetRecipesRequest(requests=[GetRecipeRequest(id=key) for key in (3, 1)])
        ).recipes
        assert [recipe.name for recipe in found] == ["m", "z"]
        gone = crib.recipes.BatchDeleteRecipes(
            BatchDeleteRecipesRequest(requests=[DeleteRecipeRequest(id=key) for key in (2, 1)])
        ).recipes
        assert [recipe.name for recipe in gone] == ["a", "z"]
        assert crib.revision() == 2

    def test_a_batch_get_of_a_missing_record_names_its_index(self, crib: Plant) -> None:
        recipe = crib.recipe()
        with refused(grpc.StatusCode.NOT_FOUND, "RECORD_NOT_FOUND") as refusal:
            crib.recipes.BatchGetRecipes(
                BatchGetRecipesRequest(requests=[GetRecipeRequest(id=recipe.id), GetRecipeRequest(id=9)])
            )
        assert refusal.metadata["index"] == "1"

    def test_bulk_writes_are_audited_like_single_ones(self, crib: Plant) -> None:
        single = crib.cycles.CreateMachineCycle(CreateMachineCycleRequest(machine_cycle=cycle()))
        bulk = crib.cycles.BatchCreateMachineCycles(
            BatchCreateMachineCyclesRequest(requests=[CreateMachineCycleRequest(machine_cycle=cycle())])
        ).machine_cycles[0]
        images = []
        for entry in crib.entries():
            image = MachineCycle()
            assert entry.after.Unpack(image)
            images.append(image)
        assert images == [single, bulk]


class TestRecordLimit:
    def test_a_record_above_the_limit_is_refused_and_deleted_ones_do_not_count(self, crib: Plant) -> None:
        def users(first: int, count: int) -> BatchCreateUsersRequest:
            numbers = range(first, first + count)
            people = [User(login=f"user{number}", role=Role.ROLE_OPERATOR) for number in numbers]
            return BatchCreateUsersRequest(requests=[CreateUserRequest(user=user) for user in people])

        created = crib.users.BatchCreateUsers(users(0, 500)).users
        with refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "RECORD_LIMIT_REACHED") as refusal:
            crib.users.BatchCreateUsers(users(500, 1))
        assert refusal.metadata["max_records"] == "500"
        crib.users.DeleteUser(DeleteUserRequest(id=created[0].id))
        assert len(crib.users.BatchCreateUsers(users(500, 1)).users) == 1
        with refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "RECORD_LIMIT_REACHED"):
            crib.users.BatchCreateUsers(users(501, 1))
