"""Conditions on records, which go to the server as a message."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import NULL_VALUE
from google.protobuf.timestamp_pb2 import Timestamp

from toolcrib.query.v1.query_pb2 import Comparison, Filter, FilterList, Operator, Value

_INT64_MAX = 2**63 - 1
_KINDS: dict[type, str] = {bool: "bool_value", float: "double_value", str: "string_value", bytes: "bytes_value"}


class Condition:
    """What holds of a record or not. Conditions are joined by `&` and `|`, and negated by `~`."""

    __slots__ = ("message",)

    def __init__(self, message: Filter) -> None:
        self.message = message

    def __and__(self, other: Condition) -> Condition:
        return all_of([self, other])

    def __or__(self, other: Condition) -> Condition:
        return Condition(Filter(any=FilterList(filters=[self.message, other.message])))

    def __invert__(self) -> Condition:
        # A keyword of Python.
        fields: dict[str, Any] = {"not": self.message}
        return Condition(Filter(**fields))

    def __bool__(self) -> bool:
        raise TypeError("a condition is asked of the server; join conditions with &, | and ~, in parentheses")

    def __repr__(self) -> str:
        return f"Condition({self.message!s})"


def all_of(conditions: Iterable[Condition]) -> Condition:
    """The condition that all of them hold."""
    return Condition(Filter(all=FilterList(filters=[condition.message for condition in conditions])))


def compared(name: str, operator: Operator.ValueType, *values: object) -> Condition:
    """The condition that a field is as compared; `name` is its path. Raises TypeError for what is no value."""
    given = [_value(value) for value in values]
    return Condition(Filter(comparison=Comparison(field=name, operator=operator, values=given)))


def _value(value: object) -> Value:
    kind = _KINDS.get(type(value))
    if kind is not None:
        fields: dict[str, Any] = {kind: value}
        return Value(**fields)
    match value:
        case None:
            return Value(null_value=NULL_VALUE)
        case int():
            return Value(uint64_value=value) if value > _INT64_MAX else Value(int64_value=value)
        case datetime():
            return Value(timestamp_value=to_timestamp(value))
        case timedelta():
            duration = Duration()
            duration.FromTimedelta(value)
            return Value(duration_value=duration)
    raise TypeError(f"a field is compared with a value or None, not with {value!r}")


def to_timestamp(moment: datetime) -> Timestamp:
    """The time as protobuf has it. Raises ValueError for one without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; say which, as in datetime.now(UTC)")
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp
