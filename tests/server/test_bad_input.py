"""Whatever a caller sends gets a precise status with details, and changes nothing."""

from __future__ import annotations

import threading
from typing import Any, cast

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_record import RecipeRecord
from plant.recipes.v1.recipe_service_pb2 import (
    BatchCreateRecipesRequest,
    CreateRecipeRequest,
    GetRecipeRequest,
    ListRecipesRequest,
)
from support.plant import COMPONENTS, Plant, plant, refused
from toolcrib.server import Application, Change
from toolcrib.server.testing import serve

CREATE = "/plant.recipes.v1.RecipeService/CreateRecipe"


def raw(crib: Plant, method: str, payload: bytes) -> bytes:
    call: Any = crib.channel.unary_unary(method)
    answer: bytes = call(payload)
    return answer


def outcome(crib: Plant, method: str, payload: bytes) -> grpc.StatusCode:
    try:
        raw(crib, method, payload)
    except grpc.RpcError as error:
        code: grpc.StatusCode = cast("grpc.Call", error).code()
        return code
    return grpc.StatusCode.OK


class TestBytes:
    def test_a_message_of_5_megabytes_is_too_large(self, crib: Plant) -> None:
        with refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE") as refusal:
            crib.recipe("x" * 5_000_000)
        assert int(refusal.metadata["bytes"]) > 5_000_000
        assert refusal.metadata["bytes_max"] == str(4 * 1024 * 1024)
        assert crib.revision() == 0

    def test_text_that_is_not_utf_8_is_malformed(self, crib: Plant) -> None:
        payload = CreateRecipeRequest(recipe=Recipe(name="abc", speed_mm_s=1)).SerializeToString()
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_MESSAGE"):
            raw(crib, CREATE, payload.replace(b"abc", b"a\xffc"))
        assert crib.revision() == 0

    def test_cut_bytes_are_malformed(self, crib: Plant) -> None:
        payload = CreateRecipeRequest(recipe=Recipe(name="abc", speed_mm_s=1)).SerializeToString()
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_MESSAGE"):
            raw(crib, CREATE, payload[:-1])

    @settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(payload=st.binary(max_size=64), method=st.sampled_from(["CreateRecipe", "UpdateRecipe", "BatchGetRecipes"]))
    def test_no_bytes_are_an_error_of_the_server(self, crib: Plant, payload: bytes, method: str) -> None:
        answered = {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}
        assert outcome(crib, f"/plant.recipes.v1.RecipeService/{method}", payload) in answered

    def test_a_request_without_its_record_is_an_invalid_record(self, crib: Plant) -> None:
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_RECORD"):
            crib.recipes.CreateRecipe(CreateRecipeRequest())

    def test_a_thousand_violations_still_fit_into_an_answer(self, crib: Plant) -> None:
        items = [CreateRecipeRequest(recipe=Recipe(name="x" * 500))] * 1000
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_RECORD") as refusal:
            crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=items))
        assert refusal.fields[0] == "requests[0].recipe.name"
        assert "more" in list(refusal.violations.values())[-1]

    def test_a_long_value_in_the_way_is_cut_in_the_answer(self, crib: Plant) -> None:
        crib.recipe("x" * 100)
        with refused(grpc.StatusCode.ALREADY_EXISTS, "RECORD_EXISTS") as refusal:
            crib.recipe("x" * 100)
        assert len(refusal.message) < 1000


class TestTime:
    @pytest.fixture
    def gate(self) -> threading.Event:
        return threading.Event()

    @pytest.fixture
    def entered(self) -> threading.Event:
        return threading.Event()

    @pytest.fixture
    def slow(self, gate: threading.Event, entered: threading.Event) -> Application:
        """Holds the writer lane for a recipe called "slow" until the gate opens."""
        application = Application()

        @application.before_create(RecipeRecord)
        def wait(change: Change[RecipeRecord]) -> None:
            if change.after.name == "slow":
                entered.set()
                assert gate.wait(20)

        return application

    def test_a_call_whose_deadline_passed_while_it_waited_is_not_executed(
        self, slow: Application, gate: threading.Event, entered: threading.Event
    ) -> None:
        with serve(COMPONENTS, application=slow) as server, plant(server.address) as crib:
            first = crib.recipes.CreateRecipe.future(
                CreateRecipeRequest(recipe=Recipe(name="slow", speed_mm_s=1)), metadata=(("x-actor", "ann"),)
            )
            assert entered.wait(20)
            with pytest.raises(grpc.RpcError) as failure:
                crib.recipes.CreateRecipe(
                    CreateRecipeRequest(recipe=Recipe(name="late", speed_mm_s=1)),
                    timeout=0.2,
                    metadata=(("x-actor", "ann"),),
                )
            assert isinstance(failure.value, grpc.Call)
            assert failure.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
            gate.set()
            assert first.result(20).id == 1
            crib.recipe("after")
            assert [r.name for r in crib.recipes.ListRecipes(ListRecipesRequest()).recipes] == ["slow", "after"]

    def test_a_call_that_was_cancelled_while_it_waited_is_not_executed(
        self, slow: Application, gate: threading.Event, entered: threading.Event
    ) -> None:
        with serve(COMPONENTS, application=slow) as server, plant(server.address) as crib:
            metadata = (("x-actor", "ann"),)
            first = crib.recipes.CreateRecipe.future(
                CreateRecipeRequest(recipe=Recipe(name="slow", speed_mm_s=1)), metadata=metadata
            )
            assert entered.wait(20)
            second = crib.recipes.CreateRecipe.future(
                CreateRecipeRequest(recipe=Recipe(name="cancelled", speed_mm_s=1)), metadata=metadata
            )
            second.cancel()
            # Its answer shows that the server has seen the cancellation, which came before it on the same connection.
            assert not crib.recipes.ListRecipes(ListRecipesRequest()).recipes
            gate.set()
            assert first.result(20).id == 1
            crib.recipe("after")
            assert [r.name for r in crib.recipes.ListRecipes(ListRecipesRequest()).recipes] == ["slow", "after"]

    def test_a_call_cancelled_in_the_middle_is_wholly_there_with_its_audit_entry(
        self, slow: Application, gate: threading.Event, entered: threading.Event
    ) -> None:
        with serve(COMPONENTS, application=slow) as server, plant(server.address) as crib:
            call = crib.recipes.CreateRecipe.future(
                CreateRecipeRequest(recipe=Recipe(name="slow", speed_mm_s=1)), metadata=(("x-actor", "ann"),)
            )
            assert entered.wait(20)
            call.cancel()
            gate.set()
            crib.recipe("after")
            listed = crib.recipes.ListRecipes(ListRecipesRequest()).recipes
            assert [(str(r.id), r.name) for r in listed] == [("1", "slow"), ("2", "after")]
            assert [entry.record_key for entry in crib.entries()] == ["1", "2"]

    def test_more_calls_than_the_queue_holds_are_turned_away_at_once(
        self, slow: Application, gate: threading.Event, entered: threading.Event
    ) -> None:
        with serve(COMPONENTS, application=slow, queue_max=2) as server, plant(server.address) as crib:
            metadata = (("x-actor", "ann"),)

            def create(name: str) -> grpc.Future[Recipe]:
                request = CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=1))
                return crib.recipes.CreateRecipe.future(request, metadata=metadata)

            calls = [create("slow")]
            assert entered.wait(20)
            calls += [create(f"waiting {number}") for number in range(2)]
            with refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "SERVER_OVERLOADED") as refusal:
                create("too much").result(20)
            assert refusal.retry_delay_s == 0.5
            gate.set()
            assert {call.result(20).id for call in calls} == {1, 2, 3}
            assert crib.recipes.GetRecipe(GetRecipeRequest(id=3))
