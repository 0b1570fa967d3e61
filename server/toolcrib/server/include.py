"""Fills in the relations that a caller asked to `include`: a statement for each relation, not for each record.

Relations are followed level by level: all records of one are read together, for all that lead to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from google.protobuf.message import Message

from toolcrib.server.errors import IncludeTooLarge, InvalidRequest
from toolcrib.server.query.fields import did_you_mean
from toolcrib.server.query.refusals import RELATIONS_MAX
from toolcrib.server.relations import Shown
from toolcrib.server.store import Stored
from toolcrib.server.transaction import ReadTransaction

# The most records that one call includes. What shows more is better listed, page by page.
INCLUDED_MAX = 10_000
# The most relations that one call names.
_PATHS_MAX = 32

# The relations to fill in, and those of the records in them.
Tree: TypeAlias = "dict[str, Tree]"

_FIELD = "include"


def relations_in(stored: Stored, read_mask: Sequence[str], include: Sequence[str]) -> Sequence[str]:
    """The relations that a read asks for: those in `include`, and those that its mask names or goes into."""
    if not (read_mask and stored.relations):
        return include
    masked = [path.partition(".")[0] for path in read_mask]
    return [*include, *(name for name in masked if name in stored.relations)]


def with_included(read_mask: Sequence[str], include: Sequence[str]) -> Sequence[str]:
    """The mask with what is included, unless it says itself which fields of that."""
    narrowed = {path.partition(".")[0] for path in read_mask if "." in path}
    whole = {path.partition(".")[0] for path in include} - narrowed
    deeper = [path for path in include if "." in path and path.partition(".")[0] in narrowed]
    return [*read_mask, *sorted(whole), *deeper]


def parse_include(stored: Stored, paths: Sequence[str]) -> Tree:
    """The relations that `paths` name. Raises InvalidRequest for what is none."""
    if len(paths) > _PATHS_MAX:
        raise _refusal(f"names {len(paths)} relations; at most {_PATHS_MAX} are read")
    tree: Tree = {}
    for path in paths:
        level, at = tree, stored
        names = path.split(".")
        if len(names) > RELATIONS_MAX:
            raise _refusal(f"{path[:80]!r} goes through more than {RELATIONS_MAX} relations")
        for name in names:
            if name not in at.relations:
                raise _unknown(at, name)
            level, at = level.setdefault(name, {}), at.relations[name].target
    return tree


def fill_in(
    transaction: ReadTransaction, stored: Stored, messages: Sequence[Message], tree: Tree, shown: Shown
) -> list[int]:
    """Fills in the relations in `tree` with the records that are `shown`; answers how many each message has.

    A record that several are related to is read once, and counts wherever it is shown. Raises IncludeTooLarge; where
    a component keeps no versions InvalidRequest, or where not those of then RevisionTooOld.
    """
    counts = [0] * len(messages)
    for name, inner in tree.items():
        relation = stored.relations[name]
        keys = [relation.value(message) for message in messages]
        given = {key for key in keys if key is not None}
        found = relation.records(transaction, given, INCLUDED_MAX + 1, shown)
        records = [record for group in found.values() for record in group]
        too_large = IncludeTooLarge(stored.component.name, name, relation.target.component.name, INCLUDED_MAX)
        if len(records) > INCLUDED_MAX:
            raise too_large
        below = iter(fill_in(transaction, relation.target, records, inner, shown))
        sizes = {key: sum(1 + next(below) for _ in group) for key, group in found.items()}
        counts = [count + sizes.get(key, 0) for count, key in zip(counts, keys, strict=True)]
        # Before they are copied: those that many share would be many more.
        if sum(counts) > INCLUDED_MAX:
            raise too_large
        for message, key in zip(messages, keys, strict=True):
            _set(message, name, found.get(key, ()), plural=relation.plural)
    return counts


def _set(message: Message, name: str, records: Sequence[Message], *, plural: bool) -> None:
    field: Any = getattr(message, name)
    if plural:
        field.extend(records)
    else:
        for record in records:
            field.CopyFrom(record)


def _unknown(stored: Stored, name: str) -> InvalidRequest:
    component = stored.component
    if not stored.relations:
        return _refusal(f"{component.name} has no relations, so {name[:80]!r} is none")
    if name in component.data_fields:
        return _refusal(
            f"{name} is a field of {component.name}, and answered anyway{did_you_mean(name, stored.relations)}"
        )
    return _refusal(f"{component.name} has no relation {name[:80]!r}{did_you_mean(name, stored.relations)}")


def _refusal(description: str) -> InvalidRequest:
    return InvalidRequest.field("INVALID_INCLUDE", _FIELD, description)
