"""Transactions over components: several writes, one commit, all of them or none."""

# ruff: noqa: PT012  # it is the end of a block that raises

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plant.cycles.v1.machine_cycle_client import MachineCycleClient
from plant.cycles.v1.machine_cycle_service_pb2 import (
    BatchCreateMachineCyclesRequest,
    BatchCreateMachineCyclesResponse,
    CreateMachineCycleRequest,
)
from plant.cycles.v1.machine_cycle_writes import MachineCycleWrites
from plant.recipes.v1.recipe_client import RecipeClient
from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import CreateRecipeRequest, GetRecipeRequest, ListRecipesRequest
from plant.recipes.v1.recipe_writes import RecipeWrites
from plant.tools.v1.tool_offset_client import ToolOffsetClient
from plant.tools.v1.tool_offset_pb2 import ToolOffset
from plant.tools.v1.tool_offset_writes import ToolOffsetWrites
from support.plant import COMPONENTS, cycle
from toolcrib.client import (
    Aborted,
    AlreadyExists,
    AsyncCrib,
    AuditClient,
    Crib,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    ToolcribError,
)
from toolcrib.server.testing import RunningServer, serve
from toolcrib.transaction.v1.transaction_pb2 import CommitTransactionRequest, CommitTransactionResponse, Precondition
from toolcrib.transaction.v1.transaction_pb2_grpc import TransactionServiceStub


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with serve(COMPONENTS) as server:
        yield server


@pytest.fixture
def crib(server: RunningServer) -> Iterator[Crib]:
    with Crib.connect(server.address, actor="ann") as crib:
        yield crib


def recipe(name: str) -> Recipe:
    return Recipe(name=name, speed_mm_s=10)


def commit(crib: Crib, request: CommitTransactionRequest) -> CommitTransactionResponse:
    return crib.write(TransactionServiceStub(crib.channel).CommitTransaction, request)


class TestCommit:
    def test_writes_of_several_components_are_one_commit_in_their_order(self, crib: Crib) -> None:
        with crib.with_reason("new part").transaction() as transaction:
            made = RecipeWrites(transaction).create(recipe("Bracket"))
            MachineCycleWrites(transaction).create(cycle())
            ToolOffsetWrites(transaction).create(ToolOffset(tool_number=3))
            ToolOffsetWrites(transaction).update(ToolOffset(tool_number=3, z_offset_mm=1.5), mask="z_offset_mm")
        assert transaction.revision == 1
        assert made.value == RecipeClient(crib).get(made.value.id)
        assert made.value.etag == "1"
        assert ToolOffsetClient(crib).get(3).z_offset_mm == 1.5
        entries = list(AuditClient(crib).entries(oldest_first=True))
        assert [(entry.revision, entry.ordinal) for entry in entries] == [(1, 0), (1, 1), (1, 2), (1, 3)]
        assert {entry.reason for entry in entries} == {"new part"}
        assert {entry.method for entry in entries} == {"/toolcrib.transaction.v1.TransactionService/CommitTransaction"}

    def test_each_answer_is_of_the_type_of_its_request(self, crib: Crib) -> None:
        with crib.transaction() as transaction:
            first = MachineCycleWrites(transaction).create(cycle())
            gone = MachineCycleWrites(transaction).delete(5, allow_missing=True)
            made = RecipeWrites(transaction).create(recipe("a"))
        with crib.transaction() as transaction:
            deleted = RecipeWrites(transaction).delete(made.value.id)
            back = RecipeWrites(transaction).undelete(made.value.id)
        assert first.value.id == 1
        assert gone.value.ByteSize() == 0
        assert deleted.value.HasField("delete_time")
        assert not back.value.HasField("delete_time")

    def test_what_changes_nothing_makes_no_revision(self, crib: Crib) -> None:
        ToolOffsetClient(crib).create(ToolOffset(tool_number=3))
        with crib.transaction() as transaction:
            same = ToolOffsetWrites(transaction).update(ToolOffset(tool_number=3), mask="z_offset_mm")
        assert transaction.revision == 0
        assert same.value.tool_number == 3
        with crib.transaction() as empty:
            pass
        assert empty.revision == 0
        assert len(list(AuditClient(crib).entries())) == 1

    def test_a_block_that_fails_sends_nothing_and_answers_wait_for_the_commit(self, crib: Crib) -> None:
        with pytest.raises(RuntimeError, match="not committed"), crib.transaction() as transaction:
            made = RecipeWrites(transaction).create(recipe("a"))
            assert made.value
        assert list(RecipeClient(crib).list()) == []

    def test_asyncio_has_them_too(self, server: RunningServer) -> None:
        async def run() -> tuple[int, int]:
            async with AsyncCrib.connect(server.address, actor="bob") as crib, crib.transaction() as transaction:
                made = RecipeWrites(transaction).create(recipe("a"))
            return made.value.id, transaction.revision

        assert asyncio.run(run()) == (1, 1)


