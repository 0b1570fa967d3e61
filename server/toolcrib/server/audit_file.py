"""Reads the audit of a database without a server, read-only, row after row, as it is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import merge
from typing import Any

from sqlalchemy import Dialect

from toolcrib.server.chain_rows import ChainRow, Link, Segment, place_of
from toolcrib.server.component import Component
from toolcrib.server.database import Database
from toolcrib.server.databases.backend import Stored
from toolcrib.server.errors import StartError
from toolcrib.server.record_check import RecordCheck
from toolcrib.server.system_tables import LAYOUT_VERSION, REVISION_SEQUENCE

# Behind all revisions: where rows are read whose revision is no number.
_NOWHERE = 2**63

# The columns that are hashed, in their order (`chain.py`), and the hash.
_TRANSACTIONS = (
    "SELECT revision, commit_time, actor, actor_source, reason, method, peer, request_id, refusal, refused_calls, "
    "entry_count, tenant, hash FROM toolcrib_transaction ORDER BY revision"
)
_ENTRIES = (
    "SELECT revision, ordinal, component, record_key, operation, before_image, after_image, tenant, hash "
    "FROM toolcrib_audit ORDER BY revision, ordinal"
)
_SEGMENTS = (
    "SELECT first_revision, first_ordinal, last_revision, last_ordinal, transactions, entries, last_time, "
    "previous_hash, hash FROM toolcrib_segment ORDER BY first_revision, first_ordinal"
)
_META = "SELECT value FROM toolcrib_meta WHERE name = ?"
_COMPONENTS = "SELECT components FROM toolcrib_schema ORDER BY version DESC LIMIT 1"
_SEQUENCE = "SELECT last_value FROM toolcrib_sequence WHERE name = ?"


class AuditFile:
    """The audit of one database, as it is at one moment."""

    def __init__(self, stored: Stored, dialect: Dialect) -> None:
        self._stored = stored
        self._dialect = dialect

    def last_revision(self) -> int | None:
        """The newest revision, as the counter says; None where somebody has made no number of it."""
        row = self._stored.first(_SEQUENCE, (REVISION_SEQUENCE,))
        return row[0] if row is not None and type(row[0]) is int else None

    def records(self, component: Component[Any, Any]) -> RecordCheck:
        """Compares the records of a component with what the audit says of them."""
        return RecordCheck(self._stored, component, self._names(component.name), self._dialect)

    def _names(self, component: str) -> list[str]:
        """The names of a component in the audit: its own, and those that it had before."""
        row = self._stored.first(_COMPONENTS)
        shapes = json.loads(row[0]) if row is not None else []
        return [component, *(name for shape in shapes if shape["name"] == component for name in shape["formerly"])]

    def rows(self) -> Iterator[Link]:
        """All rows in the order of the chain, each transaction before its entries, and what pruned ones have left."""
        return merge(self._transactions(), self._entries(), self._segments(), key=place_of)

    def _transactions(self) -> Iterator[ChainRow]:
        for *values, stored in self._stored.rows(_TRANSACTIONS):
            yield ChainRow(_number(values[0]), None, values, stored)

    def _entries(self) -> Iterator[ChainRow]:
        for *values, stored in self._stored.rows(_ENTRIES):
            yield ChainRow(_number(values[0]), _number(values[1]), values, stored)

    def _segments(self) -> Iterator[Segment]:
        for *numbers, last_time, previous_hash, stored in self._stored.rows(_SEGMENTS):
            yield Segment._make([*map(_number, numbers), last_time, previous_hash, stored])


@contextmanager
def audit_file(url: str) -> Iterator[AuditFile]:
    """The audit of the database at `url`, while a server may go on writing to it.

    Raises StartError where it is no database of Toolcrib, or of another layout, or damaged.
    """
    backend = Database(url).backend
    try:
        with backend.audit() as stored:
            require_layout(backend.place, stored)
            yield AuditFile(stored, backend.engine.dialect)
    finally:
        backend.close()


def require_layout(place: str, stored: Stored) -> None:
    """Raises StartError unless the database at `place` is Toolcrib's, in the layout of this version."""
    known = stored.has_table("toolcrib_meta")
    version = stored.first(_META, ("layout_version",)) if known else None
    layout = int(version[0]) if version else 0
    if layout != LAYOUT_VERSION:
        what = f"is of layout {layout}" if layout else "is no database of Toolcrib"
        remedy = "serve it once, which brings it up to this one" if layout else "name another one"
        raise StartError(f"{place} {what}, and this Toolcrib reads layout {LAYOUT_VERSION}; {remedy}")


def _number(value: Any) -> int:
    return value if type(value) is int else _NOWHERE
