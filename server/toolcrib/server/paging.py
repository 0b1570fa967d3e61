"""Page sizes, and page tokens that nobody but the server can make."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from google.protobuf.message import Message

from toolcrib.server.errors import InvalidRequest

DEFAULT_PAGE_SIZE = 50
MAXIMUM_PAGE_SIZE = 1000

# gRPC clients take answers of up to 4 MiB unless they are told otherwise: a page ends before that, however large its
# records are.
_PAGE_BYTES = 3 * 1024 * 1024
_SIGNATURE_BYTES = 16

MessageT = TypeVar("MessageT", bound=Message)


def page_size(requested: int) -> int:
    """How many records to answer: 0 is the default, more than the maximum is the maximum.

    Raises InvalidRequest for a negative size.
    """
    if requested < 0:
        raise InvalidRequest.field("INVALID_PAGE_SIZE", "page_size", f"is {requested}; it cannot be negative")
    return min(requested, MAXIMUM_PAGE_SIZE) or DEFAULT_PAGE_SIZE


def fill_page(messages: Iterable[MessageT], size: int) -> tuple[list[MessageT], bool]:
    """As many of `messages` as a page of `size` holds, and whether there are more.

    A page has at least one, so that every list comes to its end.
    """
    page: list[MessageT] = []
    room = _PAGE_BYTES
    for message in messages:
        room -= message.ByteSize()
        if len(page) == size or (page and room < 0):
            return page, True
        page.append(message)
    return page, False


class PageTokens:
    """Makes and reads tokens that say where a list goes on.

    A token is bound to `query`, all that decides which records are listed and in which order, and signed with a secret
    that is kept in the database, so that it outlives a restart.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def encode(self, query: Sequence[Any], position: Sequence[Any]) -> str:
        """The token for going on after `position`, JSON values."""
        payload = json.dumps(list(position), separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._sign(query, payload) + payload).decode()

    def decode(self, query: Sequence[Any], token: str) -> list[Any]:
        """The position in `token`.

        Raises InvalidRequest where the server did not make it, or made it for another query.
        """
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not payload or not hmac.compare_digest(signature, self._sign(query, payload)):
            raise InvalidRequest.field(
                "INVALID_PAGE_TOKEN",
                "page_token",
                "was not given by this server for this list; send next_page_token of the previous answer, with the "
                "other fields unchanged",
            )
        position: list[Any] = json.loads(payload)
        return position

    def _sign(self, query: Sequence[Any], payload: bytes) -> bytes:
        signed = json.dumps(list(query), separators=(",", ":")).encode() + b"\0" + payload
        return hmac.digest(self._secret, signed, hashlib.sha256)[:_SIGNATURE_BYTES]
