"""What writes with a request_id were answered: found again for a repeat, written with the commit, forgotten in time.

An answer is in the same transaction as the records that it tells of. Nothing can refuse its row, since it was looked
for before and only one lane writes, so those of a group are written together, as the journal is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from toolcrib.server.session import Session
from toolcrib.server.system_statements import SystemStatements

# How many are forgotten in a commit at most: as many as it brings, and some, so that it never takes long.
_FORGOTTEN_BESIDE = 100


class AnswerLimits(NamedTuple):
    """How long answers are kept at least, and how many there are at most."""

    hours: float
    number: int


class StoredAnswer(NamedTuple):
    """An answer under its tenant, actor and id.

    `digest` stands for method and request, `revision` is 0 without a change.
    """

    tenant: str
    actor: str
    request_id: str
    commit_time: datetime
    revision: int
    digest: bytes
    answer: bytes | None


class Answers:
    """The answers as one transaction of the database sees them, those of the calls that share it included."""

    __slots__ = ("_added", "_limits", "_session", "_statements")

    def __init__(self, session: Session, statements: SystemStatements, limits: AnswerLimits) -> None:
        self._session = session
        self._statements = statements
        self._limits = limits
        self._added: dict[tuple[str, str, str], StoredAnswer] = {}

    def find(self, tenant: str, actor: str, request_id: str) -> tuple[bytes, bytes | None] | None:
        """Digest and answer of this actor's write under `request_id`, or None. Actors of two tenants are two."""
        added = self._added.get((tenant, actor, request_id))
        if added is not None:
            return added.digest, added.answer
        row = self._session.find(self._statements.select_answer, [tenant, actor, request_id])
        return None if row is None else (row[0], row[1])

    def add(self, answer: StoredAnswer) -> None:
        """Keeps the answer of a call that has succeeded, until `write`."""
        self._added[answer.tenant, answer.actor, answer.request_id] = answer

    def write(self, time: datetime) -> None:
        """Writes what was added, and forgets some of what is no longer kept at `time`, which is UTC."""
        if self._added:
            self._session.run(self._statements.insert_answer, [list(answer) for answer in self._added.values()])
            self._forget(time)

    def _forget(self, time: datetime) -> None:
        too_old = time - timedelta(hours=self._limits.hours)
        last = None
        # The oldest one tells whether there is anything to look for.
        for span in (1, len(self._added) + _FORGOTTEN_BESIDE):
            row = self._session.find(self._statements.select_expired_answer, [span, too_old, self._limits.number])
            last = None if row is None else row[0]
            if last is None:
                return
        self._session.run(self._statements.delete_answers, [[last]])
