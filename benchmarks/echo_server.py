"""The yardstick: a gRPC server that answers each MachineCycle with itself, and does nothing else.

Run as a program: prints its address, and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys

import grpc
import grpc.aio

from plant.cycles.v1.machine_cycle_pb2 import MachineCycle
from toolcrib.server.event_loop import loop_factory, spare_collections

SERVICE = "toolcrib.benchmarks.Echo"


async def _echo(message: MachineCycle, _context: grpc.aio.ServicerContext[MachineCycle, MachineCycle]) -> MachineCycle:
    return message


async def _serve() -> None:
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(
        _echo, request_deserializer=MachineCycle.FromString, response_serializer=MachineCycle.SerializeToString
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Echo": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    spare_collections()
    print(f"127.0.0.1:{port}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(None)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve())
