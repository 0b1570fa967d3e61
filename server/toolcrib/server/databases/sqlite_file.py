"""A SQLite file as it is stored, read-only and without a server.

Values are taken as they are stored, whatever somebody has made of them: text that is no UTF-8, numbers that are text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from toolcrib.server.databases.backend import Finding
from toolcrib.server.databases.examination import settled, sound
from toolcrib.server.errors import StartError
from toolcrib.server.statements import Prepared


class SqliteRows:
    """The rows of a file at one moment."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Sequence[Any]]:
        """What a SELECT finds, one after another."""
        return self._connection.execute(sql, parameters)

    def first(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Any] | None:
        """The first row of the same."""
        row: Sequence[Any] | None = self._connection.execute(sql, parameters).fetchone()
        return row

    def read(self, statement: Prepared, parameters: Sequence[Any] = (), tenant: str = "") -> Iterator[Sequence[Any]]:
        """What a prepared SELECT finds."""
        return self._connection.execute(statement.sql, statement.bind(list(parameters), tenant))

    def has_table(self, name: str) -> bool:
        """Whether there is this table."""
        known = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        return self._connection.execute(known, (name,)).fetchone() is not None


@contextmanager
def stored(path: Path) -> Iterator[SqliteRows]:
    """The rows, while a server may go on writing. Raises StartError where it is no file, no database, or damaged."""
    if not path.is_file():
        raise StartError(f"{path} is no file; name a database that is there")
    try:
        with closing(_opened(path)) as connection:
            connection.text_factory = _text
            connection.execute("BEGIN")
            yield SqliteRows(connection)
    except sqlite3.DatabaseError as error:
        raise StartError(f"{path} cannot be read: {error}; restore it from a backup") from error


def examine(path: Path) -> Finding:
    """Whether the file is, or can become, a sound database of this version."""
    if not path.exists():
        return Finding(f"{path} will be made by the first start")
    try:
        with closing(_opened(path)) as connection:
            return _examined(path, connection)
    except sqlite3.DatabaseError as error:
        return Finding(f"{path}: {error}", "name another file with --database, or restore it from a backup")


def _examined(path: Path, connection: sqlite3.Connection) -> Finding:
    rows, place = SqliteRows(connection), str(path)
    tables = [name for (name,) in rows.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    if found := settled(rows, place, place, tables):
        return found
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        return Finding(f"{place} is damaged: {verdict}", "restore it from a backup")
    return Finding(sound(rows, place))


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
