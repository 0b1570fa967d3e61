"""Values of a filter as values of a field's kind."""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from toolcrib.server.query.fields import Field, FieldKind, did_you_mean
from toolcrib.server.query.refusals import refusal
from toolcrib.server.query.tree import Literal

_INTEGER = re.compile(r"-?[0-9]{1,20}")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NOT_FINITE = {"inf": math.inf, "infinity": math.inf, "-inf": -math.inf, "-infinity": -math.inf}
_RFC_3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
# As ProtoJSON spells durations; up to 10,000 years (google/protobuf/duration.proto).
_DURATION = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,9}))?s")
_RANGES: Mapping[FieldKind, tuple[int, int]] = {
    FieldKind.INT32: (-(2**31), 2**31 - 1),
    FieldKind.UINT32: (0, 2**32 - 1),
    FieldKind.INT64: (-(2**63), 2**63 - 1),
    FieldKind.UINT64: (0, 2**64 - 1),
    FieldKind.ENUM: (-(2**31), 2**31 - 1),
}
_TEXT_SHOWN = 40
# Revisions count up from 1: no record has this one.
_NO_REVISION = -1

Reading: TypeAlias = Callable[[Field, Literal], Any]


def is_null(literal: Literal) -> bool:
    """Whether it is null, which is not a value."""
    return literal.value is None or (literal.bare and literal.value == "null")


def value_of(field: Field, literal: Literal) -> Any:
    """The value to compare `field` with. Raises InvalidRequest where `literal` is none of its kind."""
    return _READINGS[field.kind](field, literal)


def _bool(field: Field, literal: Literal) -> bool:
    if isinstance(literal.value, bool):
        return literal.value
    if literal.bare and literal.value in {"true", "false"}:
        return literal.value == "true"
    raise _wrong(field, literal, "true or false")


def _integer(field: Field, literal: Literal) -> int:
    value: Any = literal.value
    if literal.bare and _INTEGER.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(field, literal, "a whole number, without quotes")
    low, high = _RANGES[field.kind]
    if not low <= value <= high:
        raise refusal(literal.place, f"{value} is outside of what {field.name} holds, {low} to {high}")
    return value


def _double(field: Field, literal: Literal) -> float:
    value: Any = literal.value
    if literal.bare and value.lower() in _NOT_FINITE:
        return _NOT_FINITE[value.lower()]
    if literal.bare and _NUMBER.fullmatch(value):
        value = float(value)
        if math.isinf(value):
            raise refusal(literal.place, f"{literal.value!s:.{_TEXT_SHOWN}} is outside of what {field.name} holds")
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _wrong(field, literal, "a number, without quotes")
    if math.isnan(value):
        raise refusal(literal.place, "NaN is equal to nothing, and neither less nor greater")
    # 0.0 for -0.0, which is equal to it.
    return float(value) + 0.0


def _float(field: Field, literal: Literal) -> float:
    value = _double(field, literal)
    try:
        # As the field itself would hold it: 0.1 is then found as it was written.
        rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError as error:
        raise refusal(literal.place, f"{value:g} is outside of what {field.name} holds") from error
    return rounded


def _string(field: Field, literal: Literal) -> str:
    if isinstance(literal.value, str):
        return literal.value
    raise _wrong(field, literal, "text")


def _bytes(field: Field, literal: Literal) -> bytes:
    if isinstance(literal.value, bytes):
        return literal.value
    if isinstance(literal.value, str) and not literal.bare:
        try:
            return base64.b64decode(literal.value, validate=True)
        except (binascii.Error, ValueError):
            pass
    raise _wrong(field, literal, "base64 in quotes")


def _enum(field: Field, literal: Literal) -> int:
    if isinstance(literal.value, str) and not (literal.bare and _INTEGER.fullmatch(literal.value)):
        number = field.enum_values.get(literal.value)
        if number is None:
            hint = did_you_mean(literal.value, field.enum_values)
            raise refusal(literal.place, f"{field.name} has no value {_shown(literal)}{hint}")
        return number
    return _integer(field, literal)


def _timestamp(field: Field, literal: Literal) -> datetime:
    if isinstance(literal.value, datetime):
        return literal.value
    match = _RFC_3339.fullmatch(literal.value) if isinstance(literal.value, str) and not literal.bare else None
    if match is None:
        raise _wrong(field, literal, 'a time in quotes, like "2026-11-21T10:00:00Z"')
    day, time, fraction, zone = match.groups()
    # As in records, digits below a microsecond are rounded down.
    text = f"{day}T{time}.{(fraction or '')[:6]:0<6}{'+00:00' if zone in 'Zz' else zone}"
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refusal(literal.place, f"{_shown(literal)} is no time of the years 1 to 9999") from error


def _duration(field: Field, literal: Literal) -> int:
    if isinstance(literal.value, timedelta):
        return literal.value // timedelta(microseconds=1)
    match = _DURATION.fullmatch(literal.value) if isinstance(literal.value, str) else None
    if match is None:
        raise _wrong(field, literal, "seconds, like 1.5s")
    sign, seconds, fraction = match.groups()
    # As in records, digits below a microsecond are cut off.
    micros = int(seconds) * 1_000_000 + int(f"{(fraction or '')[:6]:0<6}")
    return -micros if sign else micros


def _etag(field: Field, literal: Literal) -> int:
    text = _string(field, literal)
    known = _INTEGER.fullmatch(text) and str(int(text)) == text and int(text) <= _RANGES[FieldKind.INT64][1]
    return int(text) if known else _NO_REVISION


def _message(field: Field, literal: Literal) -> Any:
    raise refusal(literal.place, f"{field.name} is a message; compare the fields inside, or {field.name} with null")


def _wrong(field: Field, literal: Literal, wanted: str) -> Exception:
    return refusal(literal.place, f"{field.name} is compared with {wanted}, not with {_shown(literal)}")


def _shown(literal: Literal) -> str:
    if isinstance(literal.value, str):
        return literal.value[:_TEXT_SHOWN] if literal.bare else f'"{literal.value[:_TEXT_SHOWN]}"'
    return "null" if literal.value is None else f"a value of type {type(literal.value).__name__}"


_READINGS: Mapping[FieldKind, Reading] = {
    FieldKind.BOOL: _bool,
    FieldKind.INT32: _integer,
    FieldKind.INT64: _integer,
    FieldKind.UINT32: _integer,
    FieldKind.UINT64: _integer,
    FieldKind.FLOAT: _float,
    FieldKind.DOUBLE: _double,
    FieldKind.STRING: _string,
    FieldKind.BYTES: _bytes,
    FieldKind.ENUM: _enum,
    FieldKind.TIMESTAMP: _timestamp,
    FieldKind.DURATION: _duration,
    FieldKind.ETAG: _etag,
    FieldKind.MESSAGE: _message,
}
