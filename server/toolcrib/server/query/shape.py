"""A filter that is checked, taken apart: its shape, for which a statement is compiled once, and its values.

Negation is in the leaves: what is between them is "all of" and "any of" only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from toolcrib.server.query.fields import FieldKind


class Test(Enum):
    """What is asked of a field. It is true or false; of an unset field all but NULL are false."""

    EQUAL = "equal"
    LESS = "less"
    LESS_OR_EQUAL = "less or equal"
    GREATER = "greater"
    GREATER_OR_EQUAL = "greater or equal"
    IN = "in"  # any number of values
    NULL = "null"  # no value
    RANGE = "range"  # from the first value on, below the second
    SUFFIX = "suffix"
    CONTAINS = "contains"


class Way(Enum):
    """A step into JSON that is no name."""

    ELEMENT = "element"  # some element of a list
    VALUE = "value"  # some value of a map
    ENTRY = "entry"  # what a map has under a key, which is a value of the leaf


Step: TypeAlias = str | Way


@dataclass(frozen=True, slots=True)
class Leaf:
    """A test of one field, with so many values; `steps` lead from its column to what is tested.

    The values are the keys of the maps on the way, and then those of the test. `kind` is of what is tested.
    """

    column: str
    steps: tuple[Step, ...]
    test: Test
    values: int
    negated: bool
    kind: FieldKind | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """True where a record that the relations of `way` lead to, one behind the other, is as `part` says.

    Negated: where no such record is.
    """

    way: tuple[str, ...]
    part: Shape
    negated: bool


@dataclass(frozen=True, slots=True)
class AllOf:
    """True where all are; with none, always."""

    parts: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True where any is; with none, never."""

    parts: tuple[Shape, ...]


Shape: TypeAlias = Leaf | Related | AllOf | AnyOf

EVERYTHING = AllOf(())


class Checked(NamedTuple):
    """A shape, and the values of its leaves from left to right."""

    shape: Shape = EVERYTHING
    values: tuple[Any, ...] = ()

    def and_(self, other: Checked) -> Checked:
        """What both ask for."""
        if other.shape == EVERYTHING:
            return self
        if self.shape == EVERYTHING:
            return other
        return Checked(AllOf((self.shape, other.shape)), self.values + other.values)
