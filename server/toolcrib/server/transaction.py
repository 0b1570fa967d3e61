"""The unit of work: what one call does to the database, all or nothing, and the record of it.

A `Transaction` is the work of one call. Where several calls share one commit of the database, as a `Group`, each still
has its own transaction and its own revision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

from toolcrib.server.answers import StoredAnswer
from toolcrib.server.call import Call
from toolcrib.server.changes import Change, Commit
from toolcrib.server.group import Group
from toolcrib.server.requests import Key, RecordKey
from toolcrib.server.session import Session
from toolcrib.server.statements import Prepared
from toolcrib.server.store import Store
from toolcrib.server.system_tables import REVISION_SEQUENCE

if TYPE_CHECKING:
    from toolcrib.server.repository import Repository

RepositoryT = TypeVar("RepositoryT", bound="Repository[Any, Any]")

T = TypeVar("T")

_WHOLE = nullcontext()


class ReadTransaction:
    """Reads on one connection, each of them a transaction of its own; it keeps nothing of a call."""

    __slots__ = ("_repositories", "session", "store")

    def __init__(self, store: Store, session: Session) -> None:
        self.store = store
        self.session = session
        self._repositories: dict[type, Any] = {}

    @property
    def tenant(self) -> str:
        """Whose records of multi-tenant components it is about; empty where it is about none."""
        return self.session.tenant

    def page_token(self, query: Sequence[Any], position: Sequence[Any]) -> str:
        """The token for going on after `position` in what `query` lists, for the same tenant."""
        return self.store.page_tokens.encode(self._bound(query), position)

    def page_position(self, query: Sequence[Any], token: str) -> list[Any]:
        """The position in `token`. Raises InvalidRequest for that of another query, or another tenant."""
        return self.store.page_tokens.decode(self._bound(query), token)

    def _bound(self, query: Sequence[Any]) -> Sequence[Any]:
        return (*query, {"tenant": self.tenant}) if self.tenant else query

    def repository(self, kind: type[RepositoryT]) -> RepositoryT:
        """The repository of a component, bound to this transaction."""
        repository: RepositoryT | None = self._repositories.get(kind)
        if repository is None:
            repository = self._repositories[kind] = kind(self)
        return repository

    def revision_read(self) -> int:
        """The newest revision that this transaction sees."""
        row = self.session.fetch_one(self.store.system.select_sequence, [REVISION_SEQUENCE])
        return self.store.system.last_value(row) if row else 0


def in_name_of(tenant: str, work: Callable[[ReadTransaction], T]) -> Callable[[ReadTransaction], T]:
    """`work`, which reads, about the records of `tenant`."""

    def run(transaction: ReadTransaction) -> T:
        session = transaction.session
        former, session.tenant = session.tenant, tenant
        try:
            return work(transaction)
        finally:
            session.tenant = former

    return run


class Transaction(ReadTransaction):
    """Reads and writes of one call. `time` is the commit's, UTC, the same for all that the call writes.

    `is_guarded` says whether there is a savepoint that undoes this call alone, `has_written` whether there is anything
    in the database to undo, `has_pruned` whether it has let go of the past, `is_dry_run` whether all of it is undone in
    any case. `deleting` are the records whose deletion has begun: what refers to them goes with them. `answer` is what
    a repeat of the call is to be told, if it may be repeated, under its `request_id`.
    """

    __slots__ = (
        "_depth",
        "_group",
        "_is_over",
        "_sequences_mark",
        "_start",
        "answer",
        "call",
        "changes",
        "deleting",
        "has_pruned",
        "has_written",
        "is_dry_run",
        "is_guarded",
        "request_id",
        "revision",
        "time",
        "timestamp",
    )

    def __init__(self, store: Store, group: Group, call: Call) -> None:
        super().__init__(store, group.session)
        self._group = group
        self._start = group.journal.mark()
        self._sequences_mark = group.sequences.mark()
        self.call = call
        self.session.tenant = call.caller.tenant
        self.time, self.timestamp = group.moment
        self.revision = 0
        self.request_id = ""
        self.changes: list[Change[Any]] = []
        self.deleting: set[RecordKey] = set()
        self.answer: StoredAnswer | None = None
        self.is_dry_run = False
        self.is_guarded = False
        self.has_written = False
        self.has_pruned = False
        self._depth = 0
        self._is_over = False

    @property
    def tenant(self) -> str:
        """The call's tenant; empty where it has none."""
        return self.call.caller.tenant

    def repository(self, kind: type[RepositoryT]) -> RepositoryT:
        """The repository of a component, bound to this transaction. Raises RuntimeError where it is over."""
        if self._is_over:
            raise RuntimeError("the transaction is over; what comes after a commit needs a call of its own")
        return super().repository(kind)

    @contextmanager
    def within_hooks(self) -> Iterator[None]:
        """While hooks of a change run: what they write is a part of their change that may be refused by itself."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def part(self) -> AbstractContextManager[None]:
        """One write of a repository: where it is refused nothing of it stays, also if a hook goes on regardless."""
        # The call itself is no part: who refuses it undoes the whole transaction.
        return self._part_within_hooks() if self._depth else _WHOLE

    @contextmanager
    def _part_within_hooks(self) -> Iterator[None]:
        depth, journal = self._depth, self._group.journal
        self.begin_writing()
        self.guard()
        self.session.savepoint(depth)
        count, mark = len(self.changes), journal.mark()
        try:
            yield
        except BaseException:
            del self.changes[count:]
            journal.restore(mark)
            if self.session.in_transaction:
                self.session.rollback_to_savepoint(depth)
            raise
        self.session.release_savepoint(depth)

    def find_answer(self, actor: str, request_id: str) -> tuple[bytes, bytes | None] | None:
        """Digest and answer of a write that this one repeats, or None."""
        return self._group.answers.find(self.tenant, actor, request_id)

    def rely_on(self, component: str, key: Key) -> None:
        """Notes that a record has the etag that a caller had read of it."""
        self._group.relied_on.add((component, key))

    def allocate_keys(self, sequence: str, count: int, *, of_tenant: bool = False) -> Sequence[int]:
        """So many new keys, each higher than those before it; the tenant's own count where it is `of_tenant`."""
        return self._group.sequences.take_keys(sequence, count, self.tenant if of_tenant else "")

    def keep_keys(self, sequence: str, highest: int, *, of_tenant: bool = False) -> None:
        """Lets no key up to `highest` be given again."""
        self._group.sequences.keep_keys(sequence, highest, self.tenant if of_tenant else "")

    def begin_writing(self) -> int:
        """The revision of what is about to be written; on the first write, allocates it and says whose it is.

        Runs after rules and before hooks, so that nothing that they refuse ever takes a revision.
        """
        if not self.revision:
            self.revision = self._group.sequences.take(REVISION_SEQUENCE)
            self._group.journal.begin(self.revision, self.time, self.call, request_id=self.request_id)
        return self.revision

    def begin_dry_run(self) -> None:
        """Lets nothing stay of what this call is going to write."""
        self.is_dry_run = True
        self.guard()

    def guard(self) -> bool:
        """Lets what this call writes be undone without the calls that share its commit, unless it is too late.

        Answers whether it was this that set the savepoint.
        """
        if self.is_guarded or self.has_written or self._group.alone:
            return False
        self.session.savepoint()
        self.is_guarded = True
        return True

    def insert(self, statement: Prepared, rows: list[list[Any]], *, may_be_refused: bool) -> None:
        """Inserts rows: at once where something may still refuse them, else together with those of other calls."""
        # What was kept for later would not go with a savepoint that was set before; a dry run has one from the start.
        if may_be_refused or self._depth or self._group.alone or self.is_guarded or self.is_dry_run:
            self.run(statement, rows, may_be_refused=may_be_refused)
        else:
            self.has_written = True
            self.session.defer(statement, rows)

    def run(self, statement: Prepared, rows: list[list[Any]], *, may_be_refused: bool) -> None:
        """Runs a statement that writes, for each of `rows`."""
        # Alone, also what nothing should refuse is: by rows that somebody has written past the server.
        if may_be_refused or self._depth or self._group.alone:
            is_behind_savepoint = self.guard()
            self.has_written = True
            self.session.run_refusable(statement, rows, is_behind_savepoint=is_behind_savepoint)
        else:
            self.has_written = True
            self.session.run(statement, rows)

    def audit(self, changes: list[Change[Any]]) -> None:
        """Notes the audit entries of `changes`, whose rows are written."""
        self._group.journal.add(self.revision, len(self.changes), changes, self.tenant)
        self.changes.extend(changes)

    def audit_pruning(self, component: str, signed: bytes) -> None:
        """Notes that entries or versions of a component, which are gone, were let go of by a plan that was signed."""
        self._group.journal.add_pruning(self.revision, component, signed)
        self.has_pruned = True

    def end(self) -> bool:
        """Ends the work; answers whether there is anything to commit."""
        self._is_over = True
        if self.is_dry_run:
            return False
        leaves_something = bool(self.changes) or self.has_pruned
        if self.is_guarded and leaves_something:
            self.session.release_savepoint()
        return leaves_something

    def undo(self) -> bool:
        """Takes back what this call did, if it can be without the others of its group; answers whether it could."""
        self.forget()
        self._group.journal.restore(self._start)
        self._group.sequences.restore(self._sequences_mark)
        if self.is_guarded:
            self.session.rollback_to_savepoint()
            return True
        return not self.has_written

    def forget(self) -> None:
        """Lets go of what points back at it: once it is over it is freed at once, not by a collection of garbage."""
        self.changes = []
        self._repositories = {}

    def commit(self) -> Commit:
        """What the listeners are told when this transaction is durable."""
        caller, method = self.call.caller, self.call.method
        return Commit(self.revision, self.time, caller.actor, caller.tenant, caller.reason, method, tuple(self.changes))
