"""A component in the making: what its .proto is going to say. What it cannot say is kept beside it, as remarks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# A value of an option: text in quotes, a word as it is, a list or a message of these.
Value = Any


class Word(str):
    """A word of an option that has no quotes: true, an enum's value, a number."""

    __slots__ = ()


def word(value: bool | float) -> Word:
    """A truth value or a number as protobuf's text format has it."""
    return Word(str(value).lower() if isinstance(value, bool) else repr(value))


@dataclass(frozen=True, slots=True)
class EnumDraft:
    """An enum: its name, and the names of its values by what the database has, numbered from 1 in this order."""

    name: str
    values: dict[str, str]


@dataclass(slots=True)
class FieldDraft:
    """A field of a component, made of `column`.

    `type` is as the .proto spells it. `options` are those of toolcrib.options.v1, `rules` those of buf.validate for
    the type. `remarks` say what the column had that the field has not.
    """

    column: str
    name: str
    number: int
    type: str
    optional: bool = False
    repeated: bool = False
    required: bool = False
    comment: str = ""
    options: dict[str, Value] = field(default_factory=dict)
    rules: dict[str, Value] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    enum: EnumDraft | None = None
    # Of times PostgreSQL has more than Python: "infinity", years before Christ, months of no fixed length.
    is_time: bool = False

    @property
    def is_document(self) -> bool:
        """Whether Toolcrib keeps it as JSON, which is in no key and no index."""
        return self.repeated or self.type == JSON

    @property
    def has_presence(self) -> bool:
        """Whether its type can be unset by itself."""
        return self.type in MESSAGES


TIMESTAMP = "google.protobuf.Timestamp"
DURATION = "google.protobuf.Duration"
JSON = "google.protobuf.Value"
# The files that declare them.
MESSAGES = {
    TIMESTAMP: "google/protobuf/timestamp.proto",
    DURATION: "google/protobuf/duration.proto",
    JSON: "google/protobuf/struct.proto",
}


@dataclass(slots=True)
class ComponentDraft:
    """A component made of `table`. `left_out` are columns that no field holds, with why."""

    table: str
    package: str
    name: str
    comment: str = ""
    options: dict[str, Value] = field(default_factory=dict)
    fields: list[FieldDraft] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    # The columns of the key, in its order; empty where the table has none, and its rows are numbered.
    key: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """The message's name with its package."""
        return f"{self.package}.{self.name}"

    def by_column(self, column: str | None) -> FieldDraft | None:
        """The field that holds a column, if any."""
        return next((one for one in self.fields if one.column == column), None)

    def all_remarks(self) -> list[str]:
        """What its .proto cannot say, for the terminal."""
        columns = [f"{name}: {reason}" for name, reason in self.left_out.items()]
        return [*self.remarks, *columns, *(f"{one.column}: {text}" for one in self.fields for text in one.remarks)]
