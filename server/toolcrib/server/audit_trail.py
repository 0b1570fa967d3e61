"""Reads the audit trail: entries by condition, in the order of their commits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.sql.elements import ColumnElement

from toolcrib.server.changes import REFUSED
from toolcrib.server.store import Store
from toolcrib.server.transaction import ReadTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which entries: all conditions that are set must hold. Bounds of revisions include them, `end_time` does not.

    `tenant` is who asks, and is shown its own and what all tenants share; "" is who has none, None who may see all.
    """

    component: str = ""
    record_key: str = ""
    actor: str = ""
    operations: tuple[int, ...] = ()
    start_time: datetime | None = None
    end_time: datetime | None = None
    start_revision: int = 0
    end_revision: int = 0
    oldest_first: bool = False
    show_refused: bool = False
    tenant: str | None = None


class AuditRow(NamedTuple):
    """One change of one record, with the commit that made it; times are UTC, images protobuf bytes."""

    revision: int
    ordinal: int
    component: str
    record_key: str
    operation: int
    before_image: bytes | None
    after_image: bytes | None
    tenant: str
    hash: bytes
    commit_time: datetime
    actor: str
    actor_source: int
    reason: str
    method: str
    peer: str
    refusal: str


# Of all that there are: their images may be large.
_ROWS_AT_ONCE = 200
# The rest are those of the transaction.
_OF_AUDIT = AuditRow._fields.index("commit_time")


class AuditTrail:
    """The trail as one transaction sees it."""

    def __init__(self, transaction: ReadTransaction) -> None:
        self._connection = transaction.session.connection
        self._database = transaction.store.database
        tables = self._database.system
        self._audit, self._transaction = tables.audit.c, tables.transaction.c
        self._joined = tables.audit.join(tables.transaction)
        self._store = transaction.store

    def knows(self, component: str) -> bool:
        """Whether any entry is about this component."""
        found = select(self._audit.revision).where(self._audit.component == component).limit(1)
        return self._connection.execute(found).first() is not None

    def entries_by_key(self, component: str, tenant: str, start: int, end: int, behind: str) -> Iterator[AuditRow]:
        """Changes after revision `start`, until `end`, of records behind the key `behind`: by key, the oldest first."""
        audit = self._audit
        query = AuditQuery(component=component, tenant=tenant, start_revision=start + 1, end_revision=end)
        statement = self._selected(query).where(audit.record_key > behind)
        yield from self._rows(_streamed(statement.order_by(audit.record_key, audit.revision, audit.ordinal)))

    def entries(self, query: AuditQuery, position: Sequence[int], limit: int | None) -> Iterator[AuditRow]:
        """Up to `limit` entries, going on behind `position` (revision, ordinal) if there is one.

        All of them where it is None; they are then to be read within a snapshot.
        """
        order = (self._audit.revision, self._audit.ordinal)
        statement = self._selected(query)
        if position:
            statement = statement.where(self._behind(position, oldest_first=query.oldest_first))
        statement = statement.order_by(*(c.asc() if query.oldest_first else c.desc() for c in order))
        yield from self._rows(_streamed(statement) if limit is None else statement.limit(limit))

    def _selected(self, query: AuditQuery) -> Select[Any]:
        columns = (
            *(self._audit[name] for name in AuditRow._fields[:_OF_AUDIT]),
            *(self._transaction[name] for name in AuditRow._fields[_OF_AUDIT:]),
        )
        return select(*columns).select_from(self._joined).where(*self._conditions(query))

    def _rows(self, statement: Select[Any]) -> Iterator[AuditRow]:
        with self._connection.execute(statement) as rows:
            for row in rows:
                yield AuditRow(*row)

    def _conditions(self, query: AuditQuery) -> Iterator[ColumnElement[bool]]:
        audit, transaction = self._audit, self._transaction
        if query.component:
            yield audit.component.in_(self._database.names_of(query.component))
        if query.tenant is not None:
            yield seen_by(self._store, query.tenant, query.component)
        if query.record_key:
            yield audit.record_key == query.record_key
        if query.actor:
            yield transaction.actor == query.actor
        if query.operations:
            yield audit.operation.in_(query.operations)
        elif not query.show_refused:
            yield audit.operation != REFUSED
        if query.start_time is not None:
            yield transaction.commit_time >= query.start_time
        if query.end_time is not None:
            yield transaction.commit_time < query.end_time
        if query.start_revision:
            yield audit.revision >= query.start_revision
        if query.end_revision:
            yield audit.revision <= query.end_revision

    def _behind(self, position: Sequence[int], *, oldest_first: bool) -> ColumnElement[bool]:
        revision, ordinal = self._audit.revision, self._audit.ordinal
        last_revision, last_ordinal = position
        if oldest_first:
            return or_(revision > last_revision, and_(revision == last_revision, ordinal > last_ordinal))
        return or_(revision < last_revision, and_(revision == last_revision, ordinal < last_ordinal))


def seen_by(store: Store, tenant: str, component: str = "") -> ColumnElement[bool]:
    """Which entries a tenant may see, of one component or all: its own, and those of what all tenants share.

    What was written of a component before its records were each a tenant's own is nobody's.
    """
    audit, apart = store.database.system.audit.c, store.apart()
    if component:
        return audit.tenant == (tenant if component in apart else "")
    shared = and_(audit.tenant == "", audit.component.not_in(apart))
    return or_(audit.tenant == tenant, shared) if tenant else shared


def _streamed(statement: Select[Any]) -> Select[Any]:
    """Read through a cursor on the server, where there is one: nobody knows how many rows there are."""
    return statement.execution_options(yield_per=_ROWS_AT_ONCE)
