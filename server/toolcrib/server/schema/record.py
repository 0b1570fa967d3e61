"""The record of schemas: each plan that was applied, by whom, when, and what the components looked like from then on.

One row a schema, counted from 1. It says what became of names and numbers, and which database is ahead of a server: the
one whose newest schema came after the one that this server declares.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, Table, select

from toolcrib.server.call import ActorSource
from toolcrib.server.schema.served import Served
from toolcrib.server.schema.shapes import ComponentShape, from_json


@dataclass(frozen=True, slots=True)
class Author:
    """Who applies a plan, and how: "serve", "schema apply" or the path of a method; and why, if said."""

    actor: str
    method: str
    reason: str = ""
    source: ActorSource = ActorSource.DEFAULT


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """An applied plan: its number, what was applied, by whom, when, and the newest revision at that moment."""

    version: int
    apply_time: datetime
    actor: str
    method: str
    revision: int
    fingerprint: str
    plan: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the record says: all schemas, oldest first, and the shapes of all components that there ever were."""

    versions: tuple[SchemaVersion, ...] = ()
    components: Mapping[str, ComponentShape] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """The newest schema; 0 where there is none."""
        return self.versions[-1].version if self.versions else 0

    @property
    def fingerprint(self) -> str:
        """Of the newest schema."""
        return self.versions[-1].fingerprint if self.versions else ""

    def shape_before(self, one: Served) -> ComponentShape | None:
        """What a component looked like, under this or its former name."""
        component = one.component
        return self.components.get(component.name) or self.components.get(component.renamed_from)

    def ahead_of(self, fingerprint: str) -> SchemaVersion | None:
        """The former schema that a server with this `fingerprint` declares, where the database has gone on since."""
        if fingerprint == self.fingerprint:
            return None
        return next((found for found in reversed(self.versions) if found.fingerprint == fingerprint), None)

    def formerly(self) -> dict[str, tuple[str, ...]]:
        """The names that components had before, by their names now."""
        return {name: shape.formerly for name, shape in self.components.items() if shape.formerly}


def read_record(connection: Connection, table: Table) -> Recorded:
    """The record of a database that has one."""
    columns = [table.c[name] for name in SchemaVersion.__dataclass_fields__]
    versions = [SchemaVersion(*row) for row in connection.execute(select(*columns).order_by(table.c.version))]
    if not versions:
        return Recorded()
    return Recorded(tuple(versions), {shape.name: shape for shape in read_shapes(connection, table)})


def read_shapes(connection: Connection, table: Table) -> list[ComponentShape]:
    """The shapes of all components that there ever were, by the newest schema; none where there is no schema yet."""
    newest = select(table.c.components).order_by(table.c.version.desc()).limit(1)
    return [from_json(value) for value in json.loads(connection.execute(newest).scalar_one_or_none() or "[]")]


def write_record(
    connection: Connection, table: Table, version: SchemaVersion, components: Iterable[ComponentShape]
) -> None:
    """Adds a schema."""
    shapes = [shape.as_json() for shape in sorted(components, key=lambda shape: shape.name)]
    values = {name: getattr(version, name) for name in SchemaVersion.__dataclass_fields__}
    text = json.dumps(shapes, ensure_ascii=False, separators=(",", ":"))
    connection.execute(table.insert().values(**values, components=text))


def following(recorded: Recorded, served: Iterable[Served]) -> list[ComponentShape]:
    """The shapes of all components behind a change to `served`: those that are no longer served are remembered."""
    shapes, gone = [], dict(recorded.components)
    for one in served:
        shapes.append(one.shape().succeeding(recorded.shape_before(one)))
        gone.pop(one.component.name, None)
        gone.pop(one.component.renamed_from, None)
    return [*shapes, *(replace(shape, is_retired=True) for shape in gone.values())]
