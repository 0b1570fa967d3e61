"""From gRPC's bytes to a handler and back: how the methods of services are served.

Each method's chain of interceptors is composed once, before any call; requests are parsed inside it, so that what does
not parse is refused in the same way as everything else. An interceptor takes the handler that comes next and gives back
one of its own, as hooks do with steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from operator import methodcaller
from typing import Any, cast

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from toolcrib.server.call import Call, Caller
from toolcrib.server.errors import InvalidRequest, MessageTooLarge
from toolcrib.server.identity import Identity


@dataclass(frozen=True, slots=True)
class Method:
    """A unary method: its name, the type of its request, and what answers it."""

    name: str
    request: type[Message]
    handler: Callable[[Any, Call], Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class Stream:
    """A method that answers with any number of messages, given as bytes, each when the one before is on its way."""

    name: str
    request: type[Message]
    handler: Callable[[Any, Call], AsyncIterator[bytes]]


Methods = Sequence[Method | Stream]


class NetworkCall(Call):
    """A call as it came from the network; who makes it, `identity` finds out."""

    __slots__ = ("context", "identity")

    def __init__(self, method: str, context: grpc.aio.ServicerContext[bytes, Any]) -> None:
        super().__init__(method)
        self.context = context
        self.identity: Identity | None = None

    def establish(self) -> Caller:
        """Finds out who calls, from certificate or metadata. Raises InvalidRequest."""
        if self.identity is None:
            return Caller()
        context = self.context
        return self.identity.establish(tuple(context.invocation_metadata() or ()), context.auth_context, context.peer())

    def time_remaining(self) -> float | None:
        """For how many seconds the caller still waits; None is without end."""
        return self.context.time_remaining()


_serialize = methodcaller("SerializeToString")

# What answers: with a message, or with None where all of them are on their way already.
Handler = Callable[[bytes, NetworkCall], Awaitable[Message | None]]
Interceptor = Callable[[Handler], Handler]


class Handlers(grpc.GenericRpcHandler):
    """What answers each method. gRPC takes it before the server starts; what it serves may change afterwards."""

    def __init__(self, interceptors: Sequence[Interceptor], *, message_bytes_max: int) -> None:
        """The first of `interceptors` is the outermost."""
        self._interceptors = interceptors
        self._message_bytes_max = message_bytes_max
        self._by_path: Mapping[str, grpc.RpcMethodHandler[bytes, Any]] = {}

    def serve(self, services: Mapping[str, Methods]) -> None:
        """From now on calls are answered by these methods of services, and by no others."""
        self._by_path = {
            path: _handler(path, method, self._interceptors, self._message_bytes_max)
            for service, methods in services.items()
            for method in methods
            for path in [f"/{service}/{method.name}"]
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, Any] | None:
        """What answers a call, which gRPC asks for each; None where there is no such method."""
        return self._by_path.get(handler_call_details.method)


def _handler(
    path: str, method: Method | Stream, interceptors: Sequence[Interceptor], message_bytes_max: int
) -> grpc.RpcMethodHandler[bytes, Any]:
    chain = _parsing(method, message_bytes_max)
    for interceptor in reversed(interceptors):
        chain = interceptor(chain)

    async def serve(payload: bytes, context: grpc.aio.ServicerContext[bytes, Any]) -> Message | None:
        return await chain(payload, NetworkCall(path, context))

    if isinstance(method, Stream):
        return grpc.unary_stream_rpc_method_handler(serve)
    return grpc.unary_unary_rpc_method_handler(serve, response_serializer=_serialize)


def _writing(handle: Callable[[Any, Call], AsyncIterator[bytes]]) -> Callable[[Any, NetworkCall], Awaitable[None]]:
    """Writes what `handle` gives, as fast as the client reads."""

    async def write(request: Any, call: NetworkCall) -> None:
        # Ended with the call, and not when the garbage is collected.
        async with aclosing(cast(AsyncGenerator[bytes, None], handle(request, call))) as messages:
            async for message in messages:
                try:
                    await call.context.write(message)
                except grpc.aio.InternalError as error:
                    # The client has gone; gRPC is only about to cancel the call.
                    raise asyncio.CancelledError from error

    return write


def _parsing(method: Method | Stream, message_bytes_max: int) -> Handler:
    parse = method.request.FromString
    handle = _writing(method.handler) if isinstance(method, Stream) else method.handler

    def innermost(payload: bytes, call: NetworkCall) -> Awaitable[Message | None]:
        if len(payload) > message_bytes_max:
            raise MessageTooLarge(
                f"the request has {len(payload)} bytes, the server takes {message_bytes_max}; send less at once",
                metadata={"bytes": str(len(payload)), "bytes_max": str(message_bytes_max)},
            )
        try:
            request = parse(payload)
        except DecodeError as error:
            raise InvalidRequest(
                "MALFORMED_MESSAGE",
                [],
                message=f"the request is not a {method.request.DESCRIPTOR.full_name}: its bytes do not parse, or a "
                "string in it is not UTF-8",
            ) from error
        return handle(request, call)

    return innermost
