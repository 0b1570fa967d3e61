"""Reads the transactions: one by its revision, or many by condition in the order of their commits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import exists, not_, or_, select
from sqlalchemy.sql.elements import ColumnElement

from toolcrib.server.audit_trail import seen_by
from toolcrib.server.transaction import ReadTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionQuery:
    """Which transactions: all conditions that are set must hold. Bounds of revisions include them, `end_time` not.

    `tenant` is who asks, and is shown its own and those that changed nothing but what all tenants share; "" is who has
    none, None who may see all.
    """

    actor: str = ""
    component: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None
    start_revision: int = 0
    end_revision: int = 0
    oldest_first: bool = False
    show_refused: bool = False
    tenant: str | None = None


class TransactionRow(NamedTuple):
    """One transaction; `commit_time` is UTC."""

    revision: int
    commit_time: datetime
    actor: str
    actor_source: int
    reason: str
    method: str
    peer: str
    request_id: str
    refusal: str
    refused_calls: int
    entry_count: int
    tenant: str
    hash: bytes


class AuditTransactions:
    """The transactions as one transaction sees them."""

    def __init__(self, transaction: ReadTransaction) -> None:
        self._connection = transaction.session.connection
        self._database = transaction.store.database
        tables = self._database.system
        self._audit, self._transaction = tables.audit.c, tables.transaction.c
        self._store = transaction.store
        self._all = select(*(self._transaction[name] for name in TransactionRow._fields))

    def get(self, revision: int, tenant: str | None) -> TransactionRow | None:
        """The one of `revision`, if there is one that `tenant` may see."""
        this = [self._transaction.revision == revision, *([] if tenant is None else [self._seen_by(tenant)])]
        found = self._connection.execute(self._all.where(*this)).first()
        return None if found is None else TransactionRow(*found)

    def newest(self) -> tuple[TransactionRow, bytes] | None:
        """The newest one, and the hash of its last row, if there is one."""
        order = self._transaction.revision.desc()
        found = self._connection.execute(self._all.order_by(order).limit(1)).first()
        if found is None:
            return None
        newest = TransactionRow(*found)
        last = select(self._audit.hash).where(self._audit.revision == newest.revision)
        head = self._connection.execute(last.order_by(self._audit.ordinal.desc()).limit(1)).scalar_one_or_none()
        return newest, newest.hash if head is None else head

    def list(self, query: TransactionQuery, position: Sequence[int], limit: int) -> Iterator[TransactionRow]:
        """Up to `limit` transactions, going on behind `position` (a revision) if there is one."""
        revision = self._transaction.revision
        statement = self._all.where(*self._conditions(query))
        if position:
            (last,) = position
            statement = statement.where(revision > last if query.oldest_first else revision < last)
        statement = statement.order_by(revision.asc() if query.oldest_first else revision.desc()).limit(limit)
        with self._connection.execute(statement) as rows:
            for row in rows:
                yield TransactionRow(*row)

    def _conditions(self, query: TransactionQuery) -> Iterator[ColumnElement[bool]]:
        transaction, audit = self._transaction, self._audit
        if query.tenant is not None:
            yield self._seen_by(query.tenant)
        if query.actor:
            yield transaction.actor == query.actor
        if query.component:
            names = self._database.names_of(query.component)
            yield exists().where(audit.revision == transaction.revision, audit.component.in_(names))
        if query.start_time is not None:
            yield transaction.commit_time >= query.start_time
        if query.end_time is not None:
            yield transaction.commit_time < query.end_time
        if query.start_revision:
            yield transaction.revision >= query.start_revision
        if query.end_revision:
            yield transaction.revision <= query.end_revision
        if not query.show_refused:
            yield transaction.refusal == ""

    def _seen_by(self, tenant: str) -> ColumnElement[bool]:
        of_this = self._audit.revision == self._transaction.revision
        # Of a commit that changed what is another's nothing is told, also not how many entries it has.
        hidden = exists().where(of_this, not_(seen_by(self._store, tenant)))
        return or_(self._transaction.tenant == tenant, not_(hidden)) if tenant else not_(hidden)
