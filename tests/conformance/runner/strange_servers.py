"""Servers that are not what a client hopes for: an older one, one that never answers, one that says far too much."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

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


STRANGE = {"older": older, "talkative": talkative, "silent": silent, "nobody": nobody}


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
