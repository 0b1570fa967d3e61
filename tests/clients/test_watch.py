"""Watches of the Python client, synchronous and for asyncio: typed changes, conditions, and going on by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo

from plant.recipes.v1.recipe_client import AsyncRecipeClient, RecipeClient, RecipeFields
from plant.recipes.v1.recipe_pb2 import Recipe
from support.addresses import lasting_address
from support.both_clients import KINDS, Client, connected
from support.fake_server import FakeServer, failure
from support.plant import COMPONENTS
from toolcrib.client import (
    AsyncWatchClient,
    Change,
    Crib,
    FailedPrecondition,
    InvalidArgument,
    Unavailable,
    WatchClient,
)
from toolcrib.client.watch import ChangeKind, WatchedComponent
from toolcrib.server.testing import serve

RECIPE = "plant.recipes.v1.Recipe"


class Watching:
    """A watch of either kind behind one face."""

    def __init__(self, client: Client, begin: Callable[[Any], Any]) -> None:
        self._client = client

        async def begun(crib: Any) -> Any:
            return begin(crib)

        self.watch = client.run(begun if client.is_asyncio else begin)
        self._changes: Any = None

    def snapshot(self) -> list[Any]:
        records: list[Any] = self._client.run(lambda _: self.watch.snapshot())
        return records

    def next(self) -> Change[Any]:
        if self._changes is None:
            self._changes = aiter(self.watch) if self._client.is_asyncio else iter(self.watch)
        step = anext if self._client.is_asyncio else next
        change: Change[Any] = self._client.run(lambda _: step(self._changes))
        return change

    def commits(self, count: int) -> list[Any]:
        commits = self.watch.commits()
        step = anext if self._client.is_asyncio else next
        return [self._client.run(lambda _: step(commits)) for _ in range(count)]

    def close(self) -> None:
        self._client.run(lambda _: self.watch.close())


def recipes(client: Any) -> Any:
    return RecipeClient(client) if isinstance(client, Crib) else AsyncRecipeClient(client)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def both(kind: str) -> Iterator[tuple[RecipeClient, Client]]:
    """A client that writes, and one of each kind that watches."""
    with (
        serve(COMPONENTS) as server,
        Crib.connect(server.address, actor="ann") as crib,
        connected(kind, server.address) as client,
    ):
        yield RecipeClient(crib), client


def made(writer: RecipeClient, name: str, speed: float = 120) -> Recipe:
    return writer.create(Recipe(name=name, speed_mm_s=speed))


def test_changes_are_typed_and_say_who_when_and_why(both: Any) -> None:
    writer, client = both
    first = made(writer, "first")
    watching = Watching(client, lambda crib: recipes(crib).watch(revision=1, include_previous=True))
    faster = writer.update(Recipe(id=first.id, speed_mm_s=200))
    created, updated = watching.next(), watching.next()
    assert (created.kind, created.record, created.previous) == (ChangeKind.CHANGE_KIND_CREATED, first, None)
    assert (updated.kind_name, updated.record, updated.previous) == ("updated", faster, first)
    assert (updated.commit.revision, updated.commit.actor) == (2, "ann")
    assert updated.commit.time == faster.update_time.ToDatetime(updated.commit.time.tzinfo)
    assert updated.commit.changes == [updated]
    watching.close()


def test_conditions_are_those_of_where(both: Any) -> None:
    writer, client = both
    watching = Watching(client, lambda crib: recipes(crib).watch(RecipeFields.speed_mm_s > 100, revision=1))
    made(writer, "slow", 50)
    made(writer, "fast", 150)
    writer.update(Recipe(id=1, speed_mm_s=101))
    writer.update(Recipe(id=1, speed_mm_s=99))
    assert [(each.kind_name, each.record.id) for each in (watching.next() for _ in range(3))] == [
        ("created", 2),
        ("entered", 1),
        ("left", 1),
    ]
    watching.close()


def test_a_snapshot_then_what_becomes_of_it(both: Any) -> None:
    writer, client = both
    first = made(writer, "first")
    watching = Watching(client, lambda crib: recipes(crib).watch(snapshot=True))
    with pytest.raises(RuntimeError, match="the snapshot comes first"):
        watching.next()
    watching.close()
    watching = Watching(client, lambda crib: recipes(crib).watch(snapshot=True))
    assert watching.snapshot() == [first]
    second = made(writer, "second")
    assert watching.next().record == second
    with pytest.raises(RuntimeError, match="take it once"):
        watching.snapshot()
    watching.close()


def test_commits_are_whole_and_the_token_moves_on_behind_them(both: Any) -> None:
    writer, client = both
    with writer_transaction(writer) as names:
        names += ["a", "b"]
    made(writer, "c")
    watching = Watching(client, lambda crib: recipes(crib).watch(revision=1))
    first = watching.next()
    before = watching.watch.resume_token
    assert before == ""
    assert [first.record.name, watching.next().record.name] == ["a", "b"]
    assert watching.next().record.name == "c"
    behind = watching.watch.resume_token
    assert (bool(behind), watching.watch.revision) == (True, 1)
    watching.close()
    resumed = Watching(client, lambda crib: recipes(crib).watch(resume_token=behind))
    (commit,) = resumed.commits(1)
    assert (commit.revision, [change.record.name for change in commit.changes]) == (2, ["c"])
    resumed.close()


class writer_transaction:  # noqa: N801  # reads as a block
    """Creates recipes of the names that are added, as one commit."""

    def __init__(self, writer: RecipeClient) -> None:
        self._writer = writer
        self._names: list[str] = []

    def __enter__(self) -> list[str]:
        return self._names

    def __exit__(self, *_: object) -> None:
        self._writer.batch_create([Recipe(name=name, speed_mm_s=5) for name in self._names])


def test_several_components_at_once(both: Any, kind: str) -> None:
    writer, client = both
    made(writer, "slow", 5)
    made(writer, "fast", 150)
    several = WatchClient if kind == "synchronous" else AsyncWatchClient
    fast = WatchedComponent(name=RECIPE, filter="speed_mm_s > 100")
    watching = Watching(client, lambda crib: several(crib).watch(fast, "plant.tools.v1.ToolOffset", revision=1))
    change = watching.next()
    record = Recipe()
    assert change.record.Unpack(record)
    assert (record.name, change.record_key) == ("fast", "2")
    watching.close()


def test_what_cannot_be_meant_is_refused(both: Any) -> None:
    _, client = both
    with pytest.raises(ValueError, match="snapshot and revision"):
        Watching(client, lambda crib: recipes(crib).watch(snapshot=True, revision=3))
    with pytest.raises(InvalidArgument) as refusal:
        Watching(client, lambda crib: recipes(crib).watch(filter="x = 1")).next()
    assert refusal.value.reason == "INVALID_FILTER"


def test_it_goes_on_behind_a_restart_and_a_token_serves_others(kind: str, database: str) -> None:
    address = lasting_address()
    seen = []
    with Crib.connect(address, actor="ann") as crib, connected(kind, address, timeout_s=20) as client:
        writer = RecipeClient(crib)
        with serve(COMPONENTS, address=address, database=database):
            watching = Watching(client, lambda crib: recipes(crib).watch(revision=1))
            made(writer, "0")
            seen.append(watching.next().record.name)
        for life in range(1, 4):
            with serve(COMPONENTS, address=address, database=database):
                made(writer, f"{life}")
                made(writer, f"{life} again")
                seen += [watching.next().record.name for _ in range(2)]
        watching.close()
    assert seen == ["0", "1", "1 again", "2", "2 again", "3", "3 again"]


def test_one_that_reads_too_slowly_goes_on_by_itself(kind: str) -> None:
    # So little may wait that almost every commit is one too many.
    with (
        serve(COMPONENTS, watch_buffer_bytes=1024) as server,
        Crib.connect(server.address, actor="ann") as crib,
        connected(kind, server.address) as client,
    ):
        writer = RecipeClient(crib)
        watching = Watching(client, lambda crib: recipes(crib).watch(revision=1))
        made(writer, "first")
        assert watching.next().record.name == "first"
        writing = threading.Thread(target=lambda: [made(writer, f"{number}") for number in range(300)])
        writing.start()
        assert [watching.next().record.name for _ in range(300)] == [f"{number}" for number in range(300)]
        writing.join()
        watching.close()


def test_a_server_that_is_not_there_is_waited_for_as_long_as_a_call_may_take(kind: str) -> None:
    with connected(kind, "127.0.0.1:1", timeout_s=0.5) as client, pytest.raises(Unavailable):
        Watching(client, lambda crib: recipes(crib).watch()).next()


def test_what_would_leave_a_gap_is_raised(client: Client, server: FakeServer) -> None:
    info = ErrorInfo(reason="HISTORY_CHANGED", domain="toolcrib.dev")
    server.will_answer(failure(grpc.StatusCode.FAILED_PRECONDITION, "restored", info))
    with pytest.raises(FailedPrecondition) as refusal:
        Watching(client, lambda crib: recipes(crib).watch(resume_token="x")).next()
    assert refusal.value.reason == "HISTORY_CHANGED"


def test_closing_ends_the_iteration_from_another_thread() -> None:
    with serve(COMPONENTS) as server, Crib.connect(server.address, actor="ann") as crib:
        writer = RecipeClient(crib)
        made(writer, "first")
        seen: list[str] = []
        came = threading.Event()
        with writer.watch(revision=1) as watch:

            def read() -> None:
                for change in watch:
                    seen.append(change.record.name)
                    came.set()

            reading = threading.Thread(target=read)
            reading.start()
            assert came.wait(20)
        reading.join(20)
        assert not reading.is_alive()
        assert seen == ["first"]
        assert list(watch) == []
