"""The audit trail of a server: who changed what, when, by which call, and what it was before.

for transaction in AuditClient(crib).transactions(actor="ann"):
    print(transaction.revision, transaction.reason)
for entry in AuditClient(crib).entries(component="plant.recipes.v1.Recipe", record_key="7"):
    print(entry.actor, entry.commit_time.ToDatetime(), list(entry.changed_fields.paths))
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime
from typing import TypedDict, Unpack

from google.protobuf.timestamp_pb2 import Timestamp

from toolcrib.audit.v1.audit_pb2 import (
    ActorSource,
    AuditEntry,
    GetChainHeadRequest,
    GetChainHeadResponse,
    GetTransactionRequest,
    ListAuditEntriesRequest,
    ListAuditEntriesResponse,
    ListTransactionsRequest,
    ListTransactionsResponse,
    Operation,
    Transaction,
)
from toolcrib.audit.v1.audit_pb2_grpc import AuditServiceStub
from toolcrib.client._async_crib import AsyncCrib
from toolcrib.client._crib import Crib

__all__ = [
    "ActorSource",
    "AsyncAuditClient",
    "AuditClient",
    "AuditEntry",
    "Conditions",
    "Operation",
    "Transaction",
    "TransactionConditions",
]


class Conditions(TypedDict, total=False):
    """Which entries to list, and how. All conditions that are given must hold.

    `component` is the full name of a component's message; `record_key` needs it. `operations` is any of
    Operation.OPERATION_CREATE and its kin. Entries are from `start_time` on, before `end_time` (both with a time zone),
    from `start_revision` to `end_revision`, both included. They come newest first unless `oldest_first`, and
    `page_size` at a time (0 leaves it to the server). Refused calls are left out unless `show_refused`.
    """

    component: str
    record_key: str
    actor: str
    operations: Iterable[Operation.ValueType]
    start_time: datetime
    end_time: datetime
    start_revision: int
    end_revision: int
    oldest_first: bool
    show_refused: bool
    page_size: int


class TransactionConditions(TypedDict, total=False):
    """Which transactions to list, and how. All conditions that are given must hold.

    `component` is the full name of a component's message, of which they changed a record. The others are those of
    `Conditions`.
    """

    actor: str
    component: str
    start_time: datetime
    end_time: datetime
    start_revision: int
    end_revision: int
    oldest_first: bool
    show_refused: bool
    page_size: int


class AuditClient:
    """Reads the audit trail."""

    def __init__(self, crib: Crib) -> None:
        self._crib = crib
        self._stub = AuditServiceStub(crib.channel)

    def entries(self, **conditions: Unpack[Conditions]) -> Iterator[AuditEntry]:
        """The entries that match, page after page. Raises ToolcribError."""
        request = _request(conditions)
        while True:
            page = self._crib.read(self._stub.ListAuditEntries, request)
            yield from page.entries
            request.page_token = page.next_page_token
            if not request.page_token:
                return

    def page(self, page_token: str = "", **conditions: Unpack[Conditions]) -> ListAuditEntriesResponse:
        """One page; `page_token` is the previous page's next_page_token. Raises ToolcribError."""
        return self._crib.read(self._stub.ListAuditEntries, _request(conditions, page_token))

    def transaction(self, revision: int) -> Transaction:
        """The transaction of a revision; `entries` of that revision are what it changed. Raises NotFound."""
        return self._crib.read(self._stub.GetTransaction, GetTransactionRequest(revision=revision)).transaction

    def transactions(self, **conditions: Unpack[TransactionConditions]) -> Iterator[Transaction]:
        """The transactions that match, page after page. Raises ToolcribError."""
        request = _transactions_request(conditions)
        while True:
            page = self._crib.read(self._stub.ListTransactions, request)
            yield from page.transactions
            request.page_token = page.next_page_token
            if not request.page_token:
                return

    def transactions_page(
        self, page_token: str = "", **conditions: Unpack[TransactionConditions]
    ) -> ListTransactionsResponse:
        """One page; `page_token` is the previous page's next_page_token. Raises ToolcribError."""
        return self._crib.read(self._stub.ListTransactions, _transactions_request(conditions, page_token))

    def chain_head(self) -> GetChainHeadResponse:
        """The end of the hash chain, and the revision that it is of. Raises ToolcribError."""
        return self._crib.read(self._stub.GetChainHead, GetChainHeadRequest())


