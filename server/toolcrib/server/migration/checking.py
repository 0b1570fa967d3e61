"""Holds the target to the source: counts, content hashes, and the chain of the audit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

from toolcrib.server.audit_file import AuditFile
from toolcrib.server.chain_check import ChainCheck
from toolcrib.server.databases.backend import Stored
from toolcrib.server.errors import MigrationFailed
from toolcrib.server.migration.copying import Told
from toolcrib.server.migration.merging import merged
from toolcrib.server.migration.sides import Row, Side, SideTable, content

# So many rows are spelled and hashed at once, and told of.
_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Content:
    """How many rows a table has, and the SHA-256 of their values in the order of their keys, in hex."""

    rows: int
    hash: str


def check_rows(source: Side, stored: Stored, target: Side, told: Told) -> dict[str, Content]:
    """What both have, by the name of the table. Raises MigrationFailed with the first row that differs."""
    found = {}
    with target.backend.audit() as moved:
        for ours, theirs in zip(source.tables, target.tables, strict=True):
            rows = ours.count(stored)
            told.begin(f"verifying {ours.name}", 2 * rows)
            found[ours.name] = _content(ours.rows(stored), told)
            if _content(theirs.rows(moved), told) != found[ours.name]:
                raise MigrationFailed(_difference(ours, ours.rows(stored), theirs.rows(moved)))
    return found


def check_chain(side: Side, stored: Stored, told: Told) -> ChainCheck:
    """Follows the chain of what a side has `stored`. Raises MigrationFailed where it is broken."""
    file = AuditFile(stored, side.store.dialect)
    told.begin(f"following the chain of {side.place}", 0)
    check = ChainCheck(last=file.last_revision())
    check.run(file.rows)
    if check.finding is not None:
        raise MigrationFailed(
            f"the audit of {side.place} is not sound, and is not moved before that is cleared up: {check.finding}; see "
            "`toolcrib audit verify`"
        )
    return check


def _content(rows: Iterator[Row], told: Told) -> Content:
    count, hashed = 0, sha256()
    while batch := [content(row) for row in islice(rows, _ROWS_AT_ONCE)]:
        count += len(batch)
        # Whatever is no UTF-8 is spelled as an escape.
        hashed.update("\n".join(batch).encode())
        hashed.update(b"\n")
        told.advance(len(batch))
    return Content(count, hashed.hexdigest())


def _difference(table: SideTable, source: Iterator[Row], target: Iterator[Row]) -> str:
    for ours, theirs in merged(source, target, table.key_of):
        row = ours or theirs
        if row is not None and (ours is None or theirs is None or content(ours) != content(theirs)):
            key = "/".join(map(str, table.key_of(row)))
            what = "is missing" if theirs is None else "is not there in the source" if ours is None else "is altered"
            return f"{table.name}: the row with the key {key} {what} in the copy; run the same again, which mends it"
    return f"{table.name}: the copy is not what was read before; somebody writes to it: stop them and run this again"
