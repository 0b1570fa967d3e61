"""Numbers that are given out in order: revisions and allocated keys."""

from __future__ import annotations

from collections.abc import Sequence

from toolcrib.server.session import Session
from toolcrib.server.system_statements import SystemStatements


def tenant_sequence(name: str, tenant: str) -> str:
    """The name of a tenant's own sequence; those of tables hold no colon."""
    return f"{name}:{tenant}"


class Sequences:
    """The sequences as one database transaction sees them, under the write lock.

    Read when first asked for, counted up in memory, written back once before the commit. Numbers that a rolled back
    call took were never seen by anyone and are given out again; those of a commit never are.
    """

    __slots__ = ("_last", "_new", "_session", "_statements", "_stored")

    def __init__(self, session: Session, statements: SystemStatements) -> None:
        self._session = session
        self._statements = statements
        self._last: dict[str, int] = {}
        self._stored: dict[str, int] = {}
        self._new: set[str] = set()

    def take(self, name: str, count: int = 1) -> int:
        """The first of `count` consecutive numbers; the first ever is 1."""
        last = self._newest(name)
        self._last[name] = last + count
        return last + 1

    def take_keys(self, name: str, count: int, tenant: str = "") -> Sequence[int]:
        """So many new keys; where the database counts them for others too, by its own sequence.

        Of those that a `tenant` counts for itself nobody can tell what another has.
        """
        shared = self._statements.shared_keys.get(name)
        if shared is not None:
            return [int(number) for (number,) in self._session.iterate(shared.next, [count])]
        first = self.take(self._own(name, tenant) if tenant else name, count)
        return range(first, first + count)

    def keep_keys(self, name: str, highest: int, tenant: str = "") -> None:
        """Gives out no key up to this one any more."""
        shared = self._statements.shared_keys.get(name)
        if shared is not None:
            self._session.fetch_one(shared.reach, [highest])
            return
        counted = self._own(name, tenant) if tenant else name
        self._last[counted] = max(self._newest(counted), highest)

    def mark(self) -> dict[str, int]:
        """The state that `restore` returns to."""
        return self._last.copy()

    def restore(self, mark: dict[str, int]) -> None:
        """Gives back what was taken since `mark`."""
        self._last = {**self._stored, **mark}

    def save(self) -> None:
        """Writes back what was taken."""
        taken = {name: last for name, last in self._last.items() if last != self._stored[name]}
        rows: list[list[object]] = [[last, name] for name, last in taken.items() if name not in self._new]
        if rows:
            self._session.run(self._statements.update_sequence, rows)
        if begun := self._new & taken.keys():
            self._session.run(self._statements.insert_sequence, [[name, taken[name]] for name in sorted(begun)])

    def _own(self, name: str, tenant: str) -> str:
        """The sequence that a tenant has for itself; begun where it has none yet."""
        own = tenant_sequence(name, tenant)
        if own not in self._stored and self._session.find(self._statements.select_sequence, [own]) is None:
            self._last[own] = self._stored[own] = 0
            self._new.add(own)
        return own

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
