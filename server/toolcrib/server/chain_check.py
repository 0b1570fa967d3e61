"""Follows the chain through stored rows, one after another, and names the first that is not as it was written.

It knows neither where the rows come from, a database or a bundle, nor how many there are: none is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from toolcrib.server.chain import GENESIS, NotHashable, link
from toolcrib.server.chain_rows import ChainRow, Link, Segment, digest_of, place_of, written_at
from toolcrib.server.changes import PRUNED
from toolcrib.server.findings import Fault, Finding
from toolcrib.server.retention.check import SegmentsCheck
from toolcrib.server.signing import VerifyingKey

_ENTRY_COUNT = 10
# Of an entry.
_OPERATION, _AFTER_IMAGE = 4, 6


class _Broken(Exception):
    def __init__(self, finding: Finding) -> None:
        self.finding = finding


@dataclass(slots=True)
class ChainCheck:
    """How far the chain was followed, and what ended it.

    `last` is the newest revision that there must be, as the counter of revisions says, if that is known.
    `checkpoints` has hashes of the chain behind revisions, from where nobody can have altered them; `passed` are those
    of them that it was compared with: of what is pruned nobody can say. Prunings must be signed with the key that is
    `trusted`, if one is.
    """

    last: int | None = None
    checkpoints: Mapping[int, bytes] = field(default_factory=dict)
    trusted: VerifyingKey | None = None
    revision: int = 0
    head: bytes = GENESIS
    transactions: int = 0
    entries: int = 0
    passed: set[int] = field(default_factory=set)
    finding: Finding | None = None
    segments: SegmentsCheck = field(init=False)
    # Of the transaction at `revision`: how many entries it says that it has, unless that is kept back.
    _wanted: int | None = 0
    _next_ordinal: int = 0

    def __post_init__(self) -> None:
        self.segments = SegmentsCheck(self.trusted)

    def run(self, rows: Callable[[], Iterable[Link]]) -> None:
        """Follows `rows`, transactions before their entries, until the first that is wrong: it is the `finding`.

        They are read a second time to find out whether a row that is wrong there belongs elsewhere.
        """
        try:
            for row in rows():
                if isinstance(row, Segment):
                    self._pass(row)
                else:
                    self._follow(row, rows)
            self._close()
            self._require_end()
            self._require_segments()
        except _Broken as broken:
            self.finding = broken.finding

    def described(self) -> str:
        """How much was followed, in words."""
        text = f"{self.transactions} transactions with {self.entries} entries, up to revision {self.revision}"
        gone = self.segments
        if gone.first is None or gone.signer is None:
            return text
        what = f"{gone.transactions} transactions and {gone.entries} entries were let go of"
        return f"{text}; {what}, signed with the key {gone.signer.fingerprint}"

    def _follow(self, row: ChainRow, rows: Callable[[], Iterable[Link]]) -> None:
        if row.ordinal is None:
            self._close()
            self._require_next(row)
        else:
            self._require_entry(row, row.ordinal)
        digest = digest_of(row)
        if digest is None:
            raise _Broken(_at(row, Fault.ALTERED, "a value is of another type than it is written with"))
        head = link(self.head, digest)
        if head != row.hash:
            raise _Broken(_misfit(row, rows()))
        self.head = head
        if row.ordinal is None:
            self.transactions += 1
            self.revision, self._next_ordinal = row.revision, 0
            self._wanted = None if row.values is None else row.values[_ENTRY_COUNT]
        else:
            self.entries += 1
            self._next_ordinal = row.ordinal + 1
            if row.values is not None and row.values[_OPERATION] == PRUNED:
                self._note_pruning(row, row.values[_AFTER_IMAGE])

    def _note_pruning(self, row: ChainRow, image: object) -> None:
        text = self.segments.note(row.revision, image)
        if text is not None:
            raise _Broken(_at(row, Fault.ALTERED, text))

    def _pass(self, segment: Segment) -> None:
        """Goes over rows that are gone, from the hash before them to that of their last."""
        if segment.begins_commit:
            self._close()
            self._require_next(segment)
        else:
            self._require_entry(segment, segment.first_ordinal)
        transactions = segment.last_revision - segment.first_revision + segment.begins_commit
        try:
            self.segments.add(segment)
        except NotHashable:
            transactions = -1
        if segment.previous_hash != self.head or segment.transactions != transactions or segment.last_ordinal < 0:
            raise _Broken(_at(segment, Fault.ALTERED, "what stands for the rows that are gone is not what they left"))
        self.head = segment.hash
        self._next_ordinal = segment.last_ordinal + 1
        if transactions:
            # A transaction only goes with all of its entries.
            self.revision, self._wanted = segment.last_revision, self._next_ordinal

    def _require_segments(self) -> None:
        text = self.segments.finding()
        if text is not None:
            place = self.segments.first
            raise _Broken(Finding(place.revision if place else 1, None, Fault.MISSING, text))

    def _require_next(self, row: Link) -> None:
        if row.revision <= self.revision or (self.last is not None and row.revision > self.last):
            text = f"revisions count up from 1 to {self.last or 'the newest'}"
            raise _Broken(_at(row, Fault.EXTRA, text))
        if row.revision > self.revision + 1:
            self._miss_transaction("there are later ones")

    def _require_entry(self, row: Link, ordinal: int) -> None:
        if row.revision != self.revision:
            self._close()
            if row.revision <= self.revision or (self.last is not None and row.revision > self.last):
                raise _Broken(_at(row, Fault.EXTRA, "there was never such a transaction"))
            self._miss_transaction("there are entries of it, or later ones")
        if self._wanted is not None and self._next_ordinal >= self._wanted:
            raise _Broken(_at(row, Fault.EXTRA, f"the transaction was written with {self._wanted} entries"))
        if ordinal < self._next_ordinal:
            raise _Broken(_at(row, Fault.EXTRA, "entries count up from 0"))
        if ordinal > self._next_ordinal:
            self._miss_entry()

    def _close(self) -> None:
        """Ends the transaction at `revision`."""
        if self._wanted is not None and self._next_ordinal < self._wanted:
            self._miss_entry()
        signed = self.checkpoints.get(self.revision)
        if signed is None:
            return
        self.passed.add(self.revision)
        if signed != self.head:
            text = "the chain up to here is not the one that the checkpoint was made of; it was written anew"
            raise _Broken(Finding(self.revision, None, Fault.ALTERED, text))

    def _require_end(self) -> None:
        newest = max(self.checkpoints, default=0)
        if self.revision < newest:
            self._miss_transaction(f"the tail is cut off; the checkpoint was made at revision {newest}")
        if self.last is not None and self.revision < self.last:
            self._miss_transaction(f"the tail is cut off; revisions were given up to {self.last}")

    def _miss_transaction(self, text: str) -> None:
        raise _Broken(Finding(self.revision + 1, None, Fault.MISSING, text))

    def _miss_entry(self) -> None:
        text = "there are later ones" if self._wanted is None else f"the transaction was written with {self._wanted}"
        raise _Broken(Finding(self.revision, self._next_ordinal, Fault.MISSING, text))


def _at(row: Link, fault: Fault, text: str) -> Finding:
    revision, is_entry, ordinal = place_of(row)
    return Finding(revision, ordinal if is_entry else None, fault, text)


def _misfit(row: ChainRow, rows: Iterable[Link]) -> Finding:
    """The finding about a row whose hash does not follow: it is altered, or it was written at another place."""
    place = written_at(row, rows)
    if place is None:
        return _at(row, Fault.ALTERED, "it does not have the hash that it was written with")
    where = f"revision {place.revision}" + ("" if place.ordinal is None else f", entry {place.ordinal}")
    return _at(row, Fault.REORDERED, f"what stands here was written at {where}")
