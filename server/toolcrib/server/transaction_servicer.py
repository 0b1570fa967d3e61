"""Serves toolcrib.transaction.v1: takes a transaction apart into the requests of the components' own services."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError

from toolcrib.server.call import Call
from toolcrib.server.errors import InvalidRequest
from toolcrib.server.exactly_once import as_once, require_form
from toolcrib.server.rpc import Method
from toolcrib.server.transaction import Transaction
from toolcrib.server.transaction_steps import Known, Servicer, Step, carry_out
from toolcrib.server.workers import Workers
from toolcrib.transaction.v1.transaction_pb2 import CommitTransactionRequest, CommitTransactionResponse

_REQUESTS_MAX = 1000
_REQUESTS, _PRECONDITIONS = "requests", "preconditions"


class TransactionServicer:
    """Carries out transactions over the components of `servicers`."""

    service = "toolcrib.transaction.v1.TransactionService"

    def __init__(self, workers: Workers, servicers: Sequence[Servicer]) -> None:
        self._workers = workers
        self._known = {
            method.request.DESCRIPTOR.full_name: Known(method.request, servicer, method.name)
            for servicer in servicers
            for method in servicer(workers).methods()
        }

    def methods(self) -> Sequence[Method]:
        """The service's methods."""
        return (Method("CommitTransaction", CommitTransactionRequest, self.commit),)

    async def commit(self, request: CommitTransactionRequest, call: Call) -> CommitTransactionResponse:
        """Carries out a transaction. Raises InvalidRequest, PreconditionFailed, or what its writes raise."""
        if len(request.requests) > _REQUESTS_MAX:
            text = f"are {len(request.requests)}; a transaction holds {_REQUESTS_MAX} at most"
            raise InvalidRequest.field("TRANSACTION_TOO_LARGE", _REQUESTS, text)
        steps = [self._step(f"{_REQUESTS}[{index}]", packed) for index, packed in enumerate(request.requests)]
        for step in steps:
            _require_plain(step)
        # Steps of components that audit what they refuse ask for it themselves; who calls is found out on the loop.
        if not call.caller.actor and not any(step.known.servicer.repository.component.audit_refusals for step in steps):
            call.require_actor()
        conditions = [
            (self._step(f"{_PRECONDITIONS}[{index}]", condition.record), condition)
            for index, condition in enumerate(request.preconditions)
        ]

        def work(transaction: Transaction) -> CommitTransactionResponse:
            return carry_out(transaction, call, conditions, steps, dry_run=request.validate_only)

        require_form(request.request_id)
        if request.request_id and not request.validate_only:
            return await self._workers.write(call, as_once(call, request, CommitTransactionResponse, work, batch=False))
        return await self._workers.write(call, work)

    def _step(self, place: str, packed: AnyMessage) -> Step:
        name = packed.type_url.rpartition("/")[2]
        known = self._known.get(name)
        if known is None:
            near = get_close_matches(name, self._known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            text = f"{name or 'nothing'} is no request of a component's service{hint}"
            raise InvalidRequest.field("UNKNOWN_REQUEST", place, text)
        try:
            return Step(place, known, known.request.FromString(packed.value))
        except DecodeError as error:
            text = f"its bytes do not parse as {name}, or a string in it is not UTF-8"
            raise InvalidRequest.field("MALFORMED_MESSAGE", place, text) from error


def _require_plain(step: Step) -> None:
    """Raises InvalidRequest where a request says for itself what is said of the whole transaction."""
    for field in ("request_id", "validate_only"):
        if getattr(step.request, field, None):
            text = "stands within a transaction, which is one write; set it on the transaction itself"
            raise InvalidRequest.field("NOT_WITHIN_BATCH", f"{step.place}.{field}", text)
