"""What audit rows say, in words for people: operations, sources, and the fields that an entry changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError, Message

from toolcrib.audit.v1.audit_pb2 import ActorSource, Operation
from toolcrib.server.audit_messages import changed_fields
from toolcrib.server.changes import PRUNED
from toolcrib.server.evidence.lines import Entry, Transaction
from toolcrib.server.retention.signatures import parse
from toolcrib.server.retention.wording import pruning_in_words

Messages = Mapping[str, type[Message]]

_UNSET = "unset"


def operation_of(entry: Entry) -> str:
    """For example "update"."""
    return Operation.Name(Operation.ValueType(entry.operation)).removeprefix("OPERATION_").lower()


def source_of(transaction: Transaction) -> str:
    """How the server knew the actor: for example "certificate"."""
    source = ActorSource.ValueType(transaction.actor_source)
    return ActorSource.Name(source).removeprefix("ACTOR_SOURCE_").lower()


def changes_of(entry: Entry, messages: Messages) -> list[str]:
    """A line for each field that differs: "speed_mm_s: 120 → 150".

    Where the component is not among `messages` it is said how many bytes the records have.
    """
    before, after = entry.before_image, entry.after_image
    if entry.operation == PRUNED and (signed := parse(after)) is not None:
        return [pruning_in_words(signed.pruning)]
    message = messages.get(entry.component)
    if message is not None:
        try:
            old, new = _values(message, before), _values(message, after)
            names = changed_fields(message, before or b"", after or b"")
            return [f"{name}: {_text(old, name)} → {_text(new, name)}" for name in names]
        except DecodeError:
            # Written by another version of the component.
            pass
    return [
        f"{name}: {len(image)} bytes" for name, image in (("before", before), ("after", after)) if image is not None
    ]


def _values(message: type[Message], image: bytes | None) -> dict[str, Any]:
    if image is None:
        return {}
    return MessageToDict(
        message.FromString(image), preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _text(values: Mapping[str, Any], name: str) -> str:
    return json.dumps(values[name], ensure_ascii=False) if name in values else _UNSET
