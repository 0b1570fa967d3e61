"""Servers that are not what a client hopes for: older ones, silent ones, those that say far too much, or always no."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, PreconditionFailure, ResourceInfo, RetryInfo
from google.rpc.status_pb2 import Status

_HOST = "127.0.0.1"
# More than the 64 MiB that clients take.
_ANSWER_BYTES = 65 << 20


class _Endless(grpc.GenericRpcHandler):
    """Answers every call with more than a client takes."""

    def service(self, handler_call_details: Any) -> Any:
        """Every method is one that this server has."""
        # Field 1, of bytes: a message to any parser.
        answer = b"\x0a" + _varint(_ANSWER_BYTES) + bytes(_ANSWER_BYTES)
        return grpc.unary_unary_rpc_method_handler(lambda request, context: answer)


class _Failing(grpc.GenericRpcHandler):
    """Answers every call with one error."""

    def __init__(self, status: Status, details: bytes) -> None:
        self._code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
        self._message = status.message
        self._trailer = (("grpc-status-details-bin", details),)

    def service(self, handler_call_details: Any) -> Any:
        """Every method is one that this server has."""
        return grpc.unary_unary_rpc_method_handler(self._fail)

    def _fail(self, request: bytes, context: Any) -> None:
        context.set_trailing_metadata(self._trailer)
        context.abort(self._code, self._message)


@contextmanager
def older() -> Iterator[str]:
    """The address of a gRPC server that has none of the services."""
    with _serving() as address:
        yield address


@contextmanager
def talkative() -> Iterator[str]:
    """The address of a server whose answers are larger than a client takes."""
    with _serving(_Endless()) as address:
        yield address


@contextmanager
def failing(code: str, *, retry_delay_s: float = 0, garbled: bool = False) -> Iterator[str]:
    """The address of a server that answers every call with this status, and every kind of detail there is.

    There is a RetryInfo where there is a delay. `garbled` details are of no form that anybody knows.
    """
    details: list[Message] = [
        ErrorInfo(reason="TRIAL", domain="toolcrib.dev", metadata={"ü": "Maß"}),
        BadRequest(field_violations=[{"field": "a[1].b", "description": "is wrong", "reason": "rule.id"}]),
        PreconditionFailure(violations=[{"type": "STATE", "subject": "7", "description": "is not so"}]),
        ResourceInfo(resource_type="a.v1.Record", resource_name="7"),
    ]
    if retry_delay_s:
        details.append(
            RetryInfo(retry_delay=Duration(nanos=round(retry_delay_s * 1e9) % 10**9, seconds=int(retry_delay_s)))
        )
    status = Status(code=grpc.StatusCode[code].value[0], message="no: Maß")
    for detail in details:
        status.details.add().Pack(detail)
    with _serving(_Failing(status, b"\xff\xff" if garbled else status.SerializeToString())) as address:
        yield address


@contextmanager
def silent() -> Iterator[str]:
    """An address where connections are taken, and nothing is ever said."""
    with socket.create_server((_HOST, 0)) as listener:
        yield _address(listener)


@contextmanager
def nobody() -> Iterator[str]:
    """An address that nobody listens at, nor will while this lasts."""
    with socket.socket() as held:
        held.bind((_HOST, 0))
        yield _address(held)


STRANGE: Mapping[str, Callable[..., AbstractContextManager[str]]] = {
    "failing": failing,
    "older": older,
    "talkative": talkative,
    "silent": silent,
    "nobody": nobody,
}


@contextmanager
def _serving(*handlers: grpc.GenericRpcHandler) -> Iterator[str]:
    options = [("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(4), handlers=list(handlers), options=options)
    port = server.add_insecure_port(f"{_HOST}:0")
    server.start()
    try:
        yield f"{_HOST}:{port}"
    finally:
        server.stop(None).wait()


def _address(bound: socket.socket) -> str:
    return f"{_HOST}:{bound.getsockname()[1]}"


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])