class TestAllOrNone:
    @pytest.mark.parametrize("others", [0, 15])
    def test_one_refused_write_undoes_those_before_it_and_no_neighbour(self, crib: Crib, others: int) -> None:
        RecipeClient(crib).create(recipe("taken"))

        def fail(_: int) -> str:
            with pytest.raises(AlreadyExists) as failure, crib.transaction() as transaction:
                MachineCycleWrites(transaction).create(cycle())
                ToolOffsetWrites(transaction).create(ToolOffset(tool_number=7))
                RecipeWrites(transaction).create(recipe("taken"))
            return failure.value.metadata["request"]

        with ThreadPoolExecutor(16) as threads:
            good = [threads.submit(MachineCycleClient(crib).create, cycle()) for _ in range(others)]
            assert set(threads.map(fail, range(others + 1))) == {"requests[2]"}
            ids = sorted(call.result().id for call in good)
        assert ids == [record.id for record in MachineCycleClient(crib).list()]
        assert len(ids) == others
        assert list(ToolOffsetClient(crib).list()) == []
        revisions = [entry.revision for entry in AuditClient(crib).entries(oldest_first=True)]
        assert revisions == list(range(1, others + 2))

    def test_a_rule_that_is_broken_is_named_with_its_request_and_field(self, crib: Crib) -> None:
        with pytest.raises(InvalidArgument) as failure, crib.transaction() as transaction:
            RecipeWrites(transaction).create(recipe("a"))
            RecipeWrites(transaction).create(Recipe(name="", speed_mm_s=1000))
        assert [v.field for v in failure.value.violations] == [
            "requests[1].recipe.name",
            "requests[1].recipe.speed_mm_s",
        ]
        assert failure.value.metadata["request"] == "requests[1]"

    def test_an_etag_that_is_stale_aborts_it(self, crib: Crib) -> None:
        ToolOffsetClient(crib).create(ToolOffset(tool_number=3))
        with pytest.raises(Aborted), crib.transaction() as transaction:
            RecipeWrites(transaction).create(recipe("a"))
            ToolOffsetWrites(transaction).delete(3, etag="99")
        assert list(RecipeClient(crib).list()) == []


