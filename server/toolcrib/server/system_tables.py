"""Toolcrib's own tables, beside those of the components.

`toolcrib_transaction` has one row for each commit, `toolcrib_audit` one for each record that the commit changed.
`toolcrib_sequence` holds the last number given out under a name: the revisions' is "revision", a component's key
sequence has the component's table name behind "key:". `toolcrib_meta` holds what the database says of itself.
"""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)

from toolcrib.server.columns import UtcTimestamp

# Raised whenever the tables below change, so that an older server refuses a newer database.
LAYOUT_VERSION = 1

REVISION_SEQUENCE = "revision"


@dataclass(frozen=True, slots=True)
class SystemTables:
    """The four tables, declared in one MetaData."""

    meta: Table
    sequence: Table
    transaction: Table
    audit: Table


def system_tables(metadata: MetaData) -> SystemTables:
    """Declares the system tables in `metadata`."""
    meta = Table(
        "toolcrib_meta", metadata, Column("name", Text, primary_key=True), Column("value", LargeBinary, nullable=False)
    )
    sequence = Table(
        "toolcrib_sequence",
        metadata,
        Column("name", Text, primary_key=True),
        Column("last_value", BigInteger, nullable=False),
    )
    transaction = Table(
        "toolcrib_transaction",
        metadata,
        Column("revision", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
        Column("commit_time", UtcTimestamp, nullable=False),
        Column("actor", Text, nullable=False),
        Column("actor_source", SmallInteger, nullable=False),
        Column("reason", Text, nullable=False),
        Column("method", Text, nullable=False),
        Column("peer", Text, nullable=False),
        Index("toolcrib_transaction_commit_time", "commit_time"),
        Index("toolcrib_transaction_actor", "actor", "revision"),
    )
    audit = Table(
        "toolcrib_audit",
        metadata,
        Column("revision", BigInteger, ForeignKey(transaction.c.revision), nullable=False),
        Column("ordinal", Integer, nullable=False),
        Column("component", Text, nullable=False),
        Column("record_key", Text, nullable=False),
        Column("operation", SmallInteger, nullable=False),
        Column("before_image", LargeBinary, nullable=True),
        Column("after_image", LargeBinary, nullable=True),
        PrimaryKeyConstraint("revision", "ordinal"),
        Index("toolcrib_audit_record", "component", "record_key", "revision"),
        # Rows are only ever appended in the order of this key: no second tree for it.
        sqlite_with_rowid=False,
    )
    return SystemTables(meta, sequence, transaction, audit)
