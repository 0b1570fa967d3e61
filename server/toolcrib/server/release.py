"""What goes with a record that is deleted: those that refer to it are deleted too, or let go of it.

All of it is found first, level by level, so that long chains need no deep stack and circles end. Then each component's
own repository carries it out: hooks run, every record is audited, soft delete is respected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from toolcrib.server.changes import Change
from toolcrib.server.component import key_text
from toolcrib.server.constraints import OnDelete
from toolcrib.server.errors import Blocker, InvalidRequest, RecordInUse, StoreError
from toolcrib.server.links import Link
from toolcrib.server.reference_checks import require_unreferenced
from toolcrib.server.requests import Key, Modification, RecordKey, Removal
from toolcrib.server.store import Stored
from toolcrib.server.transaction import Transaction


@contextmanager
def releasing(transaction: Transaction, incoming: Sequence[Link], changes: Sequence[Change[Any]]) -> Iterator[None]:
    """Before records are deleted within: deletes or updates those that refer to them.

    Raises RecordInUse, placed at its index, where one of those holds on, and what their own hooks raise.
    """
    component = changes[0].component.name
    indexes = {change.key: change.index for change in changes}
    # What is on its way out already was found by the deletion that it goes with.
    begun = {(component, key): index for key, index in indexes.items()}
    begun = {node: index for node, index in begun.items() if node not in transaction.deleting}
    release = _Release(transaction, begun)
    transaction.guard()
    release.find()
    transaction.deleting.update(release.roots)
    try:
        release.carry_out()
        require_unreferenced(transaction, incoming, indexes)
        yield
    finally:
        transaction.deleting.difference_update(release.roots)


class _Release:
    """One deletion with all that goes with it. `roots` has for each record the place of the one that it goes with."""

    def __init__(self, transaction: Transaction, begun: Mapping[RecordKey, int]) -> None:
        self._transaction = transaction
        self._links = transaction.store.links
        self.roots: dict[RecordKey, int] = dict(begun)
        self._begun = {index: node for node, index in begun.items()}
        self._deletions: list[tuple[Link, list[Key]]] = []

    def find(self) -> None:
        """Finds what is deleted too; those that come last are the farthest."""
        level = list(self.roots)
        while level:
            following: list[RecordKey] = []
            for name in dict.fromkeys(name for name, _ in level):
                keys = [key for found, key in level if found == name]
                for link in self._incoming(name, OnDelete.CASCADE):
                    following += self._follow(link, keys)
            level = following

    def carry_out(self) -> None:
        """Lets go of what is let go of, then deletes, the farthest first."""
        for link, fields in self._unset().items():
            self._write(link, list(fields), fields)
        for link, keys in reversed(self._deletions):
            self._write(link, keys, None)

    def _incoming(self, name: str, on_delete: OnDelete) -> list[Link]:
        links = self._links.get(name)
        return [link for link in links.incoming if link.reference.on_delete is on_delete] if links else []

    def _follow(self, link: Link, keys: Sequence[Key]) -> list[RecordKey]:
        source, target = link.source.component.name, link.target.component.name
        found: list[RecordKey] = []
        for value, key in link.referrers(self._transaction.session, [key[0] for key in keys]):
            node = (source, key)
            if node not in self.roots and node not in self._transaction.deleting:
                self.roots[node] = self.roots[target, (value,)]
                found.append(node)
        if found:
            self._deletions.append((link, [key for _, key in found]))
        return found

    def _unset(self) -> dict[Link, dict[Key, tuple[int, list[str]]]]:
        """The records that stay, with the fields that they unset; a record once, whatever it refers to."""
        found: dict[str, tuple[Link, dict[Key, tuple[int, list[str]]]]] = {}
        for name in dict.fromkeys(name for name, _ in self.roots):
            keys = [key for root, key in self.roots if root == name]
            for link in self._incoming(name, OnDelete.SET_NULL):
                source = link.source.component.name
                _, fields = found.setdefault(source, (link, {}))
                for value, key in link.referrers(self._transaction.session, [key[0] for key in keys]):
                    if (source, key) not in self.roots and (source, key) not in self._transaction.deleting:
                        fields.setdefault(key, (self.roots[name, (value,)], []))[1].append(link.reference.field)
        return {link: fields for link, fields in found.values() if fields}

    def _write(self, link: Link, keys: list[Key], fields: Mapping[Key, tuple[int, list[str]]] | None) -> None:
        repository = self._transaction.repository(link.kind)
        source = link.source.component.name
        places = [self.roots[source, key] if fields is None else fields[key][0] for key in keys]
        try:
            if fields is None:
                repository.remove([Removal(key) for key in keys])
            else:
                repository.modify([Modification(link.without(key), fields[key][1]) for key in keys], by_hook=True)
        except StoreError as error:
            number = error.index or 0
            key, root = keys[number], self._begun[places[number]]
            field = link.reference.field if fields is None else ", ".join(fields[key][1])
            blocker = Blocker(source, field, f"the record {key_text(key)} refers to it and cannot let go")
            raise _translated(error, blocker, root).at(places[number]) from error


def already_gone(stored: Stored, change: Change[Any]) -> bool:
    """Whether the record of a deletion has gone meanwhile with another of its batch; it is answered as it is left."""
    links = change.transaction.store.links.get(stored.component.name)
    if links is None or not links.incoming:
        return False
    row = change.transaction.session.fetch_one(stored.statements.get, change.key)
    if row is None:
        return True
    if not stored.component.soft_delete or row[-2] is None:
        return False
    change.settle(stored.component.from_row(stored.statements.reader.read(row)))
    return True


def _translated(error: StoreError, blocker: Blocker, root: RecordKey) -> StoreError:
    """What is wrong with a record that the caller never named is no fault of the request."""
    if not isinstance(error, InvalidRequest):
        return error
    texts = "; ".join(f"{violation.field} {violation.description}".strip() for violation in error.violations)
    component, key = root
    return RecordInUse(component, key_text(key), [replace(blocker, description=f"{blocker.description}: {texts}")])
