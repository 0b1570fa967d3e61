"""Several writes, of any components, as one commit: all of them or none.

    with crib.transaction() as transaction:
        recipe = RecipeWrites(transaction).create(Recipe(name="Bracket", speed_mm_s=120))
        ToolOffsetWrites(transaction).delete(7)
    print(recipe.value.id, transaction.revision)

Writes are gathered, and sent when the block ends; if it ends with an exception, nothing is. The classes that gather
them are generated, one for each component.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from google.protobuf.message import Message

from toolcrib.transaction.v1.transaction_pb2 import (
    CommitTransactionRequest,
    CommitTransactionResponse,
    Precondition,
)
from toolcrib.transaction.v1.transaction_pb2_grpc import TransactionServiceStub

if TYPE_CHECKING:
    from toolcrib.client._async_crib import AsyncCrib
    from toolcrib.client._crib import Crib

__all__ = ["AsyncTransaction", "Pending", "Transaction", "Writes"]

Answer = TypeVar("Answer", bound=Message)


class Pending(Generic[Answer]):
    """The answer to a write, once its transaction is committed."""

    def __init__(self, answer: type[Answer]) -> None:
        self._message = answer()
        self._is_there = False

    @property
    def value(self) -> Answer:
        """The answer. Raises RuntimeError before the commit."""
        if not self._is_there:
            raise RuntimeError("the transaction is not committed; its answers are there when the `with` block is over")
        return self._message

    def _receive(self, content: bytes) -> None:
        self._message.ParseFromString(content)
        self._is_there = True


class Writes:
    """What a transaction gathers. `revision` is the commit's once it is done, and 0 if it changed nothing."""

    def __init__(self) -> None:
        self.revision = 0
        self._request = CommitTransactionRequest()
        self._pending: list[Pending[Any]] = []

    def add(self, request: Message, answer: type[Answer]) -> Pending[Answer]:
        """Adds a request of a component's service, which answers an `answer`."""
        pending = Pending(answer)
        self._request.requests.add().Pack(request)
        self._pending.append(pending)
        return pending

    def require(self, record: Message, *, exists: bool | None = None, etag: str | None = None) -> None:
        """What must be so before the first write: of the record that `record`, a request, gets.

        Either `exists` or `etag` is given; raises ValueError otherwise.
        """
        if (exists is None) == (etag is None):
            raise ValueError("either `exists` or `etag` says what must be so")
        condition = Precondition(etag=etag) if etag is not None else Precondition(exists=exists or False)
        condition.record.Pack(record)
        self._request.preconditions.append(condition)

    def _receive(self, response: CommitTransactionResponse) -> None:
        self.revision = response.revision
        for pending, packed in zip(self._pending, response.responses, strict=True):
            pending._receive(packed.value)  # noqa: SLF001  # a part of this module


class Transaction(Writes):
    """A transaction for synchronous code; `Crib.transaction` makes it."""

    def __init__(self, crib: Crib) -> None:
        super().__init__()
        self._crib = crib

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Commits what was gathered. Raises ToolcribError, and then nothing was written."""
        if error is None and self._request.ByteSize():
            stub = TransactionServiceStub(self._crib.channel)
            self._receive(self._crib.write(stub.CommitTransaction, self._request))


class AsyncTransaction(Writes):
    """A transaction for asyncio; `AsyncCrib.transaction` makes it."""

    def __init__(self, crib: AsyncCrib) -> None:
        super().__init__()
        self._crib = crib

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Commits what was gathered. Raises ToolcribError, and then nothing was written."""
        if error is None and self._request.ByteSize():
            stub = TransactionServiceStub(self._crib.channel)
            self._receive(await self._crib.write(stub.CommitTransaction, self._request))
