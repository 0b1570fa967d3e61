"""validate_only (AIP-163): everything a write does, rules, keys, constraints and all hooks, and then it is undone.

    as_dry_run(request, …) -> on the lane: the work behind a savepoint -> the answer, without what only a commit gives

No revision, key or request_id is used up, no listener is told, and calls that share the commit notice nothing. What
hooks do beyond the database is theirs to leave out: they see `change.dry_run`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from toolcrib.server.changes import Operation
from toolcrib.server.component import Component, KeyAllocation
from toolcrib.server.exactly_once import require_form
from toolcrib.server.requests import WriteRequest
from toolcrib.server.transaction import Transaction
from toolcrib.server.values import etag_of

T = TypeVar("T")


def as_dry_run(
    request: WriteRequest, component: Component[Any, Any], work: Callable[[Transaction], T]
) -> Callable[[Transaction], T]:
    """`work`, of which nothing stays. Raises InvalidRequest for a request_id that a live write could not have."""
    require_form(request.request_id)

    def run(transaction: Transaction) -> T:
        transaction.begin_dry_run()
        value = work(transaction)
        for message in value if isinstance(value, list) else [value]:
            if message is not None:
                clear_what_a_commit_gives(message, component, transaction)
        return value

    return run


def clear_what_a_commit_gives(message: Any, component: Component[Any, Any], transaction: Transaction) -> None:
    """Clears the etag of what would change, and the key that the server would give to what is new."""
    # A record that the write leaves as it is keeps its etag, which so says that nothing would change.
    if "etag" in component.standard_fields and message.etag == etag_of(transaction.revision):
        message.ClearField("etag")
    if component.key_allocation is not KeyAllocation.CLIENT and any(
        change.operation is Operation.CREATE
        and change.component is component
        and change.key == component.key_of(message)
        for change in transaction.changes
    ):
        message.ClearField(component.key_fields[0])