class AsyncAuditClient:
    """Reads the audit trail, for asyncio."""

    def __init__(self, crib: AsyncCrib) -> None:
        self._crib = crib
        self._stub = AuditServiceStub(crib.channel)

    async def entries(self, **conditions: Unpack[Conditions]) -> AsyncIterator[AuditEntry]:
        """The entries that match, page after page. Raises ToolcribError."""
        request = _request(conditions)
        while True:
            page = await self._crib.read(self._stub.ListAuditEntries, request)
            for entry in page.entries:
                yield entry
            request.page_token = page.next_page_token
            if not request.page_token:
                return

    async def page(self, page_token: str = "", **conditions: Unpack[Conditions]) -> ListAuditEntriesResponse:
        """One page; `page_token` is the previous page's next_page_token. Raises ToolcribError."""
        return await self._crib.read(self._stub.ListAuditEntries, _request(conditions, page_token))

    async def transaction(self, revision: int) -> Transaction:
        """The transaction of a revision; `entries` of that revision are what it changed. Raises NotFound."""
        answer = await self._crib.read(self._stub.GetTransaction, GetTransactionRequest(revision=revision))
        return answer.transaction

    async def transactions(self, **conditions: Unpack[TransactionConditions]) -> AsyncIterator[Transaction]:
        """The transactions that match, page after page. Raises ToolcribError."""
        request = _transactions_request(conditions)
        while True:
            page = await self._crib.read(self._stub.ListTransactions, request)
            for transaction in page.transactions:
                yield transaction
            request.page_token = page.next_page_token
            if not request.page_token:
                return

    async def transactions_page(
        self, page_token: str = "", **conditions: Unpack[TransactionConditions]
    ) -> ListTransactionsResponse:
        """One page; `page_token` is the previous page's next_page_token. Raises ToolcribError."""
        return await self._crib.read(self._stub.ListTransactions, _transactions_request(conditions, page_token))

    async def chain_head(self) -> GetChainHeadResponse:
        """The end of the hash chain, and the revision that it is of. Raises ToolcribError."""
        return await self._crib.read(self._stub.GetChainHead, GetChainHeadRequest())


def _request(conditions: Conditions, page_token: str = "") -> ListAuditEntriesRequest:
    return ListAuditEntriesRequest(
        page_size=conditions.get("page_size", 0),
        page_token=page_token,
        component=conditions.get("component", ""),
        record_key=conditions.get("record_key", ""),
        actor=conditions.get("actor", ""),
        operations=conditions.get("operations", ()),
        start_time=_timestamp("start_time", conditions.get("start_time")),
        end_time=_timestamp("end_time", conditions.get("end_time")),
        start_revision=conditions.get("start_revision", 0),
        end_revision=conditions.get("end_revision", 0),
        oldest_first=conditions.get("oldest_first", False),
        show_refused=conditions.get("show_refused", False),
    )


def _transactions_request(conditions: TransactionConditions, page_token: str = "") -> ListTransactionsRequest:
    return ListTransactionsRequest(
        page_size=conditions.get("page_size", 0),
        page_token=page_token,
        actor=conditions.get("actor", ""),
        component=conditions.get("component", ""),
        start_time=_timestamp("start_time", conditions.get("start_time")),
        end_time=_timestamp("end_time", conditions.get("end_time")),
        start_revision=conditions.get("start_revision", 0),
        end_revision=conditions.get("end_revision", 0),
        oldest_first=conditions.get("oldest_first", False),
        show_refused=conditions.get("show_refused", False),
    )


def _timestamp(name: str, moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    if moment.utcoffset() is None:
        raise ValueError(f"{name} has no time zone; give it one, such as datetime.UTC")
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp
