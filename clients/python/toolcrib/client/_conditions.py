"""Conditions on records, written in Python: `(RecipeFields.speed_mm_s > 100) & RecipeFields.name.startswith("A")`.

The generator writes a class with the fields of each component; what it says goes to the server as a message.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import NULL_VALUE
from google.protobuf.timestamp_pb2 import Timestamp

from toolcrib.query.v1 import query_pb2
from toolcrib.query.v1.query_pb2 import Comparison, Filter, FilterList, Operator, Value

T = TypeVar("T")

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


@dataclass(frozen=True, slots=True)
class SortKey:
    """One field of an order, as the server reads it."""

    text: str


class Field(Generic[T]):
    """A field of a component. An unset one equals None and no value."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: T | None) -> Condition:  # type: ignore[override]  # as in SQLAlchemy, a condition
        return self._compared(query_pb2.OPERATOR_EQUAL, other)

    def __ne__(self, other: T | None) -> Condition:  # type: ignore[override]  # as above
        return self._compared(query_pb2.OPERATOR_NOT_EQUAL, other)

    __hash__ = None  # type: ignore[assignment]  # what has no equality of its own is no key of a dict

    def in_(self, values: Iterable[T | None]) -> Condition:
        """Equal to one of `values`; with none, never."""
        return self._compared(query_pb2.OPERATOR_IN, *values)

    def asc(self) -> SortKey:
        """In ascending order, what is unset last."""
        return SortKey(self.name)

    def desc(self) -> SortKey:
        """In descending order, what is unset first."""
        return SortKey(f"{self.name} desc")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def _compared(self, operator: Operator.ValueType, *values: T | None) -> Condition:
        given = [_value(value) for value in values]
        return Condition(Filter(comparison=Comparison(field=self.name, operator=operator, values=given)))


class OrderedField(Field[T]):
    """A field whose values are less or greater than others: a number or a time."""

    __slots__ = ()

    def __lt__(self, other: T) -> Condition:
        return self._compared(query_pb2.OPERATOR_LESS, other)

    def __le__(self, other: T) -> Condition:
        return self._compared(query_pb2.OPERATOR_LESS_OR_EQUAL, other)

    def __gt__(self, other: T) -> Condition:
        return self._compared(query_pb2.OPERATOR_GREATER, other)

    def __ge__(self, other: T) -> Condition:
        return self._compared(query_pb2.OPERATOR_GREATER_OR_EQUAL, other)


class TextField(OrderedField[str]):
    """A field of text, ordered by its characters. Nothing in a text has a meaning of its own, `*` neither."""

    __slots__ = ()

    def startswith(self, text: str) -> Condition:
        """Begins with `text`."""
        return self._compared(query_pb2.OPERATOR_PREFIX, text)

    def endswith(self, text: str) -> Condition:
        """Ends with `text`."""
        return self._compared(query_pb2.OPERATOR_SUFFIX, text)

    def contains(self, text: str) -> Condition:
        """Contains `text`."""
        return self._compared(query_pb2.OPERATOR_CONTAINS, text)


class IntegerField(OrderedField[int]):
    """A field of whole numbers."""

    __slots__ = ()


class NumberField(OrderedField[float]):
    """A field of floating-point numbers."""

    __slots__ = ()


class TimeField(OrderedField[datetime]):
    """A field of times; those it is compared with have a time zone."""

    __slots__ = ()


class DurationField(OrderedField[timedelta]):
    """A field of durations."""

    __slots__ = ()


class DocumentField(Field[None]):
    """A message, a list or a map, which is there or not: it is compared with None."""

    __slots__ = ()


class BoolField(Field[bool]):
    """A field that is true or false."""

    __slots__ = ()


class EnumField(Field[int]):
    """A field of an enum; it is compared with the enum's values, or their numbers."""

    __slots__ = ()


class BytesField(Field[bytes]):
    """A field of bytes."""

    __slots__ = ()


class EtagField(Field[str]):
    """The etag."""

    __slots__ = ()


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
            return Value(timestamp_value=_timestamp(value))
        case timedelta():
            duration = Duration()
            duration.FromTimedelta(value)
            return Value(duration_value=duration)
    raise TypeError(f"a field is compared with a value or None, not with {value!r}")


def _timestamp(moment: datetime) -> Timestamp:
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; say which, as in datetime.now(UTC)")
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp
