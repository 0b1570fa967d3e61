"""The load generator: keeps a number of calls in flight and measures them.

It sends requests that were serialized before and leaves answers unparsed, so that a call costs it the same whoever
answers. Run as a program: reads an order as JSON per line, and answers each with a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from itertools import cycle, islice
from time import perf_counter

import grpc.aio

from benchmarks.measures import Order, Round
from benchmarks.processes import cpu_seconds
from benchmarks.workload import Stream, filter_streams, past_streams, preload, streams
from toolcrib.server.event_loop import loop_factory

_WARM_UP_S = 0.3
# The echo gets it too: it costs both sides the same to send.
_METADATA = (("x-actor", "benchmark"),)
# Channels to one address share a connection otherwise.
_CONNECTION_OF_ITS_OWN = (("grpc.use_local_subchannel_pool", 1),)

Call = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]


async def _caller(call: Call, payloads: Iterator[bytes], end: float, latencies_s: list[float]) -> None:
    start = perf_counter()
    while start < end:
        await call(next(payloads), metadata=_METADATA)
        now = perf_counter()
        latencies_s.append(now - start)
        start = now


async def _run(ways: Sequence[Call], stream: Stream, in_flight: int, seconds: float) -> list[float]:
    latencies_s: list[float] = []
    end = perf_counter() + seconds
    calls = islice(cycle(ways), in_flight)
    await asyncio.gather(*(_caller(call, stream.payloads, end, latencies_s) for call in calls))
    return latencies_s


async def _round(order: Order, stream: Stream) -> Round:
    async with AsyncExitStack() as open_channels:
        ways: list[Call] = []
        for _ in range(order.connections):
            channel = grpc.aio.insecure_channel(order.address, options=_CONNECTION_OF_ITS_OWN)
            ways.append((await open_channels.enter_async_context(channel)).unary_unary(stream.path))
        await _run(ways, stream, order.in_flight, _WARM_UP_S)
        cpu_before = cpu_seconds(order.pid)
        start = perf_counter()
        latencies_s = sorted(await _run(ways, stream, order.in_flight, order.seconds))
        elapsed_s = perf_counter() - start
        cpu_after = cpu_seconds(order.pid)
    calls = len(latencies_s)
    return Round(
        calls_per_s=calls / elapsed_s,
        p50_ms=latencies_s[calls // 2] * 1e3,
        p99_ms=latencies_s[calls * 99 // 100] * 1e3,
        cpu_us_per_call=None if cpu_before is None or cpu_after is None else (cpu_after - cpu_before) / calls * 1e6,
    )


async def _preload(address: str) -> None:
    path, payloads = preload()
    async with grpc.aio.insecure_channel(address) as channel:
        call: Call = channel.unary_unary(path)
        for payload in payloads:
            await call(payload, metadata=_METADATA)


def main() -> None:
    """Fills the database of the server whose address is the argument, if any; then runs the rounds that are ordered."""
    all_streams = {**streams(), **filter_streams(), **past_streams()}
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        for address in sys.argv[1:]:
            runner.run(_preload(address))
        print("ready", flush=True)
        for line in sys.stdin:
            order = Order(**json.loads(line))
            print(json.dumps(asdict(runner.run(_round(order, all_streams[order.stream])))), flush=True)


if __name__ == "__main__":
    main()
