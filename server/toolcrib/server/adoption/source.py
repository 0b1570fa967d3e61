"""The other application's database, opened to be read only."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SAWarning, SQLAlchemyError
from sqlalchemy.pool import NullPool

from toolcrib.server.adoption.sqlite_tables import as_sqlite_has_it
from toolcrib.server.adoption.tables import SourceTable, source_table
from toolcrib.server.databases.backend import unwrap
from toolcrib.server.databases.places import shown, without_password
from toolcrib.server.errors import StartError

# What other tools keep there about themselves.
_OTHERS_OWN = frozenset({"alembic_version", "schema_migrations", "flyway_schema_history", "spatial_ref_sys"})
# One moment of it; and times as text in a form that does not hang on the server's settings.
_BEGINNINGS = {"sqlite": ("BEGIN",), "postgresql": ("SET datestyle TO ISO", "SET intervalstyle TO iso_8601")}
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "mysql": "mysql+pymysql"}


class Source:
    """A database that is only read. `name` is what people call it. Raises StartError for what cannot be opened."""

    def __init__(self, name: str) -> None:
        url = _url(name)
        self.name = Path(url.database or "").stem if url.get_backend_name() == "sqlite" else str(url.database or "")
        self.place = shown(url)
        self._engine = _engine(url)

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """One moment of it, however long that takes. Raises StartError."""
        try:
            with self._engine.connect() as connection:
                for statement in _BEGINNINGS.get(connection.dialect.name, ()):
                    connection.exec_driver_sql(statement)
                yield connection
        except (SQLAlchemyError, OSError) as error:
            reason = str(unwrap(error)).splitlines()[0]
            raise StartError(f"cannot read {self.place}: {reason}; name another database with --from") from error

    def tables(self, connection: Connection, wanted: Sequence[str] = ()) -> list[SourceTable]:
        """The tables that are `wanted`, or all, sorted by name. Raises StartError where one is not there."""
        inspector = inspect(connection)
        names = inspector.get_table_names()
        if "toolcrib_meta" in names:
            raise StartError(
                f"{self.place} is a database of Toolcrib already; serve it with the components that it has"
            )
        missing = sorted(set(wanted) - set(names))
        if missing:
            known = ", ".join(sorted(names)) or "none"
            raise StartError(f"{self.place} has no table {', '.join(missing)}; it has {known}")
        chosen = wanted or [name for name in names if name not in _OTHERS_OWN]
        if not chosen:
            raise StartError(f"{self.place} has no tables")
        with warnings.catch_warnings():
            # Of types that it does not know, which are told of as columns without a field.
            warnings.simplefilter("ignore", SAWarning)
            found = [source_table(inspector, name) for name in sorted(set(chosen))]
        is_sqlite = connection.dialect.name == "sqlite"
        return [as_sqlite_has_it(table, connection) for table in found] if is_sqlite else found


def _url(name: str) -> URL:
    try:
        url = make_url(name if "://" in name else f"sqlite:///{name}")
    except (ArgumentError, ValueError) as error:
        raise StartError(
            f"{without_password(name)} is no database URL; write for example sqlite:///plant.db"
        ) from error
    if url.get_backend_name() != "sqlite":
        return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    if not url.database or not Path(url.database).is_file():
        raise StartError(f"there is no file {url.database or 'in memory'}; name a database with --from")
    return url


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        path = Path(str(url.database)).absolute()
        # Never makes a file, and leaves none beside it.
        read_only = url.set(database=path.as_uri()).update_query_dict({"mode": "ro", "uri": "true"})
        engine = create_engine(read_only, poolclass=NullPool)
        event.listen(engine, "connect", _read_any_text)
        return engine
    options: dict[str, Any] = {}
    if url.get_backend_name() == "postgresql":
        options = {"execution_options": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}}
    try:
        return create_engine(url, poolclass=NullPool, **options)
    except NoSuchModuleError as error:
        raise StartError(f"SQLAlchemy knows no database {url.drivername}; install its dialect with pip") from error
    except ModuleNotFoundError as error:
        raise StartError(
            f"{url.drivername} needs the driver {error.name}; install it: pip install {error.name}"
        ) from error


def _read_any_text(driver: Any, _record: object) -> None:
    """Text that is no UTF-8 is a value that no field holds, rather than the end of all reading."""
    driver.text_factory = lambda stored: stored.decode("utf-8", "surrogateescape")
