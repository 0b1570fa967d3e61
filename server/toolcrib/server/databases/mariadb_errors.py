"""What errors of MariaDB and MySQL mean: by their numbers, never by their words.

Numbers are of MariaDB's manual (Error Codes) and MySQL's (Server Error Message Reference); from 2000 on they are the
driver's own, of a connection that is broken or never came about.
"""

from __future__ import annotations

import pymysql

from toolcrib.server.databases.backend import MESSAGES
from toolcrib.server.databases.mariadb_connection import StatementTooLarge
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
from toolcrib.server.exact_number import NotStorable

_LOST = "the connection to the database was lost; nothing was written; try again"
_CONFLICT = "the write collided with others on the database, several times; nothing was written; try again"
_TOO_LONG = (
    "is too long for an index: a key has at most 500 characters, a value that is indexed or unique about 760, "
    "or its share of them where an index is over several"
)
_TOO_LARGE = "is more than the database takes in one statement; its administrator may raise max_allowed_packet"

_NUMBERS: dict[int, type[StorageError]] = {
    1020: WriteConflict,  # ER_CHECKREAD: the row was changed since the snapshot
    1213: WriteConflict,  # ER_LOCK_DEADLOCK
    1614: WriteConflict,  # ER_XA_RBDEADLOCK
    1021: DiskFull,  # ER_DISK_FULL
    1114: DiskFull,  # ER_RECORD_FILE_FULL
    3: DiskFull,  # EE_WRITE: of a temporary file
    1037: DatabaseUnavailable,  # ER_OUTOFMEMORY
    1040: DatabaseUnavailable,  # ER_CON_COUNT_ERROR
    1203: DatabaseUnavailable,  # ER_TOO_MANY_USER_CONNECTIONS
    1226: DatabaseUnavailable,  # ER_USER_LIMIT_REACHED
    1044: DatabaseUnavailable,  # ER_DBACCESS_DENIED_ERROR
    1045: DatabaseUnavailable,  # ER_ACCESS_DENIED_ERROR
    1142: DatabaseUnavailable,  # ER_TABLEACCESS_DENIED_ERROR
    1047: DatabaseUnavailable,  # ER_UNKNOWN_COM_ERROR: a node of Galera that is apart from the others
    1049: DatabaseUnavailable,  # ER_BAD_DB_ERROR: the database was dropped
    1205: DatabaseUnavailable,  # ER_LOCK_WAIT_TIMEOUT
    1290: DatabaseUnavailable,  # ER_OPTION_PREVENTS_STATEMENT: a replica, or read_only
    1836: DatabaseUnavailable,  # ER_READ_ONLY_MODE
    1317: DatabaseUnavailable,  # ER_QUERY_INTERRUPTED
    1969: DatabaseUnavailable,  # ER_STATEMENT_TIMEOUT
    3024: DatabaseUnavailable,  # ER_QUERY_TIMEOUT
    1053: ConnectionLost,  # ER_SERVER_SHUTDOWN
    1077: ConnectionLost,  # ER_NORMAL_SHUTDOWN
    1079: ConnectionLost,  # ER_SHUTDOWN_COMPLETE
    1129: DatabaseUnavailable,  # ER_HOST_IS_BLOCKED
    1152: ConnectionLost,  # ER_ABORTING_CONNECTION
    1158: ConnectionLost,  # ER_NET_READ_ERROR
    1159: ConnectionLost,  # ER_NET_READ_INTERRUPTED
    1160: ConnectionLost,  # ER_NET_ERROR_ON_WRITE
    1161: ConnectionLost,  # ER_NET_WRITE_INTERRUPTED
    1184: ConnectionLost,  # ER_NEW_ABORTING_CONNECTION
    1927: ConnectionLost,  # ER_CONNECTION_KILLED
    4031: ConnectionLost,  # ER_CLIENT_INTERACTION_TIMEOUT
    126: DatabaseCorrupt,  # HA_ERR_CRASHED
    1034: DatabaseCorrupt,  # ER_NOT_KEYFILE
    1712: DatabaseCorrupt,  # ER_INDEX_CORRUPT
    1932: DatabaseCorrupt,  # ER_NO_SUCH_TABLE_IN_ENGINE
}
_DRIVERS_OWN = range(2000, 3000)
_CONSTRAINT_FAILED = 4025
_DATA_TOO_LONG = 1406
_MESSAGES: dict[type[StorageError], str] = {**MESSAGES, ConnectionLost: _LOST, WriteConflict: _CONFLICT}


def number_of(error: BaseException) -> int:
    """The error's number; 0 where it has none, as one of a connection that was closed before."""
    first = error.args[0] if error.args else 0
    return first if isinstance(first, int) else 0


def classify(error: BaseException) -> StorageError | None:
    """What an error means for the caller, or None where it is not the database's fault."""
    if not isinstance(error, pymysql.err.Error) or isinstance(error, StatementTooLarge):
        return None
    number = number_of(error)
    kind = _NUMBERS.get(number)
    if number in _DRIVERS_OWN or isinstance(error, pymysql.err.InterfaceError):
        kind = ConnectionLost
    return None if kind is None else kind(_MESSAGES[kind])


def is_constraint(error: BaseException) -> bool:
    """Whether a constraint of a table refused a row."""
    return isinstance(error, pymysql.err.IntegrityError) or number_of(error) == _CONSTRAINT_FAILED


def refusal(error: BaseException) -> StoreError | None:
    """The refusal of a value that MariaDB cannot hold, or None."""
    if isinstance(error, StatementTooLarge):
        return InvalidRequest.field("VALUE_TOO_LONG", "", f"the record {_TOO_LARGE}", in_record=True)
    if isinstance(error, NotStorable):
        return InvalidRequest.field("VALUE_NOT_STORABLE", "", str(error), in_record=True)
    if isinstance(error, pymysql.err.Error) and number_of(error) == _DATA_TOO_LONG:
        return InvalidRequest.field("VALUE_TOO_LONG", "", f"a value {_TOO_LONG}", in_record=True)
    return None
