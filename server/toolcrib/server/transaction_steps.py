"""Carries out the steps of a transaction over components, one after another in one transaction.

Each step takes the way that its request always takes, through the component's servicer; only that its work is not
handed to a lane but run at once, on the lane and in the transaction that are there already.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from google.protobuf.message import Message

from toolcrib.server.call import Call
from toolcrib.server.component import key_text
from toolcrib.server.dry_run import clear_what_a_commit_gives
from toolcrib.server.errors import InvalidRequest, PreconditionFailed, RecordNotFound, StoreError
from toolcrib.server.servicer import ComponentServicer
from toolcrib.server.transaction import ReadTransaction, Transaction
from toolcrib.transaction.v1.transaction_pb2 import CommitTransactionResponse, Precondition

T = TypeVar("T")
Servicer = type[ComponentServicer[Any]]


class Known(NamedTuple):
    """A type of request, and the servicer's method that takes it."""

    request: type[Message]
    servicer: Servicer
    method: str


class Step(NamedTuple):
    """A request that was unpacked; `place` is its own in the transaction's request."""

    place: str
    known: Known
    request: Message


class _Executor:
    """Takes the place of the lanes; refuses what its kind of step does not do."""

    def __init__(self, transaction: Transaction, refusal: InvalidRequest) -> None:
        self.transaction = transaction
        self._refusal = refusal

    def read_at_once(self, _call: Call, _work: Callable[[ReadTransaction], T]) -> Coroutine[Any, Any, T | None]:
        """Refuses."""
        raise self._refusal

    def read(self, _call: Call, _work: Callable[[ReadTransaction], T]) -> Awaitable[T]:
        """Refuses."""
        raise self._refusal

    def write(self, _call: Call, _work: Callable[[Transaction], T]) -> Awaitable[T]:
        """Refuses."""
        raise self._refusal


class _Writing(_Executor):
    """Runs what a servicer would hand to the writer lane."""

    def __init__(self, transaction: Transaction) -> None:
        text = "reads; a transaction holds requests that write"
        super().__init__(transaction, InvalidRequest.field("NOT_A_WRITE", "", text))

    async def write(self, _call: Call, work: Callable[[Transaction], T]) -> T:
        """Runs `work`."""
        return work(self.transaction)


class _Getting(_Executor):
    """Runs what a servicer would read of one record."""

    def __init__(self, transaction: Transaction) -> None:
        text = "is no request that gets one record, as a precondition needs"
        super().__init__(transaction, InvalidRequest.field("NOT_A_GET", "", text))

    async def read_at_once(self, _call: Call, work: Callable[[ReadTransaction], T]) -> T | None:
        """Runs `work`."""
        return work(self.transaction)


def carry_out(
    transaction: Transaction,
    call: Call,
    conditions: Sequence[tuple[Step, Precondition]],
    steps: Sequence[Step],
    *,
    dry_run: bool,
) -> CommitTransactionResponse:
    """Runs `steps` if all `conditions` hold. Raises InvalidRequest, PreconditionFailed, or what the steps raise."""
    for step, condition in conditions:
        _require(transaction, call, step, condition)
    # Writes that were done are undone where one after them is refused.
    if dry_run:
        transaction.begin_dry_run()
    else:
        transaction.guard()
    answers = [_run(step, _Writing(transaction), call) for step in steps]
    response = CommitTransactionResponse()
    for step, answer in zip(steps, answers, strict=True):
        if dry_run:
            component = step.known.servicer.repository.component
            clear_what_a_commit_gives(list(_records(answer, component.message)), component, transaction)
        response.responses.add().Pack(answer)
    if transaction.changes and not dry_run:
        response.revision = transaction.revision
    return response


def _records(answer: Message, kind: type[Message]) -> Iterator[Message]:
    """The records in an answer: itself, those of a batch, or none."""
    if isinstance(answer, kind):
        yield answer
        return
    for _, values in answer.ListFields():
        yield from values


def _require(transaction: Transaction, call: Call, step: Step, condition: Precondition) -> None:
    """Raises PreconditionFailed where `condition` does not hold."""
    component = step.known.servicer.repository.component
    wanted = condition.WhichOneof("condition")
    if wanted is None:
        raise InvalidRequest.field("CONDITION_MISSING", step.place, "says nothing that must be so: exists, or an etag")
    if wanted == "etag" and "etag" not in component.standard_fields:
        raise InvalidRequest.field("NO_ETAG", f"{step.place}.etag", f"{component.name} has no field `etag`")
    try:
        record: Any = _run(step, _Getting(transaction), call)
    except RecordNotFound as error:
        if wanted == "exists" and not condition.exists:
            return
        raise PreconditionFailed(component.name, error.key, "there is no such record", within=step.place) from error
    key = key_text(component.key_of(record))
    if wanted == "exists" and not condition.exists:
        raise PreconditionFailed(component.name, key, "there is such a record", within=step.place)
    if wanted == "etag" and record.etag != condition.etag:
        text = f"the record {key} has changed since etag {condition.etag}"
        raise PreconditionFailed(component.name, key, text, within=step.place)


def _run(step: Step, executor: _Executor, call: Call) -> Message:
    """What the component's servicer answers to a request, with `executor` in the place of the lanes."""
    servicer = step.known.servicer(executor)
    coroutine = getattr(servicer, step.known.method)(step.request, call)
    try:
        coroutine.send(None)
    except StopIteration as done:
        answer: Message = done.value
        return answer
    except StoreError as error:
        error.within = step.place
        raise
    finally:
        coroutine.close()
    raise AssertionError(f"{step.known.method} waits for something other than its work")
