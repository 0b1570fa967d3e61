"""What pruned rows leave in the chain: those that stand one behind the other go as one segment, with older ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from toolcrib.server.chain import GENESIS, link
from toolcrib.server.chain_rows import ChainRow, Link, Segment, digest_of, place_of
from toolcrib.server.errors import ChainBroken

_TIME = 1
_NO_TIME = ""

Place = tuple[int, int]


@dataclass(slots=True)
class _Run:
    """Rows that go, so far."""

    first: Place
    previous_hash: bytes
    last: Place = (0, 0)
    transactions: int = 0
    entries: int = 0
    last_time: str = _NO_TIME
    hash: bytes = b""

    def take(self, row: ChainRow) -> None:
        """Adds the next row."""
        if row.is_transaction:
            self.transactions += 1
            self.last_time = (row.values or ())[_TIME]
        else:
            self.entries += 1
        self.last, self.hash = _place(row), row.hash

    def join(self, segment: Segment) -> None:
        """Adds the next ones, which have gone before."""
        self.transactions += segment.transactions
        self.entries += segment.entries
        self.last_time = segment.last_time or self.last_time
        self.last, self.hash = (segment.last_revision, segment.last_ordinal), segment.hash

    def segment(self) -> Segment:
        """What they leave."""
        return Segment(
            *self.first, *self.last, self.transactions, self.entries, self.last_time, self.previous_hash, self.hash
        )


@dataclass(slots=True)
class Runs:
    """Goes over a stretch of the chain, and finds the transactions that go with all of their entries.

    `victims` are the places of entries that go. The stretch begins before the first of them, with the row whose hash it
    follows, if there is one.
    """

    victims: Collection[Place]
    segments: list[Segment] = field(default_factory=list)
    transactions: list[int] = field(default_factory=list)
    _previous: Any = GENESIS
    _run: _Run | None = None

    def follow(self, stretch: Iterable[Link]) -> None:
        """Fills in `segments`, with those of the stretch that stay as they are, and `transactions`.

        Raises ChainBroken where rows that go are not those that were written.
        """
        for _, group in groupby(stretch, key=lambda each: each.revision):
            for each, goes in self._marked(list(group)):
                if isinstance(each, Segment):
                    self._open(each).join(each)
                elif goes:
                    self._require_sound(each)
                    self._open(each).take(each)
                else:
                    self._close()
                self._previous = each.hash
        self._close()

    def _marked(self, commit: Sequence[Link]) -> Iterator[tuple[Link, bool]]:
        """What is there of one revision, and whether it goes."""
        entries = [each for each in commit if isinstance(each, ChainRow) and not each.is_transaction]
        goes_whole = bool(entries) and all(_place(each) in self.victims for each in entries)
        for each in commit:
            is_transaction = isinstance(each, ChainRow) and each.is_transaction
            if is_transaction and goes_whole:
                self.transactions.append(each.revision)
            yield each, goes_whole if is_transaction else _place(each) in self.victims

    def _open(self, each: Link) -> _Run:
        if self._run is None:
            previous_hash = each.previous_hash if isinstance(each, Segment) else self._previous
            self._run = _Run(_place(each), previous_hash)
        return self._run

    def _close(self) -> None:
        if self._run is not None:
            self.segments.append(self._run.segment())
            self._run = None

    def _require_sound(self, row: ChainRow) -> None:
        """Evidence that somebody has altered something is not let go of."""
        digest = digest_of(row)
        if digest is None or not isinstance(self._previous, bytes) or link(self._previous, digest) != row.hash:
            raise ChainBroken(row.revision)


def _place(each: Link) -> Place:
    revision, _, ordinal = place_of(each)
    return revision, ordinal
