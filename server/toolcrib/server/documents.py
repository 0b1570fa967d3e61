"""JSON for values that have no SQL type of their own: messages inside a record, lists and maps.

It is written for people who read the database: fields under their own names, times as in columns of their own,
durations in microseconds, bytes in base64, enums as numbers. Nothing is lost, and values of one type sort as they do in
SQL: uint64 are texts of 20 digits, as JSON readers stop being exact long before it ends.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import NULL_VALUE, ListValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from toolcrib.server.columns import time_from_text, time_to_text, uint64_to_text
from toolcrib.server.values import datetime_to_timestamp, duration_to_micros, set_duration, timestamp_to_datetime

# What JSON has no value for stands in an object with this one name; names that begin with it have one more "@".
_MARK = "@"


def dump(value: object) -> str:
    """A document as text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def load(text: str) -> Any:
    """The document of a text."""
    return json.loads(text)


def number_to_json(number: float) -> float | str:
    """A number; "NaN", "Infinity" and "-Infinity" as ProtoJSON spells them, which `float` reads."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


uint64_to_json = uint64_to_text


def bytes_to_json(value: bytes) -> str:
    """Base64 (RFC 4648)."""
    return base64.b64encode(value).decode()


def bytes_from_json(text: str) -> bytes:
    """The bytes of `bytes_to_json`."""
    return base64.b64decode(text)


def key_to_json(key: int | bool) -> str:
    """A map's key, which JSON has as text."""
    return str(key).lower()


def timestamp_to_json(timestamp: Timestamp) -> str:
    """A time as columns have it, "2026-11-21 04:24:37.123456", UTC."""
    return time_to_text(timestamp_to_datetime(timestamp))


def timestamp_from_json(text: str) -> Timestamp:
    """The time of `timestamp_to_json`."""
    return datetime_to_timestamp(time_from_text(text))


duration_to_json = duration_to_micros


def duration_from_json(micros: int) -> Duration:
    """The duration of so many microseconds."""
    duration = Duration()
    set_duration(duration, micros)
    return duration


def struct_to_json(struct: Struct) -> dict[str, Any]:
    """A Struct as the JSON object that it stands for."""
    return {_marked(name): value_to_json(value) for name, value in struct.fields.items()}


def struct_from_json(document: Mapping[str, Any]) -> Struct:
    """The Struct of `struct_to_json`."""
    struct = Struct()
    for name, value in document.items():
        struct.fields[name[1:] if name.startswith(_MARK) else name].CopyFrom(value_from_json(value))
    return struct


def list_value_to_json(items: ListValue) -> list[Any]:
    """A ListValue as a JSON array."""
    return [value_to_json(item) for item in items.values]


def list_value_from_json(document: list[Any]) -> ListValue:
    """The ListValue of `list_value_to_json`."""
    return ListValue(values=[value_from_json(item) for item in document])


def value_to_json(value: Value) -> Any:  # noqa: PLR0911  # one for each kind
    """A Value as the JSON value that it stands for; what JSON lacks as an object with the one name "@"."""
    match value.WhichOneof("kind"):
        case "number_value":
            number = number_to_json(value.number_value)
            return {_MARK: number} if isinstance(number, str) else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return struct_to_json(value.struct_value)
        case "list_value":
            return list_value_to_json(value.list_value)
        case "null_value":
            # Any number of an enum may stand there; only 0 has a name.
            return {_MARK: value.null_value} if value.null_value else None
        case _:
            return {_MARK: None}


def value_from_json(document: Any) -> Value:  # noqa: PLR0911  # one for each kind
    """The Value of `value_to_json`."""
    match document:
        case bool():
            return Value(bool_value=document)
        case int() | float():
            return Value(number_value=document)
        case str():
            return Value(string_value=document)
        case list():
            return Value(list_value=list_value_from_json(document))
        case {"@": special} if len(document) == 1:
            return _special(special)
        case dict():
            return Value(struct_value=struct_from_json(document))
        case _:
            return Value(null_value=NULL_VALUE)


def _special(special: Any) -> Value:
    if special is None:
        return Value()
    return Value(number_value=float(special)) if isinstance(special, str) else Value(null_value=special)


def _marked(name: str) -> str:
    return _MARK + name if name.startswith(_MARK) else name
