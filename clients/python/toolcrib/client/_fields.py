"""What Python asks of fields: `(RecipeFields.speed_mm_s > 100) & RecipeFields.name.startswith("A")`.

The generator writes a class with the fields of each component and of each message inside one. What a relation or a
message leads to is such a class with the way to it: `RecipeFields.tools.diameter_mm`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Self, TypeVar

from toolcrib.client._conditions import Condition, compared
from toolcrib.query.v1 import query_pb2
from toolcrib.query.v1.query_pb2 import Operator

T = TypeVar("T")


class Fields:
    """The fields of a component or of a message, with the way there. A related record that is not there equals None."""

    __slots__ = ("_toolcrib_path",)

    def __init__(self, path: str = "") -> None:
        self._toolcrib_path = path

    def __eq__(self, other: None) -> Condition:  # type: ignore[override]  # as in SQLAlchemy, a condition
        return compared(self._toolcrib_path, query_pb2.OPERATOR_EQUAL, other)

    def __ne__(self, other: None) -> Condition:  # type: ignore[override]  # as above
        return compared(self._toolcrib_path, query_pb2.OPERATOR_NOT_EQUAL, other)

    __hash__ = None  # type: ignore[assignment]  # what has no equality of its own is no key of a dict

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._toolcrib_path!r})"


FieldsT = TypeVar("FieldsT", bound=Fields)


def path_of(fields: Fields, name: str = "") -> str:
    """The way to `fields`, or to the field of them that has this name."""
    path = fields._toolcrib_path  # noqa: SLF001  # kept apart from names of fields
    return ".".join(part for part in (path, name) if part)


class FieldsOf(Generic[FieldsT]):
    """The way to the fields of related records, or of a message inside.

    Where there are several of these, a condition holds if it does for any of them; two conditions may hold for two.
    """

    __slots__ = ("_fields", "_name")

    def __init__(self, name: str, fields: Callable[[], type[FieldsT]]) -> None:
        self._name = name
        # A function, as classes lead to each other.
        self._fields = fields

    def __get__(self, instance: Fields | None, owner: type[Fields]) -> FieldsT:
        return self._fields()(self._name if instance is None else path_of(instance, self._name))


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

    def __get__(self, instance: Fields | None, owner: type[Fields]) -> Self:
        """The field, with the way to it."""
        return self if instance is None else type(self)(path_of(instance, self.name))

    def _compared(self, operator: Operator.ValueType, *values: object) -> Condition:
        return compared(self.name, operator, *values)


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
    """What is kept as a document and there or not: it is compared with None."""

    __slots__ = ()


class ListField(DocumentField, Generic[T]):
    """A list; an empty one equals None."""

    __slots__ = ()

    def has(self, value: T) -> Condition:
        """Has an element that equals `value`."""
        return self._compared(query_pb2.OPERATOR_CONTAINS, value)


class MapField(DocumentField, Generic[T]):
    """A map; an empty one equals None."""

    __slots__ = ()

    def has(self, key: T) -> Condition:
        """Has an entry under `key`."""
        return self._compared(query_pb2.OPERATOR_CONTAINS, key)


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