class TestTriedAndRepeated:
    def request(self, **values: object) -> CommitTransactionRequest:
        create = CreateRecipeRequest(recipe=recipe("a"))
        batch = BatchCreateMachineCyclesRequest(requests=[CreateMachineCycleRequest(machine_cycle=cycle())] * 2)
        request = CommitTransactionRequest(requests=[packed(create), packed(batch)])
        for name, value in values.items():
            setattr(request, name, value)
        return request

    def test_a_repeat_under_its_id_is_answered_as_before_and_done_once(self, crib: Crib) -> None:
        request = self.request(request_id="once")
        first = commit(crib, request)
        assert commit(crib, request) == first
        assert len(list(RecipeClient(crib).list())) == 1
        request.requests.pop()
        with pytest.raises(InvalidArgument) as failure:
            commit(crib, request)
        assert failure.value.reason == "REQUEST_ID_REUSED"

    def test_one_that_is_only_tried_is_answered_and_leaves_nothing(self, crib: Crib) -> None:
        tried = commit(crib, self.request(validate_only=True, request_id="free"))
        made, cycles = Recipe(), BatchCreateMachineCyclesResponse()
        assert tried.responses[0].Unpack(made)
        assert tried.responses[1].Unpack(cycles)
        assert (made.name, made.id, made.etag, tried.revision) == ("a", 0, "", 0)
        assert [(record.id, record.etag) for record in cycles.machine_cycles] == [(0, "")] * 2
        assert list(AuditClient(crib).entries()) == []
        assert commit(crib, self.request(request_id="free")).revision == 1

    @pytest.mark.parametrize("field", ["request_id", "validate_only"])
    def test_its_requests_do_not_say_so_for_themselves(self, crib: Crib, field: str) -> None:
        create = CreateRecipeRequest(recipe=recipe("a"))
        setattr(create, field, "x" if field == "request_id" else True)
        with pytest.raises(InvalidArgument) as failure:
            commit(crib, CommitTransactionRequest(requests=[packed(create)]))
        assert failure.value.reason == "NOT_WITHIN_BATCH"
        assert [violation.field for violation in failure.value.violations] == [f"requests[0].{field}"]


class TestPreconditions:
    def test_they_hold_before_the_first_write(self, crib: Crib) -> None:
        made = RecipeClient(crib).create(recipe("a"))
        with crib.transaction() as transaction:
            recipes = RecipeWrites(transaction)
            recipes.require(made.id, exists=True)
            recipes.require(made.id, etag=made.etag)
            recipes.require(made.id + 1, exists=False)
            recipes.delete(made.id)
        assert transaction.revision == 2

    @pytest.mark.parametrize("kind", ["missing", "there", "deleted", "etag", "no record for the etag"])
    def test_one_that_does_not_hold_stops_all(self, crib: Crib, kind: str) -> None:
        client = RecipeClient(crib)
        made = client.create(recipe("a"))
        if kind == "deleted":
            client.delete(made.id)
        revision = client.list_page().revision
        with pytest.raises(FailedPrecondition) as failure, crib.transaction() as transaction:
            recipes = RecipeWrites(transaction)
            recipes.create(recipe("b"))
            if kind == "there":
                recipes.require(made.id, exists=False)
            elif kind == "etag":
                recipes.require(made.id, etag="77")
            elif kind == "no record for the etag":
                recipes.require(5, etag="1")
            else:
                recipes.require(5 if kind == "missing" else made.id, exists=True)
        assert failure.value.reason == "PRECONDITION_FAILED"
        assert failure.value.metadata["request"] == "preconditions[0]"
        assert failure.value.metadata["component"] == "plant.recipes.v1.Recipe"
        assert client.list_page().revision == revision

    def test_either_of_the_two_is_said(self, crib: Crib) -> None:
        with crib.transaction() as transaction, pytest.raises(ValueError, match="either"):
            RecipeWrites(transaction).require(1)


def packed(message: object) -> AnyMessage:
    any_ = AnyMessage()
    any_.Pack(message)  # type: ignore[arg-type]
    return any_


