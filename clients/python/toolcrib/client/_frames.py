"""Records as a table of pandas.

    records -> columns of plain values (_plain.py) -> arrays of the types that keep them as they are -> DataFrame

| a field | its column |
|---|---|
| integers | Int32, UInt32, Int64 or UInt64; where it is absent NA |
| float, double | float64; where it is absent NaN |
| bool, string | boolean, string; where it is absent NA |
| an enum | string, the value's name; a number without a name is text |
| Timestamp, Duration | datetime64[us, UTC], timedelta64[us]; where it is absent NaT |
| a message | a column for each of its fields: "pose.x" |
| repeated, maps, a message within itself, bytes, Struct, Any | Python's lists, dictionaries and bytes |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from toolcrib.client._plain import WRAPPERS, is_opaque, plain, present

if TYPE_CHECKING:
    from pandas import DataFrame

_MISSING = "pandas is not installed: pip install 'toolcrib[pandas]'"
_TYPES = {
    FieldDescriptor.CPPTYPE_INT32: "Int32",
    FieldDescriptor.CPPTYPE_UINT32: "UInt32",
    FieldDescriptor.CPPTYPE_INT64: "Int64",
    FieldDescriptor.CPPTYPE_UINT64: "UInt64",
    FieldDescriptor.CPPTYPE_FLOAT: "float64",
    FieldDescriptor.CPPTYPE_DOUBLE: "float64",
    FieldDescriptor.CPPTYPE_BOOL: "boolean",
    FieldDescriptor.CPPTYPE_STRING: "string",
    FieldDescriptor.CPPTYPE_ENUM: "string",
}
_MESSAGE_TYPES = {
    "google.protobuf.Timestamp": "datetime64[us, UTC]",
    "google.protobuf.Duration": "timedelta64[us]",
}

# The fields that lead from a record to what a column holds.
_Path = tuple[FieldDescriptor, ...]


def frame(message: type[Message], records: Iterable[Message]) -> DataFrame:
    """A row for each record, a column for each field of `message`, also where there are no records.

    Raises ImportError where pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415  # an extra, which most programs do without
    except ImportError as error:
        raise ImportError(_MISSING) from error
    rows = list(records)
    columns = {
        ".".join(field.name for field in path): pd.Series(
            [_value_at(row, path) for row in rows], dtype=_type_of(path[-1])
        )
        for path in _paths(cast(Descriptor, message.DESCRIPTOR), ())
    }
    return pd.DataFrame(columns)


def _paths(message: Descriptor, before: _Path) -> Iterator[_Path]:
    around = {message, *(field.containing_type for field in before)}
    for field in message.fields:
        inner = field.message_type
        if inner is None or field.is_repeated or is_opaque(inner) or inner in around:
            yield (*before, field)
        else:
            yield from _paths(inner, (*before, field))


def _value_at(record: Any, path: _Path) -> Any:
    *messages, last = path
    for field in messages:
        if not record.HasField(field.name):
            return None
        record = getattr(record, field.name)
    return plain(last, getattr(record, last.name)) if present(last, record) else None


def _type_of(field: FieldDescriptor) -> str:
    if field.is_repeated or field.type == FieldDescriptor.TYPE_BYTES:
        return "object"
    if field.message_type is None:
        return _TYPES[field.cpp_type]
    if field.message_type.full_name in WRAPPERS:
        return _type_of(field.message_type.fields_by_name["value"])
    return _MESSAGE_TYPES.get(field.message_type.full_name, "object")
