"""A row of the chain as a line of JSON: with its values, or where it is not shown with their digest. And back.

Rows that were pruned are one line for each segment of them.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, NamedTuple, Self

from toolcrib.server.chain_rows import ChainRow, Link, Segment, digest_of
from toolcrib.server.errors import EvidenceError

_KINDS = ("transaction", "entry")
_SEGMENT = "segment"
# So many columns of a segment are numbers; they come first.
_NUMBERS = 6
# Only where there is one: lines of others are as they were before there were tenants.
_TENANT = "tenant"
_IMAGES = ("before_image", "after_image")


class Transaction(NamedTuple):
    """The values of a transaction that are hashed, in their order."""

    revision: int
    commit_time: str
    actor: str
    actor_source: int
    reason: str
    method: str
    peer: str
    request_id: str
    refusal: str
    refused_calls: int
    entry_count: int
    tenant: str = ""

    @classmethod
    def of(cls, row: ChainRow) -> Self:
        """Those of a row that has them."""
        return cls(*(row.values or ()))


class Entry(NamedTuple):
    """The values of an entry that are hashed, in their order."""

    revision: int
    ordinal: int
    component: str
    record_key: str
    operation: int
    before_image: bytes | None
    after_image: bytes | None
    tenant: str = ""

    @classmethod
    def of(cls, row: ChainRow) -> Self:
        """Those of a row that has them."""
        return cls(*(row.values or ()))


def to_line(row: ChainRow, *, is_shown: bool) -> str:
    """The line of a row that has its values."""
    fields: dict[str, Any] = {"kind": _KINDS[not row.is_transaction]}
    if is_shown:
        values = Transaction.of(row) if row.is_transaction else Entry.of(row)
        fields |= {name: _to_json(value) for name, value in values._asdict().items() if name != _TENANT or value}
    else:
        place = {"revision": row.revision} if row.is_transaction else {"revision": row.revision, "ordinal": row.ordinal}
        fields |= {**place, "digest": (digest_of(row) or b"").hex()}
    return json.dumps({**fields, "hash": row.hash.hex()}, separators=(",", ":"))


def segment_line(segment: Segment) -> str:
    """The line of rows that are gone."""
    fields = {name: value.hex() if isinstance(value, bytes) else value for name, value in segment._asdict().items()}
    return json.dumps({"kind": _SEGMENT, **fields}, separators=(",", ":"))


def from_line(line: str) -> Link:
    """What a line has, which may hold anything. Raises EvidenceError where it is no row, and no segment."""
    try:
        fields = json.loads(line)
        if fields["kind"] == _SEGMENT:
            return _segment(fields)
        is_transaction = not _KINDS.index(fields.pop("kind"))
        stored = bytes.fromhex(fields.pop("hash"))
        revision, ordinal = _number(fields["revision"]), None if is_transaction else _number(fields["ordinal"])
        if "digest" in fields:
            return ChainRow(revision, ordinal, None, stored, bytes.fromhex(fields["digest"]))
        for name in _IMAGES:
            if fields.get(name) is not None:
                fields[name] = base64.b64decode(fields[name], validate=True)
        values = Transaction(**fields) if is_transaction else Entry(**fields)
        return ChainRow(revision, ordinal, values, stored)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise EvidenceError(f"chain.jsonl holds a line that is no row of the chain: {line.strip()[:80]!r}") from error


def _segment(fields: dict[str, Any]) -> Segment:
    del fields["kind"]
    numbers = {name: _number(fields[name]) for name in Segment._fields[:_NUMBERS]}
    hashes = {name: bytes.fromhex(fields[name]) for name in ("previous_hash", "hash")}
    return Segment(**{**fields, **numbers, **hashes})


def _to_json(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _number(value: Any) -> int:
    if type(value) is not int:
        raise ValueError(value)
    return value