class TestBadInput:
    @pytest.mark.parametrize(
        ("request_", "reason", "field"),
        [
            (CommitTransactionRequest(requests=[AnyMessage()]), "UNKNOWN_REQUEST", "requests[0]"),
            (
                CommitTransactionRequest(requests=[AnyMessage(type_url="x/plant.recipes.v1.CreateRecipRequest")]),
                "UNKNOWN_REQUEST",
                "requests[0]",
            ),
            (CommitTransactionRequest(requests=[packed(recipe("a"))]), "UNKNOWN_REQUEST", "requests[0]"),
            (
                CommitTransactionRequest(
                    requests=[AnyMessage(type_url="x/plant.recipes.v1.CreateRecipeRequest", value=b"\xff")]
                ),
                "MALFORMED_MESSAGE",
                "requests[0]",
            ),
            (CommitTransactionRequest(requests=[packed(GetRecipeRequest(id=1))]), "NOT_A_WRITE", "requests[0]"),
            (CommitTransactionRequest(requests=[packed(ListRecipesRequest())]), "NOT_A_WRITE", "requests[0]"),
            (
                CommitTransactionRequest(
                    preconditions=[Precondition(record=packed(ListRecipesRequest()), exists=True)]
                ),
                "NOT_A_GET",
                "preconditions[0]",
            ),
            (
                CommitTransactionRequest(
                    preconditions=[Precondition(record=packed(CreateMachineCycleRequest()), exists=True)]
                ),
                "NOT_A_GET",
                "preconditions[0]",
            ),
            (
                CommitTransactionRequest(preconditions=[Precondition(record=packed(GetRecipeRequest(id=1)))]),
                "CONDITION_MISSING",
                "preconditions[0]",
            ),
            (CommitTransactionRequest(requests=[AnyMessage()] * 1001), "TRANSACTION_TOO_LARGE", "requests"),
        ],
    )
    def test_it_is_refused_and_named(
        self, crib: Crib, request_: CommitTransactionRequest, reason: str, field: str
    ) -> None:
        with pytest.raises(InvalidArgument) as failure:
            commit(crib, request_)
        assert failure.value.reason == reason
        assert [violation.field for violation in failure.value.violations] == [field]

    def test_without_an_actor_nothing_is_written(self, server: RunningServer) -> None:
        with Crib.connect(server.address) as crib, pytest.raises(ToolcribError) as failure:
            commit(crib, CommitTransactionRequest())
        assert failure.value.reason == "ACTOR_REQUIRED"

    def test_another_client_can_ask_what_it_takes(self, server: RunningServer) -> None:
        with grpc.insecure_channel(server.address) as channel:
            stub = TransactionServiceStub(channel)
            assert stub.CommitTransaction(CommitTransactionRequest(), metadata=(("x-actor", "a"),)).revision == 0


STEP = st.tuples(st.sampled_from(["create", "update", "delete", "undelete"]), st.integers(1, 3), st.integers(0, 2))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(transactions=st.lists(st.lists(STEP, min_size=1, max_size=6), max_size=4))
def test_transactions_do_what_their_writes_do_one_by_one_or_nothing(
    transactions: list[list[tuple[str, int, int]]],
) -> None:
    with serve(COMPONENTS) as server, Crib.connect(server.address, actor="ann") as crib:
        model: dict[int, tuple[float, bool]] = {}
        for steps in transactions:
            after = dict(model)
            expected = all(step(after, *each) for each in steps)
            try:
                with crib.transaction() as transaction:
                    gather(ToolOffsetWrites(transaction), steps)
            except (AlreadyExists, NotFound, FailedPrecondition):
                assert not expected
            else:
                assert expected
                model = after
            offsets = ToolOffsetClient(crib).list(show_deleted=True)
            assert {o.tool_number: (o.z_offset_mm, o.HasField("delete_time")) for o in offsets} == model


def step(model: dict[int, tuple[float, bool]], verb: str, key: int, value: int) -> bool:
    """Does to the model what the write does; answers whether that can be done."""
    value_now, deleted = model.get(key, (0.0, False))
    there = key in model
    if verb == "create":
        model[key] = (value, False)
        return not there
    if verb == "update":
        model[key] = (value, False)
        return there and not deleted
    model[key] = (value_now, verb == "delete")
    return there and deleted == (verb == "undelete")


def gather(writes: ToolOffsetWrites, steps: list[tuple[str, int, int]]) -> None:
    for verb, key, value in steps:
        if verb in ("create", "update"):
            offset = ToolOffset(tool_number=key, z_offset_mm=value)
            _ = writes.create(offset) if verb == "create" else writes.update(offset, mask="z_offset_mm")
        elif verb == "delete":
            writes.delete(key)
        else:
            writes.undelete(key)
