"""The unit of work: what one call does to the database, all or nothing, and the record of it.

A `Transaction` is the work of one call. Where several calls share one commit of the database each still has its own
transaction and its own revision.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from toolcrib.server.call import Call
from toolcrib.server.changes import Change, Commit
from toolcrib.server.component import key_text
from toolcrib.server.sequences import Sequences
from toolcrib.server.session import Session
from toolcrib.server.store import Store
from toolcrib.server.system_tables import REVISION_SEQUENCE
from toolcrib.server.values import datetime_to_timestamp

if TYPE_CHECKING:
    from toolcrib.server.repository import Repository

RepositoryT = TypeVar("RepositoryT", bound="Repository[Any, Any]")


class Moment(NamedTuple):
    """A commit's time, UTC, in both spellings; those that share a commit of the database share it."""

    time: datetime
    timestamp: Timestamp

    @classmethod
    def now(cls) -> Moment:
        """This moment."""
        time = datetime.now(UTC)
        return cls(time, datetime_to_timestamp(time))


class ReadTransaction:
    """Reads of one call."""

    __slots__ = ("_repositories", "session", "store")

    def __init__(self, store: Store, session: Session) -> None:
        self.store = store
        self.session = session
        self._repositories: dict[type, Any] = {}

    def repository(self, kind: type[RepositoryT]) -> RepositoryT:
        """The repository of a component, bound to this transaction."""
        repository: RepositoryT | None = self._repositories.get(kind)
        if repository is None:
            repository = self._repositories[kind] = kind(self)
        return repository

    def revision_read(self) -> int:
        """The newest revision that this transaction sees."""
        row = self.session.fetch_one(self.store.system.select_sequence, [REVISION_SEQUENCE])
        return int(row[0]) if row else 0


class Transaction(ReadTransaction):
    """Reads and writes of one call. `time` is the commit's, UTC, the same for all that the call writes."""

    __slots__ = (
        "_commits_alone",
        "_depth",
        "_is_over",
        "_sequences",
        "call",
        "changes",
        "revision",
        "time",
        "timestamp",
    )

    def __init__(
        self, store: Store, session: Session, call: Call, sequences: Sequences, moment: Moment, *, commits_alone: bool
    ) -> None:
        super().__init__(store, session)
        self.call = call
        self.time, self.timestamp = moment
        self.revision = 0
        self.changes: list[Change[Any]] = []
        self._sequences = sequences
        self._commits_alone = commits_alone
        self._depth = 0
        self._is_over = False

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

    @contextmanager
    def part(self) -> Iterator[None]:
        """One write of a repository: where it is refused nothing of it stays, also if a hook goes on regardless."""
        depth = self._depth
        if not depth:
            # The call itself: who refuses it undoes the whole transaction.
            yield
            return
        self.begin_writing()
        self.session.savepoint(depth)
        count = len(self.changes)
        try:
            yield
        except BaseException:
            del self.changes[count:]
            if self.session.in_transaction:
                self.session.rollback_to_savepoint(depth)
            raise
        self.session.release_savepoint(depth)

    def end(self) -> bool:
        """Ends the work; answers whether there is anything to commit."""
        self._is_over = True
        return bool(self.changes)

    @property
    def has_savepoint(self) -> bool:
        """Whether undoing this transaction means returning to its savepoint rather than ending the database's."""
        return self.revision != 0 and not self._commits_alone

    def allocate_keys(self, sequence: str, count: int) -> int:
        """The first of `count` consecutive keys."""
        return self._sequences.take(sequence, count)

    def begin_writing(self) -> int:
        """The revision of what is about to be written; on the first write, allocates it and says whose it is.

        Runs after rules and before hooks, so that nothing that they refuse ever takes a revision.
        """
        if not self.revision:
            if not self._commits_alone:
                self.session.savepoint()
            self.revision = self._sequences.take(REVISION_SEQUENCE)
            call = self.call
            self.session.run(
                self.store.system.insert_transaction,
                [[self.revision, self.time, call.actor, int(call.actor_source), call.reason, call.method, call.peer]],
            )
        return self.revision

    def audit(self, changes: list[Change[Any]]) -> None:
        """Writes the audit entries of `changes`, whose rows are written."""
        revision, first = self.revision, len(self.changes)
        self.changes.extend(changes)
        self.session.run(
            self.store.system.insert_audit,
            [
                [
                    revision,
                    ordinal,
                    change.component.name,
                    key_text(change.key),
                    change.operation.value,
                    None if change.before_message is None else change.before_message.SerializeToString(),
                    None if change.after_message is None else change.after_message.SerializeToString(),
                ]
                for ordinal, change in enumerate(changes, first)
            ],
        )

    def commit(self) -> Commit:
        """What the listeners are told when this transaction is durable."""
        call = self.call
        return Commit(self.revision, self.time, call.actor, call.reason, call.method, tuple(self.changes))
