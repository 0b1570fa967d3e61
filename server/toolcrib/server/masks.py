"""Masks: which fields of a record an update changes, also in messages inside it (AIP-161), and which a read answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from google.protobuf.message import Message

from toolcrib.server.component import Component
from toolcrib.server.errors import InvalidRequest
from toolcrib.server.query.fields import did_you_mean

MessageT = TypeVar("MessageT", bound=Message)

_ALL = "*"
_FIELD = "update_mask"
_READ_FIELD = "read_mask"


def changed_fields(
    component: Component[Any, Any], message: Message, mask: Sequence[str] | None, *, by_hook: bool = False
) -> Sequence[str]:
    """The paths of the data fields that an update with `message` and `mask` sets.

    Without a mask they are the populated ones. Only hooks set those that are output only. Raises InvalidRequest for
    paths that are not there or not the caller's to change.
    """
    writable = component.data_fields if by_hook else component.caller_fields
    if not mask:
        return [field.name for field, _ in message.ListFields() if field.name in writable]
    if list(mask) == [_ALL]:
        return writable
    for path in mask:
        if path not in writable:
            _require_path(component, path, writable)
    return mask


def apply(source: Message, target: Message, paths: Sequence[str]) -> None:
    """Sets the fields at `paths` of `target` to what they are in `source`, unset ones to unset."""
    populated = {field.name: (field, value) for field, value in source.ListFields()}
    for path in paths:
        name, _, rest = path.partition(".")
        field, value = populated.get(name, (None, None))
        if rest:
            # What is not there on either side has nothing to set.
            if field is not None or target.HasField(name):
                apply(getattr(source, name), getattr(target, name), [rest])
        elif field is None:
            target.ClearField(name)
        elif field.is_repeated:
            target.ClearField(name)
            getattr(target, name).MergeFrom(value)
        elif field.message_type is None:
            setattr(target, name, value)
        else:
            inner = getattr(target, name)
            inner.SetInParent()
            inner.CopyFrom(value)


def _require_path(component: Component[Any, Any], path: str, writable: Sequence[str]) -> None:
    """Raises InvalidRequest unless `path` leads to a field of a message inside the record, in one that is writable."""
    first, dot, _ = path.partition(".")
    if not dot or first not in writable:
        raise _refusal(component, path)
    _require_inner(component, path, _FIELD)


def _require_inner(component: Component[Any, Any], path: str, mask: str) -> None:
    descriptor = component.message.DESCRIPTOR
    names = path.split(".")
    for depth, name in enumerate(names):
        field = descriptor.fields_by_name.get(name)
        if field is None:
            raise _unknown(mask, descriptor.name, name, list(descriptor.fields_by_name))
        if depth == len(names) - 1:
            return
        descriptor = field.message_type
        if descriptor is None or field.is_repeated or descriptor.full_name.startswith("google.protobuf."):
            whole = ".".join(names[: depth + 1])
            raise InvalidRequest.field(
                "INVALID_MASK", mask, f"{whole!r} can be named as a whole only; leave out what follows it"
            )


def require_readable(component: Component[Any, Any], mask: Sequence[str]) -> None:
    """Raises InvalidRequest for paths of a read mask that are not there."""
    if not mask or list(mask) == [_ALL]:
        return
    known = [field.name for field in component.fields]
    for path in mask:
        if path == _ALL:
            raise InvalidRequest.field("INVALID_MASK", _READ_FIELD, "'*' stands alone or not at all")
        if path not in known:
            _require_inner(component, path, _READ_FIELD)


def project(message: MessageT, mask: Sequence[str]) -> MessageT:
    """A message with the fields in `mask` only."""
    if list(mask) == [_ALL]:
        return message
    projected = type(message)()
    apply(message, projected, mask)
    return projected


def differing(before: Message, after: Message, names: Iterable[str]) -> list[str]:
    """The fields among `names` in which they are not the same."""
    return [name for name in names if not is_same(before, after, name)]


def is_same(one: Message, other: Message, field: str) -> bool:
    """Whether both have the same in `field`, to the bit: Python takes -0.0 for 0.0, and NaN for another NaN."""
    return _exactly(one, field) == _exactly(other, field)


def _exactly(message: Message, field: str) -> bytes:
    return project(message, [field]).SerializeToString(deterministic=True)


def _refusal(component: Component[Any, Any], path: str) -> InvalidRequest:
    if path in component.key_fields:
        return InvalidRequest.field("KEY_IMMUTABLE", _FIELD, f"{path!r} is the key, which never changes; leave it out")
    if path.partition(".")[0] in {relation.name for relation in component.relations}:
        return InvalidRequest.field(
            "INVALID_MASK", _FIELD, f"{path!r} shows other records, which are changed themselves; leave it out"
        )
    if path in component.standard_fields or path in component.output_only_fields:
        return InvalidRequest.field("INVALID_MASK", _FIELD, f"{path!r} is filled in by the server; leave it out")
    if path == _ALL:
        return InvalidRequest.field("INVALID_MASK", _FIELD, "'*' stands alone or not at all")
    return _unknown(_FIELD, component.message.DESCRIPTOR.name, path, component.data_fields)


def _unknown(field: str, message: str, name: str, known: Sequence[str]) -> InvalidRequest:
    hint = did_you_mean(name, known, "it has")
    return InvalidRequest.field("INVALID_MASK", field, f"{message} has no field {name!r}{hint}")
