"""From gRPC's bytes to a handler and back: how the methods of a service are registered.

Each method's chain of interceptors is composed once, at registration; requests are parsed inside it, so that what does
not parse is refused in the same way as everything else. An interceptor takes the handler that comes next and gives back
one of its own, as hooks do with steps.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from operator import methodcaller
from typing import Any, Protocol

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from toolcrib.server.call import Call
from toolcrib.server.errors import InvalidRequest, MessageTooLarge


@dataclass(frozen=True, slots=True)
class Method:
    """A unary method: its name, the type of its request, and what answers it."""

    name: str
    request: type[Message]
    handler: Callable[[Any, Call], Awaitable[Message]]


class Service(Protocol):
    """A service of unary methods under its full name."""

    @property
    def service(self) -> str:
        """The service's full name."""

    def methods(self) -> Sequence[Method]:
        """Its methods."""


@dataclass(slots=True)
class Invocation:
    """One call as it came from the network."""

    payload: bytes
    context: grpc.aio.ServicerContext[bytes, Message]
    call: Call


_serialize = methodcaller("SerializeToString")

Handler = Callable[[Invocation], Awaitable[Message]]
Interceptor = Callable[[Handler], Handler]


def register(
    server: grpc.aio.Server, service: Service, interceptors: Sequence[Interceptor], *, message_bytes_max: int
) -> None:
    """Registers all methods of `service` behind `interceptors`, the first of which is the outermost."""
    handlers = {
        method.name: _handler(f"/{service.service}/{method.name}", method, interceptors, message_bytes_max)
        for method in service.methods()
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.service, handlers),))


def _handler(
    path: str, method: Method, interceptors: Sequence[Interceptor], message_bytes_max: int
) -> grpc.RpcMethodHandler[bytes, Message]:
    chain = _parsing(method, message_bytes_max)
    for interceptor in reversed(interceptors):
        chain = interceptor(chain)

    async def serve(payload: bytes, context: grpc.aio.ServicerContext[bytes, Message]) -> Message:
        return await chain(Invocation(payload, context, Call(path, time_remaining=context.time_remaining)))

    return grpc.unary_unary_rpc_method_handler(serve, response_serializer=_serialize)


def _parsing(method: Method, message_bytes_max: int) -> Handler:
    parse, handle = method.request.FromString, method.handler

    def innermost(invocation: Invocation) -> Awaitable[Message]:
        payload = invocation.payload
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
        return handle(request, invocation.call)

    return innermost
