"""A look behind a server, or a hand: its database by SQL, past all its rules."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pymysql
from pymysql.cursors import Cursor
from sqlalchemy import make_url

_SQLITE_FORMS = ("SELECT name, sql FROM sqlite_master",)
_POSTGRESQL_FORMS = (
    "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name "
    "FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0",
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
)
_MARIADB_FORMS = (
    "SELECT table_name, column_name, column_type, is_nullable, column_default, collation_name, extra "
    "FROM information_schema.columns WHERE table_schema = database()",
    "SELECT table_name, index_name, seq_in_index, column_name, non_unique, collation "
    "FROM information_schema.statistics WHERE table_schema = database()",
)
_MARIADB = ("mariadb", "mysql")
_DROP_INDEX = re.compile(r"^DROP INDEX (\w+)$")


class Behind:
    """A connection; every statement is a commit. Parameters are spelled `?`, bytes `x'00'`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The cursor with what it finds."""
        # Without any, drivers leave a % as it is.
        cursor = self._connection.cursor()
        cursor.execute(self._spelled(sql), *([parameters] if parameters else []))
        return cursor

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Runs it for each of `rows`."""
        self._connection.cursor().executemany(self._spelled(sql), rows)

    def tables(self) -> dict[str, list[Any]]:
        """All rows of all tables of Toolcrib's."""
        return {name: sorted(self.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr) for name in self._names()}

    def forms(self) -> list[tuple[Any, ...]]:
        """Its tables, columns, constraints and indexes, of whatever kind, in an order that stays."""
        statements = {
            sqlite3.Connection: _SQLITE_FORMS,
            psycopg.Connection: _POSTGRESQL_FORMS,
            pymysql.Connection: _MARIADB_FORMS,
        }[type(self._connection)]
        return sorted((row for sql in statements for row in self.execute(sql).fetchall()), key=repr)

    def _names(self) -> list[str]:
        sql = {
            sqlite3.Connection: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1",
            psycopg.Connection: "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
            pymysql.Connection: "SELECT table_name FROM information_schema.tables WHERE table_schema = database()"
            " ORDER BY 1",
        }[type(self._connection)]
        return [name for (name,) in self.execute(sql).fetchall()]

    def _spelled(self, sql: str) -> str:
        if isinstance(self._connection, sqlite3.Connection):
            return sql
        if isinstance(self._connection, psycopg.Connection):
            # As PostgreSQL writes bytes.
            sql = re.sub(r"\bx'([0-9a-f]*)'", r"'\\x\1'::bytea", sql)
        if isinstance(self._connection, pymysql.Connection):
            sql = _DROP_INDEX.sub(self._drop_index, sql)
        return sql.replace("?", "%s")

    def _drop_index(self, found: re.Match[str]) -> str:
        """As MariaDB writes it, where an index belongs to its table."""
        sql = "SELECT table_name FROM information_schema.statistics WHERE table_schema = database() AND index_name = ?"
        (table, *_) = self.execute(sql, [found[1]]).fetchone()
        return f"DROP INDEX {found[1]} ON {table}"


@contextmanager
def behind(database: str | Path) -> Iterator[Behind]:
    """A connection to the database at a URL or path."""
    url = str(database)
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as server:
            yield Behind(server)
        return
    if url.startswith(_MARIADB):
        with closing(_mariadb(url)) as server:
            yield Behind(server)
        return
    with closing(sqlite3.connect(path_of(url), isolation_level=None)) as file:
        yield Behind(file)


class _Rows(Cursor):
    """Gives rows in a list, as other drivers do."""

    def fetchall(self) -> Any:
        return list(super().fetchall())


def _mariadb(database: str) -> pymysql.Connection:
    url = make_url(database)
    return pymysql.connect(
        host=url.host or "localhost",
        port=url.port or 0,
        user=url.username,
        password=url.password or "",
        database=url.database,
        unix_socket=url.query.get("unix_socket"),
        charset="utf8mb4",
        autocommit=True,
        cursorclass=_Rows,
        # Names in double quotes, and || between texts, as elsewhere.
        sql_mode="ANSI_QUOTES,PIPES_AS_CONCAT",
    )


def path_of(database: str) -> Path:
    """The file of a SQLite database."""
    return Path((make_url(database).database if "://" in database else database) or "")


def cut_off(database: str) -> None:
    """Ends all connections to a database of a server."""
    with behind(database) as hand:
        if database.startswith("postgresql"):
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            hand.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
            return
        others = "db = database() AND id <> connection_id()"
        for (number,) in hand.execute(f"SELECT id FROM information_schema.processlist WHERE {others}").fetchall():
            hand.execute(f"KILL CONNECTION {number}")


@contextmanager
def locked(database: str) -> Iterator[None]:
    """While somebody else writes, and takes the time for it."""
    with behind(database) as connection:
        if database.startswith("postgresql"):
            connection.execute("BEGIN; LOCK TABLE toolcrib_sequence IN EXCLUSIVE MODE")
        elif database.startswith(_MARIADB):
            # Where whoever writes waits, and whoever changes tables.
            connection.execute("BEGIN")
            connection.execute("SELECT * FROM toolcrib_meta WHERE name = 'gate' FOR UPDATE")
        else:
            connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
