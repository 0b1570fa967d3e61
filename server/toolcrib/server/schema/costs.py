"""What a step costs, as far as it can be known beforehand: what is rewritten or read, and who waits meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from sqlalchemy import Dialect


class Work(Enum):
    """What a database is asked to do."""

    CATALOG = "catalog"
    ADD_COLUMN = "add column"
    ADD_CONSTANT = "add column with the same value in all rows"
    FILL = "fill"
    ALTER = "alter"
    REQUIRE = "require"
    DROP_COLUMN = "drop column"
    CONSTRAINT = "constraint"
    DROP_CONSTRAINT = "drop constraint"
    INDEX = "index"


_CATALOG = "the catalog only"
_COPY = "copies the table, {rows}"
_READ = "reads the table, {rows}"
# SQLite has one writer, which this is.
_SQLITE = {
    Work.CATALOG: _CATALOG,
    Work.ADD_COLUMN: _CATALOG,
    Work.ADD_CONSTANT: _CATALOG,
    Work.FILL: _COPY,
    Work.ALTER: _COPY,
    Work.REQUIRE: _COPY,
    Work.DROP_COLUMN: _COPY,
    Work.CONSTRAINT: _COPY,
    Work.DROP_CONSTRAINT: _COPY,
    Work.INDEX: _READ,
}
_POSTGRESQL = {
    Work.CATALOG: f"{_CATALOG}; a short exclusive lock",
    Work.ADD_COLUMN: f"{_CATALOG}; a short exclusive lock",
    Work.ADD_CONSTANT: f"{_CATALOG}; a short exclusive lock",
    Work.FILL: "writes the table, {rows}; exclusive lock",
    Work.ALTER: "rewrites the table, {rows}; exclusive lock",
    Work.REQUIRE: f"{_READ}; exclusive lock",
    Work.DROP_COLUMN: f"{_CATALOG}; a short exclusive lock",
    Work.CONSTRAINT: f"{_READ}; exclusive lock",
    Work.DROP_CONSTRAINT: f"{_CATALOG}; a short exclusive lock",
    Work.INDEX: f"{_READ}; writes wait",
}
_MYSQL = {
    Work.CATALOG: f"{_CATALOG}; a short exclusive lock",
    Work.ADD_COLUMN: f"{_CATALOG} (INSTANT); a short exclusive lock",
    # It takes no default for long texts, so that the column is added unset, written, and then always set.
    Work.ADD_CONSTANT: "writes and copies the table, {rows}; writes wait",
    Work.FILL: "writes the table, {rows}; writes wait",
    Work.ALTER: "copies the table, {rows}; writes wait",
    Work.REQUIRE: "copies the table, {rows}; writes wait",
    Work.DROP_COLUMN: "copies the table, {rows}; writes wait",
    Work.CONSTRAINT: _READ,
    Work.DROP_CONSTRAINT: f"{_CATALOG}; a short exclusive lock",
    Work.INDEX: _READ,
}
# All of it is one transaction: whoever has an exclusive lock, has it until the end, and reads wait too.
_MSSQL = {
    Work.CATALOG: f"{_CATALOG}; exclusive lock",
    Work.ADD_COLUMN: f"{_CATALOG}; exclusive lock",
    Work.ADD_CONSTANT: f"{_CATALOG} in the Enterprise edition, else writes the table, {{rows}}; exclusive lock",
    Work.FILL: "writes the table, {rows}; exclusive lock",
    Work.ALTER: "writes the table, {rows}; exclusive lock",
    Work.REQUIRE: "writes the table, {rows}; exclusive lock",
    Work.DROP_COLUMN: f"{_CATALOG}; exclusive lock",
    Work.CONSTRAINT: f"{_READ}; exclusive lock",
    Work.DROP_CONSTRAINT: f"{_CATALOG}; exclusive lock",
    Work.INDEX: f"{_READ}; writes wait",
}
_COSTS: Mapping[str, Mapping[Work, str]] = {
    "sqlite": _SQLITE,
    "postgresql": _POSTGRESQL,
    "mysql": _MYSQL,
    "mssql": _MSSQL,
}


def cost(dialect: Dialect, work: Work, rows: int) -> str:
    """What `work` on a table of so many rows costs."""
    return _COSTS.get(dialect.name, _POSTGRESQL)[work].format(rows=counted(rows, "row"))


def counted(number: int, what: str) -> str:
    """A number with its noun."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
