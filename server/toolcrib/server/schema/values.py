"""Values of columns that change: what stands for nothing, what is converted, and what new columns begin with.

Protobuf does not tell a field without presence that holds zero from one that nobody wrote. So a column that is new, or
comes to be always set, holds zero where nothing is known; and one that comes to be `optional` is unset where it held
zero, as former records and clients have it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BINARY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    LargeBinary,
    Text,
    UnicodeText,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy import column as column_of

from toolcrib.server.columns import (
    ExactDouble,
    ExactText,
    ToolcribType,
    UnsignedBigInteger,
    UtcTimestamp,
    uint64_to_text,
)
from toolcrib.server.exact_text import END
from toolcrib.server.history import REVISION, START
from toolcrib.server.schema.renames import Match
from toolcrib.server.schema.shapes import FieldShape
from toolcrib.server.schema.tables import Altered
from toolcrib.server.system_tables import SystemTables
from toolcrib.server.tenants import TENANT

STANDARD_TIMES = ("create_time", "update_time")

# Those whose indexes have no room for any text.
_LIMITED = ("mysql", "mssql")
# How bytes are written, where not as standard SQL has them.
_BYTES = {"postgresql": "'\\x{}'", "cockroachdb": "'\\x{}'", "mssql": "0x{}"}
# Types of MariaDB and SQL Server for text and bytes.
_SIZED = re.compile(r"N?VARCHAR|(?:LONG|MEDIUM|TINY)?TEXT|VARBINARY|(?:LONG|MEDIUM|TINY)?BLOB")
_DOUBLE_BYTES = 8
# What each type has where nothing was written; all others are numbers.
_ZEROS: dict[str, Any] = {"bool": False, "string": "", "bytes": b"", "float": 0.0, "double": 0.0}


def prepare(connection: Connection) -> None:
    """Gives a connection what the expressions below call: SQLite does not tell -0.0 from 0.0."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.create_function("toolcrib_is_zero", 1, _is_zero, deterministic=True)


def zero_of(field: FieldShape) -> Any:
    """What a field that is always set has where nobody wrote it, as its column's type takes it."""
    if field.label == "repeated":
        return "[]"
    return "{}" if field.label.startswith("map") else _ZEROS.get(field.type, 0)


def shown(value: Any) -> str:
    """A value as plans write it: as in JSON."""
    return repr(value) if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False)


def default_text(value: Any, column: Column[Any], dialect: Dialect) -> str:
    """A constant as DDL has it."""
    if isinstance(column.type, ToolcribType) and (convert := column.type.to_driver(dialect)):
        value = convert(value)
    if isinstance(value, str) and dialect.name == "mssql":
        # The end of a text is written in letters.
        ends = value.endswith(END)
        return "N'" + value.removesuffix(END).replace("'", "''") + "'" + " + nchar(1) + nchar(1)" * ends
    match value:
        case bool():
            return str(int(value)) if dialect.name in {"sqlite", "mssql"} else str(value).lower()
        case bytes():
            return _BYTES.get(dialect.name, "x'{}'").format(value.hex())
        case str():
            return "'" + value.replace("'", "''") + "'"
        case _:
            return repr(value)


