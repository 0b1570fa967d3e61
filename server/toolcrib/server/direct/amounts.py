"""What became of a record by a change of its row, in the operations that the audit has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from google.protobuf.message import Message

from toolcrib.server.changes import Operation
from toolcrib.server.component_statements import DELETE_TIME
from toolcrib.server.record import copy_of


class RecordState(NamedTuple):
    """A record, and whether it is one that is deleted and kept."""

    message: Message
    deleted: bool

    def alive(self) -> Message:
        """The record as it is while it is not deleted."""
        if not self.deleted or DELETE_TIME not in self.message.DESCRIPTOR.fields_by_name:
            return self.message
        message = copy_of(self.message)
        message.ClearField(DELETE_TIME)
        return message


class Amount(NamedTuple):
    """One operation, with the record before and after it."""

    operation: Operation
    before: Message | None
    after: Message | None


def amounts_to(before: RecordState | None, after: RecordState | None) -> Iterator[Amount]:
    """The operations that lead from one state to the other.

    SQL can do in one step what takes two of them: to change a record that is deleted, or let it go for good, it is
    undeleted first.
    """
    now = before and before.message
    if before is None or before.deleted:
        brought = after or before
        assert brought is not None  # a change has one of the two
        operation = Operation.CREATE if before is None else Operation.UNDELETE
        yield Amount(operation, now, brought.alive())
        now = brought.alive()
    elif after is not None and not after.deleted:
        yield Amount(Operation.UPDATE, now, after.message)
    if after is None or after.deleted:
        yield Amount(Operation.DELETE, now, after and after.message)
