"""What SQLite is told of tables with tenants: without statistics it takes what a tenant has for ten rows.

It would then read all of them rather than an index of two columns. The figures are round ones; an ANALYZE that somebody
runs replaces them by real ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, Table

from toolcrib.server.tenants import TENANT

_ROWS, _OF_TENANT = 1_000_000, 100_000
# By so much each further column narrows down what an index finds.
_NARROWS = 100
_SOME = 10
_HAS_STATISTICS = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'"
_OF_TABLE = "SELECT 1 FROM sqlite_stat1 WHERE tbl = ?"
_OWN_INDEXES = 'SELECT name, "unique", origin FROM pragma_index_list(?)'
_COLUMNS = "SELECT name FROM pragma_index_info(?) ORDER BY seqno"
_INSERT = "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)"


def tell_of_tenants(connection: Connection, tables: Iterable[Table]) -> None:
    """Notes statistics of those `tables` that have tenants, and none yet; connections that come later heed them."""
    for table in tables:
        if TENANT not in table.c:
            continue
        if connection.exec_driver_sql(_HAS_STATISTICS).first() is None:
            # Makes the table of statistics.
            connection.exec_driver_sql(f"ANALYZE {connection.dialect.identifier_preparer.format_table(table)}")
        if connection.exec_driver_sql(_OF_TABLE, (table.name,)).first() is None:
            for name, columns, is_unique in list(_indexes(connection, table)):
                connection.exec_driver_sql(_INSERT, (table.name, name, _statistics(columns, is_unique=is_unique)))


def _indexes(connection: Connection, table: Table) -> Iterator[tuple[str, list[str], bool]]:
    for name, is_unique, origin in connection.exec_driver_sql(_OWN_INDEXES, (table.name,)).all():
        columns = [column for (column,) in connection.exec_driver_sql(_COLUMNS, (name,))]
        # The table itself is the index of its key, and called so.
        yield table.name if origin == "pk" else name, columns, bool(is_unique)


def _statistics(columns: list[str], *, is_unique: bool) -> str:
    """How many rows there are, and how many have the same first value, the same first two, and so on."""
    rows, found = _ROWS, [_ROWS]
    for place, column in enumerate(columns, 1):
        rows = min(rows, _OF_TENANT) if column == TENANT and place == 1 else max(rows // _NARROWS, _SOME)
        found.append(1 if is_unique and place == len(columns) else rows)
    return " ".join(map(str, found))
