"""Makes revisions of what bypassed the server: audit entries, former versions, and the stamps of the records."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select

from toolcrib.server.call import ActorSource, Call, Caller
from toolcrib.server.component import key_text
from toolcrib.server.direct.inbox import Inbox, Noted
from toolcrib.server.direct.tables import DirectTable
from toolcrib.server.direct.writing import DirectWriting, findings, read_changes
from toolcrib.server.errors import DatabaseUnavailable, PassingFailure, StorageError, WriteConflict
from toolcrib.server.group import Group
from toolcrib.server.session import Session
from toolcrib.server.statements import Prepared
from toolcrib.server.store import Store
from toolcrib.server.transaction import Transaction
from toolcrib.server.values import datetime_to_timestamp

logger = logging.getLogger(__name__)

# So many transactions, or about so many rows, are absorbed in one commit.
_TRANSACTIONS_AT_ONCE = 200
_ROWS_AT_ONCE = 5_000

_CONFLICT = "the write came upon others that bypassed the server, several times; nothing was written; try again"


class _Locked(Exception):
    """Records are locked by somebody else."""


class DirectCall(Call):
    """What stands for a call where there was none: who wrote, and from where, as the database knows it."""

    __slots__ = ("_noted", "_reason")

    def __init__(self, noted: Noted, reason: str) -> None:
        super().__init__(f"sql:{noted.application}" if noted.application else "sql")
        self._noted = noted
        self._reason = reason

    def establish(self) -> Caller:
        """The role that was logged in."""
        return Caller(self._noted.role, ActorSource.DATABASE_ROLE, self._reason, self._noted.peer)


class Absorber:
    """Absorbs what the triggers of `tables` have noted; for the writer lane, under its lock.

    `is_behind` says that something was left for later: records that somebody has locked right now.
    """

    def __init__(self, store: Store, tables: Iterable[str]) -> None:
        self._store = store
        self._backend = store.database.backend
        found = [stored for name in tables if (stored := store.by_table(name)) is not None]
        self._tables = {stored.table.name: DirectTable(stored, store.dialect) for stored in found}
        self._inbox = Inbox(store.database.system, store.dialect, self._tables)
        self._left: set[int] = set()
        self._is_strict = True
        transaction = store.database.system.transaction.c
        latest = select(transaction.commit_time).order_by(transaction.revision.desc()).limit(1)
        self._select_latest = Prepared(latest, store.dialect, [])
        self.is_behind = False

    def last_number(self, session: Session) -> int:
        """Up to which number there is something to absorb; 0 is nothing."""
        self.is_behind = False
        return self._inbox.last_number(session)

    def absorb(self, group: Group, upto: int) -> list[Transaction] | None:
        """Makes revisions of some of what was noted up to a number; None where there is none of it left to absorb.

        Raises StorageError.
        """
        waiting = self._inbox.waiting(group.session, upto, _TRANSACTIONS_AT_ONCE)
        transactions: list[Transaction] = []
        rows, absorbed = 0, 0
        latest = self._latest_time(group.session) if waiting else None
        self.is_behind = False
        try:
            for one in waiting:
                if rows and rows + one.rows > _ROWS_AT_ONCE:
                    break
                if (transaction := self._absorb_one(group, one.transaction_id, latest)) is not None:
                    transactions.append(transaction)
                    latest = transaction.time
                rows, absorbed = rows + one.rows, absorbed + 1
        except _Locked:
            # What comes behind it may be about the same records.
            self.is_behind = True
        self._left = {one.transaction_id for one in waiting[absorbed:]} if self.is_behind else set()
        return transactions if absorbed else None

    def require_order(self, group: Group, transactions: Sequence[Transaction]) -> None:
        """Raises WriteConflict where what a group did may have come upon what was written past the server.

        That it found nothing to change counts too, where it relied on an etag: that of a record which was changed past
        the server is still the former one.

        At first anything that was noted meanwhile will do; where that does not end, what was noted of the same records.
        """
        changed = {(change.component.name, change.key) for each in transactions for change in each.changes}
        if not (concerned := changed | group.relied_on):
            return
        session = group.session
        meanwhile = self._inbox.transaction_ids(session)
        if not meanwhile:
            self._is_strict = True
            return
        if self._is_strict and meanwhile - self._left:
            self._is_strict = False
            raise WriteConflict(_CONFLICT)
        records = {(self._store[component].table.name, key_text(key)) for component, key in concerned}
        if self._inbox.has_any_of(session, sorted(record for record in records if record[0] in self._tables)):
            raise WriteConflict(_CONFLICT)
        self._is_strict = True

    def _absorb_one(self, group: Group, transaction_id: int, latest: datetime | None) -> Transaction | None:
        """Makes a revision of one transaction; None where it has changed nothing, or no revision can be made of it.

        Raises _Locked where it has to wait.
        """
        noted = self._inbox.rows(group.session, transaction_id)
        transaction = Transaction(self._store, group, DirectCall(noted[-1], noted[-1].reason))
        # No time goes before that of the revision before it, nor into the future.
        transaction.time = min(group.moment.time, max(noted[-1].write_time, latest or noted[-1].write_time))
        transaction.timestamp = datetime_to_timestamp(transaction.time)
        transaction.guard()
        try:
            self._write(transaction, transaction_id, noted)
        except Exception as error:  # noqa: BLE001  # whatever it is, others' writes go on
            self._give_up(transaction, transaction_id, error)
            return None
        has_changed = transaction.end()
        if not has_changed:
            transaction.undo()
        self._inbox.forget(group.session, transaction_id)
        return transaction if has_changed else None

    def _write(self, transaction: Transaction, transaction_id: int, noted: Sequence[Noted]) -> None:
        changes = read_changes(noted, self._tables)
        if not changes:
            return
        if found := findings(changes):
            said = "; ".join(text for text in (noted[-1].reason, found) if text)
            transaction.call = DirectCall(noted[-1], said)
        DirectWriting(transaction, self._inbox, transaction_id).write(changes)
        if found:
            logger.warning("revision %d bypassed the server, and its rules: %s", transaction.revision, found)

    def _latest_time(self, session: Session) -> datetime | None:
        """When the newest revision was committed; None where there is none that is kept."""
        row = session.fetch_one(self._select_latest, [])
        return None if row is None else self._store.system.latest_time.read(row)[0]

    def _give_up(self, transaction: Transaction, transaction_id: int, error: Exception) -> None:
        """Undoes what there is of a transaction. Raises where the database is the cause, or others in it are."""
        found = self._backend.for_caller(error)
        if isinstance(found, PassingFailure) or (
            isinstance(found, StorageError) and not isinstance(found, DatabaseUnavailable)
        ):
            raise error
        transaction.undo()
        if isinstance(found, DatabaseUnavailable):
            # Somebody has locked one of its records, or the time was up.
            raise _Locked from error
        logger.error(
            "no revision can be made of the transaction %d, which bypassed the server; it stays in "
            "toolcrib_direct_write and is not tried again",
            transaction_id,
            exc_info=error,
        )
        self._inbox.set_aside(transaction.session, transaction_id, f"{type(error).__name__}: {error}")
