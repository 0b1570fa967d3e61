"""What the server keeps for its components: the database, and the table, statements and hook chains of each."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message
from sqlalchemy import Table, create_engine

from toolcrib.server.changes import Operation
from toolcrib.server.component import Component, KeyAllocation
from toolcrib.server.component_statements import ComponentStatements
from toolcrib.server.constraints import History
from toolcrib.server.database import Database
from toolcrib.server.databases.postgresql_triggers import key_sequence
from toolcrib.server.errors import StartError
from toolcrib.server.hooks import Application, Listener, Step
from toolcrib.server.links import component_links
from toolcrib.server.paging import PageTokens
from toolcrib.server.query.fields import Field
from toolcrib.server.relations import RelatedRecords, relate
from toolcrib.server.schema.evolve import Brought, Schema, this_user
from toolcrib.server.schema.policy import Policy
from toolcrib.server.schema.record import Author
from toolcrib.server.schema.served import Served
from toolcrib.server.schema.steps import Plan
from toolcrib.server.system_statements import SharedNumbers, SystemStatements
from toolcrib.server.system_tables import KEY_SEQUENCE
from toolcrib.server.uniqueness import Holder, holders
from toolcrib.server.validation import Rules

if TYPE_CHECKING:
    from toolcrib.server.repository import Repository
    from toolcrib.server.schema.script.text import Script


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stored:
    """One component in the store.

    `chains` holds the operations that have hooks, `holders` find who has a value that may be there only once.
    `sequence` is the name its keys are counted under, `fields` what filters and orders may name, `relations` the fields
    that show records of others.
    """

    component: Component[Any, Any]
    table: Table
    statements: ComponentStatements
    rules: Rules
    chains: Mapping[Operation, Step[Any]]
    holders: Sequence[Holder]
    sequence: str
    fields: dict[str, Field]
    relations: dict[str, RelatedRecords]

    def row(self, message: Message, *, revision: int, delete_time: datetime | None) -> list[Any]:
        """The whole row of a record that is a new version at `revision`, in the order of the table's columns."""
        return self.rows([message], revision=revision, delete_time=delete_time)[0]

    def rows(self, messages: Iterable[Message], *, revision: int, delete_time: datetime | None) -> list[list[Any]]:
        """The same for each of `messages`."""
        to_row = self.component.to_row
        of_server: list[Any] = [revision] if self.statements.update_excluded is not None else []
        of_server += [delete_time, revision] if self.component.soft_delete else [revision]
        return [to_row(message) + of_server for message in messages]

    def tables(self) -> list[Table]:
        """Its table, and that of former versions if they are kept."""
        versions = self.statements.versions
        return [self.table] if versions is None else [self.table, versions.table]

    @property
    def has_chosen_keys(self) -> bool:
        """Whether callers choose the keys, and so may choose one that is taken."""
        return self.component.key_allocation is KeyAllocation.CLIENT


