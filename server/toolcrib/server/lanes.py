"""The lane that writes: calls that wait share one commit of the database."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeGuard

from toolcrib.server.answers import AnswerLimits
from toolcrib.server.bell import Bell
from toolcrib.server.changes import Commit
from toolcrib.server.direct.absorber import Absorber
from toolcrib.server.errors import ConnectionLost, OutcomeUnknown, PassingFailure, StorageError, StoreError
from toolcrib.server.group import Group
from toolcrib.server.journal import Proof
from toolcrib.server.lane import Job, Lane, LaneQueue
from toolcrib.server.outcome import OutcomeFinder
from toolcrib.server.refusals import RefusalLimit
from toolcrib.server.session import Session
from toolcrib.server.store import Store
from toolcrib.server.together import (
    create_together,
    forget_prepared,
    neighbours,
    prepare_together,
    prepared_kind,
    without_repeats,
)
from toolcrib.server.transaction import Transaction

logger = logging.getLogger(__name__)


# How long to wait before work is run again whose transaction the database ended in favour of another's, at most.
_CONFLICT_PAUSES_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)


class _GroupLost(Exception):
    """The database ended the whole transaction, for this `cause`: nothing of any call in the group is kept."""

    def __init__(self, cause: BaseException | None) -> None:
        super().__init__(cause)
        self.cause = cause


class WriterLane(Lane):
    """Runs writes: those that wait share one commit of the database, each as a transaction with its own revision.

    A call that fails takes no other with it. Where the database ends the whole transaction (disk full, file gone), each
    call is run again alone and answered by what really happened to it; where it did so in favour of another one's, or
    the connection was lost before the commit, all are run again together first. Hooks then run again too.
    """

    def __init__(
        self,
        name: str,
        store: Store,
        queue: LaneQueue,
        announce: Callable[[Commit], None],
        bell: Bell,
        *,
        batch_size: int,
        answer_limits: AnswerLimits,
        refusals_per_minute: int,
    ):
        super().__init__(name, queue, batch_size=batch_size)
        self._store = store
        self._backend = store.database.backend
        self._announce = announce
        self._bell = bell
        self._answer_limits = answer_limits
        self._refusals = RefusalLimit(refusals_per_minute)
        self._session: Session | None = None
        self._finder = OutcomeFinder(self._backend, store.system)
        tables = store.database.absorbed_tables
        self._absorber = Absorber(store, tables) if tables else None

    @property
    def is_behind(self) -> bool:
        """Whether something that bypassed the server could not be absorbed yet."""
        return self._absorber is not None and self._absorber.is_behind

    def execute(self, jobs: list[Job[Any]]) -> None:
        """Runs the jobs in one commit or, where that is lost, each in its own."""
        try:
            self._commit_patiently(jobs, prepares=True)
        except _GroupLost:
            if len(jobs) == 1 and not prepared_kind(jobs[0]):
                return
            # The first try may have taken the time that the caller gave.
            for job in _wanted_again(jobs):
                try:
                    self._commit_patiently([job], prepares=False)
                except _GroupLost:
                    logger.info("a write failed alone too: %s", job.error)

    def finish(self) -> None:
        """Closes the connection; the next group opens another."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _commit_patiently(self, jobs: list[Job[Any]], *, prepares: bool) -> None:
        """Runs the jobs in one commit; all of them again where the database ended it for no fault of theirs."""
        for pause_s in _CONFLICT_PAUSES_S:
            try:
                self._commit_together(jobs, prepares=prepares)
            except _GroupLost as lost:
                if not isinstance(lost.cause, PassingFailure):
                    raise
                # Not all who collided come back at the same moment.
                time.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311  # spreads load, keeps no secret
                jobs = _wanted_again(jobs)
            else:
                return
        if jobs:
            self._commit_together(jobs, prepares=prepares)

    def _commit_together(self, jobs: list[Job[Any]], *, prepares: bool) -> None:
        # The lock is taken after that: others of the database write meanwhile.
        if prepares:
            prepare_together(self._store, jobs)
        else:
            forget_prepared(jobs)
        try:
            session = self._begun()
        except Exception as error:  # noqa: BLE001  # each caller is answered, whatever it is
            # Nobody's work was begun, and running the calls again would wait as long again for each.
            self._fail(jobs, error)
            return
        try:
            session = self._absorbed(session)
            transactions, proof = self._run(session, jobs)
            # A dry run that was alone has ended it already.
            if transactions or session.in_transaction:
                self._commit(session, proof)
        except OutcomeUnknown as error:
            # Neither reported as done nor done again.
            self._fail(jobs, error)
            return
        except Exception as error:
            self._fail(jobs, error)
            raise _GroupLost(self._backend.for_caller(error)) from error
        self._tell(transactions)

    def _tell(self, transactions: Sequence[Transaction]) -> None:
        """Tells of what is durable."""
        self._bell.ring(transactions)
        for transaction in transactions:
            # Who has let go of the past has changed nothing that is.
            if self._store.listeners and transaction.changes:
                self._announce(transaction.commit())
            transaction.forget()

    def _absorbed(self, session: Session) -> Session:
        """Makes revisions of what has bypassed the server until now; answers a session in a transaction behind that."""
        if self._absorber is None or not (upto := self._absorber.last_number(session)):
            return session
        while True:
            group = Group(session, self._store.system, self._answer_limits, alone=False)
            transactions = self._absorber.absorb(group, upto)
            if transactions is None:
                return session
            group.write(self._store.system)
            self._commit(session, group.journal.proof())
            self._tell(transactions)
            session = self._begun()

    def _begun(self) -> Session:
        self._backend.check_present()
        if self._session is not None:
            try:
                self._session.begin_writing()
            except Exception as error:
                if not isinstance(self._backend.for_caller(error), ConnectionLost):
                    raise
                # It has lain idle while the database was started anew.
                self.finish()
            else:
                return self._session
        self._session = self._backend.session(read_only=False, waits=True)
        self._session.begin_writing()
        return self._session

    def _commit(self, session: Session, proof: Proof | None) -> None:
        """Makes it durable. Raises what the database does, or OutcomeUnknown."""
        try:
            session.commit(has_news=proof is not None)
        except Exception as error:
            lost = self._backend.for_caller(error)
            if not isinstance(lost, ConnectionLost):
                raise
            self.finish()
            if proof is None or not self._finder.was_committed(proof):
                raise lost from error

    def _run(self, session: Session, jobs: list[Job[Any]]) -> tuple[list[Transaction], Proof | None]:
        """Runs the jobs in the open transaction; raises where that is lost.

        Answers the transactions with anything to commit, and what will show that they were committed.
        """
        group = Group(session, self._store.system, self._answer_limits, alone=len(jobs) == 1)
        transactions: list[Transaction] = []
        for are_prepared, several in neighbours(jobs):
            others = several
            if are_prepared:
                new, others = without_repeats(group, several)
                transactions += create_together(self._store, group, new)
            transactions += self._run_each(group, others)
        if not session.in_transaction:
            # The only one was refused, or a dry run, and has ended it already.
            return [], None
        group.write(self._store.system)
        if self._absorber is not None:
            self._absorber.require_order(group, transactions)
        return transactions, group.journal.proof()

    def _run_each(self, group: Group, jobs: Iterable[Job[Any]]) -> list[Transaction]:
        """Runs jobs one after another; answers the transactions with anything to commit."""
        transactions = []
        for job in jobs:
            transaction = Transaction(self._store, group, job.call)
            if self._run_job(job, transaction, group.session):
                transactions.append(transaction)
            # Refused, or a dry run; or all that hooks tried was refused: a revision is given for a change, never a try.
            elif not transaction.undo():
                if not group.alone:
                    raise _GroupLost(None)
                group.session.rollback()
                if transaction.answer is None and not _is_audited(job.error):
                    return []
                group.session.begin_writing()
            if _is_audited(job.error) and (refused_calls := self._refusals.take()):
                group.refuse(job.call, job.error, refused_calls)
            # Also where nothing had to be changed: by the time of a repeat there might be.
            if transaction.answer is not None:
                group.answers.add(transaction.answer)
        return transactions

    def _run_job(self, job: Job[Any], transaction: Transaction, session: Session) -> bool:
        """Runs one job; answers whether it leaves anything to commit. Raises where the database is the cause."""
        try:
            job.value = job.work(transaction)
            # A hook may have gone on after an error that ended the transaction, for this call and all of its group.
            session.require_transaction()
            return transaction.end()
        except Exception as error:
            job.error = self._backend.for_caller(error)
            if isinstance(job.error, StorageError) or not session.in_transaction:
                raise
            return False

    def _fail(self, jobs: list[Job[Any]], error: Exception) -> None:
        """Answers all `jobs` with `error`, undoes what is left of the transaction and starts anew with a connection."""
        failure = self._backend.for_caller(error)
        for job in jobs:
            job.error = failure
        try:
            if self._session is not None:
                self._session.rollback()
        except Exception:
            logger.exception("the transaction could not be rolled back; its connection is closed")
        self.finish()


def _wanted_again(jobs: list[Job[Any]]) -> list[Job[Any]]:
    """Those that somebody still waits for, as if they had not been run."""
    for job in jobs:
        job.error = None
    return [job for job in jobs if job.is_wanted()]


def _is_audited(error: BaseException | None) -> TypeGuard[StoreError]:
    return isinstance(error, StoreError) and bool(error.audited_in)
