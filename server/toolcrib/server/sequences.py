"""Numbers that are given out in order: revisions and allocated keys."""

from __future__ import annotations

from collections.abc import Sequence

from toolcrib.server.session import Session
from toolcrib.server.system_statements import SystemStatements


class Sequences:
    """The sequences as one database transaction sees them, under the write lock.

    Read when first asked for, counted up in memory, written back once before the commit. Numbers that a rolled back
    call took were never seen by anyone and are given out again; those of a commit never are.
    """

    __slots__ = ("_last", "_session", "_statements", "_stored")

    def __init__(self, session: Session, statements: SystemStatements) -> None:
        self._session = session
        self._statements = statements
        self._last: dict[str, int] = {}
        self._stored: dict[str, int] = {}

    def take(self, name: str, count: int = 1) -> int:
        """The first of `count` consecutive numbers; the first ever is 1."""
        last = self._newest(name)
        self._last[name] = last + count
        return last + 1

    def take_keys(self, name: str, count: int) -> Sequence[int]:
        """So many new keys; where the database counts them for others too, by its own sequence."""
        shared = self._statements.shared_keys.get(name)
        if shared is not None:
            return [int(number) for (number,) in self._session.iterate(shared.next, [count])]
        first = self.take(name, count)
        return range(first, first + count)

    def keep_keys(self, name: str, highest: int) -> None:
        """Gives out no key up to this one any more."""
        shared = self._statements.shared_keys.get(name)
        if shared is not None:
            self._session.fetch_one(shared.reach, [highest])
        else:
            self._last[name] = max(self._newest(name), highest)

    def mark(self) -> dict[str, int]:
        """The state that `restore` returns to."""
        return self._last.copy()

    def restore(self, mark: dict[str, int]) -> None:
        """Gives back what was taken since `mark`."""
        self._last = {**self._stored, **mark}

    def save(self) -> None:
        """Writes back what was taken."""
        rows: list[list[object]] = [[last, name] for name, last in self._last.items() if last != self._stored[name]]
        if rows:
            self._session.run(self._statements.update_sequence, rows)

    def _newest(self, name: str) -> int:
        last = self._last.get(name)
        if last is None:
            last = self._stored[name] = self._last[name] = self._load(name)
        return last

    def _load(self, name: str) -> int:
        row = self._session.fetch_one(self._statements.select_sequence, [name])
        if row is None:
            raise LookupError(f"the sequence {name} was not made when the database was opened")
        return self._statements.last_value(row)
