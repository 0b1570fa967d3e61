"""Constraints between records, as the generator wrote them down."""

from __future__ import annotations

from typing import NamedTuple


class Unique(NamedTuple):
    """No two records have the same values in all of `fields`; with `live_only`, no two that are not deleted.

    Records in which one of the fields is unset do not collide. `name` is that of the index or constraint.
    """

    name: str
    fields: tuple[str, ...]
    live_only: bool = False
