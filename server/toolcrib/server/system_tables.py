"""Toolcrib's own tables, beside those of the components.

`toolcrib_transaction` has one row for each commit, `toolcrib_audit` one for each record that the commit changed; each
row has the hash that links it to the one before (`chain.py`).
`toolcrib_sequence` holds the last number given out under a name: the revisions' is "revision", a component's key
sequence has the component's table name behind "key:", and that of a tenant the tenant behind another colon.
`toolcrib_answer` holds what writes with a request_id were answered, so that a repeat is answered alike.
`toolcrib_schema` has one row for each plan that was applied (`schema/record.py`). `toolcrib_meta` holds what the
database says of itself, `toolcrib_kept` from which revision on it knows the past of a component, and
`toolcrib_segment` what pruned rows of the audit leave in the chain.
`toolcrib_direct_write` has what bypassed the server and is no revision yet (the folder `direct/`).
"""

from dataclasses import dataclass, fields

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
)

from toolcrib.server.columns import ExactText, IntegerKey, UtcTimestamp
from toolcrib.server.tenants import TENANT_CHARACTERS_MAX

# Raised whenever the tables below change, so that an older server refuses a newer database.
LAYOUT_VERSION = 6

# Under which name `toolcrib_meta` has it.
LAYOUT_NAME = "layout_version"

REVISION_SEQUENCE = "revision"
# A component's key sequence has its table's name behind this.
KEY_SEQUENCE = "key:"

# Rows of `toolcrib_meta` that are about a database, and not about what is in it: they do not go along to another one.
# Whose copy it is; where writes wait while the schema is changed; what was begun of such a change; whom triggers know.
MIGRATION_MARK, WRITE_GATE, UNFINISHED_SCHEMA = "migration", "gate", "unfinished_schema"
WRITER_SECRET = "writer_secret"  # noqa: S105  # the name it is kept under
OWN_META = (MIGRATION_MARK, WRITE_GATE, UNFINISHED_SCHEMA, WRITER_SECRET)

# What the index of the audit has room for on MariaDB, beside the component and the tenant; elsewhere there is no limit.
RECORD_KEY_CHARACTERS_MAX = 400


@dataclass(frozen=True, slots=True)
class SystemTables:
    """The tables, declared in one MetaData."""

    meta: Table
    sequence: Table
    transaction: Table
    audit: Table
    answer: Table
    kept: Table
    segment: Table
    schema: Table
    direct_write: Table

    def all(self) -> list[Table]:
        """Each of them."""
        return [getattr(self, field.name) for field in fields(self)]


