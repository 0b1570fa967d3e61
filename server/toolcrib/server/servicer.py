"""The base of all generated servicers: from a request taken apart to the repository, on a lane. It knows no SQL."""

from __future__ import annotations

import builtins
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from operator import itemgetter
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from google.protobuf.message import Message

from toolcrib.query.v1.query_pb2 import Plan
from toolcrib.server.call import Call
from toolcrib.server.component import Component
from toolcrib.server.dry_run import as_dry_run
from toolcrib.server.errors import InvalidRequest, StoreError
from toolcrib.server.exactly_once import as_once
from toolcrib.server.history_reader import HistoryReader
from toolcrib.server.refusals import as_attempt
from toolcrib.server.repository import Repository
from toolcrib.server.requests import (
    BatchRequest,
    Comparison,
    Counted,
    Key,
    Lookup,
    Modification,
    Page,
    Removal,
    RevisionsRequest,
    RollbackRequest,
    Selection,
    WriteRequest,
)
from toolcrib.server.rollback import roll_back
from toolcrib.server.rpc import Method
from toolcrib.server.together import Creation
from toolcrib.server.transaction import ReadTransaction, Transaction, in_name_of

__all__ = ["ComponentServicer", "Method", "Watched"]

MessageT = TypeVar("MessageT", bound=Message)
AnswerT = TypeVar("AnswerT", bound=Message)
ResultT = TypeVar("ResultT")
TransactionT = TypeVar("TransactionT", bound=ReadTransaction)


class Executor(Protocol):
    """What runs a servicer's work: the lanes or, within a transaction over components, that transaction."""

    def read_at_once(
        self, call: Call, work: Callable[[ReadTransaction], ResultT], /
    ) -> Coroutine[Any, Any, ResultT | None]:
        """Runs `work`, which reads very little; None where it is to be handed to `read`."""

    def read(self, call: Call, work: Callable[[ReadTransaction], ResultT], /) -> Awaitable[ResultT]:
        """Runs `work`, which reads."""

    def write(self, call: Call, work: Callable[[Transaction], ResultT], /) -> Awaitable[ResultT]:
        """Runs `work`, which writes."""


class TenantExecutor:
    """Hands on what a call of a tenant does with a component whose records are each a tenant's own, and nothing else.

    All methods of a service go through it, so that none can forget to ask whose call it is.
    """

    def __init__(self, executor: Executor, component: Component[Any, Any]) -> None:
        self._executor = executor
        self._name = component.name
        self._audits_refusals = component.audit_refusals

    def read_at_once(
        self, call: Call, work: Callable[[ReadTransaction], ResultT], /
    ) -> Coroutine[Any, Any, ResultT | None]:
        """Hands on `work`, which reads very little. Raises TenantRequired."""
        return self._executor.read_at_once(call, self._bound(call, work))

    def read(self, call: Call, work: Callable[[ReadTransaction], ResultT], /) -> Awaitable[ResultT]:
        """Hands on `work`, which reads. Raises TenantRequired."""
        return self._executor.read(call, self._bound(call, work))

    def write(self, call: Call, work: Callable[[Transaction], ResultT], /) -> Awaitable[ResultT]:
        """Hands on `work`, which writes: in the tenant's name as all of its transaction. Raises TenantRequired."""
        # Where refusals are audited it is asked for on the lane, which writes them (`as_attempt`).
        if not self._audits_refusals:
            call.require_tenant(self._name)
        return self._executor.write(call, work)

    def _bound(self, call: Call, work: Callable[[ReadTransaction], ResultT]) -> Callable[[ReadTransaction], ResultT]:
        return in_name_of(call.require_tenant(self._name), work)


class Watched(NamedTuple):
    """The method of a component's service that watches it, and the types of its request and answers."""

    name: str
    request: type[Message]
    response: type[Message]


