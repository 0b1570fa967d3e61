"""What a filter says, in whichever spelling: a tree that nothing has been checked of but its form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeAlias

# Where in the request something stands: the place of a character in `filter`, counted from 0, or a path in `query`.
Place: TypeAlias = int | str


class Operator(Enum):
    """How a field is compared. The last three are spelled with `*` and `:` in text."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    HAS = ":"
    IN = "in"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    CONTAINS = "contains"


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A field, or what is inside it: the names from the record down."""

    names: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it was given; None is null.

    `bare` text had no quotes, and may be meant as a number or a name. Text that is `open_start` or `open_end` had a `*`
    there that was not escaped, which `value` still has; `inner_star` is the place of one between them.
    """

    value: str | int | float | bool | bytes | datetime | timedelta | None
    place: Place
    bare: bool = False
    open_start: bool = False
    open_end: bool = False
    inner_star: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path operator values`; only IN has other than one value."""

    path: FieldPath
    operator: Operator
    values: tuple[Literal, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class And:
    """All of them; none is true."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them; none is false."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not that."""

    term: Node


Node: TypeAlias = Comparison | And | Or | Not
