"""What the generator wrote down about a component's fields, for everything that speaks of them by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from difflib import get_close_matches
from enum import Enum


class FieldKind(Enum):
    """What values a field holds."""

    BOOL = "bool"
    INT32 = "int32"
    INT64 = "int64"
    UINT32 = "uint32"
    UINT64 = "uint64"  # kept as text of 20 digits, whose order is that of the numbers
    FLOAT = "float"
    DOUBLE = "double"
    STRING = "string"
    BYTES = "bytes"
    ENUM = "enum"
    TIMESTAMP = "google.protobuf.Timestamp"
    DURATION = "google.protobuf.Duration"  # kept as microseconds
    ETAG = "etag"  # text for callers, the record's revision in the table
    MESSAGE = "message"


# Values of these have an order that means something. An enum's numbers have one to sort by, but no "less".
COMPARABLE = frozenset(
    {
        FieldKind.INT32,
        FieldKind.INT64,
        FieldKind.UINT32,
        FieldKind.UINT64,
        FieldKind.FLOAT,
        FieldKind.DOUBLE,
        FieldKind.STRING,
        FieldKind.TIMESTAMP,
        FieldKind.DURATION,
    }
)
SORTABLE = COMPARABLE | {FieldKind.BOOL, FieldKind.ENUM}


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `optional` says that it can be unset; `enum_values` holds the numbers of an enum by their names.

    `fields` are those of a message. A `repeated` field or a map, which has a `map_key`, is of the kind of its values. A
    relation (`is_relation`) shows records of another component, whose fields are its own.
    """

    name: str
    kind: FieldKind
    optional: bool = False
    enum_values: Mapping[str, int] = dataclass_field(default_factory=dict)
    fields: Collection[Field] = ()
    repeated: bool = False
    map_key: FieldKind | None = None
    is_relation: bool = False

    @property
    def is_plural(self) -> bool:
        """Whether it holds any number of values."""
        return self.repeated or self.map_key is not None


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "there is") -> str:
    """`; did you mean 'x'?`, or what there is to choose from."""
    choices = list(known)
    near = get_close_matches(name, choices, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; {otherwise} {', '.join(choices)}"
