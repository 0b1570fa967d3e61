"""Watches over several processes on one database, and over processes that are killed."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from plant.recipes.v1.recipe_client import RecipeClient
from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import CreateRecipeRequest, UpdateRecipeRequest, WatchRecipesRequest
from support.addresses import lasting_address
from support.behind import Behind, behind
from support.killable import Nursery, nursery
from support.plant import COMPONENTS, Plant, plant
from support.watching import COMMIT, Recording, Replica, content, expected, from_snapshot, recording, shown
from toolcrib.client import AuditClient, Crib
from toolcrib.watch.v1.watch_pb2 import Start

WRITES, KILLS = 60, 6


@pytest.fixture(scope="module")
def servers() -> Iterator[Nursery]:
    with nursery(COMPONENTS) as started:
        yield started


def write(crib: Plant, name: str, count: int) -> None:
    for number in range(count):
        crib.recipes.CreateRecipe(CreateRecipeRequest(recipe=Recipe(name=f"{name}{number}", speed_mm_s=5)))
        crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=1, speed_mm_s=random.uniform(1, 499))))


def seen_all(stream: Recording, revision: int) -> list[Any]:
    return stream.wait(lambda messages: any(m.kind == COMMIT and m.revision == revision for m in messages))


def test_what_another_process_commits_comes_in_order_and_without_a_gap(servers: Nursery, database: str) -> None:
    running = [servers.serve(database) for _ in range(2)]
    try:
        with ExitStack() as clients:
            cribs = [clients.enter_context(plant(server.address)) for server in running]
            cribs[0].recipe("first")
            streams = [
                clients.enter_context(
                    recording(crib.recipes.WatchRecipes, WatchRecipesRequest(start=start, include_previous=True))
                ).live()
                for crib in cribs
                for start in (Start(revision=1), from_snapshot())
            ]
            writers = [
                threading.Thread(target=write, args=(crib, f"{name}-", WRITES))
                for crib, name in zip([*cribs, *cribs], "abcd", strict=True)
            ]
            for writer in writers:
                writer.start()
            late = [
                clients.enter_context(
                    recording(
                        crib.recipes.WatchRecipes, WatchRecipesRequest(start=from_snapshot(), include_previous=True)
                    )
                )
                for crib in cribs
                for _ in range(3)
            ]
            for writer in writers:
                writer.join()
            newest = cribs[0].revision()
            for stream in [*streams, *late]:
                stream.until(newest)
            entries = whole_trail(running[0].address)
            truth = expected(entries, lambda _: True)
            assert shown(streams[0].messages) == shown(streams[2].messages) == truth
            replicas = [replica_of(stream) for stream in (streams[1], streams[3], *late)]
            assert all(replica.records == replicas[0].records for replica in replicas)
            assert len(replicas[0].records) == 4 * WRITES + 1
    finally:
        for server in running:
            server.kill()


def replica_of(stream: Recording) -> Replica:
    replica = Replica()
    for message in stream.messages:
        replica.apply(message)
    return replica


def whole_trail(address: str) -> list[Any]:
    with Crib.connect(address) as crib:
        return list(AuditClient(crib).entries(oldest_first=True, page_size=1000))


def test_who_takes_a_revision_first_and_commits_while_others_wait_is_missed_by_nobody(
    servers: Nursery, database: str
) -> None:
    server = servers.serve(database)
    try:
        with plant(server.address) as crib, recording(crib.recipes.WatchRecipes, WatchRecipesRequest()) as stream:
            stream.live()
            first = crib.recipe("first")
            seen_all(stream, 1)
            with behind(database) as other:
                # Another process: it has its revision, and its entry, and does not commit yet.
                other.execute("BEGIN")
                other.execute("UPDATE toolcrib_sequence SET last_value = 2 WHERE name = 'revision'")
                copy_first(other, "toolcrib_transaction", revision=2, actor="other")
                image = Recipe(id=77, name="of the other").SerializeToString()
                copy_first(other, "toolcrib_audit", revision=2, record_key="77", after_image=image)
                waiting = threading.Thread(target=crib.recipe, args=("second",))
                waiting.start()
                # It is asked for the newest revision meanwhile, more than once, and must not go by what is not there.
                with recording(crib.recipes.WatchRecipes, WatchRecipesRequest(start=Start(revision=1))) as another:
                    assert shown(another.live().messages) == [(1, [("CREATED", str(first.id))])]
                other.execute("COMMIT")
            waiting.join()
            seen_all(stream, 3)
            assert [revision for revision, _ in shown(stream.messages)] == [1, 2, 3]
            assert stream.commits()[1].commit.actor == "other"
            assert stream.commits()[1].changes[0].record.name == "of the other"
    finally:
        server.kill()


def copy_first(connection: Behind, table: str, **changed: Any) -> None:
    """Writes the row of the first revision again, with other values in some columns."""
    found = connection.execute(f"SELECT * FROM {table} WHERE revision = 1")
    row = dict(zip([column[0] for column in found.description], found.fetchone(), strict=True))
    values = {**row, **changed}
    connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", list(values.values()))


def test_a_client_goes_on_over_kills_without_gap_or_repeat(servers: Nursery, database: str) -> None:
    address = lasting_address()
    server = servers.serve(database, address)
    changes: list[Any] = []
    more = threading.Condition()
    with Crib.connect(address, actor="ann", timeout_s=60) as crib:
        recipes = RecipeClient(crib)
        recipes.create(Recipe(name="first", speed_mm_s=1))
        with recipes.watch(snapshot=True, include_previous=True) as watch:
            known = {recipe.id: recipe for recipe in watch.snapshot()}

            def follow() -> None:
                for change in watch:
                    with more:
                        changes.append(change)
                        more.notify_all()

            following = threading.Thread(target=follow)
            following.start()
            for life in range(KILLS):
                writers = [
                    threading.Thread(target=write_by_client, args=(recipes, f"{life}-{writer}-")) for writer in range(3)
                ]
                for writer in writers:
                    writer.start()
                with more:
                    # In the middle of it: when so much of this life was seen.
                    begun = len(changes)
                    assert more.wait_for(lambda: len(changes) >= begun + 10, 60)  # noqa: B023  # waited for at once
                server.kill()
                server = servers.serve(database, address)
                for writer in writers:
                    writer.join()
            entries = [entry for entry in whole_trail(address) if entry.revision > 1]
            with more:
                assert more.wait_for(lambda: len(changes) >= len(entries), 60), (len(changes), len(entries))
        following.join(20)
        listed = {recipe.id: content(recipe) for recipe in recipes.list(page_size=1000)}
    server.kill()
    assert [change.commit.revision for change in changes] == [entry.revision for entry in entries]
    for change, entry in zip(changes, entries, strict=True):
        assert change.record.SerializeToString() == entry.after.value
        if change.previous is not None:
            assert content(known[change.record.id]) == content(change.previous)
        known[change.record.id] = change.record
    assert {key: content(recipe) for key, recipe in known.items()} == listed


def write_by_client(recipes: RecipeClient, name: str) -> None:
    """Writes that are tried again over the kill, and done once."""
    for number in range(20):
        made = recipes.create(Recipe(name=f"{name}{number}", speed_mm_s=5))
        recipes.update(Recipe(id=made.id, speed_mm_s=6 + number))
