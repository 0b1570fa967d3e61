"""What SQL Server's errors mean: by their numbers (the view sys.messages), never by their words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytds
from OpenSSL import SSL

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

# What the driver raises: it lets errors of the network through as they are.
DRIVER_ERRORS = (pytds.Error, SSL.Error, OSError)

_LOST = "the connection to the database was lost; nothing was written; try again"
_CONFLICT = "the write collided with others on the database, several times; nothing was written; try again"
_TOO_LONG = "is too long for an index: a key, or a value that is indexed or unique, has at most about 840 characters"

_NUMBERS: dict[int, type[StorageError]] = {
    596: ConnectionLost,  # the session was killed
    701: DatabaseUnavailable,  # out of memory
    802: DatabaseUnavailable,  # out of buffer memory
    823: DatabaseCorrupt,  # the operating system could not read or write a page
    824: DatabaseCorrupt,  # a page is not what it should be
    825: DatabaseCorrupt,  # a page was read at the second try only
    829: DatabaseCorrupt,  # a page waits to be restored
    904: DatabaseUnavailable,  # the database is shut down
    921: DatabaseUnavailable,  # the database is not recovered yet
    922: DatabaseUnavailable,  # the database is being recovered
    924: DatabaseUnavailable,  # somebody else has it for himself
    927: DatabaseUnavailable,  # the database is being restored
    942: DatabaseUnavailable,  # the database is offline
    945: DatabaseUnavailable,  # files of the database are missing
    983: DatabaseUnavailable,  # a replica that does not take this connection
    1101: DiskFull,  # no room for a page
    1105: DiskFull,  # no room in a filegroup
    1205: WriteConflict,  # chosen as the victim of a deadlock
    1222: DatabaseUnavailable,  # LOCK_TIMEOUT
    3906: DatabaseUnavailable,  # the database is read-only
    3952: DatabaseUnavailable,  # snapshots are not allowed
    3960: WriteConflict,  # changed since the snapshot
    3961: WriteConflict,  # altered since the snapshot
    3966: DiskFull,  # the version store of tempdb is full
    4060: DatabaseUnavailable,  # the database cannot be opened by this login
    6005: DatabaseUnavailable,  # it is being shut down
    8645: DatabaseUnavailable,  # waited too long for memory
    8651: DatabaseUnavailable,  # as above
    9001: DatabaseUnavailable,  # the log is not available
    9002: DiskFull,  # the log is full
    10054: ConnectionLost,
    10928: DatabaseUnavailable,  # Azure: a limit of resources
    10929: DatabaseUnavailable,  # as above
    17142: DatabaseUnavailable,  # it is paused
    17197: DatabaseUnavailable,  # the login took too long
    18456: DatabaseUnavailable,  # the login failed
    40197: ConnectionLost,  # Azure: the service moves
    40501: DatabaseUnavailable,  # Azure: the service is busy
    40544: DiskFull,  # Azure: the database is at its size limit
    40613: DatabaseUnavailable,  # Azure: the database is not available now
}
_CONSTRAINTS = frozenset({515, 547, 2601, 2627})
# Text for a column, or a row for an index, that is too long.
_TOO_LONG_NUMBERS = frozenset({1946, 2628, 8152})
_MESSAGES: dict[type[StorageError], str] = {**MESSAGES, ConnectionLost: _LOST, WriteConflict: _CONFLICT}


def classify(error: BaseException) -> StorageError | None:
    """What an error means for the caller, or None where it is not the database's fault."""
    number = number_of(error)
    kind = _NUMBERS.get(number) if number else None
    if kind is None and not number:
        if isinstance(error, TimeoutError) or isinstance(error.__cause__, TimeoutError):
            kind = DatabaseUnavailable
        elif is_disconnect(error):
            kind = ConnectionLost
    return None if kind is None else kind(_MESSAGES[kind])


@contextmanager
def network_as_driver() -> Iterator[None]:
    """Errors of the network are the driver's, as everybody expects of one (PEP 249)."""
    try:
        yield
    except TimeoutError as error:
        raise pytds.OperationalError(str(error)) from error
    except (SSL.Error, OSError) as error:
        raise pytds.InterfaceError(str(error)) from error


def is_disconnect(error: BaseException) -> bool:
    """Whether the connection is of no use any more."""
    return isinstance(error, pytds.InterfaceError | SSL.Error | OSError)


def is_constraint(error: BaseException) -> bool:
    """Whether a constraint of a table refused a row."""
    return number_of(error) in _CONSTRAINTS


def refusal(error: BaseException) -> StoreError | None:
    """The refusal of a value that SQL Server cannot hold, or None."""
    if number_of(error) in _TOO_LONG_NUMBERS:
        return InvalidRequest.field("VALUE_TOO_LONG", "", f"a value {_TOO_LONG}", in_record=True)
    return None


def number_of(error: BaseException) -> int:
    """The number of an error of the server's; 0 for others."""
    return int(getattr(error, "number", 0) or 0) if isinstance(error, pytds.Error) else 0
