"""Clients that watch: many that are sent nothing, and one that sees how long a change takes to reach it.

Run as a program: takes the address of a server, and does what the lines say that it reads. "open N" opens idle
watches, of a component that nobody writes to; "close" ends them; "latency N" answers how many milliseconds after it was
sent each of N creates was seen by a watch, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from time import perf_counter
from typing import Any

import grpc.aio

from benchmarks.workload import records
from plant.cycles.v1.machine_cycle_service_pb2 import CreateMachineCycleRequest, WatchMachineCyclesRequest
from plant.cycles.v1.machine_cycle_service_pb2_grpc import MachineCycleServiceStub
from plant.recipes.v1.recipe_service_pb2 import WatchRecipesRequest
from plant.recipes.v1.recipe_service_pb2_grpc import RecipeServiceStub
from toolcrib.server.event_loop import loop_factory
from toolcrib.watch.v1.watch_pb2 import MESSAGE_KIND_COMMIT

_METADATA = (("x-actor", "benchmark"),)
# As many as a plant's screens have connections, rather than all watches over one.
_CHANNELS = 20


class Watchers:
    """The idle watches."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._channels: list[grpc.aio.Channel] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self, count: int) -> None:
        """Opens `count`, and returns when each is live."""
        self._channels = [
            grpc.aio.insecure_channel(self._address, options=[("grpc.use_local_subchannel_pool", 1)])
            for _ in range(_CHANNELS)
        ]
        live = [asyncio.Event() for _ in range(count)]
        self._tasks = [
            asyncio.create_task(self._watch(self._channels[number % _CHANNELS], event))
            for number, event in enumerate(live)
        ]
        await asyncio.gather(*(event.wait() for event in live))

    async def close(self) -> None:
        """Ends them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for channel in self._channels:
            await channel.close()

    @staticmethod
    async def _watch(channel: grpc.aio.Channel, live: asyncio.Event) -> None:
        stub: Any = RecipeServiceStub(channel)
        async for _ in stub.WatchRecipes(WatchRecipesRequest()):
            live.set()


async def _latencies_ms(address: str, count: int) -> list[float]:
    async with grpc.aio.insecure_channel(address) as channel:
        stub: Any = MachineCycleServiceStub(channel)
        stream = stub.WatchMachineCycles(WatchMachineCyclesRequest())
        await stream.read()
        found = []
        for record in records()[:count]:
            start = perf_counter()
            written = asyncio.ensure_future(
                stub.CreateMachineCycle(CreateMachineCycleRequest(machine_cycle=record), metadata=_METADATA)
            )
            while (await stream.read()).kind != MESSAGE_KIND_COMMIT:
                pass
            found.append((perf_counter() - start) * 1e3)
            await written
        stream.cancel()
        return found


def main() -> None:
    """Reads lines until there are no more."""
    address = sys.argv[1]
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        watchers = Watchers(address)
        for line in sys.stdin:
            command, _, number = line.strip().partition(" ")
            if command == "open":
                runner.run(watchers.open(int(number)))
                print("open", flush=True)
            elif command == "close":
                runner.run(watchers.close())
                print("closed", flush=True)
            else:
                print(json.dumps(runner.run(_latencies_ms(address, int(number)))), flush=True)


if __name__ == "__main__":
    main()
