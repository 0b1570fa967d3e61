"""Rollback: makes a record as it was at a revision, by the writes that it takes: rules, hooks, audit and all.

What was there then and is gone is undeleted, or created again under its key; what was not there is deleted. A rollback
to what a record is already writes nothing. Relations that are named go with it: the records that the record owns, as
they refer to it and would be deleted with it.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from toolcrib.server.errors import InvalidRequest
from toolcrib.server.include import Tree, parse_include
from toolcrib.server.keys import require_key
from toolcrib.server.relations import RelatedRecords, Shown
from toolcrib.server.requests import Key, Modification, Removal, RollbackRequest
from toolcrib.server.revisions import RecordHistory
from toolcrib.server.store import Stored
from toolcrib.server.transaction import Transaction

# More children of one record than this are no rollback any more.
_OWNED_MAX = 1000


def roll_back(transaction: Transaction, stored: Stored, request: RollbackRequest) -> Any:
    """Makes a record as it was at a revision; answers it, or an empty one where there is none then.

    Raises InvalidRequest, StaleEtag, and what creates, updates and deletes raise.
    """
    require_key(stored.component, request.key)
    repository: Any = transaction.repository(transaction.store.kinds[stored.component.name])
    repository.require_etag(request.key, request.etag)
    left = Rollback(transaction, request.revision).run(stored, request)
    return stored.component.message() if left is None else left


class Rollback:
    """One rollback, to `revision`."""

    def __init__(self, transaction: Transaction, revision: int) -> None:
        newest = transaction.revision_read()
        if not 0 < revision <= newest:
            text = f"{revision} is no revision that has been; the newest is {newest}"
            raise InvalidRequest.field("INVALID_REVISION", "revision", text)
        self._transaction = transaction
        self._revision = revision

    def run(self, stored: Stored, request: RollbackRequest) -> Message | None:
        """The record as it is then, or None where there is none. Raises as creates, updates and deletes do."""
        tree = parse_include(stored, request.include)
        _require_owned(stored, tree)
        return self._roll_back(stored, request.key, tree)

    def _roll_back(self, stored: Stored, key: Key, tree: Tree) -> Message | None:
        then = RecordHistory(self._transaction, stored.component).state_at(key, self._revision)
        is_live_then = then is not None and not then.deleted
        # Before the record goes, while those that it owns can be found; after it has come, as they refer to it.
        if not is_live_then:
            self._roll_back_owned(stored, key, tree)
        left = self._write(stored, key, then.message if is_live_then and then else None)
        if is_live_then:
            self._roll_back_owned(stored, key, tree)
        return left

    def _write(self, stored: Stored, key: Key, then: Message | None) -> Message | None:
        repository: Any = self._transaction.repository(self._transaction.store.kinds[stored.component.name])
        current = repository.read_current(key)
        if then is None:
            if current is None or current.deleted:
                return None if current is None else current.message
            removed: list[Message] = repository.remove([Removal(key)])
            return removed[0] if stored.component.soft_delete else None
        given = _without_standard_fields(stored, then)
        if current is None:
            created: Message = repository.create_again(given)
            return created
        if current.deleted:
            restored: Message = repository.restore(Removal(key), given)
            return restored
        changed: list[Message] = repository.modify([Modification(given, ("*",))], by_hook=True)
        return changed[0]

    def _roll_back_owned(self, stored: Stored, key: Key, tree: Tree) -> None:
        for name, inner in tree.items():
            relation = stored.relations[name]
            then, now = (self._owned(relation, key, revision) for revision in (self._revision, None))
            for child in [*then, *(child for child in now if child not in then)]:
                self._roll_back(relation.target, child, inner)

    def _owned(self, relation: RelatedRecords, key: Key, revision: int | None) -> list[Key]:
        shown = Shown(show_deleted=False, revision=revision)
        found = relation.records(self._transaction, [key[0]], _OWNED_MAX + 1, shown)
        keys = [relation.target.component.key_of(message) for group in found.values() for message in group]
        if len(keys) > _OWNED_MAX:
            text = f"{relation.name} has more than {_OWNED_MAX} records; roll them back by themselves"
            raise InvalidRequest.field("INVALID_INCLUDE", "include", text)
        return keys


def _without_standard_fields(stored: Stored, then: Message) -> Message:
    """The record as a caller would give it: the etag of then would be refused."""
    message: Message = type(then)()
    message.CopyFrom(then)
    for name in stored.component.standard_fields:
        message.ClearField(name)
    return message


def _require_owned(stored: Stored, tree: Tree) -> None:
    """Raises InvalidRequest for relations to records that are not the record's own."""
    for name, inner in tree.items():
        relation = stored.relations[name]
        if not relation.is_owned:
            text = (
                f"{name} shows records that are not this one's own; those are which refer to it and go with it "
                "(ON_DELETE_CASCADE)"
            )
            raise InvalidRequest.field("INVALID_INCLUDE", "include", text)
        _require_owned(relation.target, inner)
