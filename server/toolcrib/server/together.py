"""Creates of one component that wait together: carried out at once, each a call and a commit of its own.

What nothing but its rules can refuse is prepared before the database is asked for its lock, all of it in one go: it
takes half of the time (docs/performance.md), and other servers of the database write meanwhile. What is not in order
there is carried out by itself, so that each caller is told what is its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from google.protobuf.message import Message

from toolcrib.server.exactly_once import Once
from toolcrib.server.group import Group
from toolcrib.server.keys import give_keys, require_keys
from toolcrib.server.lane import Job
from toolcrib.server.row_writer import NewRecords, RowWriter
from toolcrib.server.store import Store, Stored
from toolcrib.server.transaction import Transaction
from toolcrib.server.writing import prepare_new

if TYPE_CHECKING:
    from toolcrib.server.repository import Repository

logger = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")


class Creation(Generic[ResultT]):
    """The work of a call that creates the records `messages` and nothing else, and is answered by what `answer` makes.

    `new` are the records where they are prepared.
    """

    __slots__ = ("_alone", "answer", "kind", "messages", "new")

    def __init__(
        self,
        kind: type[Repository[Any, Any]],
        messages: Sequence[Message],
        alone: Callable[[Transaction], ResultT],
        answer: Callable[[Sequence[Any]], ResultT],
    ) -> None:
        self.kind = kind
        self.messages = messages
        self.answer = answer
        self.new: NewRecords | None = None
        self._alone = alone

    def __call__(self, transaction: Transaction) -> ResultT:
        """Carries it out by itself."""
        return self._alone(transaction)


def prepare_together(store: Store, jobs: Sequence[Job[Any]]) -> None:
    """Prepares what can be created together; the database is not asked."""
    forget_prepared(jobs)
    by_component: dict[str, list[Creation[Any]]] = {}
    for job in jobs:
        creation = _creation(job)
        if creation is not None and creation.messages:
            by_component.setdefault(creation.kind.component.name, []).append(creation)
    for name, creations in by_component.items():
        # One record is created sooner by itself.
        if name in store.freely_created and (len(creations) > 1 or len(creations[0].messages) > 1):
            _prepare(store[name], creations)


def forget_prepared(jobs: Sequence[Job[Any]]) -> None:
    """Has each of the jobs carried out by itself."""
    for job in jobs:
        creation = _creation(job)
        if creation is not None:
            creation.new = None


def prepared_kind(job: Job[Any]) -> type[Repository[Any, Any]] | None:
    """Whose records the job creates, where they are prepared."""
    creation = _creation(job)
    return None if creation is None or creation.new is None else creation.kind


def neighbours(jobs: Sequence[Job[Any]]) -> Iterator[tuple[bool, list[Job[Any]]]]:
    """The jobs in their order, and whether those next to each other create records of one component, prepared."""
    for kind, several in groupby(jobs, key=prepared_kind):
        yield kind is not None, list(several)


def without_repeats(group: Group, jobs: Sequence[Job[Any]]) -> tuple[list[Job[Any]], list[Job[Any]]]:
    """Those that nobody has done under their id, and those that repeat what is done or is among the first."""
    new: list[Job[Any]] = []
    repeats: list[Job[Any]] = []
    ids: set[tuple[str, str, str]] = set()
    for job in jobs:
        if not isinstance(once := job.work, Once):
            new.append(job)
        elif once.whose in ids or group.answers.find(*once.whose) is not None:
            repeats.append(job)
        else:
            ids.add(once.whose)
            new.append(job)
    return new, repeats


def create_together(store: Store, group: Group, jobs: Sequence[Job[Any]]) -> list[Transaction]:
    """Creates the records of `jobs`, which are prepared, and leaves each call's answer in its job."""
    if not jobs:
        return []
    creations = [cast("Creation[Any]", _creation(job)) for job in jobs]
    news = [cast(NewRecords, creation.new) for creation in creations]
    transactions = [Transaction(store, group, job.call) for job in jobs]
    stored, first = store[creations[0].kind.component.name], transactions[0]
    for job, transaction in zip(jobs, transactions, strict=True):
        if isinstance(job.work, Once):
            transaction.request_id = job.work.request_id
    give_keys(stored.component, stored.sequence, [message for new in news for message in new.messages], first)
    RowWriter(stored, first).create_each(list(zip(transactions, news, strict=True)))
    for job, transaction, creation, new in zip(jobs, transactions, creations, news, strict=True):
        transaction.end()
        job.value = creation.answer(new.messages)
        if isinstance(job.work, Once):
            group.answers.add(job.work.answer_of(transaction, job.value))
    return transactions


def _creation(job: Job[Any]) -> Creation[Any] | None:
    work = job.work.work if isinstance(job.work, Once) else job.work
    return work if isinstance(work, Creation) else None


def _prepare(stored: Stored, creations: Sequence[Creation[Any]]) -> None:
    """Prepares those whose records are in order."""
    copies = stored.rules.together(message for creation in creations for message in creation.messages)
    # As long as they are held they are not made anew each time somebody looks.
    messages = list(copies.items)
    rows = _completed(stored, copies, messages)
    if rows is not None:
        end = 0
        for creation in creations:
            begin, end = end, end + len(creation.messages)
            creation.new = NewRecords(messages[begin:end], rows[begin:end])
    elif len(creations) > 1:
        for creation in creations:
            _prepare(stored, [creation])


def _completed(stored: Stored, copies: Any, messages: list[Message]) -> list[list[Any]] | None:
    """Completes new records as far as that goes without the database; answers their rows if they are in order."""
    try:
        require_keys(stored.component, messages)
        prepare_new(stored.component, messages, by_hook=False)
        for message in messages:
            stored.rules.round_times(message)
        if stored.rules.are_kept_in(copies):
            return stored.rows(messages, revision=0, delete_time=None)
    except Exception:  # whatever it is, it comes again where it belongs
        logger.debug("creates are not prepared together", exc_info=True)
    return None
