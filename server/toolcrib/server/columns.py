"""Column types of generated tables that SQLAlchemy does not have."""

from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import DateTime, Dialect, String
from sqlalchemy.types import TypeDecorator, TypeEngine

# Times repeat: both standard times of a new record, and every record of a commit, are the same moment.
_CACHED_TIMES = 1024


@lru_cache(maxsize=_CACHED_TIMES)
def _to_text(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="microseconds")[:26]


@lru_cache(maxsize=_CACHED_TIMES)
def _from_text(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


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
        if value is None or dialect.name != "sqlite":
            return value
        return _to_text(value)

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> datetime | None:
        """From what the driver gives."""
        if isinstance(value, str):
            return _from_text(value)
        return value
