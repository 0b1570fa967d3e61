"""A user's .proto files as they are written, with the place of everything that can be wrong.

descriptors.py -> this -> refusals.py says what cannot be served, components.py makes the model of the rest
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from toolcrib.codegen.model import EnumType, Kind, MessageName
from toolcrib.codegen.problems import Problem


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a .proto file; `line` and `column` count from 1, 0 is unknown."""

    file: str
    line: int = 0
    column: int = 0

    def problem(self, message: str) -> Problem:
        """A problem at this place."""
        return Problem(self.file, self.line, self.column, message)


class Shape(Enum):
    """How many values a field holds, and on what that hangs."""

    SINGLE = "single"
    OPTIONAL = "optional"
    REPEATED = "repeated"
    MAP = "map"
    ONEOF = "oneof"


class KeySource(Enum):
    """Who gives a key its value, as the field says."""

    UNSPECIFIED = 0
    SERVER = 1
    CLIENT = 2


@dataclass(frozen=True, slots=True)
class DeclaredRelation:
    """A field's option `relation`."""

    by: str
    through: str
    to: str


@dataclass(frozen=True, slots=True)
class DeclaredField:
    """A field of a message. `kind` is None where no kind of the model holds its type.

    Of a map `type` and what follows from it is that of the values; `map_key` is the kind of its keys. `rules` are the
    types that its buf.validate rules are for ("int32", "timestamp"), which are not all rules there are; `on_delete` is
    the number of its value.
    """

    place: Place
    name: str
    number: int
    type: str
    kind: Kind | None
    shape: Shape
    comment: str
    enum: EnumType | None = None
    message: MessageName | None = None
    map_key: Kind | None = None
    wrapped: bool = False
    oneof: str = ""
    has_options: bool = False
    key: bool = False
    key_source: KeySource | None = KeySource.UNSPECIFIED
    unique: bool = False
    unique_live: bool = False
    immutable: bool = False
    output_only: bool = False
    default_value: str | None = None
    references: str = ""
    on_delete: int = 0
    relation: DeclaredRelation | None = None
    history_excluded: bool = False
    renamed_from: str = ""
    backfill: str | None = None
    rules: tuple[str, ...] = ()
    has_rules: bool = False
    unknown_options: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DeclaredIndex:
    """An index as the component's option has it; a field that descends has " desc" behind its name."""

    fields: tuple[str, ...]
    unique: bool
    live_only: bool
    name: str


@dataclass(frozen=True, slots=True)
class ComponentOption:
    """What `(toolcrib.options.v1.component)` says about a message; `history` is the number of its value."""

    place: Place
    table: str
    plural: str
    key_fields: tuple[str, ...]
    soft_delete: bool
    max_records: int
    reason_required: bool
    audit_refusals: bool
    audit_direct_writes: bool
    unknown_options: tuple[int, ...]
    indexes: tuple[DeclaredIndex, ...] = ()
    history: int = 0
    multi_tenant: bool = False
    renamed_from: str = ""


@dataclass(frozen=True, slots=True)
class DeclaredMessage:
    """A message; `path` is its name after those of the messages around it. `option` makes it a component."""

    place: Place
    path: tuple[str, ...]
    package: str
    comment: str
    fields: tuple[DeclaredField, ...]
    option: ComponentOption | None

    @property
    def name(self) -> str:
        """The message's own name."""
        return self.path[-1]

    @property
    def full_name(self) -> str:
        """The name with its package."""
        return ".".join([self.package, *self.path]) if self.package else ".".join(self.path)


@dataclass(frozen=True, slots=True)
class DeclaredFile:
    """A .proto file: all its messages, nested ones too, and the place of every name that it gives to its package.

    One that is not a target is there for the messages that others hold.
    """

    path: str
    package: str
    syntax: str
    place: Place
    messages: tuple[DeclaredMessage, ...]
    names: Mapping[str, Place]
    is_target: bool = True
