"""Under which names a database has the tables and columns that the components declare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Column, Dialect, Inspector, MetaData, PrimaryKeyConstraint, Table

from toolcrib.codegen.names import snake_case
from toolcrib.server.databases.mariadb_tables import LIVE_COLUMN
from toolcrib.server.schema.record import Recorded
from toolcrib.server.schema.served import Served
from toolcrib.server.schema.types import type_text
from toolcrib.server.schema.unfinished import Unfinished


@dataclass(frozen=True, slots=True)
class Match:
    """A declared table and what the database has of it.

    `stored` is its name there, "" for none; `renamed` has the names of columns there by the declared ones, where they
    differ; `columns` are all that it has there, with their type in one spelling and whether they may be NULL.
    """

    served: Served
    table: Table
    stored: str
    renamed: Mapping[str, str]
    columns: Mapping[str, tuple[str, bool]] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Whether the database has no such table."""
        return not self.stored

    @property
    def is_history(self) -> bool:
        """Whether it holds former versions."""
        return self.table is not self.served.table

    def is_as_declared(self, dialect: Dialect) -> bool:
        """Whether the database has the same columns, under their names there."""
        declared = {
            self.stored_name(column.name): (type_text(column.type, dialect), bool(column.nullable))
            for column in self.table.columns
        }
        return declared == self.columns

    def stored_name(self, column: str) -> str:
        """What the database calls a declared column."""
        return self.renamed.get(column, column)

    def as_stored(self, metadata: MetaData) -> Table:
        """The declared table under the names of the database, without indexes and unique constraints."""
        columns = [
            Column(self.stored_name(column.name), column.type, nullable=column.nullable, autoincrement=False)
            for column in self.table.columns
        ]
        keys = PrimaryKeyConstraint(*(self.stored_name(column.name) for column in self.table.primary_key.columns))
        return Table(self.stored, metadata, *columns, keys)


def match(served: Iterable[Served], recorded: Recorded, inspector: Inspector, left: Unfinished) -> list[Match]:
    """All declared tables, each component's own before that of its former versions; without what is `left` over."""
    dialect = inspector.dialect
    tables = {
        name: {
            one["name"]: (
                type_text(one["type"], dialect),
                bool(one["nullable"]) and not left.is_loosened(name, one["name"]),
            )
            for one in found
            if one["name"] != LIVE_COLUMN and left.is_there(name, one["name"])
        }
        for (_, name), found in inspector.get_multi_columns().items()
        if left.is_there(name)
    }
    return [one for each in served for one in _match(each, recorded, tables)]


def _match(served: Served, recorded: Recorded, tables: Mapping[str, Mapping[str, tuple[str, bool]]]) -> Iterable[Match]:
    former = _former_table(served, recorded)
    for table in served.tables:
        own = f"{former}{table.name.removeprefix(served.table.name)}"
        stored = next((name for name in (table.name, own) if name in tables), "")
        there = tables.get(stored, {})
        renamed = {
            new: old
            for new, old in served.component.renamed_fields.items()
            if new in table.c and new not in there and old in there
        }
        yield Match(served, table, stored, renamed, there)


def _former_table(served: Served, recorded: Recorded) -> str:
    shape, renamed_from = recorded.shape_before(served), served.component.renamed_from
    if shape is not None:
        return shape.table
    return snake_case(renamed_from.rpartition(".")[2]) if renamed_from else served.table.name
