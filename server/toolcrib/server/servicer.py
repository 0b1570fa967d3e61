"""The base of all generated servicers: from a request taken apart to the repository, on a lane. It knows no SQL."""

from __future__ import annotations

import builtins
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from google.protobuf.message import Message

from toolcrib.server.call import Call
from toolcrib.server.errors import InvalidRequest, StoreError
from toolcrib.server.repository import Repository
from toolcrib.server.requests import Lookup, Modification, Page, Removal
from toolcrib.server.rpc import Method
from toolcrib.server.transaction import ReadTransaction
from toolcrib.server.workers import Workers

__all__ = ["ComponentServicer", "Method"]

MessageT = TypeVar("MessageT", bound=Message)
ResultT = TypeVar("ResultT")


class ComponentServicer(Generic[MessageT]):
    """The methods of one component's service, without the spelling of their requests."""

    service: ClassVar[str]
    repository: ClassVar[type[Repository[Any, Any]]]

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    @abstractmethod
    def methods(self) -> tuple[Method, ...]:
        """Each method of the service, for the server to register."""

    async def create(self, call: Call, message: MessageT) -> MessageT:
        """Creates a record."""
        return (await self._write(call, lambda repository: repository.create_all([message]), batch=False))[0]

    async def get(self, call: Call, lookup: Lookup) -> MessageT:
        """Reads a record."""
        return (await self._read(call, lambda repository: repository.get_all([lookup]), batch=False))[0]

    async def list(self, call: Call, page_size: int, page_token: str, show_deleted: bool = False) -> Page[MessageT]:
        """Reads a page of records."""
        return await self._read(
            call, lambda repository: repository.page(page_size, page_token, show_deleted=show_deleted), batch=False
        )

    async def update(self, call: Call, modification: Modification[MessageT]) -> MessageT:
        """Changes a record."""
        return (await self._write(call, lambda repository: repository.modify([modification]), batch=False))[0]

    async def delete(self, call: Call, removal: Removal) -> MessageT | None:
        """Deletes a record; None where there was none and that was allowed."""
        left = await self._write(call, lambda repository: repository.remove([removal]), batch=False)
        return left[0] if left else None

    async def undelete(self, call: Call, removal: Removal) -> MessageT:
        """Brings a deleted record back."""
        return (await self._write(call, lambda repository: [repository.restore(removal)], batch=False))[0]

    async def batch_create(self, call: Call, messages: Sequence[MessageT]) -> builtins.list[MessageT]:
        """Creates records, all or none."""
        return await self._write(call, lambda repository: repository.create_all(messages), batch=True)

    async def batch_get(self, call: Call, lookups: Sequence[Lookup]) -> builtins.list[MessageT]:
        """Reads records, all of one moment, or none."""
        return await self._read(call, lambda repository: repository.get_all(lookups), batch=True)

    async def batch_update(
        self, call: Call, modifications: Sequence[Modification[MessageT]]
    ) -> builtins.list[MessageT]:
        """Changes records, all or none."""
        return await self._write(call, lambda repository: repository.modify(modifications), batch=True)

    async def batch_delete(self, call: Call, removals: Sequence[Removal]) -> builtins.list[MessageT]:
        """Deletes records, all or none."""
        return await self._write(call, lambda repository: repository.remove(removals), batch=True)

    async def _read(self, call: Call, work: Callable[[Repository[MessageT, Any]], ResultT], *, batch: bool) -> ResultT:
        return await self._workers.read(call, self._bound(work, batch=batch))

    async def _write(self, call: Call, work: Callable[[Repository[MessageT, Any]], ResultT], *, batch: bool) -> ResultT:
        call.require_actor()
        return await self._workers.write(call, self._bound(work, batch=batch))

    def _bound(
        self, work: Callable[[Repository[MessageT, Any]], ResultT], *, batch: bool
    ) -> Callable[[ReadTransaction], ResultT]:
        """`work` on this component's repository; its refusals say where in the request they are."""

        def run(transaction: ReadTransaction) -> ResultT:
            try:
                return work(transaction.repository(self.repository))
            except StoreError as error:
                if isinstance(error, InvalidRequest):
                    error.record_field = self.repository.component.singular
                # Repositories know batches only; a call of one record has no place to speak of.
                raise (error if batch else error.at(None)) from error.__cause__

        return run
