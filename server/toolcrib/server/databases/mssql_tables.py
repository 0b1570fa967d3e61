"""Tables as SQL Server can have them: what is in a key or an index has an end there.

A row of an index has at most 1,700 bytes. So text that is in one is NVARCHAR(850), and bytes are VARBINARY(1700): what
is longer is refused, never cut. An index over several of them may still find them too long together, row by row.

A constraint takes NULL for a value that may be there once. What is unique and may be unset is an index over the rows in
which it is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Index, LargeBinary, PrimaryKeyConstraint, Table, UniqueConstraint, and_
from sqlalchemy.dialects.mssql import VARBINARY
from sqlalchemy.types import TypeEngine

from toolcrib.server.columns import ExactText

_INDEXED_CHARACTERS_MAX, _INDEXED_BYTES_MAX = 850, 1700


def fit(table: Table) -> None:
    """Gives the columns of a declared table that are in a key or an index an end, and no others."""
    indexed = set(_indexed(table))
    for column in table.columns:
        column.type = _fitted(column.type, is_indexed=column.name in indexed)


def filter_of(item: Index | UniqueConstraint) -> ColumnElement[bool] | None:
    """Which rows an index is over, or one that stands for a constraint; None for all."""
    live = item.dialect_options["sqlite"]["where"] if isinstance(item, Index) else None
    is_unique = isinstance(item, UniqueConstraint) or item.unique
    conditions = [column.is_not(None) for column in item.columns if is_unique and column.nullable]
    conditions += [] if live is None else [live]
    return and_(*conditions) if conditions else None


def may_be_null(constraint: UniqueConstraint) -> bool:
    """Whether an index stands for a constraint."""
    return any(column.nullable for column in constraint.columns)


def _indexed(table: Table) -> Iterator[str]:
    for constraint in table.constraints:
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint):
            yield from constraint.columns.keys()
    for index in table.indexes:
        yield from index.columns.keys()


def _fitted(type_: TypeEngine[Any], *, is_indexed: bool) -> TypeEngine[Any]:
    if isinstance(type_, ExactText):
        return ExactText(_INDEXED_CHARACTERS_MAX if is_indexed else 0)
    if isinstance(type_, LargeBinary) and is_indexed:
        limited = VARBINARY(_INDEXED_BYTES_MAX)  # type: ignore[no-untyped-call]  # SQLAlchemy's own
        return type_.with_variant(limited, "mssql")
    return type_
