"""Follows the chain through stored rows, one after another, and names the first that is not as it was written.

It knows neither where the rows come from, a database or a bundle, nor how many there are: none is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from toolcrib.server.chain import GENESIS, link
from toolcrib.server.chain_rows import ChainRow, digest_of, written_at

_ENTRY_COUNT = -1


class Fault(StrEnum):
    """What is wrong with a row."""

    ALTERED = "altered"
    MISSING = "missing"
    REORDERED = "reordered"
    EXTRA = "extra"


class Finding(NamedTuple):
    """A row that is wrong. `ordinal` is None for the transaction itself."""

    revision: int
    ordinal: int | None
    fault: Fault
    text: str

    def __str__(self) -> str:
        place = "the transaction" if self.ordinal is None else f"entry {self.ordinal}"
        return f"revision {self.revision}, {place}: {self.fault}: {self.text}"


class _Broken(Exception):
    def __init__(self, finding: Finding) -> None:
        self.finding = finding


@dataclass(slots=True)
class ChainCheck:
    """How far the chain was followed, and what ended it.

    `last` is the newest revision that there must be, as the counter of revisions says, if that is known.
    `checkpoints` has hashes of the chain behind revisions, from where nobody can have altered them.
    """

    last: int | None = None
    checkpoints: Mapping[int, bytes] = field(default_factory=dict)
    revision: int = 0
    head: bytes = GENESIS
    transactions: int = 0
    entries: int = 0
    finding: Finding | None = None
    # Of the transaction at `revision`: how many entries it says that it has, unless that is kept back.
    _wanted: int | None = 0
    _next_ordinal: int = 0

    def run(self, rows: Callable[[], Iterable[ChainRow]]) -> None:
        """Follows `rows`, transactions before their entries, until the first that is wrong: it is the `finding`.

        They are read a second time to find out whether a row that is wrong there belongs elsewhere.
        """
        try:
            for row in rows():
                self._follow(row, rows)
            self._close()
            self._require_end()
        except _Broken as broken:
            self.finding = broken.finding

    def _follow(self, row: ChainRow, rows: Callable[[], Iterable[ChainRow]]) -> None:
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

    def _require_next(self, row: ChainRow) -> None:
        if row.revision <= self.revision or (self.last is not None and row.revision > self.last):
            text = f"revisions count up from 1 to {self.last or 'the newest'}"
            raise _Broken(_at(row, Fault.EXTRA, text))
        if row.revision > self.revision + 1:
            self._miss_transaction("there are later ones")

    def _require_entry(self, row: ChainRow, ordinal: int) -> None:
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
        if signed is not None and signed != self.head:
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


def _at(row: ChainRow, fault: Fault, text: str) -> Finding:
    return Finding(row.revision, row.ordinal, fault, text)


def _misfit(row: ChainRow, rows: Iterable[ChainRow]) -> Finding:
    """The finding about a row whose hash does not follow: it is altered, or it was written at another place."""
    place = written_at(row, rows)
    if place is None:
        return _at(row, Fault.ALTERED, "it does not have the hash that it was written with")
    where = f"revision {place.revision}" + ("" if place.ordinal is None else f", entry {place.ordinal}")
    return _at(row, Fault.REORDERED, f"what stands here was written at {where}")
