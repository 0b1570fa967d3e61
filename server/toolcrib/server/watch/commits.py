"""Reads commits from the audit trail, in the order of their revisions, some at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, BindParameter, SmallInteger, bindparam, func, literal_column, select

from toolcrib.server.changes import REFUSED
from toolcrib.server.columns import ExactText
from toolcrib.server.errors import RevisionAhead, RevisionPruned
from toolcrib.server.statements import Prepared, RowReader
from toolcrib.server.store import Store
from toolcrib.server.transaction import ReadTransaction

# What is read at once: so much, looked for among so many revisions. A commit is always read as a whole.
_BYTES_MAX = 512 * 1024
_REVISIONS_MAX = 20_000
# What an entry takes beside its images.
_ENTRY_BYTES = 200


class Entry(NamedTuple):
    """What a commit did to one record; the images are protobuf bytes."""

    component: str
    record_key: str
    operation: int
    before: bytes | None
    after: bytes | None
    tenant: str


class Committed(NamedTuple):
    """A commit, and what it did to records of the components that were asked for, in its order."""

    revision: int
    time: datetime
    actor: str
    actor_source: int
    reason: str
    method: str
    entries: list[Entry]


class Stretch(NamedTuple):
    """The commits up to the revision `upto`, which `is_last` where there was none behind it."""

    commits: list[Committed]
    upto: int
    is_last: bool


class CommitTrail:
    """The commits of a store. It may be used from several threads."""

    def __init__(self, store: Store) -> None:
        self._database = store.database
        tables = self._database.system
        audit, transaction = tables.audit.c, tables.transaction.c
        self._dialect = store.dialect
        self._columns = (
            *(audit[name] for name in ("revision", "component", "record_key", "operation")),
            *(audit[name] for name in ("before_image", "after_image", "tenant")),
            *(transaction[name] for name in ("commit_time", "actor", "actor_source", "reason", "method")),
        )
        self._joined = tables.audit.join(tables.transaction)
        self._audit = audit
        self._reader = RowReader(self._columns, store.dialect)
        self._kept = tables.kept.c
        self._statement = lru_cache(maxsize=64)(self._compile)
        self._pruned = lru_cache(maxsize=64)(self._compile_pruned)

    def read(self, transaction: ReadTransaction, components: Iterable[str], position: int) -> Stretch:
        """Commits behind `position` that changed records of `components`.

        Raises RevisionAhead where nothing has come as far as `position`, RevisionPruned where what is behind it is no
        longer kept.
        """
        now = {name: component for component in components for name in self._database.names_of(component)}
        names = sorted(now)
        with transaction.session.snapshot():
            newest = transaction.revision_read()
            self._require_kept(transaction, names, position, newest)
            upto = min(newest, position + _REVISIONS_MAX)
            rows, is_cut = self._rows(transaction, names, position, upto)
        commits = [_commit(list(group), now) for _, group in groupby(rows, key=itemgetter(0))]
        if is_cut:
            # The next one may have more than was read of it.
            upto = commits[-1].revision
        return Stretch(commits, upto, upto == newest)

    def _rows(
        self, transaction: ReadTransaction, names: Sequence[str], position: int, upto: int
    ) -> tuple[list[Sequence[Any]], bool]:
        """The entries, and whether there are more than are read at once; all of a commit, or none."""
        rows: list[Sequence[Any]] = []
        room = _BYTES_MAX
        for row in transaction.session.iterate(self._statement(len(names)), [*names, position, upto]):
            if room <= 0 and row[0] != rows[-1][0]:
                return rows, True
            rows.append(self._reader.read(row))
            room -= _ENTRY_BYTES + len(row[4] or b"") + len(row[5] or b"")
        return rows, False

    def _require_kept(self, transaction: ReadTransaction, names: Sequence[str], position: int, newest: int) -> None:
        if position > newest:
            text = f"a watch cannot begin behind revision {position}: the newest is {newest}"
            raise RevisionAhead(text, metadata={"newest_revision": str(newest)})
        row = transaction.session.fetch_one(self._pruned(len(names)), names)
        pruned_until = (row and row[0]) or 0
        if position < pruned_until:
            oldest = pruned_until + 1
            text = f"what was committed before revision {oldest} is no longer kept; begin anew with a snapshot"
            raise RevisionPruned(text, metadata={"oldest_revision": str(oldest)})

    def _compile_pruned(self, components: int) -> Prepared:
        """The last revision of which entries of any of so many components may be pruned."""
        given, kept = _given(components), self._kept
        return Prepared(select(func.max(kept.audit_since)).where(kept.component.in_(given)), self._dialect)

    def _compile(self, components: int) -> Prepared:
        given = _given(components)
        behind: BindParameter[int] = bindparam("given_position", type_=BigInteger)
        upto: BindParameter[int] = bindparam("given_upto", type_=BigInteger)
        audit = self._audit
        statement = (
            select(*self._columns)
            .select_from(self._joined)
            .where(audit.component.in_(given), audit.revision > behind, audit.revision <= upto)
            # What was refused, or let go of, has changed nothing.
            .where(audit.operation < literal_column(str(REFUSED), SmallInteger))
            .order_by(audit.revision, audit.ordinal)
        )
        return Prepared(statement, self._dialect, [*(name.key for name in given), behind.key, upto.key])


def _given(components: int) -> list[BindParameter[Any]]:
    return [bindparam(f"component_{n}", type_=ExactText) for n in range(components)]


def _commit(rows: list[Sequence[Any]], names: Mapping[str, str]) -> Committed:
    """A commit of these rows, whose components have the names that they have now."""
    revision, (time, actor, source, reason, method) = rows[0][0], rows[0][7:]
    return Committed(revision, time, actor, source, reason, method, [Entry(names[row[1]], *row[2:7]) for row in rows])
