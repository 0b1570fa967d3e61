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
from typing import Any, TypeVar

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


def as_once(
    call: Call, request: WriteRequest, kind: type[Message], work: Callable[[Transaction], T], *, batch: bool
) -> Callable[[Transaction], T]:
    """`work`, done once under the id of `request`. It answers with a list of `kind` if `batch`, else with one or None.

    Raises InvalidRequest, on the lane where the id stands for another request.
    """
    require_form(request.request_id)
    actor, request_id, digest = call.caller.actor, request.request_id, _digest(call.method, request)

    def run(transaction: Transaction) -> T:
        found = transaction.find_answer(actor, request_id)
        if found is None:
            transaction.request_id = request_id
            value = work(transaction)
            revision = transaction.revision if transaction.changes else 0
            transaction.answer = StoredAnswer(
                transaction.tenant, actor, request_id, transaction.time, revision, digest, _to_bytes(value)
            )
            return value
        known_digest, answer = found
        if known_digest != digest:
            raise InvalidRequest.field(
                "REQUEST_ID_REUSED",
                _FIELD,
                f"{request_id} is the id of another write of this actor; a repeat must be the same in every field, and "
                "another write needs an id of its own",
            )
        repeated: T = _from_bytes(answer, kind, batch=batch)
        return repeated

    return run


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
