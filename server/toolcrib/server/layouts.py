"""Brings a database that an older server has written up to the present layout, within the transaction of the start.

1 -> 2   one more table, which is made as any that is missing
2 -> 3   transactions and audit entries are linked to a chain, in the order that they are found in
3 -> 4   two more tables
4 -> 5   one more table, the record of schemas
5 -> 6   one more table, of writes that bypassed the server; transactions, entries and answers say of which tenant they
         are: what is there is of none
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, inspect

from toolcrib.server.chain import Chain

_CHAINED, _WITH_TENANTS = 3, 6
# Entries hold records: so many commits at a time are in memory.
_COMMITS_AT_ONCE = 500

# How these tables were when this layout came, whatever becomes of them later.
_ADD_COLUMNS = (
    "ALTER TABLE toolcrib_transaction ADD COLUMN request_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE toolcrib_transaction ADD COLUMN refusal TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE toolcrib_transaction ADD COLUMN refused_calls BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE toolcrib_transaction ADD COLUMN entry_count INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE toolcrib_transaction ADD COLUMN hash BLOB NOT NULL DEFAULT x''",
    "ALTER TABLE toolcrib_audit ADD COLUMN hash BLOB NOT NULL DEFAULT x''",
    "UPDATE toolcrib_transaction SET entry_count ="
    " (SELECT count(*) FROM toolcrib_audit WHERE toolcrib_audit.revision = toolcrib_transaction.revision)",
)
_TRANSACTIONS = (
    "SELECT revision, commit_time, actor, actor_source, reason, method, peer, request_id, refusal, refused_calls, "
    "entry_count FROM toolcrib_transaction WHERE revision > ? ORDER BY revision LIMIT ?"
)
_ENTRIES = (
    "SELECT revision, ordinal, component, record_key, operation, before_image, after_image "
    "FROM toolcrib_audit WHERE revision BETWEEN ? AND ? ORDER BY revision, ordinal"
)
_LINK_TRANSACTION = "UPDATE toolcrib_transaction SET hash = ? WHERE revision = ?"
# The tables that get the column, and what is by it from then on.
_OF_TENANTS = {
    "toolcrib_transaction": (),
    "toolcrib_audit": (
        "DROP INDEX toolcrib_audit_record",
        "CREATE INDEX toolcrib_audit_record ON toolcrib_audit (component, tenant, record_key, revision)",
    ),
    "toolcrib_answer": (
        "DROP INDEX toolcrib_answer_request",
        "CREATE UNIQUE INDEX toolcrib_answer_request ON toolcrib_answer (tenant, actor, request_id)",
    ),
}
_LINK_ENTRY = "UPDATE toolcrib_audit SET hash = ? WHERE revision = ? AND ordinal = ?"


def bring_up(connection: Connection, layout: int) -> None:
    """Changes what the tables of `layout` lack beyond whole tables and indexes."""
    if layout < _CHAINED:
        for statement in _ADD_COLUMNS:
            connection.exec_driver_sql(statement)
        _chain(connection)
    if layout < _WITH_TENANTS:
        _add_tenants(connection)


def _add_tenants(connection: Connection) -> None:
    text = 'TEXT COLLATE "C"' if connection.dialect.name == "postgresql" else "TEXT"
    present = inspect(connection)
    for table, index in _OF_TENANTS.items():
        # Older layouts lack some, which are made as they are now.
        if present.has_table(table):
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN tenant {text} NOT NULL DEFAULT ''")
            for statement in index:
                connection.exec_driver_sql(statement)


def _chain(connection: Connection) -> None:
    chain = Chain()
    for transactions in _chunks(connection):
        first, last = transactions[0][0], transactions[-1][0]
        entries = connection.exec_driver_sql(_ENTRIES, (first, last)).all()
        by_revision = {revision: list(group) for revision, group in groupby(entries, key=lambda entry: entry[0])}
        linked_transactions, linked_entries = [], []
        for transaction in transactions:
            linked_transactions.append((chain.add_transaction((*transaction, "")), transaction[0]))
            linked_entries += [
                (chain.add_entry((*entry, "")), entry[0], entry[1]) for entry in by_revision.get(transaction[0], ())
            ]
        connection.exec_driver_sql(_LINK_TRANSACTION, linked_transactions)
        if linked_entries:
            connection.exec_driver_sql(_LINK_ENTRY, linked_entries)


def _chunks(connection: Connection) -> Iterator[list[Any]]:
    last = 0
    while rows := list(connection.exec_driver_sql(_TRANSACTIONS, (last, _COMMITS_AT_ONCE)).all()):
        yield rows
        last = rows[-1][0]
