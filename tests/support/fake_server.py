"""A gRPC server that answers whatever a test tells it to, and remembers what it was asked: for tests of clients."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import grpc
from google.protobuf.any_pb2 import Any as PackedAny
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status

FREE = "127.0.0.1:0"

_CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True)
class Received:
    """A call as it arrived."""

    method: str
    metadata: Mapping[str, str | bytes]
    request: bytes
    timeout_s: float | None
    certificate_names: tuple[str, ...]


@dataclass(frozen=True)
class Slow:
    """An answer that takes a while."""

    pause_s: float
    answer: Message


# What a call is answered: a message, or its bytes, or an error.
Answer: TypeAlias = Message | bytes | Status | Slow


@dataclass
class FakeServer(grpc.GenericRpcHandler):
    """Answers each call with the next of `answers`; the last one stays."""

    address: str = ""
    answers: deque[Answer] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)

    def will_answer(self, *answers: Answer) -> None:
        """Sets what the next calls are answered."""
        self.answers = deque(answers)

    def service(self, handler_call_details: Any) -> Any:
        """Every method is one that this server has."""
        method, metadata = handler_call_details.method, dict(handler_call_details.invocation_metadata)

        def answer(request: bytes, context: Any) -> bytes:
            names = context.auth_context().get("x509_common_name", ())
            remaining_s = context.time_remaining()
            self.received.append(Received(method, metadata, request, remaining_s, tuple(map(bytes.decode, names))))
            return self._answer(self.answers.popleft() if len(self.answers) > 1 else self.answers[0], context)

        return grpc.unary_unary_rpc_method_handler(answer)

    def _answer(self, answer: Answer, context: Any) -> bytes:
        if isinstance(answer, Slow):
            time.sleep(answer.pause_s)
            return self._answer(answer.answer, context)
        if isinstance(answer, Status):
            context.set_trailing_metadata((("grpc-status-details-bin", answer.SerializeToString()),))
            context.abort(_CODES[answer.code], answer.message)
        return answer.SerializeToString() if isinstance(answer, Message) else answer


def failure(code: grpc.StatusCode, message: str = "", *details: Message) -> Status:
    """An error as a server sends it."""
    status = Status(code=code.value[0], message=message)
    for detail in details:
        packed = PackedAny()
        packed.Pack(detail)
        status.details.append(packed)
    return status


@contextmanager
def fake_server(credentials: grpc.ServerCredentials | None = None, address: str = FREE) -> Iterator[FakeServer]:
    """A fake server on this machine."""
    fake = FakeServer()
    server = grpc.server(ThreadPoolExecutor(4), handlers=[fake])
    port = server.add_insecure_port(address) if credentials is None else server.add_secure_port(address, credentials)
    fake.address = f"127.0.0.1:{port}"
    server.start()
    try:
        yield fake
    finally:
        server.stop(None).wait()
