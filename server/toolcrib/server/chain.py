"""The hash chain over the audit: what of a row is hashed, in which bytes, and how rows are linked (docs/audit.md).

    digest = SHA-256(what kind of row || its numbers || the lengths of its values || the values)
    hash   = SHA-256(what a link begins with || the hash before || digest)

The order is that of revisions: each transaction, then its entries by their ordinals. A transaction says how many
entries it has, so that none can be missing behind it. Records are hashed as the bytes that are stored: the bytes of a
protobuf message are not canonical, and are never made anew. Digest and link are apart, so that the chain of an excerpt
can be followed through rows that it does not show.

Nothing here may ever change for rows that are written: other forms get another number in their prefix.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from struct import Struct, error
from typing import Any

# Before the first transaction.
GENESIS = bytes(32)

_LINK = b"toolcrib/chain/1/link\n"
_TRANSACTION = b"toolcrib/chain/1/transaction\n"
_ENTRY = b"toolcrib/chain/1/entry\n"
_TENANTS_TRANSACTION = b"toolcrib/chain/2/transaction\n"
_TENANTS_ENTRY = b"toolcrib/chain/2/entry\n"
_SEGMENTS = b"toolcrib/chain/1/segments\n"

# Text that is no UTF-8 can be in a database that somebody has altered: it is read with such marks (PEP 383).
_UTF8 = ("utf-8", "surrogateescape")

# Signed, 64 bits, the highest byte first: the numbers, then the lengths.
_pack_transaction = Struct(">11q").pack
_pack_entry = Struct(">7q").pack
_pack_segment = Struct(">7q").pack
_pack_tenant = Struct(">q").pack
_ABSENT = -1


class NotHashable(ValueError):
    """A row holds a value of a type that no server writes there."""


def transaction_digest(row: Sequence[Any]) -> bytes:
    """The digest of a transaction; the time is text, as `time_to_text` has it.

    `row` is revision, commit_time, actor, actor_source, reason, method, peer, request_id, refusal, refused_calls,
    entry_count and tenant. Raises NotHashable.
    """
    revision, time, actor, source, reason, method, peer, request_id, refusal, refused_calls, entries, tenant = row
    try:
        texts = [text.encode(*_UTF8) for text in (time, actor, reason, method, peer, request_id, refusal)]
        head = _pack_transaction(revision, source, refused_calls, entries, *map(len, texts))
        kind = _TRANSACTION if tenant == "" else _of_tenant(_TENANTS_TRANSACTION, tenant)
    except (error, TypeError, AttributeError) as cause:
        raise NotHashable("a value is of another type than it is written with") from cause
    return sha256(b"".join((kind, head, *texts))).digest()


def entry_digest(row: Sequence[Any]) -> bytes:
    """The digest of an entry: revision, ordinal, component, record_key, operation, both images, and tenant.

    Raises NotHashable.
    """
    revision, ordinal, component, key, operation, before, after, tenant = row
    try:
        component, key = component.encode(*_UTF8), key.encode(*_UTF8)
        head = _pack_entry(
            revision,
            ordinal,
            operation,
            len(component),
            len(key),
            _ABSENT if before is None else len(before),
            _ABSENT if after is None else len(after),
        )
        kind = _ENTRY if tenant == "" else _of_tenant(_TENANTS_ENTRY, tenant)
        return sha256(b"".join((kind, head, component, key, before or b"", after or b""))).digest()
    except (error, TypeError, AttributeError) as cause:
        raise NotHashable("a value is of another type than it is written with") from cause


def link(previous: bytes, digest: bytes) -> bytes:
    """The hash of the row with `digest` behind the one whose hash is `previous`."""
    return sha256(_LINK + previous + digest).digest()


class SegmentsHash:
    """The hash of all segments whose rows are gone, in their order."""

    __slots__ = ("_hash",)

    def __init__(self) -> None:
        self._hash = sha256(_SEGMENTS)

    def add(self, row: Sequence[Any]) -> None:
        """Adds the next: the columns of `chain_rows.Segment`. Raises NotHashable."""
        *numbers, last_time, previous_hash, hash_ = row
        try:
            time = last_time.encode(*_UTF8)
            self._hash.update(b"".join((_pack_segment(*numbers, len(time)), time, previous_hash, hash_)))
        except (error, TypeError, AttributeError) as cause:
            raise NotHashable("a value is of another type than it is written with") from cause

    def digest(self) -> bytes:
        """That of those that were added."""
        return self._hash.digest()


class Chain:
    """The chain as it grows: `head` is the hash of its last row."""

    __slots__ = ("head",)

    def __init__(self, head: bytes = GENESIS) -> None:
        self.head = head

    def add_transaction(self, row: Sequence[Any]) -> bytes:
        """The hash of a transaction behind what is there. Raises NotHashable."""
        self.head = link(self.head, transaction_digest(row))
        return self.head

    def add_entry(self, row: Sequence[Any]) -> bytes:
        """The hash of an entry behind what is there. Raises NotHashable."""
        self.head = link(self.head, entry_digest(row))
        return self.head


def _of_tenant(kind: bytes, tenant: str) -> bytes:
    """What begins a tenant's row: its kind, and which tenant. Others are as they were before there were tenants."""
    name = tenant.encode(*_UTF8)
    return kind + _pack_tenant(len(name)) + name
