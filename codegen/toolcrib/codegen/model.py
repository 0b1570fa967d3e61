"""The schema as the emitters see it: components and their fields, immutable, in no language's terms.

    descriptors -> this -> emitters

`descriptors.py` builds it from what protoc says, once everything that cannot be served has been refused.
"""

from dataclasses import dataclass
from enum import Enum, unique


@unique
class Kind(Enum):
    """What values a field holds. Several spellings of protobuf share a kind (int64, sint64 and sfixed64 are INT64)."""

    BOOL = "bool"
    INT32 = "int32"
    INT64 = "int64"
    UINT32 = "uint32"
    FLOAT = "float"
    DOUBLE = "double"
    STRING = "string"
    BYTES = "bytes"
    ENUM = "enum"
    TIMESTAMP = "google.protobuf.Timestamp"


@unique
class KeyAllocation(Enum):
    """Who gives a new record its key."""

    SEQUENCE = "sequence"
    UUID7 = "uuid7"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class EnumValue:
    """One name of an enum; several may share a number."""

    name: str
    number: int
    comment: str


@dataclass(frozen=True, slots=True)
class EnumType:
    """An enum that a component's field uses.

    `path` holds its name after those of the messages around it; `file` is the .proto that declares it.
    """

    full_name: str
    path: tuple[str, ...]
    file: str
    comment: str
    values: tuple[EnumValue, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a component.

    `type` is its spelling in the .proto ("sint64", "plant.recipes.v1.Coolant"). `optional` says that it can be unset,
    as `optional` fields and timestamps can.
    """

    name: str
    number: int
    kind: Kind
    type: str
    optional: bool
    comment: str
    unique: bool = False
    standard: bool = False
    enum: EnumType | None = None


@dataclass(frozen=True, slots=True)
class Component:
    """A message that gets a service, a table and clients.

    `singular` and `plural` are the names under which requests and answers hold its records (recipe, recipes);
    `plural_name` stands in the names of methods (Recipes).
    """

    name: str
    plural_name: str
    singular: str
    plural: str
    package: str
    file: str
    comment: str
    fields: tuple[Field, ...]
    key: tuple[Field, ...]
    key_allocation: KeyAllocation
    table: str
    soft_delete: bool
    max_records: int

    @property
    def full_name(self) -> str:
        """The message's name with its package."""
        return f"{self.package}.{self.name}"

    @property
    def service_name(self) -> str:
        """The service's name without its package."""
        return f"{self.name}Service"

    @property
    def service_full_name(self) -> str:
        """The service's name with its package."""
        return f"{self.package}.{self.service_name}"

    @property
    def standard_fields(self) -> tuple[Field, ...]:
        """The declared fields that the server fills in, other than the key."""
        return tuple(field for field in self.fields if field.standard)

    @property
    def data_fields(self) -> tuple[Field, ...]:
        """The fields that callers write."""
        return tuple(field for field in self.fields if not field.standard and field not in self.key)

    @property
    def unique_fields(self) -> tuple[Field, ...]:
        """The fields whose values no two records share, other than the key."""
        return tuple(field for field in self.fields if field.unique)

    @property
    def column_fields(self) -> tuple[Field, ...]:
        """The declared fields that are columns of their own, in the table's order.

        The etag is the revision spelled as text, and delete_time has its fixed place near the end of every table.
        """
        return tuple(field for field in self.fields if field.name not in ("etag", "delete_time"))

    def declares(self, name: str) -> bool:
        """Whether the message has a field of this name."""
        return any(field.name == name for field in self.fields)


@dataclass(frozen=True, slots=True)
class Schema:
    """All components of one folder, and the .proto files that they and what they use are declared in."""

    components: tuple[Component, ...]
    files: tuple[str, ...]
