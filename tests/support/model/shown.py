"""What reads have to show, by the states that the model has: records as they were, with what is related to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from support.model.kinds import KINDS, Key, Kind, copy_of
from support.model.world import Kept, State, World, owned
from toolcrib.audit.v1.audit_pb2 import Operation

# What is included, and of it in turn. Jobs keep no versions.
CELL_THEN: dict[str, Any] = {"part_of": {}, "cells": {"arms": {}}, "arms": {}}
CELL_NOW = {**CELL_THEN, "jobs": {}}
TREES: dict[str, Any] = {"Cell": CELL_THEN, "Arm": {"place": {}}, "Job": {}}
NOW: dict[str, Any] = {**TREES, "Cell": CELL_NOW}
# The relations: of one record by one of its fields, and of many by one of theirs.
_ONE = {"part_of": ("Cell", "whole"), "place": ("Cell", "cell")}
_MANY = {"cells": ("Cell", "whole"), "arms": ("Arm", "cell"), "jobs": ("Job", "cell")}

Holds = Callable[[World, Any], bool]
FILTERS: dict[str, dict[str, Holds]] = {
    "Cell": {
        "size > 1": lambda world, cell: cell.size > 1,
        'name = "a" OR visits = 2': lambda world, cell: cell.name == "a" or cell.visits == 2,
        "part_of.size > 1": lambda world, cell: any(whole.size > 1 for whole in _related(world, cell, "part_of")),
        "arms.reach > 1": lambda world, cell: any(arm.reach > 1 for arm in _related(world, cell, "arms")),
        "NOT cells:*": lambda world, cell: not _related(world, cell, "cells"),
    },
    "Arm": {
        "place.part_of.size > 1": lambda world, arm: any(
            whole.size > 1 for place in _related(world, arm, "place") for whole in _related(world, place, "part_of")
        ),
        "twin = null": lambda world, arm: not arm.HasField("twin"),
    },
    "Job": {'text = "x"': lambda world, job: job.text == "x"},
}


def include(tree: Any) -> FieldMask:
    """The relations of a tree as paths."""
    return FieldMask(paths=_paths(tree))


def as_of(past: Sequence[State], revision: int) -> World:
    """All records as their versions of then were when they ended: excluded fields go on within a version."""
    world: World = {}
    for node in past[revision].world:
        last = revision
        while last + 1 < len(past) and node not in past[last + 1].begun:
            last += 1
        world[node] = past[last].world[node]
    return world


def versions(past: Sequence[State], kind: Kind, key: Key) -> list[Any]:
    """What is told of each version of a record, oldest first: the revision, the operation, who, why, how and when, the
    record before and after, the fields that differ, and the revisions of the versions before and behind.
    """
    node, found = (kind.name, key), []
    for revision in range(1, len(past)):
        before, after = (past[at].world.get(node) for at in (revision - 1, revision))
        operation = _amounts_to(kind, before, after)
        if operation:
            one, other = (None if kept is None else kept.message for kept in (before, after))
            transaction = past[revision].transaction
            facts = (transaction.actor, transaction.reason, transaction.method, transaction.commit_time)
            found.append([revision, operation, facts, one, other, kind.differing(one, other, kind.fields)])
    at = [0, *(version[0] for version in found), 0]
    return [[*version, at[place], at[place + 2]] for place, version in enumerate(found)]


def _amounts_to(kind: Kind, before: Kept | None, after: Kept | None) -> int:
    """What one commit did to a record, all in all; 0 is nothing."""
    was_live, is_live = (kept is not None and not kept.deleted for kept in (before, after))
    if before is not None and after is not None and was_live and is_live:
        is_same = kind.told(before.message) == kind.told(after.message)
        return 0 if is_same else Operation.OPERATION_UPDATE
    if is_live:
        return Operation.OPERATION_CREATE if before is None else Operation.OPERATION_UNDELETE
    # Also what was created and deleted at once, but is there to be undeleted.
    is_gone = was_live or (before is None and after is not None)
    return Operation.OPERATION_DELETE if is_gone else 0


def listed(kind: Kind, world: World, tree: Any, *, show_deleted: bool = False) -> list[Any]:
    """All records of a component in their order, with what is related to them."""
    keys = sorted(
        key for (name, key), kept in world.items() if name == kind.name and (show_deleted or not kept.deleted)
    )
    return [shown(world, world[kind.name, key].message, tree, show_deleted=show_deleted) for key in keys]


def shown(world: World, message: Any, tree: Any, *, show_deleted: bool = False) -> Any:
    """A record with what is related to it."""
    record = copy_of(message)
    for name, deeper in tree.items():
        related = _related(world, message, name, show_deleted=show_deleted)
        inner = [shown(world, one, deeper, show_deleted=show_deleted) for one in related]
        if name in _MANY:
            getattr(record, name).extend(inner)
        elif inner:
            getattr(record, name).CopyFrom(inner[0])
    return record


def _related(world: World, message: Any, name: str, *, show_deleted: bool = False) -> list[Any]:
    kind = KINDS[message.DESCRIPTOR.name]
    if name in _MANY:
        source, field = _MANY[name]
        keys = owned(world, (kind.name, kind.key_of(message)), source, field, show_deleted=show_deleted)
        return [world[source, key].message for key in keys]
    target, field = _ONE[name]
    value = kind.value(message, field)
    kept = None if value is None else world.get((target, value))
    return [] if kept is None or (kept.deleted and not show_deleted) else [kept.message]


def keys_of(past: Sequence[State], kind: Kind) -> list[Key]:
    """The keys of all records that there ever were."""
    return sorted({key for state in past for name, key in state.world if name == kind.name})


def _paths(tree: Any) -> list[str]:
    return [f"{name}.{path}" if path else name for name, deeper in tree.items() for path in _paths(deeper) or [""]]
