"""Exactly-once: a write that is repeated under its request_id is answered as it was, and not done again.

    as_once(call, request, …) -> on the lane: is there an answer under the id? -> else the work, and its answer kept

An id belongs to its actor, and that to its tenant: another's write under the same text is another write, and nobody is
ever told somebody else's answer. An actor's id stands for one method and one request (AIP-155); metadata, such as the
reason, may differ.
Only what succeeds is kept: a write that was refused did nothing, and its repeat is tried anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b
from io import BytesIO
from typing import Any, Generic, TypeVar

from google.protobuf import proto
from google.protobuf.message import Message

from toolcrib.server.answers import StoredAnswer
from toolcrib.server.call import Call
from toolcrib.server.errors import InvalidRequest
from toolcrib.server.requests import WriteRequest
from toolcrib.server.transaction import Transaction

T = TypeVar("T")

REQUEST_ID_CHARACTERS_MAX = 128

_FORM = re.compile(rf"[!-~]{{1,{REQUEST_ID_CHARACTERS_MAX}}}")
_FIELD = "request_id"
_DIGEST_BYTES = 16


def require_form(request_id: str) -> None:
    """Raises InvalidRequest unless `request_id` is empty or 1 to 128 visible ASCII characters, such as a UUID."""
    if request_id and _FORM.fullmatch(request_id) is None:
        raise InvalidRequest.field(
            "INVALID_REQUEST_ID",
            _FIELD,
            f"must have 1 to {REQUEST_ID_CHARACTERS_MAX} visible ASCII characters and no spaces; a UUIDv7 is best",
        )


class Once(Generic[T]):
    """`work`, done once under the id of its request.

    It answers with a list of `kind` if `batch`, else with one or None. Raises InvalidRequest where the id stands for
    another request.
    """

    __slots__ = ("_actor", "_batch", "_digest", "_kind", "_tenant", "request_id", "work")

    def __init__(
        self, call: Call, request: WriteRequest, kind: type[Message], work: Callable[[Transaction], T], *, batch: bool
    ) -> None:
        self.request_id = request.request_id
        self.work = work
        self._actor = call.caller.actor
        self._tenant = call.caller.tenant
        self._digest = _digest(call.method, request)
        self._kind = kind
        self._batch = batch

    def __call__(self, transaction: Transaction) -> T:
        """Carries it out, unless it has been."""
        found = transaction.find_answer(self._actor, self.request_id)
        if found is None:
            transaction.request_id = self.request_id
            value = self.work(transaction)
            transaction.answer = self.answer_of(transaction, value)
            return value
        known_digest, answer = found
        if known_digest != self._digest:
            raise InvalidRequest.field(
                "REQUEST_ID_REUSED",
                _FIELD,
                f"{self.request_id} is the id of another write of this actor; a repeat must be the same in every "
                "field, and another write needs an id of its own",
            )
        repeated: T = _from_bytes(answer, self._kind, batch=self._batch)
        return repeated

    @property
    def whose(self) -> tuple[str, str, str]:
        """The tenant and the actor whose id it is, and the id."""
        return self._tenant, self._actor, self.request_id

    def answer_of(self, transaction: Transaction, value: T) -> StoredAnswer:
        """How a repeat is to be answered."""
        revision = transaction.revision if transaction.changes else 0
        return StoredAnswer(*self.whose, transaction.time, revision, self._digest, _to_bytes(value))


def as_once(
    call: Call, request: WriteRequest, kind: type[Message], work: Callable[[Transaction], T], *, batch: bool
) -> Once[T]:
    """`work` as a write that is done once. Raises InvalidRequest for what is no id."""
    require_form(request.request_id)
    return Once(call, request, kind, work, batch=batch)


def _digest(method: str, request: WriteRequest) -> bytes:
    digest = blake2b(method.encode(), digest_size=_DIGEST_BYTES)
    digest.update(b"\0")
    digest.update(request.SerializeToString(deterministic=True))
    return digest.digest()


def _to_bytes(value: Any) -> bytes | None:
    """A message as it is; the messages of a batch one after another, each behind its length."""
    if value is None:
        return None
    if not isinstance(value, list):
        single: bytes = value.SerializeToString()
        return single
    output = BytesIO()
    for message in value:
        proto.serialize_length_prefixed(message, output)
    return output.getvalue()


def _from_bytes(answer: bytes | None, kind: type[Message], *, batch: bool) -> Any:
    if answer is None or not batch:
        return None if answer is None else kind.FromString(answer)
    stream, messages = BytesIO(answer), []
    while (message := proto.parse_length_prefixed(kind, stream)) is not None:
        messages.append(message)
    return messages
