"""Which spellings of a column's type are the same to a database: what it answers is not always what it was told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.types import NullType, TypeEngine

_SPACES = re.compile(r"\s+")
# What of a type says nothing about its values.
_DECORATION = re.compile(r" (?:CHARACTER SET|COLLATE) \S+| UNSIGNED ZEROFILL")

_POSTGRESQL = {
    "INT": "INTEGER",
    "INT4": "INTEGER",
    "INT8": "BIGINT",
    "TEXT": "VARCHAR",
    "BOOL": "BOOLEAN",
    "FLOAT8": "DOUBLE PRECISION",
    "FLOAT(53)": "DOUBLE PRECISION",
    "DOUBLE": "DOUBLE PRECISION",
    "FLOAT": "DOUBLE PRECISION",
    "TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE",
    "TIMESTAMP(6) WITH TIME ZONE": "TIMESTAMP WITH TIME ZONE",
}
_MYSQL = {"INT": "INTEGER", "BOOL": "TINYINT", "BOOLEAN": "TINYINT", "DOUBLE PRECISION": "DOUBLE"}
# All of its integers have 64 bits.
_COCKROACHDB = {
    "BIGINT": "INTEGER",
    "SMALLINT": "INTEGER",
    "INT8": "INTEGER",
    "FLOAT": "DOUBLE PRECISION",
    "DOUBLE": "DOUBLE PRECISION",
    "TEXT": "VARCHAR",
    "BLOB": "BYTEA",
    "TIMESTAMP": "TIMESTAMP WITH TIME ZONE",
    "TIMESTAMP WITHOUT TIME ZONE": "TIMESTAMP WITH TIME ZONE",
}
_MSSQL = {"INT": "INTEGER", "FLOAT": "DOUBLE PRECISION", "FLOAT(53)": "DOUBLE PRECISION"}
_SYNONYMS: Mapping[str, Mapping[str, str]] = {
    "sqlite": {"INT": "INTEGER", "BOOL": "BOOLEAN"},
    "postgresql": _POSTGRESQL,
    "mysql": _MYSQL,
    "cockroachdb": _COCKROACHDB,
    "mssql": _MSSQL,
}
_DISPLAY_WIDTH = re.compile(r"^(TINYINT|SMALLINT|INTEGER|INT|BIGINT)\(\d+\)")


def type_text(type_: TypeEngine[Any], dialect: Dialect) -> str:
    """The type as the database has it, in one spelling; empty for a column without one."""
    if isinstance(type_, NullType):
        return ""
    text = _SPACES.sub(" ", type_.compile(dialect).upper()).strip()
    text = _DECORATION.sub("", text).replace("CHARACTER VARYING", "VARCHAR").replace("DECIMAL", "NUMERIC")
    text = text.replace(", ", ",")
    if dialect.name == "mysql":
        text = _DISPLAY_WIDTH.sub(r"\1", text)
    if re.fullmatch(r"NUMERIC\(\d+\)", text):
        text = f"{text[:-1]},0)"
    return _SYNONYMS.get(dialect.name, {}).get(text, text)
