"""What calls have together that share one commit of the database: its time, its numbers, what is written at its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp

from toolcrib.server.answers import AnswerLimits, Answers
from toolcrib.server.call import Call
from toolcrib.server.errors import StoreError
from toolcrib.server.journal import Journal
from toolcrib.server.requests import RecordKey
from toolcrib.server.sequences import Sequences
from toolcrib.server.session import Session
from toolcrib.server.system_statements import SystemStatements
from toolcrib.server.system_tables import REVISION_SEQUENCE
from toolcrib.server.values import datetime_to_timestamp


class Moment(NamedTuple):
    """A commit's time, UTC, in both spellings; those that share a commit of the database share it."""

    time: datetime
    timestamp: Timestamp

    @classmethod
    def now(cls) -> Moment:
        """This moment."""
        time = datetime.now(UTC)
        return cls(time, datetime_to_timestamp(time))


class Group:
    """The calls that share one commit of the database, and what they share in it.

    `relied_on` are records whose etags were found to be what callers had read, whether or not they were changed then.
    """

    __slots__ = ("alone", "answers", "journal", "moment", "relied_on", "sequences", "session")

    def __init__(
        self, session: Session, statements: SystemStatements, answer_limits: AnswerLimits, *, alone: bool
    ) -> None:
        self.session = session
        self.sequences = Sequences(session, statements)
        self.journal = Journal()
        self.answers = Answers(session, statements, answer_limits)
        self.moment = Moment.now()
        self.alone = alone
        self.relied_on: set[RecordKey] = set()

    def refuse(self, call: Call, error: StoreError, refused_calls: int) -> None:
        """Notes that a call was refused, whose work is undone, as a transaction of its own."""
        revision = self.sequences.take(REVISION_SEQUENCE)
        self.journal.begin(revision, self.moment.time, call, refusal=error.reason, refused_calls=refused_calls)
        self.journal.add_refusal(revision, error)

    def write(self, statements: SystemStatements) -> None:
        """Writes what was kept for the end."""
        self.session.write_deferred()
        self.journal.write(self.session, statements)
        self.answers.write(self.moment.time)
        self.sequences.save()
