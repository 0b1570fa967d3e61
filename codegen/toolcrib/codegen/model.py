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
    UINT64 = "uint64"
    FLOAT = "float"
    DOUBLE = "double"
    STRING = "string"
    BYTES = "bytes"
    ENUM = "enum"
    TIMESTAMP = "google.protobuf.Timestamp"
    DURATION = "google.protobuf.Duration"
    MESSAGE = "message"

    @property
    def is_message(self) -> bool:
        """Whether protobuf holds such values as messages, which can be absent."""
        return self in (Kind.TIMESTAMP, Kind.DURATION, Kind.MESSAGE)


@unique
class Cardinality(Enum):
    """How many values a field holds."""

    SINGLE = "single"
    REPEATED = "repeated"
    MAP = "map"


# A field's value at create where it is unset.
Default = bool | int | float | str


@unique
class KeyAllocation(Enum):
    """Who gives a new record its key."""

    SEQUENCE = "sequence"
    UUID7 = "uuid7"
    CLIENT = "client"


@unique
class OnDelete(Enum):
    """What becomes of a record when the one that it refers to is deleted."""

    RESTRICT = "restrict"
    CASCADE = "cascade"
    SET_NULL = "set_null"


@unique
class History(Enum):
    """What is kept of how records were."""

    NONE = "none"
    CHANGES = "changes"
    VERSIONS = "versions"


@dataclass(frozen=True, slots=True)
class Reference:
    """The component, by its full name, whose records a field holds the keys of."""

    component: str
    on_delete: OnDelete


@dataclass(frozen=True, slots=True)
class Relation:
    """A field that shows records of `component`, by its full name, which references lead to. It is not stored.

    A relation that is not `plural` is `by` a field of its own component; a plural one by a field of the other, or of
    the link component `through` which it leads, whose field `to` then refers to the other.
    """

    name: str
    number: int
    component: str
    plural: bool
    by: str
    through: str
    to: str
    comment: str


@dataclass(frozen=True, slots=True)
class EnumValue:
    """One name of an enum; several may share a number."""

    name: str
    number: int
    comment: str


@dataclass(frozen=True, slots=True)
class MessageName:
    """What a message is called: `path` holds its name after those of the messages around it, `file` declares it."""

    full_name: str
    path: tuple[str, ...]
    file: str


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
    """A field of a component, or of a message inside one.

    `type` is its spelling in the .proto ("sint64", "plant.recipes.v1.Coolant"), of a map that of its values. `optional`
    says that it can be unset, as `optional` fields, members of a oneof and single messages can. Of a repeated field or
    a map `kind` is that of one value, and `map_key` that of the keys. `wrapped` values are messages around a scalar,
    as google.protobuf.DoubleValue is: `kind` is the scalar's. `message` is the type of values of kind MESSAGE;
    `oneof` names the oneof that the field is a member of. `default` is what it is given at create where it is unset, an
    enum's as its number; `backfill` is what records are given that were there before the field.
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
    cardinality: Cardinality = Cardinality.SINGLE
    map_key: Kind | None = None
    wrapped: bool = False
    message: MessageName | None = None
    oneof: str = ""
    immutable: bool = False
    output_only: bool = False
    history_excluded: bool = False
    default: Default | None = None
    reference: Reference | None = None
    renamed_from: str = ""
    backfill: Default | None = None

    @property
    def is_document(self) -> bool:
        """Whether a column holds it as JSON, having no SQL type for it."""
        return self.cardinality is not Cardinality.SINGLE or self.kind is Kind.MESSAGE


@dataclass(frozen=True, slots=True)
class MessageType:
    """A message inside a component, or inside one of these."""

    name: MessageName
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class IndexColumn:
    """A field in an index."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """An index of a component's table; `live_only` leaves deleted records out of it.

    Of a multi-tenant component it is by tenant first, or where it is `of_all_tenants` last.
    """

    name: str
    columns: tuple[IndexColumn, ...]
    unique: bool = False
    live_only: bool = False
    of_all_tenants: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of its fields, in their order."""
        return tuple(column.field for column in self.columns)


@dataclass(frozen=True, slots=True)
class Component:
    """A message that gets a service, a table and clients.

    `singular` and `plural` are the names under which requests and answers hold its records (recipe, recipes);
    `plural_name` stands in the names of methods (Recipes). `messages` are all types that its fields are made of, and
    theirs, each once. `relations` are fields too, but hold nothing of the record itself.
    """

    name: str
    plural_name: str
    singular: str
    plural: str
    package: str
    file: str
    comment: str
    fields: tuple[Field, ...]
    messages: tuple[MessageType, ...]
    key: tuple[Field, ...]
    key_allocation: KeyAllocation
    table: str
    soft_delete: bool
    max_records: int
    indexes: tuple[Index, ...] = ()
    relations: tuple[Relation, ...] = ()
    history: History = History.CHANGES
    reason_required: bool = False
    audit_refusals: bool = False
    audit_direct_writes: bool = False
    multi_tenant: bool = False
    renamed_from: str = ""

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
        """The fields that callers, or hooks where they are output only, write."""
        return tuple(field for field in self.fields if not field.standard and field not in self.key)

    @property
    def excluded_fields(self) -> tuple[Field, ...]:
        """The fields that a change of makes no version."""
        return tuple(field for field in self.fields if field.history_excluded)

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
