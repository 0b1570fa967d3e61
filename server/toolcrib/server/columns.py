"""Column types of generated tables that SQLAlchemy does not have."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Double, Integer, Numeric, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.mssql import DATETIME2, NVARCHAR
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from toolcrib.server import exact_number
from toolcrib.server.errors import InvalidRequest
from toolcrib.server.exact_text import from_ended, from_stored, json_from_stored, json_to_stored, to_ended, to_stored

# Times repeat: both standard times of a new record, and every record of a commit, are the same moment.
_CACHED_TIMES = 1024

# What stands for NaN where a database has none.
NAN_TEXT = "NaN"


Convert = Callable[[Any], Any]


@lru_cache(maxsize=_CACHED_TIMES)
def time_to_text(moment: datetime) -> str:
    """A time in UTC as SQLite and documents have it."""
    return moment.isoformat(sep=" ", timespec="microseconds")[:26]


@lru_cache(maxsize=_CACHED_TIMES)
def time_from_text(text: str) -> datetime:
    """The time of `time_to_text`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def uint64_to_text(number: int) -> str:
    """An unsigned integer of 64 bits as text that sorts like the numbers."""
    return f"{number:020}"


def _without_zone(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def in_utc(moment: datetime) -> datetime:
    """A time as SQL Server has it, without a zone."""
    return moment.replace(tzinfo=UTC)


def _finite(number: float) -> float:
    """A number for SQL Server, whose FLOAT holds no others. Raises InvalidRequest."""
    if not math.isfinite(number):
        text = f"{number} cannot be stored: SQL Server holds finite numbers only"
        raise InvalidRequest.field("VALUE_NOT_FINITE", "", text, in_record=True)
    return number


def number_to_value(number: float) -> float | str:
    """A number for SQLite."""
    return NAN_TEXT if math.isnan(number) else number


class ToolcribType(TypeDecorator[Any]):
    """A type whose values go to the driver of a database in another form, as `forms` says by the dialect's name.

    Prepared statements convert with `to_driver` and `from_driver` themselves, without SQLAlchemy's way around them.
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = String
    cache_ok = True
    forms: Mapping[str, tuple[Convert | None, Convert]] = {}

    def to_driver(self, dialect: Dialect) -> Convert | None:
        """What converts a value other than None for the driver; None where it takes it as it is."""
        form = self.forms.get(dialect.name)
        return form and form[0]

    def from_driver(self, dialect: Dialect) -> Convert | None:
        """The same for what the driver gives."""
        form = self.forms.get(dialect.name)
        return form and form[1]

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """To what the driver takes."""
        convert = self.to_driver(dialect)
        return convert(value) if convert and value is not None else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """From what the driver gives."""
        convert = self.from_driver(dialect)
        return convert(value) if convert and value is not None else value


class IntegerKey(TypeDecorator[int]):
    """A key of 64 bits. On SQLite it is INTEGER, whose primary key is the table's own order, with no tree beside it."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[int]:
        """SQLite's INTEGER has 64 bits."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())


class UtcTimestamp(ToolcribType):
    """A moment in UTC with microseconds, years 1 to 9999; a datetime.

    On SQLite it is text, "2026-11-21 04:24:37.123456", which SQLite's own date functions read and whose order is the
    order of time. On SQL Server it is DATETIME2(6), on MariaDB DATETIME(6), which know of no zone. Elsewhere it is the
    database's timestamp with time zone.
    """

    impl = DateTime(timezone=True)
    cache_ok = True
    forms = MappingProxyType(
        {
            "sqlite": (time_to_text, time_from_text),
            "mysql": (time_to_text, time_from_text),
            "mssql": (_without_zone, in_utc),
        }
    )

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """SQLite has no type for time; text keeps its order and its digits."""
        if dialect.name == "mysql":
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        if dialect.name == "mssql":
            return dialect.type_descriptor(DATETIME2(precision=6))  # type: ignore[no-untyped-call]  # SQLAlchemy's own
        return dialect.type_descriptor(String(26) if dialect.name == "sqlite" else DateTime(timezone=True))


class UnsignedBigInteger(ToolcribType):
    """An integer from 0 to 2^64 - 1.

    On SQLite, whose integers end at 2^63 - 1, it is text of 20 digits: its order is that of the numbers.
    """

    impl = Numeric(20, 0)
    cache_ok = True
    forms = MappingProxyType(
        {"sqlite": (uint64_to_text, int), "postgresql": (None, int), "cockroachdb": (None, int), "mssql": (None, int)}
    )

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, MariaDB's own type, a number of 20 digits elsewhere."""
        if dialect.name == "mysql":
            return dialect.type_descriptor(mysql.BIGINT(unsigned=True))
        return dialect.type_descriptor(String(20) if dialect.name == "sqlite" else Numeric(20, 0))


class _Untyped(UserDefinedType[float]):
    """A column without a type, whose values SQLite leaves as they are."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """No type."""
        return ""


class ExactDouble(ToolcribType):
    """A number of 64 bits (IEEE 754), with NaN and -0.0.

    On SQLite the column has no type: in one that is REAL -0.0 becomes 0.0. NaN, which SQLite would make NULL, is the
    text "NaN"; it sorts behind all numbers, as it does on PostgreSQL. What MariaDB lacks is in exact_number.py. SQL
    Server has neither NaN nor infinity, and such a number is refused there.
    """

    impl = Double
    cache_ok = True
    forms = MappingProxyType(
        {
            "sqlite": (number_to_value, float),
            "mysql": (exact_number.to_stored, exact_number.from_stored),
            "mssql": (_finite, float),
        }
    )

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """No type on SQLite."""
        return dialect.type_descriptor(_Untyped() if dialect.name == "sqlite" else Double())


# Compares by characters, as SQL Server has them: those of UTF-16.
MSSQL_COLLATION = "Latin1_General_100_BIN2"


class JsonNumber(ToolcribType):
    """A number that one inside a JSON document is compared with: with infinity, but no -0.0 and no NaN."""

    impl = Double
    cache_ok = True
    forms = MappingProxyType({"mysql": (exact_number.unsigned_zero_to_stored, exact_number.from_stored)})


class ExactText(ToolcribType):
    """Text that is compared and ordered by its characters, whatever language the database speaks, with NUL in it.

    `characters_max` is how many an index has room for on MariaDB and SQL Server (`databases/mariadb_tables.py`,
    `mssql_tables.py`); elsewhere, and where it is 0, there may be any number.
    """

    impl = Text
    cache_ok = True
    forms = MappingProxyType(
        {
            "postgresql": (to_stored, from_stored),
            "cockroachdb": (to_stored, from_stored),
            "mssql": (to_ended, from_ended),
        }
    )

    def __init__(self, characters_max: int = 0) -> None:
        super().__init__()
        self.characters_max = characters_max

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """SQLite and CockroachDB compare by characters anyway."""
        if dialect.name == "mysql":
            return dialect.type_descriptor(_mysql_text(dialect, self.characters_max))
        if dialect.name == "mssql":
            return dialect.type_descriptor(NVARCHAR(self.characters_max or None, collation=MSSQL_COLLATION))
        return dialect.type_descriptor(Text(collation="C") if dialect.name == "postgresql" else Text())


class Document(ToolcribType):
    """JSON as text, as documents.py spells it: databases' own JSON would lose -0.0 and the order of names."""

    impl = Text
    cache_ok = True
    forms = MappingProxyType(dict.fromkeys(("postgresql", "cockroachdb", "mssql"), (json_to_stored, json_from_stored)))

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """MariaDB's TEXT ends at 64 KiB, and SQL Server's is of its past."""
        if dialect.name == "mysql":
            return dialect.type_descriptor(_mysql_text(dialect))
        return dialect.type_descriptor(NVARCHAR()) if dialect.name == "mssql" else super().load_dialect_impl(dialect)


def _mysql_text(dialect: Dialect, characters_max: int = 0) -> TypeEngine[Any]:
    collation = collation_of(dialect)
    if characters_max:
        return mysql.VARCHAR(characters_max, collation=collation)
    return mysql.LONGTEXT(collation=collation)


def collation_of(dialect: Dialect) -> str:
    """The collation of MariaDB, or of MySQL, by which only equal characters are equal, spaces at the end too."""
    return "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
