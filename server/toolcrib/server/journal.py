"""The record of commits, gathered while a group of calls runs and written just before they are committed.

Nothing can refuse these rows, so they need no place among the others: written together they cost half of what they cost
one by one (docs/performance.md). What is written is linked to what is there (`chain.py`); what a refused call or a lost
group had noted is forgotten before that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from google.protobuf.message import Message

from toolcrib.server.call import Call
from toolcrib.server.chain import GENESIS, Chain
from toolcrib.server.changes import PRUNED, REFUSED, Change
from toolcrib.server.columns import time_to_text
from toolcrib.server.component import key_text
from toolcrib.server.constraints import History
from toolcrib.server.errors import StoreError
from toolcrib.server.session import Session
from toolcrib.server.system_statements import SystemStatements

# Nothing that a refused call sends may fill the disk: a key can be as long as a request.
REFUSED_KEY_CHARACTERS_MAX = 200


_ORDINAL, _TENANT = 1, 7


class JournalMark(NamedTuple):
    """A place in the journal."""

    transactions: int
    entries: int


class Proof(NamedTuple):
    """A transaction's revision and its hash, which no other transaction has."""

    revision: int
    hash: bytes


class Journal:
    """Rows of toolcrib_transaction and toolcrib_audit that wait for the commit."""

    __slots__ = ("_entries", "_transactions")

    def __init__(self) -> None:
        self._transactions: list[list[Any]] = []
        self._entries: list[list[Any]] = []

    def begin(
        self,
        revision: int,
        time: datetime,
        call: Call,
        *,
        request_id: str = "",
        refusal: str = "",
        refused_calls: int = 0,
    ) -> None:
        """Notes who makes the commit `revision`, when, why and by which call; or why that many calls were refused."""
        caller = call.caller
        self._transactions.append(
            [
                revision,
                time,
                caller.actor,
                int(caller.actor_source),
                caller.reason,
                call.method,
                caller.peer,
                request_id,
                refusal,
                refused_calls,
                caller.tenant,
            ]
        )

    def add(self, revision: int, first: int, changes: Iterable[Change[Any]], tenant: str) -> None:
        """Notes what was changed, counting on from `first`, in a call of `tenant`."""
        for ordinal, change in enumerate(changes, first):
            component = change.component
            has_images = component.history is not History.NONE
            self._entries.append(
                [
                    revision,
                    ordinal,
                    component.name,
                    key_text(change.key),
                    int(change.operation),
                    _image(change.before_message) if has_images else None,
                    _image(change.after_message) if has_images else None,
                    tenant if component.multi_tenant else "",
                ]
            )

    def add_refusal(self, revision: int, error: StoreError) -> None:
        """Notes the one entry of a transaction that was begun with a refusal; a long key is cut."""
        key = error.record_key[:REFUSED_KEY_CHARACTERS_MAX]
        self._entries.append([revision, 0, error.audited_in, key, REFUSED, None, None, error.audited_for])

    def add_pruning(self, revision: int, component: str, signed: bytes) -> None:
        """Notes the one entry of a transaction that lets go of entries or versions of a component."""
        self._entries.append([revision, 0, component, "", PRUNED, None, signed, ""])

    def mark(self) -> JournalMark:
        """The place that `restore` returns to."""
        return JournalMark(len(self._transactions), len(self._entries))

    def restore(self, mark: JournalMark) -> None:
        """Forgets what was noted since `mark`."""
        del self._transactions[mark.transactions :]
        del self._entries[mark.entries :]

    def proof(self) -> Proof | None:
        """What shows that this journal was committed, once it is written; None where nothing was noted."""
        if not self._transactions:
            return None
        revision, *_, linked = self._transactions[0]
        return Proof(revision, linked)

    def write(self, session: Session, statements: SystemStatements) -> None:
        """Writes all that was noted, behind what is there."""
        if self._transactions:
            head = session.find(statements.select_chain_head, [])
            self._link(Chain(GENESIS if head is None else head[0]))
            session.run(statements.insert_transaction, self._transactions)
            session.run(statements.insert_audit, self._entries)

    def _link(self, chain: Chain) -> None:
        """Completes each row by its hash, and before it a transaction's by the number of its entries."""
        counts, entries = Counter(entry[0] for entry in self._entries), iter(self._entries)
        for transaction in self._transactions:
            revision, time, *rest, tenant = transaction
            count = counts[revision]
            hashed = chain.add_transaction((revision, time_to_text(time), *rest, count, tenant))
            transaction[-1:] = count, tenant, hashed
            own = list(islice(entries, count))
            if tenant:
                _share_first(own)
            for entry in own:
                entry.append(chain.add_entry(entry))


def _share_first(entries: list[list[Any]]) -> None:
    """Puts what all tenants share before what is the tenant's own: others can tell from its places of no more."""
    entries.sort(key=lambda entry: bool(entry[_TENANT]))
    for ordinal, entry in enumerate(entries):
        entry[_ORDINAL] = ordinal


def _image(message: Message | None) -> bytes | None:
    return None if message is None else message.SerializeToString()
