"""Column types of generated tables that SQLAlchemy does not have."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String
from sqlalchemy.types import TypeDecorator, TypeEngine

# Times repeat: both standard times of a new record, and every record of a commit, are the same moment.
_CACHED_TIMES = 1024


@lru_cache(maxsize=_CACHED_TIMES)
def _to_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(sep=" ", timespec="microseconds")[:26]


@lru_cache(maxsize=_CACHED_TIMES)
def _from_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


class IntegerKey(TypeDecorator[int]):
    """A key of 64 bits. On SQLite it is INTEGER, whose primary key is the table's own order, with no tree beside it."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[int]:
        """SQLite's INTEGER has 64 bits."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())


class UtcTimestamp(TypeDecorator[datetime]):
    """A moment in UTC with microseconds, years 1 to 9999.

    On SQLite it is text, "2026-11-21 04:24:37.123456", which SQLite's own date functions read and whose order is the
    order of time. Elsewhere it is the database's timestamp with time zone.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime] | TypeEngine[str]:
        """SQLite has no type for time; text keeps its order and its digits."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(26))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        """To what the driver takes."""
        convert = self.to_driver(dialect)
        return convert(value) if convert else value

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> datetime | None:
        """From what the driver gives."""
        convert = self.from_driver(dialect)
        return convert(value) if convert else value  # type: ignore[return-value]  # without conversion it is none

    @staticmethod
    def to_driver(dialect: Dialect) -> Callable[[Any], Any] | None:
        """What converts a value for the driver, without SQLAlchemy's way around it; None where it takes datetimes."""
        return _to_text if dialect.name == "sqlite" else None

    @staticmethod
    def from_driver(dialect: Dialect) -> Callable[[Any], Any] | None:
        """The same for what the driver gives."""
        return _from_text if dialect.name == "sqlite" else None
