"""The driver's connection to MariaDB or MySQL, which knows of itself what the driver does not.

Values are written into statements by the driver, on this side (PyMySQL has no other way); it escapes by the rules of
UTF-8 and of a session without NO_BACKSLASH_ESCAPES, and both are set where a connection is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pymysql.connections import Connection
from pymysql.constants import CLIENT, ER, FIELD_TYPE, SERVER_STATUS
from pymysql.converters import conversions
from pymysql.cursors import Cursor
from pymysql.err import DataError, OperationalError

# Those by which the server ends a transaction, and not only the statement; the driver does not take note of that.
_ENDS_TRANSACTION = (ER.LOCK_DEADLOCK, 1020)  # ER_CHECKREAD, of innodb_snapshot_isolation

# Times come as text, as they do from SQLite (`columns.py`).
_AS_TEXT = (FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP)
CONVERSIONS: dict[Any, Any] = {kind: how for kind, how in conversions.items() if kind not in _AS_TEXT}
# An UPDATE tells how many rows it found, as elsewhere, not how many it changed.
FLAGS = CLIENT.FOUND_ROWS

# What the server takes by default; the real number is asked for when a connection is made.
_PACKET_BYTES = 1 << 20
# Statements of many rows are sent in pieces of about this size.
_PIECE_BYTES = 1 << 19


class StatementTooLarge(DataError):
    """A statement is longer than the server takes (`max_allowed_packet`); it was not sent."""


class MariadbCursor(Cursor):
    """A cursor whose `execute` answers itself, as those of other drivers do."""

    max_stmt_length = _PIECE_BYTES

    def execute(self, query: Any, args: Any = None) -> Any:
        """Runs a statement."""
        super().execute(query, args)
        return self

    def executemany(self, query: Any, args: Any) -> Any:
        """Runs a statement for each of `args`; the rows of an INSERT go together."""
        # What the driver's own adds up are numbers of rows.
        executed = _Counting(self.connection)
        executed.executemany(query, args)
        self.rowcount = executed.rowcount
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())


class _Counting(Cursor):
    max_stmt_length = _PIECE_BYTES


class MariadbConnection(Connection):
    """A connection. `server_status` says whether a transaction is open, also behind an error that ended it."""

    packet_bytes_max = _PACKET_BYTES
    server_status: int
    server_version: str

    def query(self, sql: Any, unbuffered: bool = False) -> int:
        """Sends a statement. Raises StatementTooLarge: the server would only end the connection."""
        text = sql.encode(self.encoding) if isinstance(sql, str) else bytes(sql)
        if len(text) >= self.packet_bytes_max:
            raise StatementTooLarge(ER.NET_PACKET_TOO_LARGE, f"{len(text)} bytes are more than max_allowed_packet")
        try:
            return super().query(text, unbuffered)
        except OperationalError as error:
            if error.args[0] in _ENDS_TRANSACTION:
                self.server_status &= ~SERVER_STATUS.SERVER_STATUS_IN_TRANS
            raise

    def configure(self, statement: str) -> None:
        """Runs `statement`, which sets the session's variables, and asks how much the server takes at once."""
        with self.cursor(MariadbCursor) as cursor:
            cursor.execute(statement)
            self.packet_bytes_max = int(cursor.execute("SELECT @@max_allowed_packet").fetchone()[0])

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self.open and bool(self.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS)
