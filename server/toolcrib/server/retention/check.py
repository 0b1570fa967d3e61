"""Holds what pruned rows have left in a chain to what was signed of it.

Each pruning of the audit signs all segments as it leaves them; so the last one speaks for those that are there.
"""

from __future__ import annotations

from typing import NamedTuple

from toolcrib.retention.v1.retention_pb2 import TARGET_AUDIT
from toolcrib.server.chain import SegmentsHash
from toolcrib.server.chain_rows import Segment
from toolcrib.server.retention.signatures import parse, signer_of
from toolcrib.server.signing import VerifyingKey


class _Signed(NamedTuple):
    revision: int
    segments_hash: bytes
    key: VerifyingKey


class SegmentsCheck:
    """Follows a chain beside `ChainCheck`. Where a key is `trusted` all prunings have to be signed with it."""

    def __init__(self, trusted: VerifyingKey | None) -> None:
        self._trusted = trusted
        self._hash = SegmentsHash()
        self._signed: _Signed | None = None
        self.first: Segment | None = None
        self.transactions = 0
        self.entries = 0

    @property
    def signer(self) -> VerifyingKey | None:
        """Who has signed the segments, if there are any."""
        return self._signed.key if self._signed else None

    def add(self, segment: Segment) -> None:
        """The next segment. Raises NotHashable."""
        self._hash.add(segment)
        self.first = self.first or segment
        self.transactions += segment.transactions
        self.entries += segment.entries

    def note(self, revision: int, image: object) -> str | None:
        """The entry of a pruning; answers what is wrong with it, if anything is."""
        signed = parse(image)
        key = None if signed is None else signer_of(signed)
        if signed is None or key is None:
            return "it is no pruning that somebody has signed"
        if self._trusted is not None and key.raw != self._trusted.raw:
            return f"the pruning was signed with the key {key.fingerprint}, not with {self._trusted.fingerprint}"
        if signed.pruning.target == TARGET_AUDIT:
            self._signed = _Signed(revision, signed.pruning.segments_hash, key)
        return None

    def finding(self) -> str | None:
        """What is wrong with the segments, all of which were added, if anything is."""
        if self._signed is None:
            return "rows are gone, and no pruning says so" if self.first else None
        if self._hash.digest() != self._signed.segments_hash:
            return f"the rows that are gone are not those that were signed at revision {self._signed.revision}"
        return None
