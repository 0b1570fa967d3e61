"""Runs changes through their hooks and turns what hooks raise into refusals that a caller understands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pydantic
from google.protobuf.message import Message

from toolcrib.server import masks
from toolcrib.server.changes import Change, Operation
from toolcrib.server.errors import InvalidRequest, StoreError, Violation
from toolcrib.server.hooks import Step
from toolcrib.server.release import already_gone
from toolcrib.server.row_writer import RowWriter
from toolcrib.server.store import Stored
from toolcrib.server.validation import require_valid
from toolcrib.server.writing import require_unchanged

_REASON = "CHANGE_REFUSED"


class HookRunner:
    """The chain of one component in one transaction."""

    __slots__ = ("_stored", "_writer")

    def __init__(self, stored: Stored, writer: RowWriter) -> None:
        self._stored = stored
        self._writer = writer

    def run(self, operation: Operation, changes: list[Change[Any]]) -> None:
        """Runs `changes`, all of `operation`: one by one behind hooks, together where there are none."""
        chain = self._stored.chains.get(operation)
        if chain is None:
            self._writer.write(operation, changes)
            return
        for change in changes:
            if operation is Operation.DELETE and len(changes) > 1 and already_gone(self._stored, change):
                continue
            try:
                with change.transaction.within_hooks():
                    _run_chain(chain, change)
            except StoreError as error:
                raise error.at(change.index) from error.__cause__

    def write_settled(self, change: Change[Any]) -> None:
        """The step behind all hooks: checks what they made of the record, and writes it if it changes anything."""
        altered = change.altered_message()
        if altered is not None and change.after_message is not None:
            change.settle(self._checked(change, altered, change.after_message))
        if change.operation is Operation.UPDATE and change.changes_nothing():
            change.done = True
            return
        try:
            self._writer.write(change.operation, [change])
        except ValueError as error:
            # Not a hook's refusal: nothing that was validated may fail like this.
            raise RuntimeError(f"writing {change.component.name} failed") from error

    def _checked(self, change: Change[Any], altered: Message, given: Message) -> Message:
        component = change.component
        if component.key_of(altered) != change.key:
            raise InvalidRequest.field("KEY_IMMUTABLE", component.key_fields[0], "never changes", in_record=True)
        masks.apply(given, altered, component.standard_fields)
        require_unchanged(component, change.before_message, altered)
        if altered != given:
            self._stored.rules.round_times(altered)
            require_valid(self._stored.rules, {None: altered})
        return altered


def _run_chain(chain: Step[Any], change: Change[Any]) -> None:
    try:
        chain(change)
    except pydantic.ValidationError as error:
        raise InvalidRequest(
            _REASON, [Violation(".".join(map(str, e["loc"])), e["msg"], e["type"]) for e in error.errors()]
        ) from error
    except InvalidRequest as error:
        # What has a place already was found in a batch of the hook's own, in another record than the caller's.
        error.violations = [replace(v, in_record=v.in_record and v.index is None, index=None) for v in error.violations]
        raise
    except ValueError as error:
        raise InvalidRequest(_REASON, [Violation("", str(error))]) from error
    if not change.done:
        raise RuntimeError(f"a hook of {change.component.name} neither called the next step nor raised")
