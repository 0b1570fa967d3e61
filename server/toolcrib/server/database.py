"""Opens the database and checks that it is Toolcrib's and of this version.

Which kind of database it is, and what is that kind's own, its backend knows (the folder `databases/`).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from toolcrib.server.databases.backend import MESSAGES, unwrap
from toolcrib.server.databases.choice import backend_for
from toolcrib.server.databases.limits import Limits
from toolcrib.server.errors import DatabaseUnavailable, StartError
from toolcrib.server.layouts import bring_up
from toolcrib.server.system_tables import LAYOUT_VERSION, REVISION_SEQUENCE, SystemTables, system_tables
from toolcrib.server.table_indexes import create_indexes

_PAGE_TOKEN_SECRET = "page_token_secret"  # noqa: S105  # the name it is kept under
_LAYOUT_VERSION = "layout_version"
_HISTORY = "history"

_HISTORY_BYTES = 16


class Database:
    """One database: its engine, its tables and what it says of itself.

    Raises StartError where it cannot be used.
    """

    def __init__(self, url: str, limits: Limits | None = None) -> None:
        self.backend = backend_for(url, limits or Limits())
        self.engine = self.backend.engine
        self.metadata = MetaData()
        self.system: SystemTables = system_tables(self.metadata)
        self.page_token_secret = b""
        # Of the revisions: a database that is restored goes on with another, since it counts on from an older one.
        self.history = b""

    def open(self, sequences: Mapping[str, Column[Any]], versioned: Mapping[str, Table]) -> None:
        """Creates what is missing, tables and `sequences` (of the keys in a column), and checks what is there.

        Of the components whose tables are `versioned` it notes since when.

        Raises StartError with one line that says what is wrong and what to do.
        """
        existed = self.backend.exists()
        try:
            with self.engine.connect() as connection:
                if existed:
                    self._check_ownership(connection)
                self.backend.begin_setup(connection)
                present = set(inspect(connection).get_table_names())
                if inspect(connection).has_table(self.system.meta.name):
                    bring_up(connection, self._layout(connection))
                self._create_tables(connection)
                self._create_sequences(connection, sequences)
                self._note_since(connection, versioned, present)
                self.page_token_secret = self._meta(connection, _PAGE_TOKEN_SECRET, os.urandom(32))
                self.history = self._meta(connection, _HISTORY, os.urandom(_HISTORY_BYTES))
                connection.exec_driver_sql("COMMIT")
        except (SQLAlchemyError, self.backend.driver_error, OSError) as error:
            raise StartError(self.backend.explain_failure(unwrap(error))) from error
        self.backend.opened()

    def probe(self, tables: Iterable[Table]) -> None:
        """Reads a row of each of `tables` through a connection that sees the database as it is now.

        Raises StorageError where one cannot be read.
        """
        self.backend.check_present()
        with self.backend.connect() as connection:
            for table in tables:
                try:
                    connection.execute(select(table).limit(1)).all()
                except (SQLAlchemyError, ValueError) as error:
                    found = self.backend.classify(unwrap(error))
                    raise found or DatabaseUnavailable(MESSAGES[DatabaseUnavailable]) from error

    def _check_ownership(self, connection: Connection) -> None:
        tables, place = set(inspect(connection).get_table_names()), self.backend.place
        if tables and self.system.meta.name not in tables:
            raise StartError(
                f"{place} belongs to another application (it has the table {min(tables)} and none of Toolcrib's); "
                "name another one with --database"
            )
        if tables:
            version = self._layout(connection)
            if version > LAYOUT_VERSION:
                raise StartError(
                    f"{place} was written by a newer Toolcrib (layout {version}, this one knows {LAYOUT_VERSION}); "
                    "install the newer version to serve it"
                )

    def _layout(self, connection: Connection) -> int:
        return int(self._meta(connection, _LAYOUT_VERSION, None) or b"0")

    def _create_tables(self, connection: Connection) -> None:
        self.metadata.create_all(connection)
        inspector = inspect(connection)
        for table in self.metadata.sorted_tables:
            declared = {column.name for column in table.columns}
            stored = {column["name"] for column in inspector.get_columns(table.name)}
            if declared != stored:
                raise StartError(_difference(table.name, declared, stored))
            create_indexes(connection, inspector, table)
        # What an older server has written is of this layout from now on.
        self._meta(connection, _LAYOUT_VERSION, b"")
        meta = self.system.meta
        raised = meta.update().where(meta.c.name == _LAYOUT_VERSION).values(value=str(LAYOUT_VERSION).encode())
        connection.execute(raised)

    def _create_sequences(self, connection: Connection, keys: Mapping[str, Column[Any]]) -> None:
        sequence = self.system.sequence
        stored = {row.name: row.last_value for row in connection.execute(select(sequence))}
        for name in sorted({REVISION_SEQUENCE, *keys} - stored.keys()):
            connection.execute(sequence.insert().values(name=name, last_value=0))
        for name, column in keys.items():
            # Rows that were written past the server have keys that it never gave.
            highest = connection.execute(select(func.max(column))).scalar_one() or 0
            if highest > stored.get(name, 0):
                connection.execute(sequence.update().where(sequence.c.name == name).values(last_value=highest))

    def _note_since(self, connection: Connection, versioned: Mapping[str, Table], present: Collection[str]) -> None:
        """Notes from which revision on versions are kept; of a table that was there before, not from the beginning."""
        kept, sequence = self.system.kept, self.system.sequence
        newest = connection.execute(
            select(sequence.c.last_value).where(sequence.c.name == REVISION_SEQUENCE)
        ).scalar_one()
        # Where versions are not kept for a while, those of before end in the dark.
        connection.execute(kept.update().where(kept.c.component.not_in(versioned)).values(versions_since=None))
        known = {row.component: row.versions_since for row in connection.execute(select(kept))}
        for component, table in versioned.items():
            since = newest if table.name in present else 0
            if component not in known:
                values = {"component": component, "audit_since": 0, "versions_since": since}
                connection.execute(kept.insert().values(values))
            elif known[component] is None:
                connection.execute(kept.update().where(kept.c.component == component).values(versions_since=since))

    def _meta(self, connection: Connection, name: str, default: bytes | None) -> bytes:
        meta = self.system.meta
        stored = connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar_one_or_none()
        if stored is None and default is not None:
            connection.execute(meta.insert().values(name=name, value=default))
            return default
        return bytes(stored or b"")


def _difference(table: str, declared: Iterable[str], stored: Iterable[str]) -> str:
    missing, extra = sorted(set(declared) - set(stored)), sorted(set(stored) - set(declared))
    parts = [f"lacks {', '.join(missing)}"] if missing else []
    parts += [f"has {', '.join(extra)}, which the .proto has not"] if extra else []
    return (
        f"the table {table} {' and '.join(parts)}: the component has changed since the database was made, and changing "
        "tables in place is not built yet; serve the former .proto or a new database"
    )
