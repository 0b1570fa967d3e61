"""Update masks: which fields of a record an update changes."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from google.protobuf.message import Message

from toolcrib.server.component import Component
from toolcrib.server.errors import InvalidRequest

_ALL = "*"
_FIELD = "update_mask"


def changed_fields(component: Component[Any, Any], message: Message, mask: Sequence[str] | None) -> Sequence[str]:
    """The data fields that an update with `message` and `mask` sets.

    Without a mask they are the populated ones. Raises InvalidRequest for paths that are not there or not the caller's
    to change.
    """
    if not mask:
        return [field.name for field, _ in message.ListFields() if field.name in component.data_fields]
    if list(mask) == [_ALL]:
        return component.data_fields
    for path in mask:
        if path not in component.data_fields:
            raise _refusal(component, path)
    return mask


def apply(source: Message, target: Message, fields: Sequence[str]) -> None:
    """Sets `fields` of `target` to what they are in `source`, unset ones to unset."""
    populated = {field.name: (field, value) for field, value in source.ListFields()}
    for name in fields:
        field, value = populated.get(name, (None, None))
        if field is None:
            target.ClearField(name)
        elif field.message_type is None:
            setattr(target, name, value)
        else:
            getattr(target, name).CopyFrom(value)


def _refusal(component: Component[Any, Any], path: str) -> InvalidRequest:
    if path in component.key_fields:
        return InvalidRequest.field("KEY_IMMUTABLE", _FIELD, f"{path!r} is the key, which never changes; leave it out")
    if path in component.standard_fields:
        return InvalidRequest.field("INVALID_MASK", _FIELD, f"{path!r} is filled in by the server; leave it out")
    if path == _ALL:
        return InvalidRequest.field("INVALID_MASK", _FIELD, "'*' stands alone or not at all")
    near = get_close_matches(path, component.data_fields, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(component.data_fields)}"
    return InvalidRequest.field(
        "INVALID_MASK", _FIELD, f"{component.message.DESCRIPTOR.name} has no field {path!r}{hint}"
    )
