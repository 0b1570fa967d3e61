"""The lanes that read."""

from __future__ import annotations

from typing import Any

from toolcrib.server.errors import PassingFailure, StorageError
from toolcrib.server.lane import Job, Lane, LaneQueue
from toolcrib.server.store import Store
from toolcrib.server.transaction import ReadTransaction


class ReaderLane(Lane):
    """Runs reads on a connection that cannot write."""

    def __init__(self, name: str, store: Store, queue: LaneQueue, *, batch_size: int) -> None:
        super().__init__(name, queue, batch_size=batch_size)
        self._store = store
        self._backend = store.database.backend
        self._transaction: ReadTransaction | None = None

    def execute(self, jobs: list[Job[Any]]) -> None:
        """Runs each job; one that fails does not touch the others."""
        try:
            self._opened()
        except Exception as error:  # noqa: BLE001  # as below
            # To try it for each would take as long again, and again.
            failure = self._backend.for_caller(error)
            for job in jobs:
                job.error = failure
            return
        for job in jobs:
            self._run(job)
            if isinstance(job.error, PassingFailure):
                # The connection may have lain idle while the database was started anew.
                job.error = None
                self._run(job)

    def finish(self) -> None:
        """Closes the connection; the next job opens another."""
        if self._transaction is not None:
            self._transaction.session.close()
            self._transaction = None

    def _run(self, job: Job[Any]) -> None:
        try:
            job.value = job.work(self._opened())
        except Exception as error:  # noqa: BLE001  # the caller is answered, whatever it is
            job.error = self._backend.for_caller(error)
            if isinstance(job.error, StorageError):
                self.finish()

    def _opened(self) -> ReadTransaction:
        if self._transaction is None:
            self._transaction = ReadTransaction(self._store, self._backend.session(read_only=True, waits=True))
        return self._transaction
