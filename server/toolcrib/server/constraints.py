"""Constraints and relations between records, as the generator wrote them down."""

from __future__ import annotations

from enum import Enum, unique
from typing import NamedTuple


class Unique(NamedTuple):
    """No two records have the same values in all of `fields`; with `live_only`, no two that are not deleted.

    Records in which one of the fields is unset do not collide. `name` is that of the index or constraint.
    """

    name: str
    fields: tuple[str, ...]
    live_only: bool = False


@unique
class OnDelete(Enum):
    """What becomes of the records that refer to one that is deleted."""

    RESTRICT = "restrict"  # while there are any, it cannot be deleted
    CASCADE = "cascade"  # they are deleted too
    SET_NULL = "set_null"  # their reference is unset


@unique
class History(Enum):
    """What is kept of how records were."""

    NONE = "none"  # nothing, the audit trail's images neither
    CHANGES = "changes"  # the images before and after each change
    VERSIONS = "versions"  # also each version as a row


class Reference(NamedTuple):
    """`field` holds the key of a live record of `component`; where it is `optional` it may be unset instead."""

    field: str
    component: str
    on_delete: OnDelete
    optional: bool = False


class Relation(NamedTuple):
    """The field `name` shows the records of `component` that references lead to.

    One record by the field `by` of the relation's own component; where it is `plural`, many by that field of the other
    one, or of the link component `through` which it leads, whose field `to` refers to the other.
    """

    name: str
    component: str
    by: str
    plural: bool
    through: str = ""
    to: str = ""
