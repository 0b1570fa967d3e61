"""Opens the database and checks that it is Toolcrib's and of this version.

Which kind of database it is, and what is that kind's own, its backend knows (the folder `databases/`).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from toolcrib.server.databases.backend import MESSAGES, unwrap
from toolcrib.server.databases.choice import backend_for
from toolcrib.server.databases.limits import Limits
from toolcrib.server.errors import DatabaseUnavailable, SchemaChanged, StartError
from toolcrib.server.layouts import bring_up
from toolcrib.server.migration.marker import require_finished
from toolcrib.server.schema.backup import back_up
from toolcrib.server.schema.evolve import Brought, Schema, newest_version
from toolcrib.server.schema.record import SchemaVersion, read_record
from toolcrib.server.schema.unfinished import begin_again
from toolcrib.server.sequences import tenant_sequence
from toolcrib.server.system_tables import (
    LAYOUT_NAME,
    LAYOUT_VERSION,
    REVISION_SEQUENCE,
    WRITER_SECRET,
    SystemTables,
    system_tables,
)
from toolcrib.server.tenants import TENANT

_PAGE_TOKEN_SECRET = "page_token_secret"  # noqa: S105  # the name it is kept under
_HISTORY = "history"

_HISTORY_BYTES = 16
_SECRET_BYTES = 32


class Database:
    """One database: its engine, its tables and what it says of itself.

    Raises StartError where it cannot be used.
    """

    def __init__(self, url: str, limits: Limits | None = None) -> None:
        self.backend = backend_for(url, limits or Limits())
        self.engine = self.backend.engine
        self.metadata = MetaData()
        self.system: SystemTables = system_tables(self.metadata)
        for table in self.system.all():
            self.backend.fit(table)
        self.page_token_secret = b""
        # The names that components had before, by their names.
        self.formerly: Mapping[str, Sequence[str]] = {}
        # The newest that was applied; None where none ever was.
        self.schema_version: int | None = None
        # Of the revisions: a database that is restored goes on with another, since it counts on from an older one.
        self.history = b""
        # The tables whose triggers note what bypasses the server.
        self.direct_tables: Collection[str] = ()
        # These, and those that had such triggers until now, where something noted is no revision yet.
        self.absorbed_tables: Collection[str] = ()

    def open(self, schema: Schema, sequences: Mapping[str, Column[Any]], versioned: Mapping[str, Table]) -> Brought:
        """Brings what is there up to `schema`, and creates `sequences` (of the keys in a column) that are missing.

        Of the components whose tables are `versioned` it notes since when.

        Raises StartError with one line that says what is wrong and what to do.
        """
        existed = self.backend.exists()
        try:
            with self.engine.connect() as connection:
                if existed:
                    self._check_ownership(connection)
                with self.backend.setup(connection):
                    inspector = inspect(connection)
                    if inspector.has_table(self.system.meta.name):
                        require_finished(connection, self.system.meta, self.backend.place)
                    if inspector.has_table(self.system.transaction.name):
                        bring_up(connection, self._layout(connection))
                    self._create_system_tables(connection)
                    begin_again(connection)
                    secret = self._meta(connection, WRITER_SECRET, os.urandom(_SECRET_BYTES).hex().encode()).decode()
                    self.backend.introduce(connection, secret)
                    brought = schema.bring_up(connection, self.system, self.backend.place, self._back_up, secret)
                    self.direct_tables = self.backend.direct_tables(connection)
                    self.absorbed_tables = {*self.direct_tables, *self._waiting_tables(connection)}
                    self.formerly, self.schema_version = brought.formerly, newest_version(connection, self.system)
                    self.backend.tell_of_tenants(connection, schema.tables())
                    self._create_sequences(connection, sequences)
                    schema.count_on(connection, self.direct_tables)
                    self._note_since(connection, versioned, brought.created)
                    self.page_token_secret = self._meta(connection, _PAGE_TOKEN_SECRET, os.urandom(32))
                    self.history = self._meta(connection, _HISTORY, os.urandom(_HISTORY_BYTES))
                    connection.exec_driver_sql("COMMIT")
        except (SQLAlchemyError, self.backend.driver_error, OSError) as error:
            raise StartError(self.backend.explain_failure(unwrap(error))) from error
        self.backend.opened()
        return brought

    def names_of(self, component: str) -> Sequence[str]:
        """The names under which the audit has a component: its own, and those that it had before."""
        return (component, *self.formerly.get(component, ()))

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """A moment of the database, to be read only; of an empty one where there is none yet. Raises StartError."""
        try:
            with self.backend.look() as connection:
                self._check_ownership(connection)
                yield connection
        except (SQLAlchemyError, self.backend.driver_error) as error:
            raise StartError(self.backend.explain_failure(unwrap(error))) from error

    def schemas(self) -> Sequence[SchemaVersion]:
        """The schemas that the database has had, oldest first. Raises StartError."""
        with self.look() as connection:
            has_record = inspect(connection).has_table(self.system.schema.name)
            return read_record(connection, self.system.schema).versions if has_record else ()

    def probe(self, tables: Iterable[Table]) -> None:
        """Reads a row of each of `tables` through a connection that sees the database as it is now.

        Raises StorageError where one cannot be read.
        """
        self.backend.check_present()
        with self.backend.connect() as connection:
            if newest_version(connection, self.system) != self.schema_version:
                raise SchemaChanged
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
        return int(self._meta(connection, LAYOUT_NAME, None) or b"0")

    def _back_up(self, version: int) -> Path | None:
        """A copy beside the file, where it is one; of others whoever runs them makes backups."""
        return None if self.backend.path is None else back_up(self.backend.path, version)

    def _create_system_tables(self, connection: Connection) -> None:
        # The first says whose database it is, should this be interrupted where each table is a commit of its own.
        self.system.meta.create(connection, checkfirst=True)
        # What an older server has written is of this layout from now on.
        newest = str(LAYOUT_VERSION).encode()
        self._meta(connection, LAYOUT_NAME, newest)
        meta = self.system.meta
        connection.execute(meta.update().where(meta.c.name == LAYOUT_NAME).values(value=newest))
        inspector = inspect(connection)
        # Asked once for all: to ask for each takes as long as to make them.
        present = set(inspector.get_table_names())
        for table in self.system.all():
            if table.name not in present:
                table.create(connection, checkfirst=False)
            elif table.indexes:
                names = {index["name"] for index in inspector.get_indexes(table.name)}
                for index in table.indexes:
                    if index.name not in names:
                        index.create(connection)

    def _create_sequences(self, connection: Connection, keys: Mapping[str, Column[Any]]) -> None:
        sequence = self.system.sequence
        stored = {row.name: row.last_value for row in connection.execute(select(sequence))}
        own = {name: column for name, column in keys.items() if TENANT in column.table.c}
        for name, tenant, highest in _highest_of_tenants(connection, own):
            self._raise_sequence(connection, tenant_sequence(name, tenant), highest, stored)
        keys = {name: column for name, column in keys.items() if name not in own}
        for name in sorted({REVISION_SEQUENCE, *keys} - stored.keys()):
            connection.execute(sequence.insert().values(name=name, last_value=0))
        for name, column in keys.items():
            # Rows that were written past the server have keys that it never gave.
            highest = connection.execute(select(func.max(column))).scalar_one() or 0
            self._raise_sequence(connection, name, highest, {name: 0, **stored})

    def _raise_sequence(self, connection: Connection, name: str, highest: int, stored: Mapping[str, int]) -> None:
        sequence = self.system.sequence
        if name not in stored:
            connection.execute(sequence.insert().values(name=name, last_value=highest))
        elif highest > stored[name]:
            connection.execute(sequence.update().where(sequence.c.name == name).values(last_value=highest))

    def _note_since(self, connection: Connection, versioned: Mapping[str, Table], created: Collection[str]) -> None:
        """Notes from which revision on versions are kept; of a table that was there before, not from the beginning."""
        kept, sequence = self.system.kept, self.system.sequence
        newest = connection.execute(
            select(sequence.c.last_value).where(sequence.c.name == REVISION_SEQUENCE)
        ).scalar_one()
        # Where versions are not kept for a while, those of before end in the dark.
        connection.execute(kept.update().where(kept.c.component.not_in(versioned)).values(versions_since=None))
        known = {row.component: row.versions_since for row in connection.execute(select(kept))}
        for component, table in versioned.items():
            since = 0 if table.name in created else newest
            if component not in known:
                values = {"component": component, "audit_since": 0, "versions_since": since}
                connection.execute(kept.insert().values(values))
            elif known[component] is None:
                connection.execute(kept.update().where(kept.c.component == component).values(versions_since=since))

    def _waiting_tables(self, connection: Connection) -> Iterator[str]:
        noted = self.system.direct_write.c
        for (name,) in connection.execute(select(noted.table_name).where(noted.failure.is_(None)).distinct()):
            yield name

    def _meta(self, connection: Connection, name: str, default: bytes | None) -> bytes:
        meta = self.system.meta
        stored = connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar_one_or_none()
        if stored is None and default is not None:
            connection.execute(meta.insert().values(name=name, value=default))
            return default
        return bytes(stored or b"")


def _highest_of_tenants(connection: Connection, keys: Mapping[str, Column[Any]]) -> Iterator[tuple[str, str, int]]:
    """The highest key that each tenant has, under the name of its sequence."""
    for name, column in keys.items():
        tenant = column.table.c[TENANT]
        for row in connection.execute(select(tenant, func.max(column)).group_by(tenant)):
            yield name, row[0], row[1]