class Store:
    """The database with the components it stores.

    Of those that are `freely_created` nothing but its rules can refuse a new record, and no hook sees it. Raises
    StartError where tables collide or hooks ask for what is not served.
    """

    def __init__(
        self, database: Database, repositories: Sequence[type[Repository[Any, Any]]], application: Application
    ) -> None:
        self.database = database
        self.dialect = database.engine.dialect
        self.system = SystemStatements(database.system, self.dialect)
        self.listeners: tuple[Listener, ...] = tuple(application.listeners)
        self._stored = {kind.component.name: self._add(kind, application) for kind in repositories}
        self.kinds = {kind.component.name: kind for kind in repositories}
        self._by_table = {table.name: stored for stored in self._stored.values() for table in stored.tables()}
        relate(self._stored, self.dialect)
        self.links = component_links(self._stored, repositories, self.dialect)
        self.freely_created = frozenset(filter(self._is_freely_created, self._stored))
        # Until the database is open, which has what outlives a server.
        self.page_tokens = PageTokens(os.urandom(32))
        unserved = application.records() - {stored.component.record for stored in self._stored.values()}
        if unserved:
            names = ", ".join(sorted(record.__name__ for record in unserved))
            raise StartError(f"hooks are registered for {names}, which the served folder does not hold")

    def __getitem__(self, name: str) -> Stored:
        return self._stored[name]

    def find(self, name: str) -> Stored | None:
        """The component of this name, if it is served."""
        return self._stored.get(name)

    def apart(self) -> list[str]:
        """The names of the components whose records are each a tenant's own, now and before."""
        apart = (stored.component.name for stored in self._stored.values() if stored.component.multi_tenant)
        return [name for component in apart for name in self.database.names_of(component)]

    def by_table(self, name: str) -> Stored | None:
        """The component that has a table of this name, of records or of their former versions."""
        return self._by_table.get(name)

    def schema(
        self, author: Author, policy: Policy = Policy.ADDITIVE, allowed: Collection[str] = (), etag: str | None = None
    ) -> Schema:
        """What a database is to be brought up to; by the plan of `etag`, if one was reviewed."""
        served = [Served(stored.component, stored.table, stored.statements) for stored in self._stored.values()]
        return Schema(served, author, policy, allowed, etag)

    def plan(self) -> Plan:
        """What is to be done to the database to bring it up to the components. Raises StartError."""
        schema = self.schema(Author("", "plan"))
        with self.database.look() as connection:
            return schema.plan(connection, self.database.system, self.database.backend.place).plan

    def migration(self, folder: Path, allowed: Collection[str], *, from_base: bool) -> tuple[Plan, Script | None]:
        """The plan, of an empty database where it is `from_base`, and the script behind those in `folder` that does it.

        Raises StartError.
        """
        # Brings Alembic, which servers need not wait for.
        from toolcrib.server.schema.script.export import export  # noqa: PLC0415

        schema, system, place = self.schema(Author("", "export")), self.database.system, self.database.backend.place
        if from_base:
            if self.dialect.name == "mysql":
                # Only the server says whether it is MariaDB.
                self.database.engine.connect().close()
            with create_engine("sqlite://").connect() as connection:
                return export(connection, self.dialect, schema, system, "an empty database", folder, allowed)
        with self.database.look() as connection:
            return export(connection, self.dialect, schema, system, place, folder, allowed)

    def open(self, schema: Schema | None = None) -> Brought:
        """Opens the database and brings it up to what the components need, as `schema` says. Raises StartError."""
        brought = self.database.open(
            schema or self.schema(Author(this_user(), "serve")),
            {
                stored.sequence: stored.table.c[stored.component.key_fields[0]]
                for stored in self._stored.values()
                if stored.component.key_allocation is KeyAllocation.SEQUENCE
            },
            {name: stored.table for name, stored in self._stored.items() if stored.statements.versions},
        )
        self.page_tokens = PageTokens(self.database.page_token_secret)
        self.system.schema_version = self.database.schema_version
        self.system.shared_keys = {
            stored.sequence: SharedNumbers(key_sequence(stored.table.name), self.dialect)
            for stored in self._stored.values()
            if stored.component.key_allocation is KeyAllocation.SEQUENCE
            and stored.table.name in self.database.direct_tables
        }
        self._warn()
        return brought

    def _warn(self) -> None:
        """Logs what is asked for and not done."""
        unheard = [
            name
            for name, stored in self._stored.items()
            if stored.component.audit_direct_writes and stored.table.name not in self.database.direct_tables
        ]
        if unheard:
            logger.warning(
                "writes that bypass the server are not audited (audit_direct_writes of %s): %s has no triggers for it",
                ", ".join(unheard),
                self.database.backend.place,
            )

    def components(self) -> list[Component[Any, Any]]:
        """All components, in the order in which they were given."""
        return [stored.component for stored in self._stored.values()]

    def _is_freely_created(self, name: str) -> bool:
        stored, links = self._stored[name], self.links.get(name)
        component = stored.component
        is_limited = component.max_records or component.reason_required or component.multi_tenant
        may_collide = stored.has_chosen_keys or stored.holders or (links is not None and links.outgoing)
        return not (Operation.CREATE in stored.chains or is_limited or may_collide)

    def _add(self, kind: type[Repository[Any, Any]], application: Application) -> Stored:
        component = kind.component
        table = component.table(self.database.metadata)
        self.database.backend.fit(table)
        filled_in = (*component.standard_fields, *(relation.name for relation in component.relations))
        chains = {
            operation: chain
            for operation in Operation
            if (chain := application.chain(component.record, operation, kind.innermost)) is not None
        }
        return Stored(
            component,
            table,
            ComponentStatements(
                component.name,
                table,
                component.key_fields,
                soft_delete=component.soft_delete,
                keeps_versions=component.history is History.VERSIONS,
                dialect=self.dialect,
            ),
            Rules(component.message, filled_in),
            chains,
            tuple(holders(component, table, self.dialect)),
            f"{KEY_SEQUENCE}{table.name}",
            {field.name: field for field in component.fields},
            {},
        )
