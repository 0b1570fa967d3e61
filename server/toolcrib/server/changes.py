"""A change of one record on its way through the hooks to the database, and the commit it becomes part of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from google.protobuf.message import Message

from toolcrib.server.requests import Key

if TYPE_CHECKING:
    from toolcrib.server.component import Component
    from toolcrib.server.record import Record
    from toolcrib.server.repository import Repository
    from toolcrib.server.transaction import Transaction

RecordT = TypeVar("RecordT", bound="Record[Any]")
RepositoryT = TypeVar("RepositoryT", bound="Repository[Any, Any]")


class Operation(IntEnum):
    """What happens to a record. The numbers are those of toolcrib.audit.v1.Operation."""

    CREATE = 1
    UPDATE = 2
    DELETE = 3
    UNDELETE = 4


# What the audit says of a call that was refused, and of entries or versions that were let go of: no operations, as
# nothing happens to a record. All that are less are.
REFUSED = 5
PRUNED = 6

# Fields that differ with every write and say nothing about what somebody wanted to change.
OF_THE_SERVER = frozenset({"create_time", "update_time", "etag"})


class Change(Generic[RecordT]):
    """One record's change, as hooks see it.

    A before hook may alter `after`, or assign another record to it; what it leaves there is validated and written.
    After a hard delete there is no `after`, before a create no `before`: reading them raises LookupError.
    """

    __slots__ = (
        "_after",
        "_before",
        "after_message",
        "before_message",
        "component",
        "done",
        "index",
        "key",
        "operation",
        "transaction",
    )

    def __init__(
        self,
        transaction: Transaction,
        component: Component[Any, RecordT],
        operation: Operation,
        key: Key,
        before: Message | None,
        after: Message | None,
        *,
        index: int = 0,
    ) -> None:
        self.transaction = transaction
        self.index = index
        self.component = component
        self.operation = operation
        self.key = key
        self.before_message = before
        self.after_message = after
        # Whether the innermost step was reached: the change is written, or turned out to change nothing.
        self.done = False
        self._before: RecordT | None = None
        self._after: RecordT | None = None

    @property
    def before(self) -> RecordT:
        """The record as it was."""
        if self.before_message is None:
            raise LookupError(f"a {self.operation.name.lower()} has no record before it")
        if self._before is None:
            self._before = self.component.record.from_message(self.before_message)
        return self._before

    @property
    def after(self) -> RecordT:
        """The record as it will be."""
        if self.after_message is None:
            raise LookupError(f"a {self.operation.name.lower()} leaves no record")
        if self._after is None:
            self._after = self.component.record.from_message(self.after_message)
        return self._after

    @after.setter
    def after(self, record: RecordT) -> None:
        if self.after_message is None:
            raise LookupError(f"a {self.operation.name.lower()} leaves no record")
        self._after = record

    def changes_nothing(self) -> bool:
        """Whether both sides are the same to the bit: protobuf's own comparison takes -0.0 for 0.0, and NaN for new."""
        before, after = self.before_message, self.after_message
        if before is None or after is None:
            return before is after
        return before.SerializeToString(deterministic=True) == after.SerializeToString(deterministic=True)

    @property
    def actor(self) -> str:
        """Who does it."""
        return self.transaction.call.caller.actor

    @property
    def tenant(self) -> str:
        """For whom; empty where the call has no tenant."""
        return self.transaction.tenant

    @property
    def reason(self) -> str:
        """Why, if the caller said so."""
        return self.transaction.call.caller.reason

    @property
    def metadata(self) -> Mapping[str, str]:
        """The call's metadata, keys in lower case, binary ones left out."""
        return self.transaction.call.caller.metadata

    @property
    def time(self) -> datetime:
        """The commit's time, UTC."""
        return self.transaction.time

    @property
    def dry_run(self) -> bool:
        """Whether all of it will be undone (validate_only): hooks then leave out what they do beyond the database."""
        return self.transaction.is_dry_run

    def repository(self, kind: type[RepositoryT]) -> RepositoryT:
        """A component's repository in this transaction: what it writes stands or falls with this change."""
        return self.transaction.repository(kind)

    def altered_message(self) -> Message | None:
        """What hooks made of `after`, as a message, or None where they have not looked at it."""
        return None if self._after is None else self._after.to_message()

    def outcome(self) -> Any:
        """The message that a caller is answered: what is left, or what was where nothing is."""
        return self.before_message if self.after_message is None else self.after_message

    def settle(self, message: Message | None) -> None:
        """Makes `message` what is written, and what `after` shows from now on."""
        self.after_message = message
        self._after = None


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that is durable, as after-commit listeners see it.

    `revision` is its place in the order of all commits, `time` is UTC, `tenant` is empty where the call had none.
    """

    revision: int
    time: datetime
    actor: str
    tenant: str
    reason: str
    method: str
    changes: tuple[Change[Any], ...]
