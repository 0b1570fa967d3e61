"""What references forbid: to refer to a record that is not there, and to delete one that is referred to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from toolcrib.server.changes import Change, Operation
from toolcrib.server.component import key_text
from toolcrib.server.errors import Blocker, RecordInUse, ReferenceNotFound
from toolcrib.server.links import Link
from toolcrib.server.requests import Key
from toolcrib.server.transaction import Transaction

# How many of the records in the way are counted, and how many are named.
_COUNTED, _NAMED = 100, 3


def require_targets(
    transaction: Transaction, links: Iterable[Link], operation: Operation, changes: Sequence[Change[Any]]
) -> None:
    """Raises ReferenceNotFound, placed at its index, where a record would refer to one that is not there or is deleted.

    A batch may refer to records that it creates itself, by earlier items or the same.
    """
    for link in links:
        values = [_new_value(link, operation, change) for change in changes]
        wanted = {value for value in values if value is not None}
        if not wanted:
            continue
        known = link.live_targets(transaction.session, wanted)
        own = link.source is link.target and operation is not Operation.UPDATE
        for value, change in zip(values, changes, strict=True):
            if own:
                known.add(change.key[0])
            if value is not None and value not in known:
                raise _not_found(transaction, link, value).at(change.index)


def require_unreferenced(transaction: Transaction, links: Iterable[Link], indexes: Mapping[Key, int]) -> None:
    """Raises RecordInUse, placed at its index, where live records still refer to one of those that are to be deleted.

    `indexes` has the keys of these and their places in the batch. Those that are on their way out too do not count.
    """
    blockers: dict[Key, list[Blocker]] = {}
    component = ""
    for link in links:
        component, source = link.target.component.name, link.source.component.name
        leaving = sum(1 for name, _ in transaction.deleting if name == source)
        in_the_way: dict[Key, list[Key]] = {}
        values = [key[0] for key in indexes]
        for value, key in link.referrers(transaction.session, values, leaving + _COUNTED + 1):
            if not key or (source, key) not in transaction.deleting:
                in_the_way.setdefault((value,), []).append(key)
        for target, keys in in_the_way.items():
            blockers.setdefault(target, []).append(Blocker(source, link.reference.field, _described(link, keys)))
    if blockers:
        first = min(blockers, key=lambda key: indexes[key])
        raise RecordInUse(component, key_text(first), blockers[first]).at(indexes[first])


def _new_value(link: Link, operation: Operation, change: Change[Any]) -> int | str | None:
    """The key that a change refers to anew; what it referred to before is there."""
    value = link.value(change.after_message)
    if operation is Operation.UPDATE and value == link.value(change.before_message):
        return None
    return value


def _not_found(transaction: Transaction, link: Link, value: int | str) -> ReferenceNotFound:
    target = link.target
    is_there = transaction.session.fetch_one(target.statements.get, [value]) is not None
    return ReferenceNotFound(target.component.name, key_text((value,)), link.reference.field, is_deleted=is_there)


def _described(link: Link, keys: Sequence[Key]) -> str:
    own = [key for key in keys if key]
    if len(own) < len(keys):
        # Neither which nor how many.
        others = f"records of other tenants refer to it in {link.reference.field}"
        return f"{_described(link, own)}; and {others}" if own else others
    count = str(len(keys)) if len(keys) <= _COUNTED else f"more than {_COUNTED}"
    records = "record refers" if len(keys) == 1 else "records refer"
    named = ", ".join(map(key_text, keys[:_NAMED])) + (", …" if len(keys) > _NAMED else "")
    return f"{count} {records} to it in {link.reference.field}: {named}"
