"""A rule of retention, and what it comes to in one commit. It only reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge

from sqlalchemy import Table, select

from toolcrib.retention.v1.retention_pb2 import TARGET_AUDIT, TARGET_VERSIONS, Pruning
from toolcrib.server.chain import SegmentsHash
from toolcrib.server.chain_rows import ChainRow, Link, Segment, place_of
from toolcrib.server.columns import time_to_text
from toolcrib.server.errors import InvalidRequest
from toolcrib.server.retention.kept import kept_of
from toolcrib.server.retention.runs import Runs
from toolcrib.server.retention.victims import AuditRows, Rule, VersionRows, Victims
from toolcrib.server.transaction import ReadTransaction
from toolcrib.server.values import timestamp_to_datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What a rule comes to: the `pruning` to sign, the rows that go, and the segments that take the place of others.

    `rows` are those of `table`, as `victims.py` has them; `transactions` are the revisions of those that go whole.
    """

    pruning: Pruning
    table: Table
    victims: Victims
    transactions: list[int]
    replaced: list[Segment]
    segments: list[Segment]


class Planner:
    """Plans within one transaction, which has to be a snapshot."""

    def __init__(self, transaction: ReadTransaction, pruning: Pruning) -> None:
        """`pruning` has the rule. Raises InvalidRequest."""
        self._transaction = transaction
        self._pruning = pruning
        self._rule = Rule(
            component=pruning.component,
            end_time=timestamp_to_datetime(pruning.end_time) if pruning.HasField("end_time") else None,
            keep_last=pruning.keep_last,
            start_revision=pruning.start_revision,
            end_revision=pruning.end_revision,
            max_rows=pruning.max_rows,
        )
        self._rows = self._rows_of_target()

    def count(self) -> int:
        """All rows that the rule lets go of."""
        return self._rows.count()

    def plan(self) -> Plan:
        """What the rule comes to. Raises ChainBroken where rows that would go are not what was written."""
        victims = self._rows.first()
        pruning = Pruning()
        _copy_rule(self._pruning, pruning)
        pruning.history = self._transaction.store.database.history
        kept = kept_of(self._transaction, pruning.component)
        last = victims.rows[-1][0] if victims.rows else 0
        if pruning.target == TARGET_VERSIONS:
            pruning.versions = len(victims.rows)
            pruning.oldest_revision = max(kept.versions_since or 0, last)
            return Plan(pruning, self._rows.table, victims, [], [], [])
        runs, replaced = self._runs(victims)
        pruning.entries, pruning.transactions = len(victims.rows), len(runs.transactions)
        pruning.oldest_revision = max(kept.audit_since, last)
        pruning.segments_hash = self._segments_hash(replaced, runs.segments)
        return Plan(pruning, self._rows.table, victims, runs.transactions, replaced, runs.segments)

    def _rows_of_target(self) -> AuditRows | VersionRows:
        if self._pruning.target == TARGET_AUDIT:
            return AuditRows(self._transaction, self._rule)
        store = self._transaction.store
        stored = store.find(self._rule.component)
        versions = None if stored is None else stored.statements.versions
        if stored is None or versions is None:
            text = f"{self._rule.component} keeps no versions here, so that none can be let go of"
            raise InvalidRequest.field("NO_VERSIONS", "component", text)
        return VersionRows(self._transaction, self._rule, versions.table)

    def _runs(self, victims: Victims) -> tuple[Runs, list[Segment]]:
        """What the rows that go leave, and the segments whose place that takes."""
        runs = Runs(set(victims.rows))
        if not victims.rows:
            return runs, []
        # With the rows before and behind them.
        first, last = victims.rows[0][0] - 1, victims.rows[-1][0] + 1
        replaced = self._segments(first, last)
        runs.follow(merge(self._transactions(first, last), self._entries(first, last), replaced, key=place_of))
        return runs, replaced

    def _segments(self, first: int, last: int) -> list[Segment]:
        segment = self._transaction.store.database.system.segment
        touching = select(segment).where(segment.c.last_revision >= first, segment.c.first_revision <= last)
        rows = self._transaction.session.connection.execute(touching.order_by(*segment.primary_key))
        return [Segment(*row) for row in rows]

    def _transactions(self, first: int, last: int) -> Iterator[Link]:
        transaction = self._transaction.store.database.system.transaction
        chosen = select(transaction).where(transaction.c.revision.between(first, last))
        for row in self._transaction.session.connection.execute(chosen.order_by(transaction.c.revision)):
            revision, time, *rest, stored = row
            yield ChainRow(revision, None, (revision, time_to_text(time), *rest), stored)

    def _entries(self, first: int, last: int) -> Iterator[Link]:
        audit = self._transaction.store.database.system.audit
        chosen = select(audit).where(audit.c.revision.between(first, last))
        for row in self._transaction.session.connection.execute(chosen.order_by(audit.c.revision, audit.c.ordinal)):
            *values, stored = row
            yield ChainRow(values[0], values[1], values, stored)

    def _segments_hash(self, replaced: list[Segment], by: list[Segment]) -> bytes:
        """That of all segments, once some are replaced."""
        segment = self._transaction.store.database.system.segment
        gone = {place_of(each) for each in replaced}
        rows = self._transaction.session.connection.execute(select(segment).order_by(*segment.primary_key))
        stay = (each for each in map(Segment._make, rows) if place_of(each) not in gone)
        hashed = SegmentsHash()
        for each in merge(stay, by, key=place_of):
            hashed.add(each)
        return hashed.digest()


def _copy_rule(source: Pruning, target: Pruning) -> None:
    for name in ("target", "component", "keep_last", "start_revision", "max_rows", "end_revision"):
        setattr(target, name, getattr(source, name))
    if source.HasField("end_time"):
        target.end_time.CopyFrom(source.end_time)
