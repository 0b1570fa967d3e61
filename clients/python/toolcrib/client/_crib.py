"""The connection to a server, for synchronous code. Generated clients make their calls through it.

RecipeClient.get -> Crib.read -> the generated stub -> gRPC
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self, TypeVar

import grpc

from toolcrib.client._caller import DEFAULT_TIMEOUT_S, Caller, CallSettings, WriteRequest
from toolcrib.client._channel import Tls, options
from toolcrib.client._patience import HEALTH_CHECK, Patience, ReadyWait
from toolcrib.client.errors import ToolcribError, Unavailable, error_from_call
from toolcrib.client.transaction import Transaction

Request = TypeVar("Request")
Written = TypeVar("Written", bound=WriteRequest)
Answer = TypeVar("Answer")


class Crib(Caller[grpc.Channel]):
    """A connection to a Toolcrib server. It may be used from several threads, and is best kept open.

    with Crib.connect("127.0.0.1:50051", actor="ann") as crib:
        recipes = RecipeClient(crib)
    """

    @classmethod
    def connect(
        cls,
        address: str,
        *,
        actor: str | None = None,
        tenant: str | None = None,
        timeout_s: float | None = DEFAULT_TIMEOUT_S,
        retry_writes: bool = True,
        tls: Tls | None = None,
    ) -> Self:
        """Connects to "host:port", or "unix:/path". The connection itself is made with the first call.

        `actor` is in whose name calls are made, `tenant` whose records they are about where each is a tenant's own,
        `timeout_s` how many seconds a call may take, its retries included. With `retry_writes` a write that lost its
        connection is tried again under the same id, so that it is done once; without, it is tried once and may have
        been done though it failed. Without `tls` nothing is encrypted.
        """
        settings = CallSettings(actor=actor, tenant=tenant, timeout_s=timeout_s, retry_writes=retry_writes)
        if tls is None:
            channel = grpc.insecure_channel(address, options=options(tls))
        else:
            channel = grpc.secure_channel(address, tls.credentials(), options=options(tls))
        return cls(channel, address=address, settings=settings)

    def read(self, method: grpc.UnaryUnaryMultiCallable[Request, Answer], request: Request) -> Answer:
        """Calls a method that changes nothing; tries again while the server is unavailable. Raises ToolcribError."""
        return self._try(method, request, Patience(self.timeout_s))

    def write(self, method: grpc.UnaryUnaryMultiCallable[Written, Answer], request: Written) -> Answer:
        """Calls a method that changes something; with `retry_writes` tries again while the server is unavailable.

        Gives `request` an id unless it has one, under which the server does it once. Raises ToolcribError.
        """
        return self._try(method, request, self._patience_to_write(request))

    def transaction(self) -> Transaction:
        """A transaction: writes of any components that are carried out together when its block ends."""
        return Transaction(self)

    def wait_ready(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        """Waits until the server serves and its database answers. Raises Unavailable after `timeout_s` seconds."""
        wait = ReadyWait(self._address, timeout_s)
        while not wait.is_over(self._health(wait.check_timeout_s())):
            time.sleep(wait.pause_s())

    def close(self) -> None:
        """Closes the connection, also for the views that share it."""
        self._closed.set()
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _try(
        self, method: grpc.UnaryUnaryMultiCallable[Request, Answer], request: Request, patience: Patience
    ) -> Answer:
        while True:
            try:
                return self._call(method, request, patience.remaining_s())
            except Unavailable as error:
                time.sleep(patience.pause_s(error))
                patience.require_time(error)

    def _call(
        self, method: grpc.UnaryUnaryMultiCallable[Request, Answer], request: Request, timeout_s: float | None
    ) -> Answer:
        self.require_open()
        try:
            return method(request, timeout=timeout_s, metadata=self._metadata)
        except grpc.RpcError as error:
            raise error_from_call(error) from error

    def _health(self, timeout_s: float) -> bytes | ToolcribError:
        check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(HEALTH_CHECK)
        try:
            return self._call(check, b"", timeout_s)
        except ToolcribError as error:
            return error
