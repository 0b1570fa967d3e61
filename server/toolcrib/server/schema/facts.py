"""Questions to the records: how many there are, and how many stand against a change. Each is asked once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select, table
from sqlalchemy import column as column_of

from toolcrib.server.component_statements import DELETE_TIME


class Facts:
    """The records of one database, by the names that its tables and columns have there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: dict[str, int] = {}

    def rows(self, stored: str) -> int:
        """How many rows a table has; 0 for none."""
        if stored and stored not in self._rows:
            self._rows[stored] = self.count(stored)
        return self._rows.get(stored, 0)

    def unset(self, stored: str, name: str) -> int:
        """How many rows have NULL there."""
        return self.count(stored, column_of(name).is_(None))

    def written(self, stored: str, name: str) -> int:
        """How many rows have anything but NULL there."""
        return self.count(stored, column_of(name).is_not(None))

    def count(self, stored: str, *conditions: ColumnElement[bool]) -> int:
        """How many rows are so."""
        asked = select(func.count()).select_from(table(stored)).where(*conditions)
        return int(self._connection.execute(asked).scalar_one())

    def duplicates(self, stored: str, names: Sequence[str], *, live_only: bool) -> tuple[int, int]:
        """How many values several rows share, and how many rows these are. NULL is shared by none."""
        columns: list[ColumnElement[Any]] = [column_of(name) for name in names]
        conditions = [column.is_not(None) for column in columns]
        if live_only:
            conditions.append(column_of(DELETE_TIME).is_(None))
        shared = select(func.count().label("held")).select_from(table(stored)).where(and_(*conditions))
        groups = shared.group_by(*columns).having(func.count() > 1).subquery()
        asked = select(func.count(), func.coalesce(func.sum(groups.c.held), 0)).select_from(groups)
        values, rows = self._connection.execute(asked).one()
        return int(values), int(rows)
