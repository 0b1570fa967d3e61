"""A table's form, as a database has it or as components declare it, in the words of a script.

A script is to run without Toolcrib and without the components: its types are SQLAlchemy's own, those of one database;
mariadb.py has MariaDB's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Dialect, Index, Inspector, Table
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.types import NullType, TypeEngine

from toolcrib.codegen.indexes import constraint_name
from toolcrib.server.databases.mariadb_tables import LIVE_COLUMN, is_unique_among_live
from toolcrib.server.errors import StartError
from toolcrib.server.schema.indexes import IndexShape, may_descend
from toolcrib.server.schema.renames import Match
from toolcrib.server.schema.script import mariadb
from toolcrib.server.schema.served import uniques
from toolcrib.server.schema.types import type_text

# What a column without a type is made of, which SQLAlchemy has no type for.
UNTYPED = "Untyped()"
_TYPES: Mapping[str, Mapping[str, str]] = {
    "sqlite": {
        "": UNTYPED,
        "INTEGER": "sa.Integer()",
        "SMALLINT": "sa.SmallInteger()",
        "BIGINT": "sa.BigInteger()",
        "BOOLEAN": "sa.Boolean()",
        "TEXT": "sa.Text()",
        "BLOB": "sa.LargeBinary()",
        "VARCHAR(20)": "sa.String(20)",
        "VARCHAR(26)": "sa.String(26)",
    },
    "postgresql": {
        "INTEGER": "sa.Integer()",
        "SMALLINT": "sa.SmallInteger()",
        "BIGINT": "sa.BigInteger()",
        "BOOLEAN": "sa.Boolean()",
        "TEXT": "sa.Text()",
        # Compared by its characters, whatever the database speaks.
        "VARCHAR": 'sa.String(collation="C")',
        "BYTEA": "sa.LargeBinary()",
        "DOUBLE PRECISION": "sa.Double()",
        "NUMERIC(20,0)": "sa.Numeric(20, 0)",
        "TIMESTAMP WITH TIME ZONE": "sa.DateTime(timezone=True)",
    },
}


@dataclass(frozen=True, slots=True)
class ColumnForm:
    """A column: its type in the database's one spelling, and as a script writes it."""

    name: str
    type: str
    script: str
    nullable: bool


@dataclass(frozen=True, slots=True)
class IndexForm:
    """An index or a unique constraint; columns with whether they descend, `where` as SQL."""

    name: str
    columns: tuple[tuple[str, bool], ...]
    unique: bool
    is_constraint: bool
    where: str = ""


@dataclass(frozen=True, slots=True)
class TableForm:
    """A table of a `dialect`. One on MariaDB `tells_live` rows from deleted ones by a column that is hidden."""

    name: str
    dialect: str
    columns: Mapping[str, ColumnForm]
    key: tuple[str, ...]
    indexes: tuple[IndexForm, ...]
    with_rowid: bool = True
    # By column, "table.column" that it is to be in.
    foreign: Mapping[str, str] = field(default_factory=dict)
    tells_live: bool = False


def declared_form(table: Table, dialect: Dialect) -> TableForm:
    """The form that components declare."""
    columns = {one.name: _column(one.name, one.type, dialect, nullable=bool(one.nullable)) for one in table.columns}
    # Where it is made as an index nothing tells which of them was asked for.
    is_constraint = dialect.name != mariadb.DIALECT
    constraints = [
        IndexForm(str(one.name), tuple((column.name, False) for column in one.columns), True, is_constraint)
        for one in uniques(table)
    ]
    indexes = [_index(one, dialect) for one in sorted(table.indexes, key=lambda one: str(one.name))]
    with_rowid = table.dialect_options["sqlite"].get("with_rowid") is not False
    foreign = {
        key.parent.name: key.target_fullname for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
    }
    keys = tuple(table.primary_key.columns.keys())
    tells_live = not is_constraint and any(one.where for one in indexes)
    form = (table.name, dialect.name, columns, keys, (*constraints, *indexes))
    return TableForm(*form, with_rowid=with_rowid, foreign=foreign, tells_live=tells_live)


def stored_form(match: Match, indexes: Mapping[str, IndexShape], inspector: Inspector) -> TableForm:
    """The form that the database has, under the declared names of what was renamed."""
    dialect = inspector.dialect
    new_names = {old: new for new, old in match.renamed.items()}
    there = {column["name"]: column["type"] for column in inspector.get_columns(match.stored)}
    columns = {}
    for stored, (_, nullable) in match.columns.items():
        name = new_names.get(stored, stored)
        columns[name] = _column(name, there[stored], dialect, nullable=nullable)
    key = inspector.get_pk_constraint(match.stored)["constrained_columns"]
    found = tuple(_stored_index(name, shape, match.table.name, new_names) for name, shape in sorted(indexes.items()))
    keys = tuple(new_names.get(name, name) for name in key)
    return TableForm(match.table.name, dialect.name, columns, keys, found, tells_live=LIVE_COLUMN in there)


def quoted_name(name: str, dialect: str) -> str:
    """A name in SQL."""
    quote = "`" if dialect == mariadb.DIALECT else '"'
    return quote + name.replace(quote, quote * 2) + quote


def _column(name: str, of_type: TypeEngine[Any], dialect: Dialect, *, nullable: bool) -> ColumnForm:
    type_, told = type_text(of_type, dialect), "" if isinstance(of_type, NullType) else of_type.compile(dialect=dialect)
    # PostgreSQL's TEXT counts as VARCHAR, but for the collation that goes with that.
    spelled = told if told in _TYPES.get(dialect.name, {}) else type_
    return ColumnForm(name, type_, _script(spelled, dialect), nullable)


def _script(type_: str, dialect: Dialect) -> str:
    script = mariadb.type_script(type_, dialect) or _TYPES.get(dialect.name, {}).get(type_)
    if script is None:
        raise StartError(
            f"no migration script is written for {type_ or 'columns'} on {dialect.name}; use `toolcrib schema apply`"
        )
    return script


def _index(index: Index, dialect: Dialect) -> IndexForm:
    columns = tuple(
        (column.name, isinstance(expression, UnaryExpression) and may_descend(dialect))
        for column, expression in zip(index.columns, index.expressions, strict=True)
    )
    is_hidden = dialect.name == mariadb.DIALECT and is_unique_among_live(index)
    condition = index.dialect_options["sqlite" if is_hidden else dialect.name].get("where")
    where = "" if condition is None else str(condition.compile(dialect=dialect)).rpartition(".")[2]
    plain = where.replace('"', "").replace("`", "")
    return IndexForm(str(index.name), columns, bool(index.unique), is_constraint=False, where=plain)


def _stored_index(name: str, shape: IndexShape, table: str, new_names: Mapping[str, str]) -> IndexForm:
    columns: Sequence[tuple[str, bool]] = [(new_names.get(column, column), down) for column, down in shape.columns]
    if shape.is_constraint and name.startswith("sqlite_autoindex"):
        name = constraint_name(table, *(column for column, _ in columns))
    return IndexForm(name, tuple(columns), shape.unique, shape.is_constraint, shape.where)
