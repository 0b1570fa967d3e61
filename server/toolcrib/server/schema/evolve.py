"""What a start and `toolcrib schema` do with the schema: plan it, apply it, or hold a server back from a database."""

from __future__ import annotations

import getpass
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Table, func, inspect, select

from toolcrib.server.errors import StartError
from toolcrib.server.schema.alembic_table import alembic_revisions
from toolcrib.server.schema.planner import Evolution, evolution
from toolcrib.server.schema.policy import Policy
from toolcrib.server.schema.record import Author, Recorded, SchemaVersion, following, read_record, write_record
from toolcrib.server.schema.served import Served, notes_direct_writes
from toolcrib.server.schema.steps import Plan, SchemaDiffers
from toolcrib.server.schema.text import plan_text
from toolcrib.server.schema.triggers import direct_table
from toolcrib.server.schema.unfinished import NOTHING, clear, forget, read_unfinished
from toolcrib.server.system_tables import SystemTables

logger = logging.getLogger(__name__)
# What it finds is told as a plan; set before it is imported, of which it tells too.
logging.getLogger("alembic").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Brought:
    """What a database is after it was brought up: new tables, former names of components, what was applied as which."""

    created: frozenset[str] = frozenset()
    formerly: Mapping[str, Sequence[str]] = field(default_factory=dict)
    plan: Plan = field(default_factory=lambda: Plan("", 0))
    version: int = 0
    backup: Path | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """What is served, and how a database may be brought up to it."""

    served: Sequence[Served]
    author: Author
    policy: Policy = Policy.ADDITIVE
    allowed: Collection[str] = ()
    # Of the plan that was reviewed; None takes whatever is found.
    etag: str | None = None

    def tables(self) -> list[Table]:
        """The components' own tables."""
        return [one.table for one in self.served]

    def count_on(self, connection: Connection, direct: Collection[str]) -> None:
        """Counts keys on in the tables named `direct`, whose keys the database counts for others too."""
        for one in self.served:
            if one.table.name in direct and notes_direct_writes(one.component, connection.dialect):
                direct_table(one, connection.dialect).count_on(connection)

    def plan(self, connection: Connection, system: SystemTables, database: str) -> Evolution:
        """The way from what `database` has; reads only, and takes one without any table as well."""
        has_record = inspect(connection).has_table(system.schema.name)
        recorded = read_record(connection, system.schema) if has_record else Recorded()
        return evolution(connection, self.served, recorded, system, database, read_unfinished(connection, system.meta))

    def bring_up(
        self,
        connection: Connection,
        system: SystemTables,
        database: str,
        back_up: Callable[[int], Path | None],
        writer_secret: str,
    ) -> Brought:
        """Brings `database` up to what is served, within the transaction of `connection`.

        Triggers are to know the server by its `writer_secret`.

        Raises PlanRefused where steps are not taken, SchemaDiffers where the policy is to change nothing, PlanChanged,
        and StartError.
        """
        if self.policy is Policy.OFF:
            return self._as_it_is(connection, system, database)
        found = self.plan(connection, system, database)
        if self.policy is Policy.CHECK and found.plan.steps:
            raise SchemaDiffers(
                found.plan,
                f"{database} differs from the components in {len(found.plan.steps)} steps, the first: "
                f"{found.plan.steps[0].text}; schema_policy is check: see `toolcrib schema plan`, then run `toolcrib "
                "schema apply`",
            )
        if self.policy is Policy.CHECK and found.left != NOTHING:
            raise StartError(f"an apply to {database} was interrupted; `toolcrib schema apply` goes on with it")
        names = {step.name for step in found.plan.steps}
        allowed = found.left.allowed_again(self.allowed, found.fingerprint, names)
        # What was applied already may be asked for again.
        if found.plan.steps:
            found.plan.require(allowed, self.etag)
        found = replace(found, left=clear(connection, system.meta, found.left))
        revisions = alembic_revisions(connection) if found.is_new_schema and not found.plan.steps else []
        if not found.is_new_schema or (self.policy is Policy.CHECK and not revisions):
            return Brought(formerly=found.recorded.formerly(), plan=found.plan, version=found.plan.version)
        backup = back_up(found.plan.version) if found.touches_records else None
        # Brings Alembic, which a start with nothing to do need not wait for.
        from toolcrib.server.schema.apply import apply_changes  # noqa: PLC0415

        revision = apply_changes(connection, system, found, self.author, allowed, writer_secret)
        forget(connection, system.meta)
        shapes = following(found.recorded, self.served)
        write_record(connection, system.schema, self._version(found, revision, revisions), shapes)
        if found.touches_records:
            logger.info("schema %d applied: %s", found.plan.version + 1, plan_text(found.plan, self.allowed))
        created = frozenset(change.match.table.name for change in found.changes if change.match.is_new)
        formerly = {shape.name: shape.formerly for shape in shapes if shape.formerly}
        return Brought(created, formerly, found.plan, found.plan.version + 1, backup)

    def _version(self, found: Evolution, revision: int, revisions: Sequence[str]) -> SchemaVersion:
        text = plan_text(found.plan, self.allowed)
        if self.author.reason:
            text = f"{text}\n\nreason: {self.author.reason}"
        if revisions:
            text = f"{text}; Alembic has brought it there, at {', '.join(revisions)}"
        return SchemaVersion(
            version=found.plan.version + 1,
            apply_time=datetime.now(UTC),
            actor=self.author.actor,
            method=self.author.method,
            revision=revision,
            fingerprint=found.fingerprint,
            plan=text,
        )

    def _as_it_is(self, connection: Connection, system: SystemTables, database: str) -> Brought:
        present = set(inspect(connection).get_table_names())
        lacking = sorted({table.name for one in self.served for table in one.tables} - present)
        if lacking:
            raise StartError(
                f"{database} lacks the table {lacking[0]}, and schema_policy is off; run `toolcrib schema apply`"
            )
        return Brought(formerly=read_record(connection, system.schema).formerly())


def newest_version(connection: Connection, system: SystemTables) -> int | None:
    """The newest schema of a database; None where there is none."""
    return connection.execute(select(func.max(system.schema.c.version))).scalar_one_or_none()


def this_user() -> str:
    """Who runs this process, as the operating system has it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"