class ComponentServicer(Generic[MessageT]):
    """The methods of one component's service, without the spelling of their requests.

    Those that write are given the request too, for what every write can be asked (`WriteRequest`).
    """

    service: ClassVar[str]
    repository: ClassVar[type[Repository[Any, Any]]]
    # None where no history is kept, which is what a watch tells.
    watched: ClassVar[Watched | None] = None

    def __init__(self, executor: Executor) -> None:
        component = self.repository.component
        self._executor: Executor = TenantExecutor(executor, component) if component.multi_tenant else executor

    @abstractmethod
    def methods(self) -> tuple[Method, ...]:
        """Each method of one answer, for the server to register."""

    def create(self, call: Call, request: WriteRequest, message: MessageT) -> Awaitable[MessageT]:
        """Creates a record."""
        alone = self._bound(lambda repository: repository.create_all([message])[0], batch=False)
        return self._write_in(call, request, Creation(self.repository, [message], alone, itemgetter(0)), batch=False)

    async def get(self, call: Call, lookup: Lookup) -> MessageT:
        """Reads a record."""
        work = self._bound(lambda repository: repository.get_one(lookup), batch=False)
        # With related records it may be many.
        if not lookup.include and not (lookup.read_mask and self.repository.component.relations):
            found = await self._executor.read_at_once(call, work)
            if found is not None:
                return found
        return await self._executor.read(call, work)

    def list(
        self,
        call: Call,
        selection: Selection,
        page_size: int,
        page_token: str,
        read_mask: Sequence[str],
        include: Sequence[str] = (),
    ) -> Awaitable[Page[MessageT]]:
        """Reads a page of records."""
        return self._read(
            call, lambda repository: repository.page(selection, page_size, page_token, read_mask, include), batch=False
        )

    def count(self, call: Call, selection: Selection) -> Awaitable[Counted]:
        """Counts records."""
        return self._read(call, lambda repository: repository.count(selection), batch=False)

    def explain(self, call: Call, selection: Selection) -> Awaitable[Plan]:
        """Says how records are listed."""
        return self._read(call, lambda repository: repository.explain(selection), batch=False)

    def update(self, call: Call, request: WriteRequest, modification: Modification[MessageT]) -> Awaitable[MessageT]:
        """Changes a record."""
        return self._write(call, request, lambda repository: repository.modify([modification])[0], batch=False)

    def delete(self, call: Call, request: WriteRequest, removal: Removal) -> Awaitable[MessageT | None]:
        """Deletes a record; None where there was none and that was allowed."""
        return self._write(
            call, request, lambda repository: next(iter(repository.remove([removal])), None), batch=False
        )

    def undelete(self, call: Call, request: WriteRequest, removal: Removal) -> Awaitable[MessageT]:
        """Brings a deleted record back."""
        return self._write(call, request, lambda repository: repository.restore(removal), batch=False)

    def list_revisions(self, call: Call, request: RevisionsRequest, message: type[AnswerT]) -> Awaitable[Page[AnswerT]]:
        """Reads the versions of a record, in messages of this type."""
        return self._read_history(call, lambda history: history.revisions(request, message))

    def diff(self, call: Call, key: Key, comparison: Comparison, message: type[AnswerT]) -> Awaitable[AnswerT]:
        """Compares a record at two revisions, in a message of this type."""
        return self._read_history(call, lambda history: history.difference(key, comparison, message))

    def diff_all(
        self, call: Call, comparison: Comparison, page_size: int, page_token: str, message: type[AnswerT]
    ) -> Awaitable[Page[AnswerT]]:
        """Compares all records at two revisions, in messages of this type."""
        return self._read_history(call, lambda history: history.differences(comparison, page_size, page_token, message))

    def rollback(self, call: Call, request: WriteRequest, rollback: RollbackRequest) -> Awaitable[MessageT]:
        """Makes a record as it was."""

        def work(transaction: Transaction) -> MessageT:
            message: MessageT = roll_back(transaction, transaction.store[self._name], rollback)
            return message

        return self._write_in(call, request, self._refusing(work, batch=False), batch=False)

    def batch_create(
        self, call: Call, request: BatchRequest, messages: Sequence[MessageT]
    ) -> Awaitable[builtins.list[MessageT]]:
        """Creates records, all or none."""
        alone = self._bound(lambda repository: repository.create_all(messages), batch=True)
        return self._write_batch(call, request, Creation(self.repository, messages, alone, builtins.list[MessageT]))

    def batch_get(self, call: Call, lookups: Sequence[Lookup]) -> Awaitable[builtins.list[MessageT]]:
        """Reads records, all of one moment, or none."""
        return self._read(call, lambda repository: repository.get_all(lookups), batch=True)

    def batch_update(
        self, call: Call, request: BatchRequest, modifications: Sequence[Modification[MessageT]]
    ) -> Awaitable[builtins.list[MessageT]]:
        """Changes records, all or none."""
        return self._write_batch(
            call, request, self._bound(lambda repository: repository.modify(modifications), batch=True)
        )

    def batch_delete(
        self, call: Call, request: BatchRequest, removals: Sequence[Removal]
    ) -> Awaitable[builtins.list[MessageT]]:
        """Deletes records, all or none."""
        return self._write_batch(call, request, self._bound(lambda repository: repository.remove(removals), batch=True))

    def _read(
        self, call: Call, work: Callable[[Repository[MessageT, Any]], ResultT], *, batch: bool
    ) -> Awaitable[ResultT]:
        return self._executor.read(call, self._bound(work, batch=batch))

    @property
    def _name(self) -> str:
        return self.repository.component.name

    def _read_history(self, call: Call, work: Callable[[HistoryReader], ResultT]) -> Awaitable[ResultT]:
        def read(transaction: ReadTransaction) -> ResultT:
            return work(HistoryReader(transaction.store[self._name], transaction))

        return self._executor.read(call, self._refusing(read, batch=False))

    def _write(
        self, call: Call, request: WriteRequest, work: Callable[[Repository[MessageT, Any]], ResultT], *, batch: bool
    ) -> Awaitable[ResultT]:
        return self._write_in(call, request, self._bound(work, batch=batch), batch=batch)

    def _write_in(
        self, call: Call, request: WriteRequest, bound: Callable[[Transaction], ResultT], *, batch: bool
    ) -> Awaitable[ResultT]:
        component = self.repository.component
        if not component.audit_refusals:
            call.require_actor()
        if request.validate_only:
            bound = as_dry_run(request, component, bound)
        elif request.request_id:
            bound = as_once(call, request, component.message, bound, batch=batch)
        if component.audit_refusals:
            bound = as_attempt(call, component, bound)
        return self._executor.write(call, bound)

    def _write_batch(
        self, call: Call, request: BatchRequest, bound: Callable[[Transaction], ResultT]
    ) -> Awaitable[ResultT]:
        for index, item in enumerate(request.requests):
            if item.request_id or item.validate_only:
                field = "request_id" if item.request_id else "validate_only"
                text = "stands within a batch, which is one write; set it on the batch itself"
                raise InvalidRequest.field("NOT_WITHIN_BATCH", field, text).at(index)
        return self._write_in(call, request, bound, batch=True)

    def _bound(
        self, work: Callable[[Repository[MessageT, Any]], ResultT], *, batch: bool
    ) -> Callable[[ReadTransaction], ResultT]:
        """`work` on this component's repository; its refusals say where in the request they are."""
        return self._refusing(lambda transaction: work(transaction.repository(self.repository)), batch=batch)

    def _refusing(self, work: Callable[[TransactionT], ResultT], *, batch: bool) -> Callable[[TransactionT], ResultT]:
        def run(transaction: TransactionT) -> ResultT:
            try:
                return work(transaction)
            except StoreError as error:
                if isinstance(error, InvalidRequest):
                    error.record_field = self.repository.component.singular
                # Repositories know batches only; a call of one record has no place to speak of.
                raise (error if batch else error.at(None)) from error.__cause__

        return run
