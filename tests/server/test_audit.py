"""The audit trail: who changed what, when, by which call, before and after; listed by condition, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

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
from toolcrib.audit.v1.audit_pb2 import (
    GetChainHeadRequest,
    GetChainHeadResponse,
    GetTransactionRequest,
    ListAuditEntriesRequest,
    ListTransactionsRequest,
)

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


class TestTransactions:
    def test_one_says_who_when_why_by_which_call_and_under_which_id(self, crib: Plant) -> None:
        items = [CreateRecipeRequest(recipe=Recipe(name=f"r{n}", speed_mm_s=1)) for n in range(3)]
        answer = crib.recipes.BatchCreateRecipes(
            BatchCreateRecipesRequest(requests=items, request_id="r-7"),
            metadata=(("x-actor", "bob"), ("x-change-reason", "trial")),
        )
        found = crib.audit.GetTransaction(GetTransactionRequest(revision=1)).transaction
        assert (found.revision, found.actor, found.actor_source) == (1, "bob", audit_pb2.ACTOR_SOURCE_METADATA)
        assert (found.reason, found.request_id, found.entry_count) == ("trial", "r-7", 3)
        assert found.method == "/plant.recipes.v1.RecipeService/BatchCreateRecipes"
        assert found.peer.startswith("ipv4:127.0.0.1:")
        assert found.commit_time == answer.recipes[0].create_time
        assert (found.refusal, found.refused_calls) == ("", 0)
        assert len(found.hash) == 32
        assert {entry.hash for entry in crib.entries(start_revision=1, end_revision=1)}.isdisjoint({found.hash})

    def test_one_that_is_not_there(self, crib: Plant) -> None:
        with refused(grpc.StatusCode.NOT_FOUND, "TRANSACTION_NOT_FOUND") as refusal:
            crib.audit.GetTransaction(GetTransactionRequest(revision=9))
        assert refusal.metadata["revision"] == "9"
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REVISION"):
            crib.audit.GetTransaction(GetTransactionRequest(revision=0))

    @pytest.mark.parametrize(
        ("conditions", "revisions"),
        [
            ({}, [6, 5, 4, 3, 2, 1]),
            ({"oldest_first": True}, [1, 2, 3, 4, 5, 6]),
            ({"actor": "bob"}, [6, 2]),
            ({"component": RECIPE}, [6, 5, 3, 2, 1]),
            ({"component": "plant.tools.v1.ToolOffset"}, [4]),
            ({"start_revision": 2, "end_revision": 3}, [3, 2]),
            ({"actor": "bob", "start_revision": 3}, [6]),
        ],
    )
    @pytest.mark.parametrize("page_size", [1, 2, 50])
    def test_are_listed_by_condition_page_by_page(
        self, busy: Plant, conditions: dict[str, Any], revisions: list[int], page_size: int
    ) -> None:
        seen: list[int] = []
        token = ""
        while True:
            page = busy.audit.ListTransactions(
                ListTransactionsRequest(page_size=page_size, page_token=token, **conditions)
            )
            assert page.revision == 6
            seen += [each.revision for each in page.transactions]
            token = page.next_page_token
            if not token:
                break
        assert seen == revisions

    def test_times_include_the_start_and_not_the_end(self, busy: Plant) -> None:
        times = [each.commit_time for each in busy.audit.ListTransactions(ListTransactionsRequest()).transactions]
        request = ListTransactionsRequest(start_time=times[4], end_time=times[1])
        found = busy.audit.ListTransactions(request).transactions
        assert [each.commit_time for each in found] == times[2:5]

    @pytest.mark.parametrize(
        ("conditions", "reason", "field"),
        [
            ({"component": "plant.recipes.v1.Recipes"}, "UNKNOWN_COMPONENT", "component"),
            ({"end_revision": -1}, "INVALID_REVISION", "end_revision"),
            ({"end_time": Timestamp(seconds=10**12)}, "INVALID_TIME", "end_time"),
            ({"page_size": -1}, "INVALID_PAGE_SIZE", "page_size"),
            ({"page_token": "forged"}, "INVALID_PAGE_TOKEN", "page_token"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(
        self, busy: Plant, conditions: dict[str, Any], reason: str, field: str
    ) -> None:
        with refused(grpc.StatusCode.INVALID_ARGUMENT, reason) as refusal:
            busy.audit.ListTransactions(ListTransactionsRequest(**conditions))
        assert refusal.fields == [field]

    def test_the_head_of_the_chain_is_the_hash_of_its_last_row(self, crib: Plant) -> None:
        assert crib.audit.GetChainHead(GetChainHeadRequest()) == GetChainHeadResponse(hash=bytes(32))
        crib.recipe("a")
        crib.recipe("b")
        head = crib.audit.GetChainHead(GetChainHeadRequest())
        last = crib.entries()[-1]
        assert (head.revision, head.hash, head.commit_time) == (2, last.hash, last.commit_time)


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