class Values:
    """The values of one table's columns behind a change, in terms of the columns that it has before it.

    `names` are those of the component in the audit trail, now and before.
    """

    def __init__(self, one: Match, names: Sequence[str], system: SystemTables, dialect: Dialect) -> None:
        self._match, self._names, self._system, self._dialect = one, names, system, dialect
        self._shape = one.served.shape()

    def renamed(self, one: Match) -> Values:
        """The same where the columns have their new names already."""
        return Values(one, self._names, self._system, self._dialect)

    def constant(self, name: str) -> Any:
        """What a new column that is never NULL holds at first; None where it hangs on the record."""
        field = self._shape.field(name)
        return None if field is None or name in STANDARD_TIMES else zero_of(field)

    def added(self, name: str) -> ColumnElement[Any]:
        """What a new column begins with."""
        column = self._match.table.c[name]
        if column.nullable:
            return null()
        if name == START:
            return self._stored(REVISION)
        if name == "create_time":
            return func.coalesce(self._first_commit(), self._commit_of_row())
        return self._commit_of_row() if name == "update_time" else literal(self.constant(name), column.type)

    def altered(self, altered: Altered) -> ColumnElement[Any]:
        """What a column that is altered holds."""
        column, field = self._match.table.c[altered.column], self._shape.field(altered.column)
        stored = self._stored(altered.column)
        value = self._converted(stored, column, altered) if altered.is_retyped else stored
        if field is None or altered.stored_nullable == altered.nullable:
            return value
        if altered.stored_nullable:
            return func.coalesce(value, literal(zero_of(field), column.type))
        return case((self._is_zero(value, column, field), null()), else_=value)

    def is_resized(self, altered: Altered) -> bool:
        """Whether text or bytes are to have room for more, or for less, and nothing else is changed."""
        limited = isinstance(self._match.table.c[altered.column].type, ExactText | LargeBinary)
        return self._dialect.name in _LIMITED and limited and _SIZED.match(altered.stored_type) is not None

    def too_long(self, name: str) -> ColumnElement[bool] | None:
        """Whether what is stored is longer than its column is to be; None where that is as long as it likes."""
        type_ = self._match.table.c[name].type
        if isinstance(type_, ExactText):
            return func.char_length(self._stored(name)) > type_.characters_max if type_.characters_max else None
        room = getattr(type_.dialect_impl(self._dialect), "length", None)
        length = func.datalength if self._dialect.name == "mssql" else func.length
        return length(self._stored(name)) > room if room else None

    def outside(self, name: str, stored_type: str, lowest: int, highest: int) -> ColumnElement[bool]:
        """Whether a stored number is below or above the bounds of a type."""
        stored = self._as_number(self._stored(name), stored_type)
        if self._is_number_as_text(stored_type):
            # Compared as text: as a number it may be more than SQLite has.
            return stored > uint64_to_text(highest)
        return or_(stored < lowest, stored > highest)

    def _converted(self, stored: ColumnElement[Any], column: Column[Any], altered: Altered) -> ColumnElement[Any]:
        if self.is_resized(altered):
            return stored
        if self._dialect.name != "sqlite":
            number = self._as_number(stored, altered.stored_type)
            return number != 0 if isinstance(column.type, Boolean) else cast(number, column.type)
        if isinstance(column.type, UnsignedBigInteger):
            return func.printf("%020d", stored)
        return cast(stored, Integer) if self._is_number_as_text(altered.stored_type) else stored

    def _as_number(self, stored: ColumnElement[Any], stored_type: str) -> ColumnElement[Any]:
        """PostgreSQL compares no truth value with numbers, and makes but an INTEGER of one."""
        is_truth = self._dialect.name != "sqlite" and stored_type.startswith("BOOL")
        return cast(cast(stored, Integer), BigInteger) if is_truth else stored

    def _is_number_as_text(self, stored_type: str) -> bool:
        return self._dialect.name == "sqlite" and stored_type.startswith("VARCHAR")

    def _stored(self, name: str) -> ColumnElement[Any]:
        return column_of(self._match.stored_name(name))

    def _is_zero(self, value: ColumnElement[Any], column: Column[Any], field: FieldShape) -> ColumnElement[bool]:
        """Whether a value, of the column's new type, is zero."""
        if not isinstance(column.type, ExactDouble):
            return value == literal(zero_of(field), column.type)
        if self._dialect.name == "sqlite":
            return func.toolcrib_is_zero(value) == 1
        if self._dialect.name == "mysql":
            # There -0.0 is another number (exact_number.py).
            return value == 0
        if self._dialect.name == "mssql":
            # What it shows of a number does not tell.
            return cast(value, BINARY(_DOUBLE_BYTES)) == literal(bytes(_DOUBLE_BYTES), BINARY)
        return and_(value == 0, cast(value, Text) != "-0")

    def _commit_of_row(self) -> ColumnElement[Any]:
        """When the version in a row was committed."""
        transaction = self._system.transaction.c
        of_row = select(transaction.commit_time).where(transaction.revision == self._stored(REVISION)).scalar_subquery()
        # A row that was written past the server may have a revision that never was, or is no longer kept.
        oldest = select(func.min(transaction.commit_time)).scalar_subquery()
        return func.coalesce(of_row, oldest, literal(datetime.now(UTC), UtcTimestamp))

    def _first_commit(self) -> ColumnElement[Any]:
        """When the audit trail first tells of a record."""
        audit, transaction = self._system.audit.c, self._system.transaction.c
        first = select(func.min(audit.revision)).where(
            audit.component.in_(self._names),
            audit.tenant == (self._of_row(TENANT) if TENANT in self._match.columns else ""),
            audit.record_key == self._record_key(),
        )
        found = select(transaction.commit_time).where(transaction.revision == first.scalar_subquery())
        return found.scalar_subquery()

    def _record_key(self) -> ColumnElement[Any]:
        """A record's key as the audit trail has it (`key_text`)."""
        key = self._match.served.component.key_fields
        if self._dialect.name == "mssql":
            return self._joined([self._without_end(name) for name in key]).concat(literal_column("nchar(1) + nchar(1)"))
        return self._joined([cast(self._of_row(self._match.stored_name(name)), Text) for name in key])

    def _of_row(self, name: str) -> ColumnElement[Any]:
        """A column of the row that is changed, where the audit's own may have the same name."""
        quote = self._dialect.identifier_preparer.quote
        return literal_column(f"{quote(self._match.table.name)}.{quote(name)}")

    def _without_end(self, name: str) -> ColumnElement[Any]:
        """Text behind the last of which, and of no other, there is to be an end."""
        stored = self._of_row(self._match.stored_name(name))
        if not isinstance(self._match.table.c[name].type, ExactText):
            return cast(stored, UnicodeText)
        return func.left(stored, func.len(stored) - len(END))

    def _joined(self, texts: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
        if len(texts) == 1:
            return texts[0]
        escaped = [func.replace(func.replace(part, "%", "%25"), "/", "%2F") for part in texts]
        joined: ColumnElement[Any] = escaped[0]
        for part in escaped[1:]:
            joined = joined.concat("/").concat(part)
        return joined


def _is_zero(value: Any) -> bool:
    return value == 0 and not (isinstance(value, float) and math.copysign(1, value) < 0)
