"""The chain as a check reads it: its rows, segments whose rows are gone, and where a wrong row was written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from toolcrib.server.chain import GENESIS, NotHashable, entry_digest, link, transaction_digest


class ChainRow(NamedTuple):
    """A stored row: a transaction where `ordinal` is None, else an entry.

    `values` are those that are hashed; where an excerpt keeps them back they are None, and `digest` stands for them.
    `hash` is what is stored, which may be anything.
    """

    revision: int
    ordinal: int | None
    values: Sequence[Any] | None
    hash: Any
    digest: bytes = b""

    @property
    def is_transaction(self) -> bool:
        """Whether it is that and no entry."""
        return self.ordinal is None


class Segment(NamedTuple):
    """Rows of the chain that were pruned, one behind the other, and what they leave: their place and its two ends.

    The ordinal of a transaction's own row is -1. `last_time` is when the last of the transactions was committed, as
    `time_to_text` has it; empty where there are only entries. `previous_hash` is that of the row before the first.
    """

    first_revision: int
    first_ordinal: int
    last_revision: int
    last_ordinal: int
    transactions: int
    entries: int
    last_time: str
    previous_hash: bytes
    hash: bytes

    @property
    def revision(self) -> int:
        """Where it begins."""
        return self.first_revision

    @property
    def begins_commit(self) -> bool:
        """Whether the first of its rows is a transaction."""
        return self.first_ordinal < 0


Link: TypeAlias = ChainRow | Segment


def place_of(each: Link) -> tuple[int, bool, int]:
    """Where it stands, or begins, in the order of the chain: revision, whether with an entry, and its ordinal."""
    if isinstance(each, Segment):
        return each.first_revision, not each.begins_commit, each.first_ordinal
    return (each.revision, False, -1) if each.ordinal is None else (each.revision, True, each.ordinal)


def digest_of(row: ChainRow) -> bytes | None:
    """The row's digest; None where it holds what cannot have been written."""
    if row.values is None:
        return row.digest
    try:
        return transaction_digest(row.values) if row.is_transaction else entry_digest(row.values)
    except NotHashable:
        return None


def written_at(row: ChainRow, rows: Iterable[Link]) -> ChainRow | None:
    """The one of `rows` in whose place `row` was written, which has its hash from there or left it there, if any."""
    if row.values is None:
        return None
    for place, hashes in _places(rows):
        if place.is_transaction is not row.is_transaction or place[:2] == row[:2]:
            continue
        names = place[:1] if place.is_transaction else place[:2]
        digest = digest_of(row._replace(values=(*names, *row.values[len(names) :])))
        if digest and any(link(before, digest) in (row.hash, place.hash) for before in hashes):
            return place
    return None


def _places(rows: Iterable[Link]) -> Iterator[tuple[ChainRow, Sequence[bytes]]]:
    """Each place, with the hashes that the row which was written there may have followed.

    That is the one before it; or, where neighbours have changed places, the one that now ends its own.
    """
    before: Any = GENESIS
    transaction: tuple[ChainRow, Any] | None = None
    for row in rows:
        if isinstance(row, Segment):
            if transaction is not None:
                yield transaction[0], _hashes(transaction[1], before)
            transaction = None
        elif row.is_transaction:
            if transaction is not None:
                yield transaction[0], _hashes(transaction[1], before)
            transaction = row, before
        else:
            yield row, _hashes(before, row.hash)
        before = row.hash
    if transaction is not None:
        yield transaction[0], _hashes(transaction[1], before)


def _hashes(*stored: Any) -> Sequence[bytes]:
    return [each for each in stored if isinstance(each, bytes)]
