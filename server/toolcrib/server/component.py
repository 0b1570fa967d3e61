"""What the generator wrote down about a component, bound together for the base classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message
from sqlalchemy import MetaData, Table

from toolcrib.server.constraints import History, Reference, Relation, Unique
from toolcrib.server.query.fields import Field
from toolcrib.server.record import Record
from toolcrib.server.requests import Key

MessageT = TypeVar("MessageT", bound=Message)
RecordT = TypeVar("RecordT", bound=Record[Any])


class KeyAllocation(Enum):
    """Who gives a new record its key."""

    SEQUENCE = "sequence"  # the server counts up; a number is never given twice
    UUID7 = "uuid7"  # the server makes a UUIDv7
    CLIENT = "client"  # the caller names it


@dataclass(frozen=True, slots=True, kw_only=True)
class Component(Generic[MessageT, RecordT]):
    """A component as the server sees it. Instances are generated, one in each repository module.

    `to_row` gives the values of the declared columns in the table's order; the repository adds those that every table
    ends with: `delete_time` where the component has soft delete, then `toolcrib_revision`. `from_row` takes them all.
    `singular` is the message's name in snake_case, under which its requests hold it. `defaults` are the values of new
    records whose creator leaves these fields unset. A change of `history_excluded` fields alone makes no version.
    `renamed_from` is the name that the component had, `renamed_fields` has those of its fields, and `backfills` the
    values of records that were there before a field was.
    """

    name: str
    singular: str
    message: type[MessageT]
    record: type[RecordT]
    table: Callable[[MetaData], Table]
    to_row: Callable[[MessageT], list[Any]]
    from_row: Callable[[Sequence[Any]], MessageT]
    key_fields: tuple[str, ...]
    key_allocation: KeyAllocation
    data_fields: tuple[str, ...]
    standard_fields: tuple[str, ...]
    unique_fields: tuple[str, ...]
    fields: Sequence[Field]
    soft_delete: bool
    max_records: int
    immutable_fields: Sequence[str] = ()
    output_only_fields: Sequence[str] = ()
    uniques: Sequence[Unique] = ()
    references: Sequence[Reference] = ()
    relations: Sequence[Relation] = ()
    history: History = History.CHANGES
    history_excluded: Sequence[str] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    reason_required: bool = False
    audit_refusals: bool = False
    audit_direct_writes: bool = False
    multi_tenant: bool = False
    renamed_from: str = ""
    renamed_fields: Mapping[str, str] = field(default_factory=dict)
    backfills: Mapping[str, Any] = field(default_factory=dict)

    @property
    def caller_fields(self) -> Sequence[str]:
        """The data fields that callers write; the others are for hooks."""
        if not self.output_only_fields:
            return self.data_fields
        return tuple(name for name in self.data_fields if name not in self.output_only_fields)

    def key_of(self, message: MessageT) -> Key:
        """The values of the key fields of `message`."""
        if len(self.key_fields) == 1:
            return (getattr(message, self.key_fields[0]),)
        return tuple(getattr(message, name) for name in self.key_fields)


def key_text(key: Key) -> str:
    """A record's key as text: one value as it is; several joined by "/", with "/" and "%" inside them escaped."""
    if len(key) == 1:
        return str(key[0])
    return "/".join(str(part).replace("%", "%25").replace("/", "%2F") for part in key)
