"""Concurrent writers, restarts, and watchers of every kind: each recorded stream is held against the audit trail."""

from __future__ import annotations

import random
import threading
from contextlib import ExitStack, suppress
from typing import Any

import grpc
import pytest

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import (
    BatchCreateRecipesRequest,
    BatchUpdateRecipesRequest,
    CreateRecipeRequest,
    DeleteRecipeRequest,
    ListRecipesRequest,
    UndeleteRecipeRequest,
    UpdateRecipeRequest,
    WatchRecipesRequest,
)
from plant.tools.v1.tool_offset_pb2 import ToolOffset
from plant.tools.v1.tool_offset_service_pb2 import CreateToolOffsetRequest
from support.plant import COMPONENTS, Plant, plant
from support.watching import Following, Recording, Replica, check_stream, content, from_snapshot
from toolcrib.audit.v1.audit_pb2 import AuditEntry
from toolcrib.server.testing import serve
from toolcrib.transaction.v1.transaction_pb2 import CommitTransactionRequest
from toolcrib.transaction.v1.transaction_pb2_grpc import TransactionServiceStub
from toolcrib.watch.v1.watch_pb2 import Start, WatchRequest
from toolcrib.watch.v1.watch_pb2_grpc import WatchServiceStub

RECIPE = "plant.recipes.v1.Recipe"
WRITERS, WRITES, LIVES, NAMES = 4, 40, 3, 12
FAST = "speed_mm_s > 100"


class Writer(threading.Thread):
    """Does what comes to its mind to a few records that all writers share."""

    def __init__(self, crib: Plant, seed: int, writes: int) -> None:
        super().__init__()
        self._crib = crib
        self._chance = random.Random(seed)
        self._writes = writes

    def run(self) -> None:
        for _ in range(self._writes):
            # Names that are taken, records that are gone: also what is refused is a part of the test.
            with suppress(grpc.RpcError):
                self._write()

    def _write(self) -> None:
        recipes, chance = self._crib.recipes, self._chance
        key = chance.randrange(1, NAMES)
        match chance.randrange(8):
            case 0:
                recipes.CreateRecipe(self._creation())
            case 1:
                requests = [self._creation(), self._creation()]
                recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=requests))
            case 2:
                recipes.DeleteRecipe(DeleteRecipeRequest(id=key))
            case 3:
                recipes.UndeleteRecipe(UndeleteRecipeRequest(id=key))
            case 4:
                updates = [self._update(key), self._update(key + 1)]
                recipes.BatchUpdateRecipes(BatchUpdateRecipesRequest(requests=updates))
            case 5:
                request = CommitTransactionRequest()
                request.requests.add().Pack(self._update(key))
                tool = ToolOffset(tool_number=chance.randrange(1, 9000))
                request.requests.add().Pack(CreateToolOffsetRequest(tool_offset=tool))
                request.requests.add().Pack(self._update(key))
                TransactionServiceStub(self._crib.channel).CommitTransaction(request)
            case _:
                recipes.UpdateRecipe(self._update(key))

    def _creation(self) -> CreateRecipeRequest:
        name = f"{self._chance.randrange(10**9)}"
        return CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=self._speed()))

    def _update(self, key: int) -> UpdateRecipeRequest:
        return UpdateRecipeRequest(recipe=Recipe(id=key, speed_mm_s=self._speed()))

    def _speed(self) -> float:
        return self._chance.choice([99, 100, 101, 102])


class Kind(Following):
    """A way to watch, and all that was seen in it, over restarts."""

    def __init__(self, asked: dict[str, Any], *, shared: bool = False) -> None:
        super().__init__(Start(revision=1))
        self.asked = asked
        self._shared = shared

    def go_on(self, crib: Plant) -> None:
        if self._shared:
            self.follow(WatchServiceStub(crib.channel).Watch, WatchRequest(**self.asked))
        else:
            self.follow(crib.recipes.WatchRecipes, WatchRecipesRequest(**self.asked))


def is_fast(image: bytes) -> bool:
    return Recipe.FromString(image).speed_mm_s > 100


@pytest.mark.parametrize("poll_s", [0.01, 60], ids=["polling", "told"])
def test_streams_are_ordered_atomic_complete_and_resumable(database: str, poll_s: float) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201  # to repeat a failure
    chance = random.Random(seed)
    kinds = [
        Kind({"include_previous": True}),
        Kind({"include_previous": True, "filter": FAST}),
        Kind({}, shared=True),
        Kind({"filter": "coolant = COOLANT_MIST"}),
    ]
    replicas: list[tuple[Replica, str]] = []
    for life in range(LIVES):
        with (
            serve(COMPONENTS, database=database, watch_poll_s=poll_s, watch_heartbeat_s=0.1) as server,
            ExitStack() as clients,
        ):
            crib = clients.enter_context(plant(server.address))
            for kind in kinds:
                kind.go_on(crib)
            writers = [
                Writer(clients.enter_context(plant(server.address)), chance.randrange(2**32), WRITES)
                for _ in range(WRITERS)
            ]
            for writer in writers:
                writer.start()
            late = [late_watch(crib, chance, text) for text in ("", FAST) for _ in range(6)]
            for writer in writers:
                writer.join()
            newest = crib.revision()
            for kind in kinds:
                kind.until(newest)
                kind.leave()
            for stream, text in late:
                replicas.append((replicated(stream.until(newest)), text))
                check_replica(*replicas[-1], crib)
            entries = all_entries(crib)
        assert life < LIVES
    check_all(kinds, entries)


def late_watch(crib: Plant, chance: random.Random, text: str) -> tuple[Recording, str]:
    """One that begins with a snapshot while others write."""
    request = WatchRecipesRequest(start=from_snapshot(), include_previous=True, filter=text)
    stream = Recording(crib.recipes.WatchRecipes(request))
    stream.start()
    if chance.random() < 0.5:
        stream.live()
    return stream, text


def replicated(messages: list[Any]) -> Replica:
    replica = Replica()
    for message in messages:
        replica.apply(message)
    return replica


def check_replica(replica: Replica, text: str, crib: Plant) -> None:
    """What began with a snapshot in the middle of it all, is what a list shows in the end."""
    listed = crib.recipes.ListRecipes(ListRecipesRequest(filter=text, page_size=1000)).recipes
    assert replica.records == {str(recipe.id): content(recipe) for recipe in listed}


def check_all(kinds: list[Kind], entries: list[AuditEntry]) -> None:
    of_recipes = [entry for entry in entries if entry.component == RECIPE]
    everything, fast, shared, none = kinds
    check_stream(everything.messages, of_recipes, lambda _: True)
    check_stream(fast.messages, of_recipes, is_fast)
    check_stream(shared.messages, entries, lambda _: True, with_previous=False)
    check_stream(none.messages, [], lambda _: True)


def all_entries(crib: Plant) -> list[AuditEntry]:
    found: list[AuditEntry] = []
    while True:
        more = crib.entries(start_revision=found[-1].revision + 1 if found else 1)
        if not more:
            return found
        # The last commit of a full page may go on in the next.
        whole = more if len(more) < 1000 else [entry for entry in more if entry.revision < more[-1].revision]
        found += whole
