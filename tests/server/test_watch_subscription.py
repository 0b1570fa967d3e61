"""What waits for one watcher: in order, bounded, and never overtaken by a heartbeat."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from toolcrib.server.errors import ShuttingDown, WatchTooSlow
from toolcrib.server.watch.parcels import Parcel
from toolcrib.server.watch.subscription import Subscription
from toolcrib.server.watch.wanted import Wanted
from toolcrib.watch.v1.watch_pb2 import WatchResponse

T = TypeVar("T")

WANTED = Wanted((), include_previous=False, response=WatchResponse)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner() as runner:
        return runner.run(coroutine)


def parcel(revision: int, size: int = 10) -> Parcel:
    return Parcel(revision, (b"x" * size,))


def test_parcels_come_in_order_without_those_that_were_sent_before() -> None:
    async def taken() -> list[int]:
        subscription = Subscription(WANTED, 2, bytes_max=10_000)
        for revision in (1, 2, 3, 4):
            subscription.put(parcel(revision))
        found = [await subscription.next(5), await subscription.next(5)]
        assert await subscription.next(0) is None
        return [each.revision for each in found if each is not None]

    assert run(taken()) == [3, 4]


def test_what_comes_when_the_time_is_just_up_is_not_lost() -> None:
    async def taken() -> Parcel | None:
        subscription = Subscription(WANTED, 0, bytes_max=10_000)
        waiting = asyncio.create_task(subscription.next(0.01))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.011, subscription.put, parcel(1))
        # Both are due when the loop looks at the clock again, the end of the wait before what ends it.
        time.sleep(0.05)  # noqa: ASYNC251  # the loop is held up on purpose
        return await waiting

    assert run(taken()) == parcel(1)


def test_one_too_many_ends_it_and_gives_all_room_back() -> None:
    async def overflow() -> None:
        subscription = Subscription(WANTED, 0, bytes_max=1000)
        for revision in range(1, 5):
            subscription.put(parcel(revision))
        subscription.put(parcel(5, 200))
        subscription.put(parcel(6))
        with pytest.raises(WatchTooSlow):
            await subscription.next(5)

    run(overflow())


def test_one_that_is_larger_than_the_bound_has_room_alone() -> None:
    async def taken() -> Parcel | None:
        subscription = Subscription(WANTED, 0, bytes_max=1000)
        subscription.put(parcel(1, 5000))
        return await subscription.next(5)

    assert run(taken()) == parcel(1, 5000)


def test_the_first_failure_stays() -> None:
    async def fail() -> None:
        subscription = Subscription(WANTED, 0, bytes_max=1000)
        waiting = asyncio.create_task(subscription.next(5))
        await asyncio.sleep(0)
        subscription.fail(ShuttingDown("stop"))
        subscription.fail(WatchTooSlow("late"))
        with pytest.raises(ShuttingDown):
            await waiting

    run(fail())
