"""Hooks: a machine builder's rules in the transaction of the change, and listeners behind the commit."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress

import grpc
import pytest

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_record import RecipeRecord
from plant.recipes.v1.recipe_service_pb2 import (
    BatchCreateRecipesRequest,
    CreateRecipeRequest,
    DeleteRecipeRequest,
    GetRecipeRequest,
    ListRecipesRequest,
    UndeleteRecipeRequest,
    UpdateRecipeRequest,
)
from plant.tools.v1.tool_offset_pb2 import ToolOffset
from plant.tools.v1.tool_offset_record import ToolOffsetRecord
from plant.tools.v1.tool_offset_repository import ToolOffsetRepository
from plant.tools.v1.tool_offset_service_pb2 import (
    CreateToolOffsetRequest,
    GetToolOffsetRequest,
    ListToolOffsetsRequest,
    UpdateToolOffsetRequest,
)
from support.plant import COMPONENTS, Plant, plant, refused
from toolcrib.server import (
    Application,
    Change,
    Commit,
    Operation,
    RecordExists,
    StartError,
    Step,
    StoreError,
    Veto,
)
from toolcrib.server.testing import serve


@pytest.fixture
def application() -> Application:
    return Application()


def run(application: Application, steps: Callable[[Plant], None]) -> None:
    with serve(COMPONENTS, application=application) as server, plant(server.address) as crib:
        steps(crib)


class TestOrder:
    def test_before_and_after_run_around_the_write_the_first_registered_outermost(
        self, application: Application
    ) -> None:
        told: list[str] = []

        @application.hook(RecipeRecord)
        def outer(call_next: Step[RecipeRecord]) -> Step[RecipeRecord]:
            def step(change: Change[RecipeRecord]) -> None:
                told.append(f"outer {change.operation.name}")
                call_next(change)
                told.append("outer end")

            return step

        for name, register in {
            "before_create": application.before_create,
            "after_create": application.after_create,
            "before_update": application.before_update,
            "after_update": application.after_update,
            "before_delete": application.before_delete,
            "after_delete": application.after_delete,
            "before_undelete": application.before_undelete,
            "after_undelete": application.after_undelete,
        }.items():
            register(RecipeRecord)(lambda _, name=name: told.append(name))  # type: ignore[misc]  # bound in the loop

        def steps(crib: Plant) -> None:
            key = crib.recipe().id
            crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=key, name="x")))
            crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=key))
            crib.recipes.UndeleteRecipe(UndeleteRecipeRequest(id=key))

        run(application, steps)
        expected = []
        for name in ("create", "update", "delete", "undelete"):
            expected += [f"outer {name.upper()}", f"before_{name}", f"after_{name}", "outer end"]
        assert told == expected

    def test_an_update_that_changes_nothing_runs_no_hook(self, application: Application) -> None:
        told: list[str] = []
        application.before_update(RecipeRecord)(lambda change: told.append(change.after.name))

        def steps(crib: Plant) -> None:
            key = crib.recipe("x").id
            crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=key, name="x")))

        run(application, steps)
        assert told == []


class TestWhatHooksSee:
    def test_who_why_when_and_the_record_before_and_after(self, application: Application) -> None:
        seen: list[tuple[object, ...]] = []

        @application.after_update(RecipeRecord)
        def look(change: Change[RecipeRecord]) -> None:
            seen.append((change.actor, change.reason, change.metadata["x-line"], change.before.name, change.after.name))
            assert change.after.update_time == change.time

        def steps(crib: Plant) -> None:
            key = crib.recipe("old").id
            crib.recipes.UpdateRecipe(
                UpdateRecipeRequest(recipe=Recipe(id=key, name="new")),
                metadata=(("x-actor", "bob"), ("x-change-reason", "order 17"), ("x-line", "3")),
            )

        run(application, steps)
        assert seen == [("bob", "order 17", "3", "old", "new")]


class TestAltering:
    def test_what_a_before_hook_leaves_is_written_answered_and_audited(self, application: Application) -> None:
        @application.before_create(RecipeRecord)
        def tidy(change: Change[RecipeRecord]) -> None:
            change.after.name = change.after.name.strip()

        def steps(crib: Plant) -> None:
            created = crib.recipe("  bracket ")
            assert created.name == "bracket"
            assert crib.recipes.GetRecipe(GetRecipeRequest(id=created.id)) == created
            image = Recipe()
            assert crib.entries()[0].after.Unpack(image)
            assert image == created

        run(application, steps)

    def test_what_a_hook_makes_of_the_record_has_to_obey_the_rules(self, application: Application) -> None:
        @application.before_create(RecipeRecord)
        def spoil(change: Change[RecipeRecord]) -> None:
            change.after.speed_mm_s = -1

        def steps(crib: Plant) -> None:
            with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_RECORD") as refusal:
                crib.recipe()
            assert refusal.fields == ["recipe.speed_mm_s"]

        run(application, steps)

    def test_a_hook_cannot_change_the_key(self, application: Application) -> None:
        @application.before_update(RecipeRecord)
        def rename(change: Change[RecipeRecord]) -> None:
            change.after.id = 99

        def steps(crib: Plant) -> None:
            with refused(grpc.StatusCode.INVALID_ARGUMENT, "KEY_IMMUTABLE"):
                crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=crib.recipe().id, name="x")))

        run(application, steps)

    def test_a_hook_that_undoes_the_update_leaves_nothing_to_write(self, application: Application) -> None:
        @application.before_update(RecipeRecord)
        def undo(change: Change[RecipeRecord]) -> None:
            change.after = change.before.model_copy()

        def steps(crib: Plant) -> None:
            created = crib.recipe()
            assert crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=created.id, name="x"))) == created
            assert crib.revision() == 1

        run(application, steps)


class TestRefusing:
    @pytest.mark.parametrize("first", [True, False], ids=["before the write", "after the write"])
    def test_what_is_raised_rolls_all_back_and_becomes_a_clear_status(self, first: bool) -> None:
        raised: list[Exception] = [
            Veto("the line is running", reason="LINE_RUNNING", metadata={"line": "3"}),
            ValueError("a name needs a number"),
            KeyError("secret detail"),
            # As `next` of nothing does: futures do not take it.
            StopIteration("secret detail"),
        ]
        codes = [
            (grpc.StatusCode.FAILED_PRECONDITION, "LINE_RUNNING"),
            (grpc.StatusCode.INVALID_ARGUMENT, "CHANGE_REFUSED"),
            (grpc.StatusCode.INTERNAL, "INTERNAL"),
            (grpc.StatusCode.INTERNAL, "INTERNAL"),
        ]
        application = Application()

        def refuse(change: Change[RecipeRecord]) -> None:
            if change.after.name != "good":
                raise raised[int(change.after.name)]

        (application.before_create if first else application.after_create)(RecipeRecord)(refuse)

        def steps(crib: Plant) -> None:
            for number, (code, reason) in enumerate(codes):
                with refused(code, reason) as refusal:
                    crib.recipe(str(number))
                assert "secret" not in refusal.message
                assert "KeyError" not in refusal.message
            assert crib.entries() == []
            assert crib.recipe("good").id == 1
            assert crib.revision() == 1

        run(application, steps)

    def test_an_internal_error_says_an_incident_that_the_log_explains(
        self, application: Application, caplog: pytest.LogCaptureFixture
    ) -> None:
        @application.before_create(RecipeRecord)
        def break_down(change: Change[RecipeRecord]) -> None:
            raise KeyError("secret detail")

        def steps(crib: Plant) -> None:
            with refused(grpc.StatusCode.INTERNAL, "INTERNAL") as refusal:
                crib.recipe()
            assert refusal.metadata["incident"] in caplog.text
            assert "secret detail" in caplog.text

        run(application, steps)

    def test_wrong_types_in_a_hook_are_an_invalid_argument_that_names_the_field(self, application: Application) -> None:
        @application.before_create(RecipeRecord)
        def mistype(change: Change[RecipeRecord]) -> None:
            change.after.spindle_rpm = "fast"  # type: ignore[assignment]  # what a careless hook does

        def steps(crib: Plant) -> None:
            with refused(grpc.StatusCode.INVALID_ARGUMENT, "CHANGE_REFUSED") as refusal:
                crib.recipe()
            assert refusal.fields == ["recipe.spindle_rpm"]

        run(application, steps)

    def test_a_refused_item_takes_its_batch_with_it_and_is_named(self, application: Application) -> None:
        @application.after_create(RecipeRecord)
        def refuse(change: Change[RecipeRecord]) -> None:
            if change.after.name == "bad":
                raise Veto("no")

        def steps(crib: Plant) -> None:
            items = [CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=1)) for name in ("a", "bad", "c")]
            with refused(grpc.StatusCode.FAILED_PRECONDITION, "CHANGE_VETOED") as refusal:
                crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=items))
            assert refusal.metadata["index"] == "1"
            assert not crib.recipes.ListRecipes(ListRecipesRequest()).recipes
            assert crib.entries() == []

        run(application, steps)

    def test_a_refused_call_leaves_those_that_share_its_commit_alone(self, application: Application) -> None:
        gate, entered = threading.Event(), threading.Event()

        @application.after_create(RecipeRecord)
        def refuse(change: Change[RecipeRecord]) -> None:
            if change.after.name == "gate":
                entered.set()
                assert gate.wait(20)
            if change.after.name.startswith("bad"):
                raise Veto("no")

        def steps(crib: Plant) -> None:
            metadata = (("x-actor", "ann"),)

            def create(name: str) -> grpc.Future[Recipe]:
                request = CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=1))
                return crib.recipes.CreateRecipe.future(request, metadata=metadata)

            first = create("gate")
            assert entered.wait(20)
            calls = {name: create(name) for name in ("a", "bad 1", "b", "bad 2", "c")}
            crib.recipes.ListRecipes(ListRecipesRequest())
            gate.set()
            assert first.result(20).id == 1
            assert [calls[name].result(20).id for name in ("a", "b", "c")] == [2, 3, 4]
            for name in ("bad 1", "bad 2"):
                with refused(grpc.StatusCode.FAILED_PRECONDITION):
                    calls[name].result(20)
            assert [entry.revision for entry in crib.entries()] == [1, 2, 3, 4]

        run(application, steps)


class TestOtherComponents:
    def test_what_a_hook_writes_elsewhere_has_the_same_revision_and_is_audited(self, application: Application) -> None:
        @application.after_create(RecipeRecord)
        def reserve(change: Change[RecipeRecord]) -> None:
            tools = change.repository(ToolOffsetRepository)
            tools.create(ToolOffsetRecord(tool_number=change.after.id, comment=change.after.name))
            stored = tools.get(change.after.id)
            assert stored is not None
            assert stored.comment == change.after.name

        def steps(crib: Plant) -> None:
            recipe = crib.recipe("bracket")
            assert crib.tools.GetToolOffset(GetToolOffsetRequest(tool_number=recipe.id)).comment == "bracket"
            entries = crib.entries()
            assert [(e.revision, e.ordinal, e.component) for e in entries] == [
                (1, 0, "plant.recipes.v1.Recipe"),
                (1, 1, "plant.tools.v1.ToolOffset"),
            ]
            assert {entry.actor for entry in entries} == {"ann"}

        run(application, steps)

    def test_it_goes_when_the_change_is_refused_later(self, application: Application) -> None:
        @application.after_create(RecipeRecord)
        def reserve(change: Change[RecipeRecord]) -> None:
            change.repository(ToolOffsetRepository).create(ToolOffsetRecord(tool_number=5))
            raise Veto("after all not")

        def steps(crib: Plant) -> None:
            with refused(grpc.StatusCode.FAILED_PRECONDITION):
                crib.recipe()
            assert not crib.tools.ListToolOffsets(ListToolOffsetsRequest(show_deleted=True)).tool_offsets
            assert crib.entries() == []

        run(application, steps)

    def test_a_write_that_was_refused_leaves_nothing_also_when_the_hook_goes_on(self, application: Application) -> None:
        @application.after_create(ToolOffsetRecord)
        def refuse(change: Change[ToolOffsetRecord]) -> None:
            if change.key == (8,):
                raise Veto("no tool 8")

        @application.before_create(RecipeRecord)
        def try_to_reserve(change: Change[RecipeRecord]) -> None:
            tools = change.repository(ToolOffsetRepository)
            for number in (7, 8):
                with suppress(Veto):
                    tools.create(ToolOffsetRecord(tool_number=number))
            with suppress(RecordExists):
                tools.create_all([ToolOffset(tool_number=9), ToolOffset(tool_number=7)])

        def steps(crib: Plant) -> None:
            crib.recipe()
            tools = crib.tools.ListToolOffsets(ListToolOffsetsRequest()).tool_offsets
            assert [tool.tool_number for tool in tools] == [7]
            assert [(e.revision, e.ordinal, e.record_key) for e in crib.entries()] == [(1, 0, "7"), (1, 1, "1")]

        run(application, steps)

    def test_an_update_that_ends_up_changing_nothing_takes_no_revision_with_it(self, application: Application) -> None:
        @application.before_update(RecipeRecord)
        def try_and_undo(change: Change[RecipeRecord]) -> None:
            with suppress(StoreError):
                change.repository(ToolOffsetRepository).create(ToolOffsetRecord(tool_number=1, pocket=-1))
            with suppress(RecordExists):
                change.repository(ToolOffsetRepository).create(ToolOffsetRecord(tool_number=5))
            change.after = change.before.model_copy()

        def steps(crib: Plant) -> None:
            crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=5)))
            created = crib.recipe()
            assert crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=created.id, name="x"))) == created
            assert crib.revision() == 2
            assert crib.recipe("next").etag == "3"

        run(application, steps)


class TestAfterCommit:
    def test_listeners_are_told_once_a_commit_in_order_and_never_of_a_refused_one(
        self, application: Application
    ) -> None:
        commits: list[Commit] = []
        application.after_commit(commits.append)

        @application.before_create(RecipeRecord)
        def refuse(change: Change[RecipeRecord]) -> None:
            if change.after.name == "bad":
                raise Veto("no")

        def steps(crib: Plant) -> None:
            crib.recipe("a")
            with refused(grpc.StatusCode.FAILED_PRECONDITION):
                crib.recipe("bad")
            items = [CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=1)) for name in ("b", "c")]
            crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=items))

        # Stopping the server tells the listeners all that is durable.
        run(application, steps)
        assert [commit.revision for commit in commits] == [1, 2]
        assert [[change.after.name for change in commit.changes] for commit in commits] == [["a"], ["b", "c"]]
        assert {(commit.actor, change.operation) for commit in commits for change in commit.changes} == {
            ("ann", Operation.CREATE)
        }

    def test_a_listener_cannot_write_into_a_commit_that_is_over(
        self, application: Application, caplog: pytest.LogCaptureFixture
    ) -> None:
        @application.after_commit
        def write(commit: Commit) -> None:
            commit.changes[0].repository(ToolOffsetRepository).create(ToolOffsetRecord(tool_number=5))

        def steps(crib: Plant) -> None:
            crib.recipe()
            assert len(crib.entries()) == 1

        run(application, steps)
        assert "the transaction is over" in caplog.text

    def test_a_listener_that_fails_is_logged_and_hurts_nobody(
        self, application: Application, caplog: pytest.LogCaptureFixture
    ) -> None:
        told: list[int] = []

        @application.after_commit
        def fail(commit: Commit) -> None:
            raise RuntimeError("listener broke")

        application.after_commit(lambda commit: told.append(commit.revision))

        def steps(crib: Plant) -> None:
            crib.recipe("a")
            crib.recipe("b")

        with caplog.at_level(logging.ERROR):
            run(application, steps)
        assert told == [1, 2]
        assert "listener broke" in caplog.text


class TestTheExample:
    def test_editing_an_approved_recipe_takes_the_approval_away(self, example: Plant) -> None:
        key = example.recipe(approved=True).id
        changed = example.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=key, speed_mm_s=7)))
        assert not changed.approved
        approved = example.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=key, approved=True)))
        assert approved.approved

    def test_an_approved_recipe_cannot_be_deleted(self, example: Plant) -> None:
        key = example.recipe(approved=True).id
        with refused(grpc.StatusCode.FAILED_PRECONDITION, "RECIPE_APPROVED") as refusal:
            example.recipes.DeleteRecipe(DeleteRecipeRequest(id=key))
        assert refusal.preconditions == ["RECIPE_APPROVED"]

    def test_a_large_correction_of_an_offset_needs_a_reason(self, example: Plant) -> None:
        tool = ToolOffset(tool_number=1, z_offset_mm=100)
        example.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=tool))
        request = UpdateToolOffsetRequest(tool_offset=ToolOffset(tool_number=1, z_offset_mm=105))
        with refused(grpc.StatusCode.FAILED_PRECONDITION, "REASON_REQUIRED") as refusal:
            example.tools.UpdateToolOffset(request)
        assert refusal.metadata["correction_mm"] == "5.000"
        changed = example.tools.UpdateToolOffset(
            request, metadata=(("x-actor", "ann"), ("x-change-reason", "new holder"))
        )
        assert changed.z_offset_mm == 105


def test_hooks_for_a_component_that_is_not_served_stop_the_start(tmp_path_factory: pytest.TempPathFactory) -> None:
    class Unserved(RecipeRecord):
        pass

    application = Application()
    application.before_create(Unserved)(lambda change: None)
    with pytest.raises(StartError, match="Unserved"), serve(COMPONENTS, application=application):
        pass
