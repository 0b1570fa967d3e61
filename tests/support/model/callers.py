"""Callers who write at the same time, and one who reads meanwhile: what each was answered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc

from support.model.calls import Call, Transaction
from support.model.kinds import KINDS
from support.plant import TIMEOUT_S, refusal_of
from toolcrib.transaction.v1.transaction_pb2_grpc import TransactionServiceStub


class Stubs:
    """The services of all components, over one channel."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self.of = {name: kind.stub(channel) for name, kind in KINDS.items()}
        self._transactions = TransactionServiceStub(channel)

    def ask(self, name: str, method: str, **values: Any) -> Any:
        """What a method of a component answers. Raises grpc.RpcError."""
        request = KINDS[name].request(method, **values)
        return getattr(self.of[name], method)(request, timeout=TIMEOUT_S)

    def write(self, call: Call, metadata: Sequence[tuple[str, str]]) -> Any:
        """What the server answers to a call. Raises grpc.RpcError."""
        stub = self._transactions if isinstance(call, Transaction) else self.of[call.name]
        return getattr(stub, call.method)(call.request(), metadata=metadata, timeout=TIMEOUT_S)


@dataclass
class Sent:
    """A call and its outcome: an answer, the reason of a refusal, or neither where it was lost.

    `tag` is given as its reason, by which the audit trail tells what became of it.
    """

    call: Call
    caller: str
    tag: str
    answer: Any = None
    refusal: str = ""

    @property
    def is_lost(self) -> bool:
        """Whether its caller does not know what became of it."""
        return self.answer is None and not self.refusal


class Caller(threading.Thread):
    """Makes its calls one after another, until the server is gone. `told` is called behind each of them."""

    def __init__(self, stubs: Stubs, sent: Sequence[Sent], told: Callable[[], None]) -> None:
        super().__init__()
        self._stubs = stubs
        self._told = told
        self.sent = sent

    def run(self) -> None:
        for each in self.sent:
            metadata = (("x-actor", each.caller), ("x-change-reason", each.tag))
            try:
                each.answer = self._stubs.write(each.call, metadata)
            except grpc.RpcError as error:
                refusal = refusal_of(error)
                if refusal.code == grpc.StatusCode.UNAVAILABLE:
                    return
                assert refusal.reason, refusal
                each.refusal = refusal.reason
            finally:
                self._told()


class Reader(threading.Thread):
    """Lists cells with all that is related to them while others write. `pages` are those that it was shown."""

    def __init__(self, stubs: Stubs, include: Any) -> None:
        super().__init__()
        self._stubs = stubs
        self._include = include
        self._is_over = threading.Event()
        self.pages: list[Any] = []

    def run(self) -> None:
        try:
            while not self._is_over.is_set():
                page = self._stubs.ask("Cell", "ListCells", include=self._include, page_size=1000)
                if not self.pages or page != self.pages[-1]:
                    self.pages.append(page)
        except grpc.RpcError as error:
            if refusal_of(error).code != grpc.StatusCode.UNAVAILABLE:
                raise

    def end(self) -> None:
        """Waits until it has come to its end."""
        self._is_over.set()
        self.join()
