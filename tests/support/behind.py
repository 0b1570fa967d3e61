"""A look behind a server, or a hand: its database by SQL, past all its rules."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

_POSTGRESQL_FORMS = (
    "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name "
    "FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0",
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
)


class Behind:
    """A connection; every statement is a commit. Parameters are spelled `?`, bytes `x'00'`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The cursor with what it finds."""
        # Without any, PostgreSQL's driver leaves a % as it is.
        return self._connection.execute(self._spelled(sql), *([parameters] if parameters else []))

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Runs it for each of `rows`."""
        self._connection.cursor().executemany(self._spelled(sql), rows)

    def tables(self) -> dict[str, list[Any]]:
        """All rows of all tables of Toolcrib's."""
        return {name: sorted(self.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr) for name in self._names()}

    def forms(self) -> list[tuple[Any, ...]]:
        """Its tables, columns, constraints and indexes, of whatever kind, in an order that stays."""
        is_sqlite = isinstance(self._connection, sqlite3.Connection)
        statements = ["SELECT name, sql FROM sqlite_master"] if is_sqlite else _POSTGRESQL_FORMS
        return sorted((row for sql in statements for row in self.execute(sql).fetchall()), key=repr)

    def _names(self) -> list[str]:
        is_sqlite = isinstance(self._connection, sqlite3.Connection)
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"
        found = self.execute(
            sql if is_sqlite else "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        )
        return [name for (name,) in found]

    def _spelled(self, sql: str) -> str:
        if isinstance(self._connection, sqlite3.Connection):
            return sql
        # As PostgreSQL writes bytes, and parameters.
        return re.sub(r"\bx'([0-9a-f]*)'", r"'\\x\1'::bytea", sql).replace("?", "%s")


@contextmanager
def behind(database: str | Path) -> Iterator[Behind]:
    """A connection to the database at a URL or path."""
    url = str(database)
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as server:
            yield Behind(server)
        return
    with closing(sqlite3.connect(path_of(url), isolation_level=None)) as file:
        yield Behind(file)


@contextmanager
def copied(database: str | Path) -> Iterator[Callable[[], None]]:
    """Copies a database that nobody uses; what it gives puts the copy in its place, any number of times."""
    url = str(database)
    if not url.startswith("postgresql"):
        path = path_of(url)
        kept = path.with_name("kept.db")
        shutil.copy(path, kept)

        def restore() -> None:
            for each in path.parent.glob(f"{path.name}*"):
                each.unlink()
            shutil.copy(kept, path)

        yield restore
        return
    parsed = make_url(url)
    server = parsed.set(database="postgres").render_as_string(hide_password=False)
    name, kept_name = parsed.database, f"{parsed.database}_kept"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {kept_name} TEMPLATE {name}")

        def recreate() -> None:
            # Somebody who was killed may be known there for another moment.
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {kept_name}")

        try:
            yield recreate
        finally:
            connection.execute(f"DROP DATABASE {kept_name} WITH (FORCE)")


def path_of(database: str) -> Path:
    """The file of a SQLite database."""
    return Path((make_url(database).database if "://" in database else database) or "")


@contextmanager
def locked(database: str) -> Iterator[None]:
    """While somebody else writes, and takes the time for it."""
    with behind(database) as connection:
        if database.startswith("postgresql"):
            connection.execute("BEGIN; LOCK TABLE toolcrib_sequence IN EXCLUSIVE MODE")
        else:
            connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
