"""One side of a migration: a database with the tables that are declared, and its rows as Python has them.

A row is a list of values that are the same on every kind of database: `content` spells them to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from operator import itemgetter
from typing import Any

from sqlalchemy import Boolean, Dialect, Table, bindparam, delete, func, literal_column, select
from sqlalchemy.types import TypeEngine

from toolcrib.server.columns import Convert, ToolcribType
from toolcrib.server.databases.backend import Stored
from toolcrib.server.errors import MigrationFailed
from toolcrib.server.statements import Prepared
from toolcrib.server.store import Store
from toolcrib.server.system_statements import insert_into
from toolcrib.server.system_tables import OWN_META

Row = list[Any]
Key = tuple[Any, ...]

# Where a database has none of its own; anything else there was not written by Toolcrib, and stays what it is.
_TRUTH = {0: False, 1: True}


class SideTable:
    """A table: how its rows are counted, read in the order of their key, written and deleted."""

    def __init__(self, table: Table, dialect: Dialect, *, own: Collection[str] = ()) -> None:
        """Rows with the names `own` are none of those that are copied."""
        keys = list(table.primary_key.columns)
        positions = [list(table.columns).index(column) for column in keys]
        others = [table.c.name.not_in([literal_column(f"'{name}'") for name in own])] if own else []
        self.table = table
        self.key_of: Callable[[Row], Key] = (
            itemgetter(*positions) if len(positions) > 1 else lambda row: (row[positions[0]],)
        )
        self.insert = insert_into(table, dialect, of_all_tenants=True)
        given = [bindparam(f"given_{column.name}", type_=column.type) for column in keys]
        this = [column == parameter for column, parameter in zip(keys, given, strict=True)]
        self.delete = Prepared(
            delete(table).where(*this), dialect, [parameter.key for parameter in given], of_all_tenants=True
        )
        self._all = Prepared(select(*table.columns).where(*others).order_by(*keys), dialect, [], of_all_tenants=True)
        counted = select(func.count()).select_from(table).where(*others)
        self._count = Prepared(counted, dialect, [], of_all_tenants=True)
        found = [(index, _decoder(column.type, dialect)) for index, column in enumerate(table.columns)]
        self._decoders = [(index, decode) for index, decode in found if decode is not None]

    @property
    def name(self) -> str:
        """Its name, the same on both sides."""
        return self.table.name

    def count(self, stored: Stored) -> int:
        """How many rows there are."""
        return int(next(iter(stored.read(self._count)))[0])

    def rows(self, stored: Stored) -> Iterator[Row]:
        """All rows, in the order of their keys. Raises MigrationFailed where one cannot be read, or is out of order."""
        before: Key | None = None
        for stored_row in stored.read(self._all):
            row = list(stored_row)
            try:
                for index, decode in self._decoders:
                    if row[index] is not None:
                        row[index] = decode(row[index])
                key = self.key_of(row)
                is_behind = before is None or before < key
            except (ValueError, TypeError) as error:
                raise MigrationFailed(
                    f"{self.name}: the row behind the key {before} holds what Toolcrib cannot have written: {error}"
                ) from error
            if not is_behind:
                raise MigrationFailed(f"{self.name}: the row with the key {key} is out of order; its index is damaged")
            before = key
            yield row


class Side:
    """A database of a migration. `tables` come in an order in which rows may refer to those of tables before."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.database = store.database
        self.backend = store.database.backend
        self.place = self.backend.place
        self.tables = [
            SideTable(table, store.dialect, own=OWN_META if table is store.database.system.meta else ())
            for table in store.database.metadata.sorted_tables
        ]

    def rows(self, table: SideTable) -> Generator[Row]:
        """The rows of a table, as they are when the first is asked for; the moment ends with the last of them."""
        with self.backend.audit() as stored:
            yield from table.rows(stored)


def content(row: Row) -> str:
    """The values of a row, to the bit: NaN is itself, and 0.0 is not -0.0."""
    return repr(row)


def weight(values: Iterable[Any]) -> int:
    """About how many bytes a row takes."""
    return sum(len(value) if type(value) in (str, bytes) else 8 for value in values)


def _decoder(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    if isinstance(kind, Boolean):
        return _truth
    return kind.from_driver(dialect) if isinstance(kind, ToolcribType) else None


def _truth(value: Any) -> Any:
    return _TRUTH.get(value, value)
