"""Calls that share a commit: each sees what those before it did, and none suffers from another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

import grpc
import pytest

from plant.cycles.v1.machine_cycle_pb2 import MachineCycle
from plant.cycles.v1.machine_cycle_record import MachineCycleRecord
from plant.cycles.v1.machine_cycle_service_pb2 import (
    BatchCreateMachineCyclesRequest,
    BatchUpdateMachineCyclesRequest,
    CreateMachineCycleRequest,
    DeleteMachineCycleRequest,
    ListMachineCyclesRequest,
    UpdateMachineCycleRequest,
)
from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_record import RecipeRecord
from plant.recipes.v1.recipe_service_pb2 import CreateRecipeRequest
from plant.tools.v1.tool_offset_pb2 import ToolOffset
from plant.tools.v1.tool_offset_record import ToolOffsetRecord
from plant.tools.v1.tool_offset_repository import ToolOffsetRepository
from plant.tools.v1.tool_offset_service_pb2 import CreateToolOffsetRequest, UpdateToolOffsetRequest
from support.behind import behind
from support.chain import checked
from support.gate import Doorkeeper, Gate, later
from support.plant import COMPONENTS, Plant, cycle, plant, refused
from toolcrib.server import Application, Change, Commit, RecordExists, Veto
from toolcrib.server.testing import serve


@pytest.fixture
def commits() -> SimpleQueue[Commit]:
    """What the listeners are told."""
    return SimpleQueue()


@pytest.fixture
def gate(commits: SimpleQueue[Commit]) -> Iterator[Gate]:
    application, doorkeeper = Application(), Doorkeeper()
    doorkeeper.stand_in(application)
    application.after_commit(commits.put)

    @application.before_create(RecipeRecord)
    def lose(change: Change[RecipeRecord]) -> None:
        if change.after.name == "lost":
            # What SQLite does by itself when, for example, the disk is full; and a hook that does not care.
            change.transaction.session.cursor.execute("ROLLBACK")
            with suppress(Exception):
                change.repository(ToolOffsetRepository).create(ToolOffsetRecord(tool_number=9))

    @application.before_update(MachineCycleRecord)
    def try_in_vain(change: Change[MachineCycleRecord]) -> None:
        if change.after.torque_nm == 7:
            with suppress(RecordExists):
                change.repository(ToolOffsetRepository).create(ToolOffsetRecord(tool_number=1))

    @application.after_create(RecipeRecord)
    def refuse(change: Change[RecipeRecord]) -> None:
        if change.after.name == "bad":
            raise Veto("no")

    with serve(COMPONENTS, application=application) as server, plant(server.address) as crib:
        yield Gate(crib, server.database, doorkeeper)
        # Whatever became of the calls: what was written is one chain.
        check = checked(server.database)
        assert check.finding is None
        assert check.revision == crib.revision()


def create_cycle(crib: Plant, **others: Any) -> Any:
    return later(crib.cycles.CreateMachineCycle, CreateMachineCycleRequest(machine_cycle=cycle(**others)))


def create_batch(crib: Plant, count: int, **others: Any) -> Any:
    requests = [CreateMachineCycleRequest(machine_cycle=cycle(**others))] * count
    return later(crib.cycles.BatchCreateMachineCycles, BatchCreateMachineCyclesRequest(requests=requests))


def create_recipe(crib: Plant, name: str) -> Any:
    return later(crib.recipes.CreateRecipe, CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=1)))


def shared_commits(database: str) -> int:
    with behind(database) as connection:
        query = "SELECT count(*) - count(DISTINCT commit_time) FROM toolcrib_transaction"
        shared: int = connection.execute(query).fetchone()[0]
    return shared


def test_a_call_sees_what_the_calls_before_it_in_the_group_wrote(gate: Gate) -> None:
    crib = gate.crib
    gate.close()
    update = UpdateMachineCycleRequest(machine_cycle=MachineCycle(id=1, torque_nm=50))
    calls = [
        create_cycle(crib),
        later(crib.cycles.UpdateMachineCycle, update),
        create_cycle(crib),
        later(crib.cycles.DeleteMachineCycle, DeleteMachineCycleRequest(id=2)),
        later(
            crib.cycles.BatchCreateMachineCycles,
            BatchCreateMachineCyclesRequest(requests=[CreateMachineCycleRequest(machine_cycle=cycle())] * 3),
        ),
    ]
    gate.open()
    answers = [call.result(20) for call in calls]
    assert (answers[0].id, answers[1].torque_nm, answers[1].etag) == (1, 50, "3")
    listed = crib.cycles.ListMachineCycles(ListMachineCyclesRequest()).machine_cycles
    assert [item.id for item in listed] == [1, 3, 4, 5]
    assert listed[0] == answers[1]
    assert [(entry.revision, entry.ordinal, entry.record_key) for entry in crib.entries()] == [
        (1, 0, "1"),
        (2, 0, "1"),
        (3, 0, "1"),
        (4, 0, "2"),
        (5, 0, "2"),
        (6, 0, "3"),
        (6, 1, "4"),
        (6, 2, "5"),
    ]
    assert shared_commits(gate.database) > 0


def test_refusals_of_every_kind_leave_the_rest_of_the_group_alone(gate: Gate) -> None:
    crib = gate.crib
    crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=1)))
    gate.close()
    good = [create_cycle(crib)]
    bad = [create_recipe(crib, "bad")]
    good.append(create_cycle(crib))
    bad.append(later(crib.tools.CreateToolOffset, CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=1))))
    upsert = UpdateToolOffsetRequest(tool_offset=ToolOffset(tool_number=2, pocket=4), allow_missing=True)
    good.append(later(crib.tools.UpdateToolOffset, upsert))
    bad.append(create_recipe(crib, "gate"))
    good.append(create_recipe(crib, "good"))
    bad.append(create_recipe(crib, ""))
    good.append(create_cycle(crib))
    gate.open()
    for call in bad:
        with refused(call.code()):
            call.result(20)
    assert [call.code() for call in bad] == [
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.INVALID_ARGUMENT,
    ]
    for call in good:
        call.result(20)
    assert [item.id for item in crib.cycles.ListMachineCycles(ListMachineCyclesRequest()).machine_cycles] == [1, 2, 3]
    assert [entry.revision for entry in crib.entries()] == list(range(1, 8))


def test_creates_that_wait_together_are_each_a_commit_of_their_own(gate: Gate, commits: SimpleQueue[Commit]) -> None:
    crib = gate.crib
    gate.close()
    request = CreateMachineCycleRequest(machine_cycle=cycle())
    who = [(("x-actor", actor), ("x-change-reason", f"for {actor}")) for actor in ("ann", "bob", "eve")]
    calls = [crib.cycles.CreateMachineCycle.future(request, metadata=metadata) for metadata in who]
    gate.open()
    made = [call.result(20) for call in calls]
    assert [(cycle.id, cycle.etag) for cycle in made] == [(1, "2"), (2, "3"), (3, "4")]
    entries = crib.entries(component="plant.cycles.v1.MachineCycle")
    assert [(entry.revision, entry.record_key, entry.actor, entry.reason) for entry in entries] == [
        (2, "1", "ann", "for ann"),
        (3, "2", "bob", "for bob"),
        (4, "3", "eve", "for eve"),
    ]
    assert list(crib.cycles.ListMachineCycles(ListMachineCyclesRequest()).machine_cycles) == made
    heard = [commits.get(timeout=20) for _ in range(4)]
    assert [(commit.revision, commit.actor) for commit in heard] == [(1, "ann"), (2, "ann"), (3, "bob"), (4, "eve")]
    assert [(change.key, change.after_message) for commit in heard[1:] for change in commit.changes] == [
        ((cycle.id,), cycle) for cycle in made
    ]


def test_of_creates_that_wait_together_each_is_refused_for_itself(gate: Gate) -> None:
    crib = gate.crib
    gate.close()
    calls = [
        create_cycle(crib),
        create_cycle(crib, tool_wear_min=-1),
        create_cycle(crib),
        create_cycle(crib, id=7),
        create_cycle(crib),
        create_cycle(crib, product_id=""),
    ]
    gate.open()
    assert [call.result(20).id for call in calls[::2]] == [1, 2, 3]
    assert [call.result(20).etag for call in calls[::2]] == ["2", "3", "4"]
    for call, field in zip(calls[1::2], ("tool_wear_min", "id", "product_id"), strict=True):
        with refused(grpc.StatusCode.INVALID_ARGUMENT) as found:
            call.result(20)
        assert found.fields == [f"machine_cycle.{field}"]
    assert [entry.revision for entry in crib.entries()] == [1, 2, 3, 4]


def test_batches_that_wait_with_creates_are_each_a_commit_of_their_own(
    gate: Gate, commits: SimpleQueue[Commit]
) -> None:
    crib = gate.crib
    gate.close()
    calls = [
        create_batch(crib, 2),
        create_cycle(crib),
        create_batch(crib, 1),
        create_batch(crib, 0),
        create_batch(crib, 3),
    ]
    gate.open()
    batches = [list(call.result(20).machine_cycles) for call in (calls[0], *calls[2:])]
    made = [*batches[0], calls[1].result(20), *batches[1], *batches[3]]
    assert [(item.id, item.etag) for item in made] == list(zip(range(1, 8), "2234555", strict=True))
    assert batches[2] == []
    entries = crib.entries(component="plant.cycles.v1.MachineCycle")
    assert [(entry.revision, entry.ordinal, entry.record_key) for entry in entries] == [
        (2, 0, "1"),
        (2, 1, "2"),
        (3, 0, "3"),
        (4, 0, "4"),
        (5, 0, "5"),
        (5, 1, "6"),
        (5, 2, "7"),
    ]
    assert list(crib.cycles.ListMachineCycles(ListMachineCyclesRequest()).machine_cycles) == made
    heard = [commits.get(timeout=20) for _ in range(5)]
    assert [[change.after_message for change in commit.changes] for commit in heard[1:]] == [
        batches[0],
        [made[2]],
        batches[1],
        batches[3],
    ]


def test_of_batches_that_wait_together_each_is_refused_for_itself(gate: Gate) -> None:
    crib = gate.crib
    gate.close()
    calls = [
        create_batch(crib, 2),
        create_batch(crib, 2, product_id=""),
        create_batch(crib, 1, id=9),
        create_cycle(crib),
    ]
    gate.open()
    assert [item.id for item in calls[0].result(20).machine_cycles] == [1, 2]
    with refused(grpc.StatusCode.INVALID_ARGUMENT) as found:
        calls[1].result(20)
    assert found.fields == [f"requests[{index}].machine_cycle.product_id" for index in range(2)]
    with refused(grpc.StatusCode.INVALID_ARGUMENT) as found:
        calls[2].result(20)
    assert found.fields == ["requests[0].machine_cycle.id"]
    assert calls[3].result(20).id == 3
    assert [entry.revision for entry in crib.entries()] == [1, 2, 2, 3]


def test_a_transaction_that_the_database_ended_is_lost_to_nobody_else(gate: Gate) -> None:
    crib = gate.crib
    gate.close()
    good = [create_cycle(crib)]
    lost = create_recipe(crib, "lost")
    good.append(create_cycle(crib))
    gate.open()
    assert [call.result(20).id for call in good] == [1, 2]
    with refused(grpc.StatusCode.INTERNAL):
        lost.result(20)
    with behind(gate.database) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("machine_cycle", "recipe", "tool_offset", "toolcrib_audit", "toolcrib_transaction")
        ]
    assert counts == [2, 1, 0, 3, 3]


def test_what_a_hook_tries_in_vain_takes_nothing_with_it_that_waits_to_be_written(gate: Gate) -> None:
    crib = gate.crib
    crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=1)))
    first = crib.cycles.CreateMachineCycle(CreateMachineCycleRequest(machine_cycle=cycle()))
    gate.close()
    waiting = create_cycle(crib)
    upserts = [
        UpdateMachineCycleRequest(machine_cycle=cycle(), allow_missing=True),
        UpdateMachineCycleRequest(machine_cycle=MachineCycle(id=first.id, torque_nm=7)),
    ]
    batch = later(crib.cycles.BatchUpdateMachineCycles, BatchUpdateMachineCyclesRequest(requests=upserts))
    gate.open()
    assert waiting.result(20).id == 2
    assert [item.id for item in batch.result(20).machine_cycles] == [3, 1]
    listed = crib.cycles.ListMachineCycles(ListMachineCyclesRequest()).machine_cycles
    assert [(item.id, item.torque_nm) for item in listed] == [(1, 7), (2, 42.8), (3, 42.8)]
    entries = crib.entries(component="plant.cycles.v1.MachineCycle")
    assert [entry.record_key for entry in entries] == ["1", "2", "3", "1"]


def test_a_row_that_was_written_past_the_server_costs_only_the_calls_that_meet_it(gate: Gate) -> None:
    crib = gate.crib
    crib.cycles.CreateMachineCycle(CreateMachineCycleRequest(machine_cycle=cycle()))
    with behind(gate.database) as connection:
        connection.execute("CREATE TEMPORARY TABLE another AS SELECT * FROM machine_cycle")
        connection.execute("UPDATE another SET id = 2")
        connection.execute("INSERT INTO machine_cycle SELECT * FROM another")
    gate.close()
    calls = [create_cycle(crib), create_recipe(crib, "good"), create_batch(crib, 2)]
    gate.open()
    for call in (calls[0], calls[2], create_batch(crib, 2)):
        with refused(grpc.StatusCode.ALREADY_EXISTS, "RECORD_EXISTS"):
            call.result(20)
    assert calls[1].result(20).name == "good"
    assert [entry.record_key for entry in crib.entries()] == ["1", "1", "2"]


def test_keys_go_on_behind_rows_that_were_written_past_the_server(database: str) -> None:
    with serve(COMPONENTS, database=database) as server, plant(server.address) as crib:
        crib.cycles.CreateMachineCycle(CreateMachineCycleRequest(machine_cycle=cycle()))
    with behind(database) as connection:
        connection.execute("UPDATE machine_cycle SET id = 41")
    with serve(COMPONENTS, database=database) as server, plant(server.address) as crib:
        assert crib.cycles.CreateMachineCycle(CreateMachineCycleRequest(machine_cycle=cycle())).id == 42
