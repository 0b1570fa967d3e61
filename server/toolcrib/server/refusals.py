"""What components say of writes that are refused: they may ask for a reason, and have what they refuse audited.

    as_attempt(call, component, …) -> on the lane: the work, whose refusal is marked -> undone -> written by the lane

A refused call is written behind its undoing, as a transaction of its own with one entry, which is in the chain like any
other. So that a flood of bad calls does not fill the disk, only so many a minute are: the next one that is written says
for how many it stands.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from toolcrib.server.call import Call
from toolcrib.server.changes import Change, Operation
from toolcrib.server.component import Component, KeyAllocation, key_text
from toolcrib.server.errors import ReasonRequired, StoreError
from toolcrib.server.transaction import Transaction

T = TypeVar("T")

_MINUTE_S = 60.0


def require_reason(component: Component[Any, Any], call: Call) -> None:
    """Raises ReasonRequired where the component wants one and the call has none."""
    if component.reason_required and not call.caller.reason:
        raise ReasonRequired(
            f"a change of {component.name} says why: send x-change-reason metadata (or x-change-reason-bin, in UTF-8)",
            metadata={"component": component.name},
        )


def as_attempt(
    call: Call, component: Component[Any, Any], work: Callable[[Transaction], T]
) -> Callable[[Transaction], T]:
    """`work`, whose refusal is audited in `component`; that nobody answers for the call too, or no tenant.

    Raises InvalidRequest where it cannot be found out who calls.
    """
    # Who calls is found out on the event loop.
    has_actor = bool(call.caller.actor)

    def run(transaction: Transaction) -> T:
        try:
            if not has_actor:
                call.require_actor()
            if component.multi_tenant:
                call.require_tenant(component.name)
            return work(transaction)
        except StoreError as error:
            error.audited_in = "" if transaction.is_dry_run else component.name
            error.audited_for = transaction.tenant if component.multi_tenant else ""
            raise

    return run


def name_refused(error: StoreError, changes: Sequence[Change[Any]]) -> None:
    """Lets `error`, which refuses `changes`, say which of them it is about, if they have a key that stays."""
    if not error.record_key:
        refused = next((change for change in changes if change.index == (error.index or 0)), None)
        if refused is not None and _has_lasting_key(refused):
            error.record_key = key_text(refused.key)


class RefusalLimit:
    """Which refused calls are written: as many as `per_minute`, at once or over time."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._clock = clock
        self._room = self._most
        self._seen = clock()
        self._unwritten = 0

    def take(self) -> int:
        """For how many calls the one that is refused now is written, or 0 where it is not."""
        now = self._clock()
        self._room = min(self._most, self._room + (now - self._seen) * self._most / _MINUTE_S)
        self._seen = now
        self._unwritten += 1
        if self._room < 1:
            return 0
        self._room -= 1
        count, self._unwritten = self._unwritten, 0
        return count


def _has_lasting_key(change: Change[Any]) -> bool:
    # A key that the server gave to what it then refused is given again.
    chosen = change.component.key_allocation is KeyAllocation.CLIENT
    return bool(change.key) and (chosen or change.operation is not Operation.CREATE)
