"""Values of messages as Python's own: numbers stay numbers, enums become their names, times datetimes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

_PACKAGE = "google.protobuf."
WRAPPERS = {
    f"{_PACKAGE}{kind}Value"
    for kind in ("Bool", "Bytes", "Double", "Float", "Int32", "Int64", "String", "UInt32", "UInt64")
}


# Not as ProtoJSON has them, which has no word for NaN and the infinities in there.
def _struct(message: Any) -> dict[str, Any]:
    return {name: _value(each) for name, each in message.fields.items()}


def _list(message: Any) -> list[Any]:
    return [_value(each) for each in message.values]


def _value(message: Any) -> Any:
    kind = message.WhichOneof("kind")
    if kind == "struct_value":
        return _struct(message.struct_value)
    if kind == "list_value":
        return _list(message.list_value)
    return None if kind in {None, "null_value"} else getattr(message, kind)


_WELL_KNOWN: dict[str, Callable[[Any], Any]] = {
    f"{_PACKAGE}Timestamp": lambda value: value.ToDatetime(UTC),
    f"{_PACKAGE}Duration": lambda value: value.ToTimedelta(),
    f"{_PACKAGE}Struct": _struct,
    f"{_PACKAGE}Value": _value,
    f"{_PACKAGE}ListValue": _list,
    f"{_PACKAGE}FieldMask": lambda value: list(value.paths),
    f"{_PACKAGE}Empty": lambda _: {},
    # What is packed may be of a type that this program does not know.
    f"{_PACKAGE}Any": lambda value: {"type_url": value.type_url, "value": value.value},
}


def is_opaque(message: Descriptor) -> bool:
    """Whether a message is one value, rather than the fields that it has."""
    return message.full_name in WRAPPERS or message.full_name in _WELL_KNOWN


def present(field: FieldDescriptor, message: Any) -> bool:
    """Whether a field has a value; one that cannot be absent has."""
    return not field.has_presence or message.HasField(field.name)


def plain(field: FieldDescriptor, value: Any) -> Any:
    """What a field holds: a value, a list, or a dictionary of a map."""
    if field.is_repeated:
        entry = field.message_type
        if entry is not None and entry.GetOptions().map_entry:
            inner = entry.fields_by_name["value"]
            return {key: _one(inner, value[key]) for key in value}
        return [_one(field, each) for each in value]
    return _one(field, value)


def _one(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None:
        named = field.enum_type.values_by_number.get(value)
        return str(value) if named is None else named.name
    return value if field.message_type is None else _message(field.message_type, value)


def _message(kind: Descriptor, message: Any) -> Any:
    if kind.full_name in WRAPPERS:
        return message.value
    well_known = _WELL_KNOWN.get(kind.full_name)
    if well_known is not None:
        return well_known(message)
    return {field.name: plain(field, getattr(message, field.name)) for field in kind.fields if present(field, message)}
