"""The prepared statements on Toolcrib's own tables."""

from __future__ import annotations

from sqlalchemy import Dialect, Table, bindparam, insert, select, update

from toolcrib.server.statements import Prepared
from toolcrib.server.system_tables import SystemTables


def insert_into(table: Table, dialect: Dialect) -> Prepared:
    """INSERT of a whole row."""
    values = {column.name: bindparam(column.name, type_=column.type) for column in table.columns}
    return Prepared(insert(table).values(values), dialect, list(values))


class SystemStatements:
    """Those that commits run."""

    def __init__(self, tables: SystemTables, dialect: Dialect) -> None:
        sequence = tables.sequence
        named = sequence.c.name == bindparam("given_name")
        self.insert_transaction = insert_into(tables.transaction, dialect)
        self.insert_audit = insert_into(tables.audit, dialect)
        self.select_sequence = Prepared(select(sequence.c.last_value).where(named), dialect, ["given_name"])
        self.update_sequence = Prepared(
            update(sequence).values(last_value=bindparam("last_value")).where(named),
            dialect,
            ["last_value", "given_name"],
        )
