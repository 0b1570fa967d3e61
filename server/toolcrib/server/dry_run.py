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
        messages = value if isinstance(value, list) else [value]
        clear_what_a_commit_gives([each for each in messages if each is not None], component, transaction)
        return value

    return run


def clear_what_a_commit_gives(messages: list[Any], component: Component[Any, Any], transaction: Transaction) -> None:
    """Clears the etag of what would change, and the key that the server would give to what is new."""
    new_keys = {
        change.key
        for change in transaction.changes
        if change.operation is Operation.CREATE and change.component is component
    }
    new_etag, has_etag = etag_of(transaction.revision), "etag" in component.standard_fields
    for message in messages:
        # A record that the write leaves as it is keeps its etag, which so says that nothing would change.
        if has_etag and message.etag == new_etag:
            message.ClearField("etag")
        if component.key_allocation is not KeyAllocation.CLIENT and component.key_of(message) in new_keys:
            message.ClearField(component.key_fields[0])
