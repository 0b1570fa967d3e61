"""What became of a commit whose connection was lost before the database's answer came.

The journal has the answer: each transaction's row has a hash that no other has. Work that was committed is answered as
such, and work that was not can be run again; nothing is ever written twice to find out.
"""

from __future__ import annotations

import logging
import time

from toolcrib.server.databases.backend import Backend
from toolcrib.server.errors import OutcomeUnknown, StorageError
from toolcrib.server.journal import Proof
from toolcrib.server.system_statements import SystemStatements

logger = logging.getLogger(__name__)

# A database that is started anew, or one that takes the place of another, is back within them.
_PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 0.0)

_UNKNOWN = (
    "the connection to the database was lost while the commit ran, and nobody knows whether it was made; repeat the "
    "call with the same request_id, which finds out, or read the record"
)


class OutcomeFinder:
    """Asks the database, with connections of its own."""

    def __init__(self, backend: Backend, statements: SystemStatements) -> None:
        self._backend = backend
        self._statements = statements

    def was_committed(self, proof: Proof) -> bool:
        """Whether the transaction is there. Raises OutcomeUnknown where the database does not answer in time."""
        for pause_s in _PAUSES_S:
            try:
                return self._is_there(proof)
            except Exception as error:
                if not isinstance(self._backend.for_caller(error), StorageError):
                    raise
                logger.warning("whether revision %d was committed is asked again: %s", proof.revision, error)
            time.sleep(pause_s)
        raise OutcomeUnknown(_UNKNOWN)

    def _is_there(self, proof: Proof) -> bool:
        session = self._backend.session(read_only=False, waits=True)
        try:
            # The lost transaction may still be at its commit: it holds the lock until it is over, one way or the other.
            session.begin_writing()
            row = session.find(self._statements.select_hash, [proof.revision])
            session.rollback()
            return row is not None and bytes(row[0]) == proof.hash
        finally:
            session.close()
