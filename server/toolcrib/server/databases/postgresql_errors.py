"""What PostgreSQL's errors mean: by SQLSTATE (PostgreSQL's manual, appendix A), never by their words."""

from __future__ import annotations

import psycopg

from toolcrib.server.databases.backend import MESSAGES
from toolcrib.server.errors import (
    ConnectionLost,
    DatabaseCorrupt,
    DatabaseUnavailable,
    DiskFull,
    InvalidRequest,
    StorageError,
    StoreError,
    WriteConflict,
)

_LOST = "the connection to the database was lost; nothing was written; try again"
_CONFLICT = "the write collided with others on the database, several times; nothing was written; try again"
_TOO_LONG = "is too long for an index: a key, or a value that is indexed or unique, has at most about 2,600 bytes"

_STATES: dict[str, type[StorageError]] = {
    "40001": WriteConflict,  # serialization_failure
    "40P01": WriteConflict,  # deadlock_detected
    "53100": DiskFull,
    "53200": DatabaseUnavailable,  # out_of_memory
    "53300": DatabaseUnavailable,  # too_many_connections
    "55P03": DatabaseUnavailable,  # lock_not_available: lock_timeout
    "57014": DatabaseUnavailable,  # query_canceled: statement_timeout
    "57P01": ConnectionLost,  # admin_shutdown
    "57P02": ConnectionLost,  # crash_shutdown
    "57P03": DatabaseUnavailable,  # cannot_connect_now: it is starting
    "57P05": ConnectionLost,  # idle_session_timeout
    "25P03": ConnectionLost,  # idle_in_transaction_session_timeout
    "25006": DatabaseUnavailable,  # read_only_sql_transaction: a standby
    "3D000": DatabaseUnavailable,  # invalid_catalog_name: the database was dropped
    "42501": DatabaseUnavailable,  # insufficient_privilege
    "58030": DatabaseUnavailable,  # io_error
    "XX001": DatabaseCorrupt,
    "XX002": DatabaseCorrupt,
}
_CLASSES: dict[str, type[StorageError]] = {
    "08": ConnectionLost,
    "28": DatabaseUnavailable,  # invalid authorization
}
_INDEX_ROW_TOO_LARGE = "54000"
_MESSAGES: dict[type[StorageError], str] = {**MESSAGES, ConnectionLost: _LOST, WriteConflict: _CONFLICT}


def classify(error: BaseException) -> StorageError | None:
    """What an error means for the caller, or None where it is not the database's fault."""
    if not isinstance(error, psycopg.Error):
        return None
    state = error.sqlstate
    if state is None:
        # The driver's own: the connection is broken, or never came about.
        kind: type[StorageError] | None = ConnectionLost if isinstance(error, psycopg.OperationalError) else None
    else:
        kind = _STATES.get(state) or _CLASSES.get(state[:2])
    return None if kind is None else kind(_MESSAGES[kind])


def refusal(error: BaseException) -> StoreError | None:
    """The refusal of a value that PostgreSQL cannot hold, or None."""
    if isinstance(error, psycopg.Error) and error.sqlstate == _INDEX_ROW_TOO_LARGE:
        return InvalidRequest.field("VALUE_TOO_LONG", "", f"a value {_TOO_LONG}", in_record=True)
    return None
