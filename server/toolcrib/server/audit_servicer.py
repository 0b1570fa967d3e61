"""toolcrib.audit.v1: who changed what, when and why, as entries and as transactions, and the end of their chain."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from google.protobuf.message import Message

from toolcrib.audit.v1 import audit_pb2
from toolcrib.audit.v1.audit_pb2 import (
    GetChainHeadRequest,
    GetChainHeadResponse,
    GetTransactionRequest,
    GetTransactionResponse,
    ListAuditEntriesRequest,
    ListAuditEntriesResponse,
    ListTransactionsRequest,
    ListTransactionsResponse,
)
from toolcrib.server.audit_messages import entry_message, transaction_message
from toolcrib.server.audit_requests import audit_query, require_component, transaction_query
from toolcrib.server.audit_trail import AuditQuery, AuditTrail
from toolcrib.server.audit_transactions import AuditTransactions, TransactionQuery, TransactionRow
from toolcrib.server.call import Call
from toolcrib.server.chain import GENESIS
from toolcrib.server.errors import InvalidRequest, TenantRequired, TransactionNotFound
from toolcrib.server.paging import fill_page, page_size
from toolcrib.server.rpc import Method
from toolcrib.server.store import Store
from toolcrib.server.transaction import ReadTransaction
from toolcrib.server.values import datetime_to_timestamp
from toolcrib.server.workers import Workers

MessageT = TypeVar("MessageT", bound=Message)


class AuditServicer:
    """Serves the audit trail of all components."""

    service: str = audit_pb2.DESCRIPTOR.services_by_name["AuditService"].full_name

    def __init__(self, workers: Workers, store: Store) -> None:
        self._workers = workers
        self._apart = frozenset(store.apart())
        self._messages: dict[str, type[Message]] = {
            name: component.message
            for component in store.components()
            for name in store.database.names_of(component.name)
        }

    def methods(self) -> tuple[Method, ...]:
        """Each method of the service, for the server to register."""
        return (
            Method("ListAuditEntries", ListAuditEntriesRequest, self.list_audit_entries),
            Method("GetTransaction", GetTransactionRequest, self.get_transaction),
            Method("ListTransactions", ListTransactionsRequest, self.list_transactions),
            Method("GetChainHead", GetChainHeadRequest, self.get_chain_head),
        )

    async def list_audit_entries(self, request: ListAuditEntriesRequest, call: Call) -> ListAuditEntriesResponse:
        """A page of entries. Raises InvalidRequest where a condition cannot be meant."""
        query = replace(audit_query(request), tenant=self._asking(call, request.component))
        return await self._workers.read(call, lambda transaction: self._entries(transaction, request, query))

    async def get_transaction(self, request: GetTransactionRequest, call: Call) -> GetTransactionResponse:
        """The transaction of a revision. Raises InvalidRequest or TransactionNotFound."""
        revision = request.revision
        if revision < 1:
            raise InvalidRequest.field("INVALID_REVISION", "revision", f"is {revision}; revisions count up from 1")
        tenant = self._asking(call)
        row = await self._workers.read(call, lambda transaction: _transaction(transaction, revision, tenant))
        return GetTransactionResponse(transaction=self._told(transaction_message(row), tenant))

    async def list_transactions(self, request: ListTransactionsRequest, call: Call) -> ListTransactionsResponse:
        """A page of transactions. Raises InvalidRequest where a condition cannot be meant."""
        query = replace(transaction_query(request), tenant=self._asking(call, request.component))
        return await self._workers.read(call, lambda transaction: self._transactions(transaction, request, query))

    async def get_chain_head(self, _request: GetChainHeadRequest, call: Call) -> GetChainHeadResponse:
        """The end of the hash chain. Raises TenantsApart where it links what is of several tenants."""
        if self._apart:
            call.require_operator("the chain")
        return await self._workers.read(call, _chain_head)

    def _asking(self, call: Call, component: str = "") -> str | None:
        """Who asks, as queries have it. Raises TenantRequired where the answer would hang on that and nobody says."""
        caller = call.caller
        if caller.is_operator:
            return None
        if not caller.tenant and (component in self._apart or (self._apart and not component)):
            raise TenantRequired(component)
        return caller.tenant

    def _told(self, message: MessageT, tenant: str | None) -> MessageT:
        """A row as it is told: by the hashes around another tenant's rows their contents could be guessed."""
        if self._apart and tenant is not None:
            message.ClearField("hash")
        return message

    def _entries(
        self, transaction: ReadTransaction, request: ListAuditEntriesRequest, query: AuditQuery
    ) -> ListAuditEntriesResponse:
        trail, tokens = AuditTrail(transaction), transaction.store.page_tokens
        require_component(query.component, self._messages, trail)
        size, bound = page_size(request.page_size), (self.service, repr(query))
        position = tokens.decode(bound, request.page_token) if request.page_token else []
        with transaction.session.snapshot():
            revision = transaction.revision_read()
            rows = trail.entries(query, position, size + 1)
            told = (self._told(entry_message(row, self._messages), query.tenant) for row in rows)
            entries, more = fill_page(told, size)
        token = tokens.encode(bound, (entries[-1].revision, entries[-1].ordinal)) if more else ""
        return ListAuditEntriesResponse(entries=entries, next_page_token=token, revision=revision)

    def _transactions(
        self, transaction: ReadTransaction, request: ListTransactionsRequest, query: TransactionQuery
    ) -> ListTransactionsResponse:
        require_component(query.component, self._messages, AuditTrail(transaction))
        tokens = transaction.store.page_tokens
        size, bound = page_size(request.page_size), (self.service, repr(query))
        position = tokens.decode(bound, request.page_token) if request.page_token else []
        with transaction.session.snapshot():
            revision = transaction.revision_read()
            rows = AuditTransactions(transaction).list(query, position, size + 1)
            found, more = fill_page((self._told(transaction_message(row), query.tenant) for row in rows), size)
        token = tokens.encode(bound, (found[-1].revision,)) if more else ""
        return ListTransactionsResponse(transactions=found, next_page_token=token, revision=revision)


def _transaction(transaction: ReadTransaction, revision: int, tenant: str | None) -> TransactionRow:
    with transaction.session.snapshot():
        row = AuditTransactions(transaction).get(revision, tenant)
        newest = transaction.revision_read()
    if row is not None:
        return row
    text = f"there is no revision {revision} yet"
    if revision <= newest:
        text = f"revision {revision} is no longer kept: all that it changed was let go of"
        if transaction.store.apart() and tenant is not None:
            text = f"revision {revision} is no longer kept, or of another tenant"
    raise TransactionNotFound(text, metadata={"revision": str(revision), "pruned": str(revision <= newest).lower()})


def _chain_head(transaction: ReadTransaction) -> GetChainHeadResponse:
    with transaction.session.snapshot():
        newest = AuditTransactions(transaction).newest()
    if newest is None:
        return GetChainHeadResponse(hash=GENESIS)
    row, head = newest
    return GetChainHeadResponse(revision=row.revision, hash=head, commit_time=datetime_to_timestamp(row.commit_time))
