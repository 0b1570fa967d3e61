"""Keys of records: whether a caller gave one it had to give, and a new one where the server gives it."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

from toolcrib.server.component import Component, KeyAllocation, key_text
from toolcrib.server.errors import InvalidRequest
from toolcrib.server.requests import Key

if TYPE_CHECKING:
    from toolcrib.server.transaction import Transaction


def uuid7() -> str:
    """A UUID of version 7 (RFC 9562): 48 bits of Unix time in milliseconds, then random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = milliseconds << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


def require_key(component: Component[Any, Any], key: Key, *, in_record: bool = False) -> None:
    """Raises InvalidRequest where the caller did not say which record it means."""
    if all(key):
        return
    missing = [field for field, part in zip(component.key_fields, key, strict=True) if not part]
    # A key of several fields may hold zeros; all of it empty is a caller that forgot it.
    if len(missing) == len(key):
        raise InvalidRequest.field("KEY_MISSING", missing[0], "is missing; it says which record", in_record=in_record)


def require_distinct(keys: Iterable[Key]) -> None:
    """Raises InvalidRequest, placed at the second, where a batch names a record twice."""
    first: dict[Key, int] = {}
    for index, key in enumerate(keys):
        if first.setdefault(key, index) != index:
            raise InvalidRequest.field(
                "KEY_REPEATED", "", f"names the record {key_text(key)} again, as request {first[key]} does"
            ).at(index)


def assign_keys(
    component: Component[Any, Any], sequence: str, messages: Sequence[Message], transaction: Transaction
) -> None:
    """Gives new records their keys. Raises as `require_keys` does."""
    require_keys(component, messages)
    give_keys(component, sequence, messages, transaction)


def require_keys(component: Component[Any, Any], messages: Sequence[Message]) -> None:
    """Refuses new records that do not have just the keys that callers give.

    Raises InvalidRequest where a caller chose a key that is the server's to give, or did not give one that is its own.
    """
    if component.key_allocation is KeyAllocation.CLIENT:
        for index, message in enumerate(messages):
            try:
                require_key(component, component.key_of(message), in_record=True)
            except InvalidRequest as error:
                raise error.at(index) from None
        require_distinct(component.key_of(message) for message in messages)
        return
    field = component.key_fields[0]
    for index, message in enumerate(messages):
        if getattr(message, field):
            raise InvalidRequest.field(
                "KEY_NOT_SETTABLE", field, "is given by the server; leave it unset", in_record=True
            ).at(index)


def give_keys(
    component: Component[Any, Any], sequence: str, messages: Sequence[Message], transaction: Transaction
) -> None:
    """Gives new records the keys that are the server's to give."""
    field = component.key_fields[0]
    if component.key_allocation is KeyAllocation.UUID7:
        for message in messages:
            setattr(message, field, uuid7())
    elif component.key_allocation is KeyAllocation.SEQUENCE:
        numbers = transaction.allocate_keys(sequence, len(messages), of_tenant=component.multi_tenant)
        for number, message in zip(numbers, messages, strict=True):
            setattr(message, field, number)
