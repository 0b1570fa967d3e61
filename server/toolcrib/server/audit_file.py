"""Reads the audit of a database file without a server, read-only, row after row.

Values are taken as they are stored, whatever somebody has made of them: text that is no UTF-8, numbers that are text.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from heapq import merge
from pathlib import Path
from typing import Any

from sqlalchemy import Dialect

from toolcrib.server.chain_rows import ChainRow, Link, Segment, place_of
from toolcrib.server.component import Component
from toolcrib.server.database import Database
from toolcrib.server.errors import StartError
from toolcrib.server.record_check import RecordCheck
from toolcrib.server.system_tables import LAYOUT_VERSION, REVISION_SEQUENCE

# Behind all revisions: where rows are read whose revision is no number.
_NOWHERE = 2**63

# The columns that are hashed, in their order (`chain.py`), and the hash.
_TRANSACTIONS = (
    "SELECT revision, commit_time, actor, actor_source, reason, method, peer, request_id, refusal, refused_calls, "
    "entry_count, hash FROM toolcrib_transaction ORDER BY revision"
)
_ENTRIES = (
    "SELECT revision, ordinal, component, record_key, operation, before_image, after_image, hash "
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

    def __init__(self, connection: sqlite3.Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def last_revision(self) -> int | None:
        """The newest revision, as the counter says; None where somebody has made no number of it."""
        row = self._connection.execute(_SEQUENCE, (REVISION_SEQUENCE,)).fetchone()
        return row[0] if row is not None and type(row[0]) is int else None

    def records(self, component: Component[Any, Any]) -> RecordCheck:
        """Compares the records of a component with what the audit says of them."""
        return RecordCheck(self._connection, component, self._names(component.name), self._dialect)

    def _names(self, component: str) -> list[str]:
        """The names of a component in the audit: its own, and those that it had before."""
        row = self._connection.execute(_COMPONENTS).fetchone()
        shapes = json.loads(row[0]) if row is not None else []
        return [component, *(name for shape in shapes if shape["name"] == component for name in shape["formerly"])]

    def rows(self) -> Iterator[Link]:
        """All rows in the order of the chain, each transaction before its entries, and what pruned ones have left."""
        return merge(self._transactions(), self._entries(), self._segments(), key=place_of)

    def _transactions(self) -> Iterator[ChainRow]:
        for *values, stored in self._connection.execute(_TRANSACTIONS):
            yield ChainRow(_number(values[0]), None, values, stored)

    def _entries(self) -> Iterator[ChainRow]:
        for *values, stored in self._connection.execute(_ENTRIES):
            yield ChainRow(_number(values[0]), _number(values[1]), values, stored)

    def _segments(self) -> Iterator[Segment]:
        for *numbers, last_time, previous_hash, stored in self._connection.execute(_SEGMENTS):
            yield Segment._make([*map(_number, numbers), last_time, previous_hash, stored])


@contextmanager
def audit_file(url: str) -> Iterator[AuditFile]:
    """The audit of the database at `url`, while a server may go on writing to it.

    Raises StartError where it is no database of Toolcrib, or of another layout, or damaged.
    """
    database = Database(url, busy_timeout_s=0)
    path = database.path
    if not path.is_file():
        raise StartError(f"{path} is no file; name the database with --database")
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)) as connection:
            connection.text_factory = _text
            connection.execute("BEGIN")
            _require_layout(path, connection)
            yield AuditFile(connection, database.engine.dialect)
    except sqlite3.DatabaseError as error:
        raise StartError(f"{path} cannot be read: {error}; restore it from a backup") from error


def _require_layout(path: Path, connection: sqlite3.Connection) -> None:
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'toolcrib_meta'").fetchone()
    stored = connection.execute(_META, ("layout_version",)).fetchone() if known else None
    layout = int(stored[0]) if stored else 0
    if layout != LAYOUT_VERSION:
        what = f"is of layout {layout}" if layout else "is no database of Toolcrib"
        remedy = "serve it once, which brings it up to this one" if layout else "name another with --database"
        raise StartError(f"{path} {what}, and this Toolcrib reads layout {LAYOUT_VERSION}; {remedy}")


def _number(value: Any) -> int:
    return value if type(value) is int else _NOWHERE


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
