"""The components that are served, with their tables: what a database is compared with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect, Table, UniqueConstraint
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex

from toolcrib.server.component import Component
from toolcrib.server.component_statements import ComponentStatements
from toolcrib.server.schema.shapes import ComponentShape, shape_of
from toolcrib.server.schema.types import type_text

# Any will do: it is only how types and indexes are spelled in the fingerprint.
_SPELLED = sqlite.dialect()


@dataclass(frozen=True, slots=True)
class Served:
    """A component with its table and the statements on it."""

    component: Component[Any, Any]
    table: Table
    statements: ComponentStatements

    @property
    def tables(self) -> list[Table]:
        """Its table, and that of former versions if they are kept."""
        versions = self.statements.versions
        return [self.table] if versions is None else [self.table, versions.table]

    def shape(self) -> ComponentShape:
        """What the component looks like."""
        names = [str(index.name) for table in self.tables for index in table.indexes]
        names += [str(unique.name) for unique in uniques(self.table)]
        return shape_of(self.component, self.table.name, names)


def notes_direct_writes(component: Component[Any, Any], dialect: Dialect) -> bool:
    """Whether a component asks for what bypasses the server to be audited, and the database can do that."""
    return component.audit_direct_writes and dialect.name == "postgresql"


def uniques(table: Table) -> list[UniqueConstraint]:
    """The unique constraints of a table that are no indexes."""
    found = [constraint for constraint in table.constraints if isinstance(constraint, UniqueConstraint)]
    return sorted(found, key=lambda constraint: str(constraint.name))


def fingerprint(served: Iterable[Served]) -> str:
    """Changes with everything that the components ask of a database; the order of fields is none of it.

    It is the same for every kind of database: a record goes on where the records are moved from one to another.
    """
    content = {
        one.component.name: [
            one.shape().as_json(),
            [_facts(table) for table in one.tables],
            *(["direct writes"] if one.component.audit_direct_writes else []),
        ]
        for one in served
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _facts(table: Table) -> list[Any]:
    columns = sorted((column.name, type_text(column.type, _SPELLED), column.nullable) for column in table.columns)
    constraints = sorted(tuple(unique.columns.keys()) for unique in uniques(table))
    indexes = sorted(str(CreateIndex(index).compile(dialect=_SPELLED)) for index in table.indexes)
    return [table.name, columns, list(table.primary_key.columns.keys()), constraints, indexes]
