"""Who may write which field: output-only and immutable fields, relations, and defaults.

Immutable holds for callers and hooks alike: what a record was created with stays. Output-only fields are for hooks:
what a caller's record says in them is ignored, as AIP-203 has it, while an update mask that names one is refused, as
one that names a field of the server's is. Relations are nobody's to write.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import Message

from toolcrib.server.component import Component
from toolcrib.server.errors import InvalidRequest
from toolcrib.server.masks import is_same


def prepare_new(component: Component[Any, Any], messages: Iterable[Message], *, by_hook: bool) -> None:
    """Takes from new records what is not their creator's to say, and gives unset fields their defaults."""
    cleared = list(component.standard_fields)
    if not by_hook:
        cleared += [*component.output_only_fields, *(relation.name for relation in component.relations)]
    for message in messages:
        for name in cleared:
            message.ClearField(name)
        for name, value in component.defaults.items():
            if not message.HasField(name):
                setattr(message, name, value)


def require_unchanged(component: Component[Any, Any], before: Message | None, after: Message) -> None:
    """Raises InvalidRequest, naming the field, where an immutable field of a record that is there already changes."""
    if before is None or not component.immutable_fields:
        return
    for name in component.immutable_fields:
        if not is_same(before, after, name):
            raise InvalidRequest.field(
                "FIELD_IMMUTABLE", name, "is set when a record is created and never changes", in_record=True
            )
