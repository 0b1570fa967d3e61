"""Creates of one component that wait together: carried out at once, each a call and a commit of its own.

What nothing but its rules can refuse is validated as a batch is, which takes half of the time (docs/performance.md).
Where one of them would be refused, all are carried out one by one, so that each is told what is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from google.protobuf.message import Message

from toolcrib.server.changes import Change, Operation
from toolcrib.server.group import Group
from toolcrib.server.keys import assign_keys
from toolcrib.server.lane import Job
from toolcrib.server.record import copy_of
from toolcrib.server.row_writer import RowWriter
from toolcrib.server.store import Store, Stored
from toolcrib.server.transaction import Transaction
from toolcrib.server.writing import prepare_new

if TYPE_CHECKING:
    from toolcrib.server.repository import Repository

MessageT = TypeVar("MessageT", bound=Message)


class Creation(Generic[MessageT]):
    """The work of a call that creates the record `message` and nothing else."""

    __slots__ = ("_alone", "kind", "message")

    def __init__(
        self,
        kind: type[Repository[MessageT, Any]],
        message: MessageT,
        alone: Callable[[Transaction], MessageT],
    ) -> None:
        self.kind = kind
        self.message = message
        self._alone = alone

    def __call__(self, transaction: Transaction) -> MessageT:
        """Carries it out by itself."""
        return self._alone(transaction)


def neighbours(store: Store, jobs: Sequence[Job[Any]]) -> Iterator[tuple[bool, list[Job[Any]]]]:
    """The jobs in their order, and whether those next to each other can be given to `create_together`."""

    def freely_created(job: Job[Any]) -> type[Repository[Any, Any]] | None:
        work = job.work
        return work.kind if isinstance(work, Creation) and work.kind.component.name in store.freely_created else None

    for kind, several in groupby(jobs, key=freely_created):
        found = list(several)
        yield kind is not None and len(found) > 1, found


def create_together(store: Store, group: Group, jobs: Sequence[Job[Any]]) -> list[Transaction] | None:
    """Creates the records of `jobs` and leaves each in its job; answers their transactions.

    None, and nothing is done, where one of the records is not in order.
    """
    creations = [cast("Creation[Any]", job.work) for job in jobs]
    stored = store[creations[0].kind.component.name]
    transactions = [Transaction(store, group, job.call) for job in jobs]
    messages = [copy_of(creation.message) for creation in creations]
    try:
        is_in_order = _prepare(stored, messages, transactions[0])
    except Exception:  # noqa: BLE001  # whatever it is, it comes again where it belongs
        is_in_order = False
    if not is_in_order:
        transactions[0].undo()
        return None
    component = stored.component
    changes = [
        Change(transaction, component, Operation.CREATE, component.key_of(message), None, message)
        for transaction, message in zip(transactions, messages, strict=True)
    ]
    RowWriter(stored, transactions[0]).create_each(changes)
    for job, transaction, message in zip(jobs, transactions, messages, strict=True):
        transaction.end()
        job.value = message
    return transactions


def _prepare(stored: Stored, messages: Sequence[Message], first: Transaction) -> bool:
    """Completes new records, with keys that are taken in the `first` transaction; whether they keep their rules."""
    prepare_new(stored.component, messages, by_hook=False)
    for message in messages:
        stored.rules.round_times(message)
    assign_keys(stored.component, stored.sequence, messages, first)
    return stored.rules.are_kept_by(messages)
