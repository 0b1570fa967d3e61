"""Which rows a rule lets go of: of each record its oldest, so that what is left of it is whole.

Statements run on SQLAlchemy's connection: this is not on the way of any other call.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Table, func, select

from toolcrib.server.changes import PRUNED, REFUSED
from toolcrib.server.history import END, START
from toolcrib.server.revision_times import last_kept_until
from toolcrib.server.transaction import ReadTransaction

# So many revisions are looked through for entries of one component, and twice as many, so often, before the index is.
_CLOSE_REVISIONS = 20_000
_DOUBLED = 6
_TICK = timedelta(microseconds=1)
_EARLIEST = datetime.min.replace(tzinfo=UTC) + _TICK


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What may go: what is older than `end_time` and not among the `keep_last` newest of its record.

    Either may be unset. It is carried out between two revisions, the first excluded, on about `max_rows` at once.
    """

    component: str
    end_time: datetime | None
    keep_last: int
    start_revision: int
    end_revision: int
    max_rows: int


class Victims(NamedTuple):
    """The rows that go, in order: the revision that they are cut by, and what else there is of their keys."""

    rows: list[tuple[Any, ...]]
    has_more: bool


class _Rows:
    """The rows of one table that a rule goes over. `revision` is the column that they are ordered and cut by."""

    table: Table
    revision: ColumnElement[int]

    def __init__(self, transaction: ReadTransaction, rule: Rule) -> None:
        self._transaction = transaction
        self._rule = rule

    def first(self) -> Victims:
        """The first that go; of one revision all or none."""
        return self._first(self._selected())

    def count(self) -> int:
        """How many go in all."""
        statement = select(func.count()).select_from(self._selected().order_by(None).subquery())
        return int(self._transaction.session.connection.execute(statement).scalar_one())

    def until(self) -> int:
        """The last revision that the rule may reach."""
        rule = self._rule
        if rule.end_time is None:
            return rule.end_revision
        before = max(rule.end_time, _EARLIEST) - _TICK
        return min(rule.end_revision, last_kept_until(self._transaction, before))

    def _first(self, selected: Select[Any]) -> Victims:
        limit = self._rule.max_rows
        rows = self._execute(selected.limit(limit + 1))
        if len(rows) <= limit:
            return Victims(rows, has_more=False)
        cut = rows[-1][0]
        whole = [row for row in rows if row[0] < cut]
        # One that alone has more than are wanted.
        return Victims(whole or self._execute(selected.where(self.revision == cut)), has_more=True)

    def _execute(self, statement: Select[Any]) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._transaction.session.connection.execute(statement)]

    def _selected(self) -> Select[Any]:
        raise NotImplementedError


class AuditRows(_Rows):
    """Entries of a component, by revision and ordinal."""

    def __init__(self, transaction: ReadTransaction, rule: Rule) -> None:
        super().__init__(transaction, rule)
        self.table = transaction.store.database.system.audit
        self.revision = self.table.c.revision

    def first(self) -> Victims:
        """The first that go; of one commit all or none.

        Where they stand close together they are read in the order of the table: to find them by the index of records is
        to sort all that there are.
        """
        close, until = self._chosen(func.coalesce(self.table.c.component, "")), self.until()
        for doubled in range(_DOUBLED):
            end = self._rule.start_revision + (_CLOSE_REVISIONS << doubled)
            found = self._first(close.where(self.revision <= end))
            if found.has_more or end >= until:
                return found
        return super().first()

    def _selected(self) -> Select[Any]:
        return self._chosen(self.table.c.component)

    def _chosen(self, component: ColumnElement[str]) -> Select[Any]:
        audit, rule = self.table.c, self._rule
        chosen = select(audit.revision, audit.ordinal).where(
            component == rule.component,
            audit.operation != PRUNED,
            audit.revision > rule.start_revision,
            audit.revision <= self.until(),
        )
        if rule.keep_last:
            chosen = chosen.where(audit.revision < self._last_kept())
        return chosen.order_by(audit.revision, audit.ordinal)

    def _last_kept(self) -> Any:
        """The oldest of the commits that are kept for their number, by which the record of an entry was changed."""
        entry, other = self.table.c, self.table.alias()
        of_record = select(other.c.revision).where(
            other.c.component == entry.component,
            other.c.tenant == entry.tenant,
            other.c.record_key == entry.record_key,
            other.c.operation < REFUSED,
            other.c.revision <= self._rule.end_revision,
        )
        newest = of_record.distinct().order_by(other.c.revision.desc())
        return newest.limit(1).offset(self._rule.keep_last - 1).scalar_subquery()


class VersionRows(_Rows):
    """Former versions of a component, by the revision that each ended at and the key of the table."""

    def __init__(self, transaction: ReadTransaction, rule: Rule, table: Table) -> None:
        super().__init__(transaction, rule)
        self.table = table
        self.revision = table.c[END]
        self.key = [*table.primary_key.columns]

    def _selected(self) -> Select[Any]:
        rule = self._rule
        chosen = select(self.revision, *self.key).where(
            self.revision > rule.start_revision, self.revision <= self.until()
        )
        if rule.keep_last:
            chosen = chosen.where(self.table.c[START] < self._last_kept())
        return chosen.order_by(self.revision, *self.key)

    def _last_kept(self) -> Any:
        """The beginning of the oldest version of a record among those that are kept for their number."""
        other = self.table.alias()
        same = [other.c[column.name] == column for column in self.key[:-1]]
        begun = select(other.c[START]).where(*same, other.c[END] <= self._rule.end_revision)
        return begun.order_by(other.c[START].desc()).limit(1).offset(self._rule.keep_last - 1).scalar_subquery()
