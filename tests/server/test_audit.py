"""The audit trail: who changed what, when, by which call, before and after; listed by condition, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import (
    BatchCreateRecipesRequest,
    CreateRecipeRequest,
    DeleteRecipeRequest,
    UpdateRecipeRequest,
)
from plant.tools.v1.tool_offset_pb2 import ToolOffset
from plant.tools.v1.tool_offset_service_pb2 import CreateToolOffsetRequest
from support.plant import Plant, refused
from toolcrib.audit.v1 import audit_pb2
from toolcrib.audit.v1.audit_pb2 import ListAuditEntriesRequest

RECIPE = "plant.recipes.v1.Recipe"


def timestamp(moment: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(moment)
    return message


class TestAnEntry:
    def test_says_who_when_why_by_which_call_and_what_was_before_and_after(self, crib: Plant) -> None:
        started = datetime.now(UTC) - timedelta(seconds=1)
        created = crib.recipe(speed_mm_s=100)
        changed = crib.recipes.UpdateRecipe(
            UpdateRecipeRequest(
                recipe=Recipe(id=created.id, speed_mm_s=150), update_mask=FieldMask(paths=["speed_mm_s"])
            ),
            metadata=(("x-actor", "bob"), ("x-change-reason-bin", "schneller für Auftrag 17".encode())),
        )
        entry = crib.entries()[1]
        assert (entry.revision, entry.ordinal) == (2, 0)
        assert (entry.component, entry.record_key) == (RECIPE, str(created.id))
        assert entry.operation == audit_pb2.OPERATION_UPDATE
        assert (entry.actor, entry.actor_source) == ("bob", audit_pb2.ACTOR_SOURCE_METADATA)
        assert entry.reason == "schneller für Auftrag 17"
        assert entry.method == "/plant.recipes.v1.RecipeService/UpdateRecipe"
        assert entry.peer.startswith("ipv4:127.0.0.1:")
        assert started < entry.commit_time.ToDatetime(UTC) < datetime.now(UTC) + timedelta(seconds=1)
        assert entry.commit_time == changed.update_time
        before, after = Recipe(), Recipe()
        assert entry.before.Unpack(before)
        assert entry.after.Unpack(after)
        assert (before, after) == (created, changed)
        assert list(entry.changed_fields.paths) == ["speed_mm_s"]

    def test_of_a_create_has_no_before(self, crib: Plant) -> None:
        crib.recipe()
        entry = crib.entries()[0]
        assert not entry.HasField("before")
        assert list(entry.changed_fields.paths) == ["id", "name", "speed_mm_s"]


@pytest.fixture
def busy(crib: Plant) -> Plant:
    """Six revisions by two actors on two components."""
    for name, actor in (("a", "ann"), ("b", "bob"), ("c", "ann")):
        request = CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=1))
        crib.recipes.CreateRecipe(request, metadata=(("x-actor", actor),))
    crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=2)))
    crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=2, name="b2")))
    crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=2), metadata=(("x-actor", "bob"),))
    return crib


class TestFilters:
    @pytest.mark.parametrize(
        ("conditions", "revisions"),
        [
            ({}, [1, 2, 3, 4, 5, 6]),
            ({"component": RECIPE}, [1, 2, 3, 5, 6]),
            ({"component": RECIPE, "record_key": "2"}, [2, 5, 6]),
            ({"component": "plant.tools.v1.ToolOffset", "record_key": "2"}, [4]),
            ({"actor": "bob"}, [2, 6]),
            ({"actor": "Bob"}, []),
            ({"operations": [audit_pb2.OPERATION_DELETE, audit_pb2.OPERATION_UPDATE]}, [5, 6]),
            ({"start_revision": 3, "end_revision": 5}, [3, 4, 5]),
            ({"component": RECIPE, "actor": "ann", "operations": [audit_pb2.OPERATION_CREATE]}, [1, 3]),
            ({"record_key": "99", "component": RECIPE}, []),
        ],
    )
    def test_all_conditions_that_are_set_must_hold(
        self, busy: Plant, conditions: dict[str, object], revisions: list[int]
    ) -> None:
        assert [entry.revision for entry in busy.entries(**conditions)] == revisions

    def test_times_include_the_start_and_not_the_end(self, busy: Plant) -> None:
        times = [entry.commit_time for entry in busy.entries()]
        found = busy.entries(start_time=times[1], end_time=times[4])
        assert [entry.commit_time for entry in found] == times[1:4]
        assert busy.entries(start_time=timestamp(datetime.now(UTC) + timedelta(hours=1))) == []

    def test_newest_come_first_unless_asked_otherwise(self, busy: Plant) -> None:
        answer = busy.audit.ListAuditEntries(ListAuditEntriesRequest())
        assert [entry.revision for entry in answer.entries] == [6, 5, 4, 3, 2, 1]
        assert answer.revision == 6

    @pytest.mark.parametrize("oldest_first", [True, False])
    def test_pages_cut_through_a_commit_without_losing_or_repeating(self, crib: Plant, oldest_first: bool) -> None:
        items = [CreateRecipeRequest(recipe=Recipe(name=f"r{n}", speed_mm_s=1)) for n in range(7)]
        crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=items))
        crib.recipe("last")
        seen: list[tuple[int, int]] = []
        token = ""
        while True:
            page = crib.audit.ListAuditEntries(
                ListAuditEntriesRequest(page_size=3, page_token=token, oldest_first=oldest_first)
            )
            seen += [(entry.revision, entry.ordinal) for entry in page.entries]
            token = page.next_page_token
            if not token:
                break
        assert seen == sorted([(1, n) for n in range(7)] + [(2, 0)], reverse=not oldest_first)


class TestConditionsThatCannotBeMeant:
    @pytest.mark.parametrize(
        ("conditions", "reason", "field"),
        [
            ({"component": "plant.recipes.v1.Recipes"}, "UNKNOWN_COMPONENT", "component"),
            ({"record_key": "2"}, "COMPONENT_MISSING", "component"),
            ({"start_revision": -1}, "INVALID_REVISION", "start_revision"),
            ({"operations": [0]}, "UNKNOWN_OPERATION", "operations[0]"),
            ({"operations": [1, 9]}, "UNKNOWN_OPERATION", "operations[1]"),
            ({"start_time": Timestamp(seconds=10**12)}, "INVALID_TIME", "start_time"),
        ],
    )
    def test_are_refused(self, busy: Plant, conditions: dict[str, object], reason: str, field: str) -> None:
        with refused(grpc.StatusCode.INVALID_ARGUMENT, reason) as refusal:
            busy.entries(**conditions)
        assert refusal.fields == [field]

    def test_a_component_with_a_typing_error_is_told_the_nearest(self, busy: Plant) -> None:
        with refused(grpc.StatusCode.INVALID_ARGUMENT) as refusal:
            busy.entries(component="plant.recipes.v1.Recipes")
        assert "'plant.recipes.v1.Recipe'" in refusal.violations["component"]
