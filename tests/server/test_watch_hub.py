"""Joining those who are live: never past what was handed out to others meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from toolcrib.server.bell import Bell
from toolcrib.server.errors import ShuttingDown
from toolcrib.server.query.shape import Checked
from toolcrib.server.watch.backlog import Backlog, Delivery
from toolcrib.server.watch.hub import Hub
from toolcrib.server.watch.parcels import Parcel
from toolcrib.server.watch.subscription import Subscription
from toolcrib.server.watch.wanted import Wanted
from toolcrib.watch.v1.watch_pb2 import WatchResponse

TOOLS = Wanted((("Tool", Checked()),), include_previous=False, response=WatchResponse)
RECIPES = Wanted((("Recipe", Checked()),), include_previous=False, response=WatchResponse)


class Lane:
    """Stands for the workers: each read waits until the test says what was found."""

    def __init__(self) -> None:
        self.bell = Bell()
        self.reads: asyncio.Queue[asyncio.Future[Delivery]] = asyncio.Queue()

    def follow(self, _call: Any, _work: Any) -> asyncio.Future[Delivery]:
        future: asyncio.Future[Delivery] = asyncio.get_running_loop().create_future()
        self.reads.put_nowait(future)
        return future


def run(test: Callable[[Lane, Hub], Coroutine[Any, Any, None]]) -> None:
    async def begin() -> None:
        lane: Any = Lane()
        backlog: Any = Backlog.__new__(Backlog)
        hub = Hub(lane, backlog, poll_s=3600)
        try:
            await asyncio.wait_for(test(lane, hub), 20)
        finally:
            await hub.stop()

    with asyncio.Runner() as runner:
        runner.run(begin())


def subscription(wanted: Wanted, position: int) -> Subscription:
    return Subscription(wanted, position, bytes_max=10_000)


def found(upto: int, *revisions: int, wanted: Wanted = TOOLS) -> Delivery:
    return Delivery({wanted: [Parcel(revision, (b"x",)) for revision in revisions]}, upto, is_last=True)


def test_who_joins_while_others_are_read_for_has_to_read_what_they_were_given() -> None:
    async def test(lane: Lane, hub: Hub) -> None:
        assert await hub.join(subscription(TOOLS, 3))
        read = await lane.reads.get()
        joining = asyncio.create_task(hub.join(subscription(RECIPES, 3)))
        reading = asyncio.create_task(hub.join(subscription(RECIPES, 5)))
        await asyncio.sleep(0)
        assert not joining.done()
        # Revision 4 may be one of recipes, which were not asked for when this was read.
        read.set_result(found(5, 5))
        assert await joining is False
        assert await reading is True
        assert hub.position == 5

    run(test)


def test_who_is_live_is_given_what_comes_and_drops_what_it_knows() -> None:
    async def test(lane: Lane, hub: Hub) -> None:
        one, other = subscription(TOOLS, 3), subscription(TOOLS, 4)
        assert await hub.join(one)
        (await lane.reads.get()).set_result(found(3))
        assert await hub.join(other)
        (await lane.reads.get()).set_result(found(5, 4, 5))
        assert [parcel.revision for parcel in [await one.next(5), await one.next(5)] if parcel] == [4, 5]
        assert [parcel.revision for parcel in [await other.next(5)] if parcel] == [5]

    run(test)


@pytest.mark.parametrize(
    ("written", "position", "is_read"),
    [
        ({4: "Recipe", 5: "Recipe", 6: "Recipe"}, 6, False),
        ({4: "Recipe", 5: "Tool", 6: "Recipe"}, 3, True),
        # Another process has written between.
        ({5: "Recipe", 6: "Recipe"}, 3, True),
    ],
)
def test_only_what_is_watched_is_read_unless_something_lies_between(
    written: dict[int, str], position: int, is_read: bool
) -> None:
    async def test(lane: Lane, hub: Hub) -> None:
        assert await hub.join(subscription(TOOLS, 3))
        (await lane.reads.get()).set_result(found(3))
        await settled()
        lane.bell.ring([transaction(revision, component) for revision, component in written.items()])
        await settled()
        assert (hub.position, not lane.reads.empty()) == (position, is_read)

    run(test)


def transaction(revision: int, component: str) -> Any:
    """What the writer lane rings the bell for."""
    return SimpleNamespace(revision=revision, changes=[SimpleNamespace(component=SimpleNamespace(name=component))])


async def settled() -> None:
    """Returns when the event loop has done what it had to do."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_nobody_joins_a_server_that_stops() -> None:
    async def test(lane: Lane, hub: Hub) -> None:
        assert await hub.join(subscription(TOOLS, 3))
        await lane.reads.get()
        late = asyncio.create_task(hub.join(subscription(TOOLS, 3)))
        await asyncio.sleep(0)
        await hub.stop()
        for joining in (late, hub.join(subscription(TOOLS, 3))):
            with pytest.raises(ShuttingDown):
                await joining

    run(test)
