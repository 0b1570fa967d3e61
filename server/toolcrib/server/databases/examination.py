"""What `doctor` asks of every kind of database: whether it is Toolcrib's, of this version, and may be served."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from toolcrib.server.databases.backend import Finding, Stored
from toolcrib.server.migration.marker import marker_in
from toolcrib.server.system_tables import LAYOUT_NAME, LAYOUT_VERSION, MIGRATION_MARK

_META = "SELECT value FROM toolcrib_meta WHERE name = ?"
_NEWEST = "SELECT coalesce(max(revision), 0) FROM toolcrib_transaction"


def settled(stored: Stored, place: str, named: str, tables: Collection[str]) -> Finding | None:
    """What there is to say of the database at `place` by its `tables` and what it says of itself.

    `named` is the place with what stands there. None where it is one of this version that may be served.
    """
    if not tables:
        return Finding(f"{named} is empty and will be filled by the first start")
    if "toolcrib_meta" not in tables:
        found = f"{place} belongs to another application (it has the table {min(tables)})"
        return Finding(found, "name another one with --database")
    layout = stored.first(_META, [LAYOUT_NAME])
    if layout is not None and int(layout[0]) > LAYOUT_VERSION:
        return Finding(f"{place} was written by a newer Toolcrib", "install that version, or a newer one")
    if "toolcrib_transaction" not in tables:
        return Finding(f"{named} was begun by a start that did not come to its end; the next one will")
    mark = stored.first(_META, [MIGRATION_MARK])
    marker = None if mark is None else marker_in(mark[0])
    if marker is not None and not marker.is_finished:
        return Finding(f"{place} is {marker.unfinished}", marker.remedy(place))
    return None


def sound(stored: Stored, named: str) -> str:
    """That it is sound, and how far it has come."""
    (revision,) = required(stored, _NEWEST)
    return f"{named} is sound, revision {revision}"


def required(stored: Stored, sql: str) -> Sequence[Any]:
    """The row of a SELECT that always has one."""
    row = stored.first(sql)
    assert row is not None  # an aggregate, or values
    return row
