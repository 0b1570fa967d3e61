"""Writes documents anew where the messages inside a component have changed, so that filters find what they hold now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Table, bindparam, select, tuple_, update

from toolcrib.server.columns import Document
from toolcrib.server.schema.served import Served
from toolcrib.server.tenants import own_columns

_AT_ONCE = 500


def rewrite_documents(connection: Connection, served: Served) -> None:
    """Reads and writes each record and each former version of a component; what was left out of a message is gone."""
    own = [column.name for column in own_columns(served.table)]
    documents = [column.name for column in served.table.columns if isinstance(column.type, Document)]
    for table in served.tables if documents else ():
        keys = [column.name for column in table.primary_key.columns]
        values: dict[str, BindParameter[Any]] = {name: bindparam(f"new_{name}") for name in documents}
        this = [table.c[name] == bindparam(f"key_{name}") for name in keys]
        statement = update(table).values(values).where(*this)
        for rows in _chunks(connection, table, keys):
            changed = []
            for row in rows:
                stored = dict(row)
                record = served.component.from_row([stored[name] for name in own])
                fresh = dict(zip(own, served.component.to_row(record), strict=False))
                if any(fresh[name] != stored[name] for name in documents):
                    new = {f"new_{name}": fresh[name] for name in documents}
                    changed.append(new | {f"key_{name}": stored[name] for name in keys})
            if changed:
                connection.execute(statement, changed)


def _chunks(connection: Connection, table: Table, keys: Sequence[str]) -> Iterator[Sequence[Any]]:
    columns, last = [table.c[name] for name in keys], None
    while True:
        asked = select(table).order_by(*columns).limit(_AT_ONCE)
        if last is not None:
            asked = asked.where(tuple_(*columns) > tuple_(*last))
        rows = connection.execute(asked).mappings().all()
        if not rows:
            return
        yield rows
        last = [rows[-1][name] for name in keys]
