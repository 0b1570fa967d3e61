"""Makes the rows of the target those of the source, whatever of them is there already.

First goes what the source has not, or has otherwise; then comes what is missing. So no row is ever in the way of
another: what is left between is a part of the source. It is the same for a target that is empty, one whose copying was
ended anywhere, and one that lacks what was written since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from toolcrib.server.databases.backend import Stored, unwrap
from toolcrib.server.errors import MigrationFailed, StorageError
from toolcrib.server.migration.merging import Pair, merged
from toolcrib.server.migration.sides import Key, Row, Side, SideTable, content, weight
from toolcrib.server.session import Session

# A transaction of the target has so many rows, or so many bytes of them.
ROWS_MAX = 5_000
BYTES_MAX = 4 * 1024 * 1024


class Told(Protocol):
    """Is told how far the work has come."""

    def begin(self, text: str, rows: int) -> None:
        """Something is begun that goes over so many rows."""

    def advance(self, rows: int) -> None:
        """So many more of them are done."""


@dataclass(slots=True)
class Copied:
    """What was done to one table: how many rows the source has, and how many were written and removed."""

    name: str
    rows: int
    written: int = 0
    removed: int = 0


def copy_rows(source: Side, stored: Stored, target: Side, told: Told) -> Sequence[Copied]:
    """Brings the target's tables to what the source has `stored`. Raises MigrationFailed; run again, it goes on."""
    tables = list(zip(source.tables, target.tables, strict=True))
    done = {ours.name: Copied(ours.name, ours.count(stored)) for ours in source.tables}
    incomplete = set()
    with _writing(target) as writer:
        # From the back: rows go before those that they refer to.
        for ours, theirs in reversed(tables):
            one = done[ours.name]
            told.begin(f"comparing {ours.name}", one.rows)
            present = _Present(ours.rows(stored), target, theirs, told)
            one.removed = writer.delete(theirs, present.foreign())
            if present.equal < one.rows:
                incomplete.add(ours.name)
        for ours, theirs in tables:
            if ours.name in incomplete:
                told.begin(f"copying {ours.name}", done[ours.name].rows)
                with closing(target.rows(theirs)) as present_rows:
                    pairs = merged(ours.rows(stored), present_rows, ours.key_of)
                    done[ours.name].written = writer.insert(theirs, _missing(pairs, told))
    return list(done.values())


class _Present:
    """The rows that a table of the target has already: `equal` counts those that are as in the source."""

    def __init__(self, source: Iterator[Row], target: Side, table: SideTable, told: Told) -> None:
        self._source, self._target, self._table, self._told = source, target, table, told
        self.equal = 0

    def foreign(self) -> Iterator[Row]:
        """The others. Where the target has none at all, the source is not read."""
        with closing(self._target.rows(self._table)) as rows:
            first = next(rows, None)
            if first is None:
                return
            for ours, theirs in merged(self._source, chain([first], rows), self._table.key_of):
                self._told.advance(ours is not None)
                if theirs is None:
                    continue
                if ours is not None and content(ours) == content(theirs):
                    self.equal += 1
                else:
                    yield theirs


class _Writer:
    """Writes to the target, some rows a transaction. Raises MigrationFailed."""

    def __init__(self, target: Side, session: Session) -> None:
        self._target, self._session = target, session

    def insert(self, table: SideTable, rows: Iterable[Row]) -> int:
        """Adds rows; answers how many."""
        count = 0
        for batch in _batches(rows):
            count += len(batch)
            self._add(table, batch)
        return count

    def _add(self, table: SideTable, batch: Sequence[Row]) -> None:
        """Adds rows in a transaction; where one of them cannot be written, those before it, and says which it is."""
        try:
            with self._transaction(table, batch):
                self._session.run(table.insert, [list(row) for row in batch])
        except MigrationFailed:
            if len(batch) == 1:
                raise
            half = len(batch) // 2
            self._add(table, batch[:half])
            self._add(table, batch[half:])

    def delete(self, table: SideTable, rows: Iterable[Row]) -> int:
        """Removes rows; answers how many."""
        count = 0
        for batch in _batches(rows):
            count += len(batch)
            with self._transaction(table, batch):
                self._session.run(table.delete, [list(table.key_of(row)) for row in batch])
        return count

    @contextmanager
    def _transaction(self, table: SideTable, batch: Sequence[Row]) -> Iterator[None]:
        first, last = table.key_of(batch[0]), table.key_of(batch[-1])
        try:
            self._session.begin_writing()
            yield
            self._session.commit(has_news=False)
        except (self._target.backend.driver_error, StorageError, UnicodeError, OverflowError, TypeError) as error:
            keys = f"from {_spelled(first)} to {_spelled(last)}" if len(batch) > 1 else _spelled(first)
            what = f"{table.name}: {'rows with keys' if len(batch) > 1 else 'the row with the key'} {keys}"
            raise _failure(self._target, what, error) from error
        finally:
            with suppress(self._target.backend.driver_error):
                self._session.rollback()


@contextmanager
def _writing(target: Side) -> Iterator[_Writer]:
    try:
        session = target.backend.session(read_only=False, waits=True)
    except StorageError as error:
        raise _failure(target, "rows", error) from error
    with closing(session):
        yield _Writer(target, session)


def _failure(target: Side, what: str, error: Exception) -> MigrationFailed:
    said = (str(unwrap(error)).splitlines() or [type(error).__name__])[0]
    return MigrationFailed(
        f"{what} cannot be written to {target.place}: {said}; what is copied stays: run the same again to go on"
    )


def _spelled(key: Key) -> str:
    return "/".join(map(str, key))


def _missing(pairs: Iterable[Pair], told: Told) -> Iterator[Row]:
    for ours, theirs in pairs:
        told.advance(1)
        if ours is not None and theirs is None:
            yield ours


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += weight(row)
        if len(batch) >= ROWS_MAX or size >= BYTES_MAX:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