def system_tables(metadata: MetaData) -> SystemTables:
    """Declares the system tables in `metadata`."""
    meta = Table(
        "toolcrib_meta",
        metadata,
        Column("name", ExactText, primary_key=True),
        Column("value", LargeBinary, nullable=False),
    )
    sequence = Table(
        "toolcrib_sequence",
        metadata,
        Column("name", ExactText, primary_key=True),
        Column("last_value", BigInteger, nullable=False),
    )
    transaction = Table(
        "toolcrib_transaction",
        metadata,
        Column("revision", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
        Column("commit_time", UtcTimestamp, nullable=False),
        Column("actor", ExactText, nullable=False),
        Column("actor_source", SmallInteger, nullable=False),
        Column("reason", ExactText, nullable=False),
        Column("method", ExactText, nullable=False),
        Column("peer", ExactText, nullable=False),
        # Empty where the call had none.
        Column("request_id", ExactText, nullable=False),
        # Why the call was refused, and for how many that were this row stands; empty and 0 for a commit.
        Column("refusal", ExactText, nullable=False),
        Column("refused_calls", BigInteger, nullable=False),
        Column("entry_count", Integer, nullable=False),
        # That of the call; empty where it had none.
        Column("tenant", ExactText(TENANT_CHARACTERS_MAX), nullable=False),
        Column("hash", LargeBinary, nullable=False),
        Index("toolcrib_transaction_commit_time", "commit_time"),
        Index("toolcrib_transaction_actor", "actor", "revision"),
    )
    audit = Table(
        "toolcrib_audit",
        metadata,
        Column("revision", BigInteger, ForeignKey(transaction.c.revision), nullable=False),
        Column("ordinal", Integer, nullable=False),
        Column("component", ExactText(255), nullable=False),
        Column("record_key", ExactText(RECORD_KEY_CHARACTERS_MAX), nullable=False),
        Column("operation", SmallInteger, nullable=False),
        Column("before_image", LargeBinary, nullable=True),
        Column("after_image", LargeBinary, nullable=True),
        # Whose record it is; empty where all tenants share the component.
        Column("tenant", ExactText(TENANT_CHARACTERS_MAX), nullable=False),
        Column("hash", LargeBinary, nullable=False),
        PrimaryKeyConstraint("revision", "ordinal"),
        Index("toolcrib_audit_record", "component", "tenant", "record_key", "revision"),
        # Rows are only ever appended in the order of this key: no second tree for it.
        sqlite_with_rowid=False,
    )
    answer = Table(
        "toolcrib_answer",
        metadata,
        # Counts up, so that the oldest are found without an index of times.
        Column("number", IntegerKey, primary_key=True, autoincrement=False),
        Column("tenant", ExactText(TENANT_CHARACTERS_MAX), nullable=False),
        Column("actor", ExactText, nullable=False),
        Column("request_id", ExactText, nullable=False),
        Column("commit_time", UtcTimestamp, nullable=False),
        # 0 where the write found nothing to change, and so made no revision.
        Column("revision", BigInteger, nullable=False),
        Column("digest", LargeBinary, nullable=False),
        # None where the answer has no record: a delete that found none, as it was allowed to.
        Column("answer", LargeBinary, nullable=True),
        Index("toolcrib_answer_request", "tenant", "actor", "request_id", unique=True),
    )
    kept = Table(
        "toolcrib_kept",
        metadata,
        Column("component", ExactText, primary_key=True),
        # The first revision at which the state of all records can be told: from their audit entries, all of which are
        # there behind it, and from their versions, if these are kept.
        Column("audit_since", BigInteger, nullable=False),
        Column("versions_since", BigInteger, nullable=True),
    )
    schema = Table(
        "toolcrib_schema",
        metadata,
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("apply_time", UtcTimestamp, nullable=False),
        Column("actor", ExactText, nullable=False),
        Column("method", ExactText, nullable=False),
        # The newest when it was applied.
        Column("revision", BigInteger, nullable=False),
        Column("fingerprint", ExactText, nullable=False),
        Column("plan", ExactText, nullable=False),
        # JSON: what all components have looked like since.
        Column("components", ExactText, nullable=False),
    )
    return SystemTables(
        meta, sequence, transaction, audit, answer, kept, _segments(metadata), schema, _direct_writes(metadata)
    )


def _direct_writes(metadata: MetaData) -> Table:
    return Table(
        "toolcrib_direct_write",
        metadata,
        # Later than that of all that was committed before this row was changed, as the row was locked until then.
        Column("number", IntegerKey, Identity(always=True), primary_key=True),
        Column("transaction_id", BigInteger, nullable=False),
        Column("table_name", ExactText, nullable=False),
        Column("record_key", ExactText, nullable=False),
        # CREATE, UPDATE or DELETE.
        Column("operation", SmallInteger, nullable=False),
        # JSON: the values of the row by its columns.
        Column("before_row", ExactText, nullable=True),
        Column("after_row", ExactText, nullable=True),
        Column("write_time", UtcTimestamp, nullable=False),
        Column("role", ExactText, nullable=False),
        Column("reason", ExactText, nullable=False),
        Column("application", ExactText, nullable=False),
        Column("peer", ExactText, nullable=False),
        # What the record was given for a transaction before this one, which had changed the row by then.
        Column("given_revision", BigInteger, nullable=True),
        Column("given_start", BigInteger, nullable=True),
        Column("given_time", UtcTimestamp, nullable=True),
        # Why no revision was made of it, where that failed; it is not tried again.
        Column("failure", ExactText, nullable=True),
        Index("toolcrib_direct_write_transaction", "transaction_id"),
        Index("toolcrib_direct_write_record", "table_name", "record_key"),
    )


def _segments(metadata: MetaData) -> Table:
    # The columns of `chain_rows.Segment`, in its order.
    return Table(
        "toolcrib_segment",
        metadata,
        Column("first_revision", BigInteger, nullable=False),
        Column("first_ordinal", Integer, nullable=False),
        Column("last_revision", BigInteger, nullable=False),
        Column("last_ordinal", Integer, nullable=False),
        Column("transactions", BigInteger, nullable=False),
        Column("entries", BigInteger, nullable=False),
        Column("last_time", ExactText, nullable=False),
        Column("previous_hash", LargeBinary, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        PrimaryKeyConstraint("first_revision", "first_ordinal"),
        Index("toolcrib_segment_last", "last_revision"),
        sqlite_with_rowid=False,
    )
