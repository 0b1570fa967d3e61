"""A value of a row as a field of a record. The field's own type decides, so that a .proto may be edited before.

What the field cannot hold as it is raises NotHeld: no value is changed quietly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message

from toolcrib.server.adoption.drafts import DURATION, JSON, TIMESTAMP
from toolcrib.server.values import datetime_to_timestamp

_TRUTHS = {0: False, 1: True, "0": False, "1": True, "f": False, "t": True, "false": False, "true": True}
_DURATION = re.compile(r"P(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?[\d.]+)S)?)?")
_INTEGERS = frozenset({FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64}) | frozenset(
    {FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64}
)
_FLOATS = frozenset({FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE})


class NotHeld(Exception):
    """A field cannot hold a value. `str()` says why."""


def set_field(message: Message, field: FieldDescriptor, value: Any, labels: Mapping[str, str], zone: tzinfo) -> None:
    """Sets a field to a value as a driver gives it; leaves it unset for NULL.

    `labels` are the names of an enum's values by what the database has; times without a zone are of `zone`. Raises
    NotHeld.
    """
    if value is None:
        if not (field.has_presence or field.is_repeated):
            raise NotHeld(f"{field.name} is NULL, and the field is never unset")
        return
    try:
        if field.is_repeated:
            _add_all(getattr(message, field.name), field, value, labels, zone)
        elif field.message_type is not None:
            _fill(getattr(message, field.name), field, value, zone)
        else:
            setattr(message, field.name, _scalar(field, value, labels))
    except (ValueError, TypeError, OverflowError, ParseError) as error:
        shown = repr(value)
        raise NotHeld(f"{field.name} cannot hold {shown[:60]}{'…' if len(shown) > 60 else ''}") from error  # noqa: PLR2004


def _add_all(target: Any, field: FieldDescriptor, value: Any, labels: Mapping[str, str], zone: tzinfo) -> None:
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise TypeError(f"{value!r} is no array")
    for item in value:
        if item is None:
            raise ValueError("NULL inside an array")
        if field.message_type is not None:
            _fill(target.add(), field, item, zone)
        else:
            target.append(_scalar(field, item, labels))


def _fill(target: Any, field: FieldDescriptor, value: Any, zone: tzinfo) -> None:
    match field.message_type.full_name if field.message_type else "":
        case name if name == TIMESTAMP:
            target.CopyFrom(datetime_to_timestamp(_moment(value, zone)))
        case name if name == DURATION:
            target.FromTimedelta(value if isinstance(value, timedelta) else _duration(str(value)))
        case name if name == JSON:
            ParseDict(json.loads(value) if isinstance(value, str | bytes) else value, target)
        case name:
            raise TypeError(f"a {name} is not made of a column")


def _moment(value: Any, zone: tzinfo) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value.strip())
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001  # its zone is given below
    if not isinstance(value, datetime):
        # A number may count seconds, milliseconds or days.
        raise TypeError(f"{value!r} is no time")
    return value if value.tzinfo is not None else value.replace(tzinfo=zone)


def _duration(text: str) -> timedelta:
    """Of ISO 8601, without years and months, which are of no fixed length."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no duration of days and less")
    days, hours, minutes, seconds = (Decimal(part or 0) for part in match.groups())
    whole = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000_000
    return timedelta(microseconds=int(whole))


def _scalar(field: FieldDescriptor, value: Any, labels: Mapping[str, str]) -> Any:
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return _truth(value)
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return _enum_number(field, value, labels)
    if kind in _INTEGERS:
        return _integer(value)
    if kind in _FLOATS:
        if not isinstance(value, int | float | Decimal | str):
            raise TypeError(f"{value!r} is no number")
        return float(value)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return value.encode() if isinstance(value, str) else bytes(memoryview(value))
    return _text(value)


def _truth(value: Any) -> bool:
    key = value.lower() if isinstance(value, str) else value
    if key not in _TRUTHS:
        raise ValueError(f"{value!r} is no truth value")
    return _TRUTHS[key]


def _enum_number(field: FieldDescriptor, value: Any, labels: Mapping[str, str]) -> int:
    values = field.enum_type.values_by_name if field.enum_type else {}
    if isinstance(value, int):
        return value
    name = labels.get(str(value), str(value))
    if name not in values:
        raise ValueError(f"{value!r} has no name in the enum")
    return int(values[name].number)


def _integer(value: Any) -> int:
    if isinstance(value, str):
        return int(value)
    if not isinstance(value, int | float | Decimal) or value != int(value):
        raise ValueError(f"{value!r} is no integer")
    return int(value)


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bytes() | memoryview() | dict() | list() | bool():
            raise TypeError(f"{value!r} is no text")
        case Decimal():
            return format(value, "f")
        case float() if value == int(value):
            # SQLite keeps 12.0 of a DECIMAL column as a number.
            return str(int(value))
        case _ if hasattr(value, "isoformat"):
            return str(value.isoformat())
        case _:
            return str(value)
