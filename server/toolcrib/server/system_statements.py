"""The prepared statements on Toolcrib's own tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Dialect,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from toolcrib.server.columns import ExactText, UtcTimestamp
from toolcrib.server.errors import SchemaChanged
from toolcrib.server.statements import Prepared, RowReader
from toolcrib.server.system_tables import SystemTables
from toolcrib.server.tenants import TENANT, own_columns, tenant_given


def insert_into(table: Table, dialect: Dialect, *, counting: str = "", of_all_tenants: bool = False) -> Prepared:
    """INSERT of a whole row, but for the column `counting`, which goes on from the highest that is there.

    The tenant is the session's, unless rows `of_all_tenants` say themselves whose they are.
    """
    whole = table.columns if of_all_tenants else own_columns(table)
    columns = [column for column in whole if column.name != counting]
    values: dict[str, Any] = {column.name: bindparam(column.name, type_=column.type) for column in columns}
    given = list(values)
    if TENANT in table.c and not of_all_tenants:
        values[TENANT] = tenant_given()
    if counting:
        highest = func.coalesce(select(func.max(table.c[counting])).scalar_subquery(), literal_column("0"))
        values[counting] = highest + literal_column("1")
    return Prepared(insert(table).values(values).inline(), dialect, given, rows_of=None if counting else table)


def chain_head(tables: SystemTables) -> Select[tuple[bytes]]:
    """The hash of the chain's last row: the last entry of the newest transaction, or itself where it has none."""
    transaction, audit = tables.transaction.c, tables.audit.c
    of_entry = select(audit.hash).where(audit.revision == transaction.revision).order_by(audit.ordinal.desc()).limit(1)
    head = func.coalesce(of_entry.scalar_subquery(), transaction.hash)
    return select(head).order_by(transaction.revision.desc()).limit(1)


class SharedNumbers:
    """A sequence of the database's own: `next` takes so many numbers, `reach` passes over all up to one."""

    def __init__(self, sequence: str, dialect: Dialect) -> None:
        name: ColumnElement[Any] = literal_column(f"'{dialect.identifier_preparer.quote(sequence)}'")
        numbers = func.generate_series(literal_column("1"), bindparam("given_count", type_=BigInteger)).table_valued()
        number: BindParameter[int] = bindparam("given_number", type_=BigInteger)
        self.next = Prepared(select(func.nextval(name)).select_from(numbers), dialect)
        # The triggers have made it, who pass over numbers too.
        passing = func.toolcrib_pass_over(name.op("::")(literal_column("regclass")), number)
        self.reach = Prepared(select(passing), dialect, [number.key])


class SystemStatements:
    """Those that commits run."""

    def __init__(self, tables: SystemTables, dialect: Dialect) -> None:
        # The schema that they were made for; known once the database is open.
        self.schema_version: int | None = None
        # Of keys that the database counts for others too, by the names that they are counted under; known then too.
        self.shared_keys: Mapping[str, SharedNumbers] = {}
        sequence = tables.sequence
        named = sequence.c.name == bindparam("given_name")
        self.insert_transaction = insert_into(tables.transaction, dialect)
        self.insert_audit = insert_into(tables.audit, dialect)
        # With the newest schema: whoever counts on must know what it is.
        newest = select(func.max(tables.schema.c.version)).scalar_subquery()
        self.select_sequence = Prepared(select(sequence.c.last_value, newest).where(named), dialect, ["given_name"])
        transaction = tables.transaction.c
        since, until = (bindparam(name, type_=UtcTimestamp) for name in ("since", "until"))
        latest = select(func.max(transaction.commit_time)).where(transaction.commit_time <= until)
        self.select_latest_time = Prepared(latest, dialect)
        self.latest_time = RowReader([transaction.commit_time], dialect)
        self.select_revision_at = Prepared(
            select(func.max(transaction.revision)).where(transaction.commit_time.between(since, until)), dialect
        )
        self._prepare_pruned(tables, dialect)
        self.insert_sequence = insert_into(sequence, dialect)
        self.update_sequence = Prepared(
            update(sequence).values(last_value=bindparam("last_value")).where(named),
            dialect,
            ["last_value", "given_name"],
        )
        self.select_hash = Prepared(
            select(transaction.hash).where(transaction.revision == bindparam("given_revision", type_=BigInteger)),
            dialect,
        )
        self.select_chain_head = Prepared(chain_head(tables), dialect, [])
        self._prepare_answers(tables.answer, dialect)

    def _prepare_pruned(self, tables: SystemTables, dialect: Dialect) -> None:
        kept, segment = tables.kept.c, tables.segment.c
        of_component = kept.component == bindparam("given_component")
        self.select_kept = Prepared(
            select(kept.audit_since, kept.versions_since).where(of_component), dialect, ["given_component"]
        )
        # The last revision until a time among those that are pruned.
        until = bindparam("until", type_=ExactText)
        before = select(func.max(segment.last_revision)).where(segment.last_time <= until, segment.transactions > 0)
        self.select_pruned_at = Prepared(before, dialect)

    def last_value(self, row: Sequence[Any]) -> int:
        """The number in a row of `select_sequence`. Raises SchemaChanged where the database has another schema now."""
        if row[1] != self.schema_version:
            raise SchemaChanged
        return int(row[0])

    def _prepare_answers(self, answer: Table, dialect: Dialect) -> None:
        columns = answer.c
        self.insert_answer = insert_into(answer, dialect, counting="number")
        self.select_answer = Prepared(
            select(columns.digest, columns.answer).where(
                columns.tenant == bindparam("given_tenant"),
                columns.actor == bindparam("given_actor"),
                columns.request_id == bindparam("given_id"),
            ),
            dialect,
            ["given_tenant", "given_actor", "given_id"],
        )
        oldest, newest = select(func.min(columns.number)), select(func.max(columns.number))
        # The last one, among so many of the oldest, that is too old or has too many behind it.
        self.select_expired_answer = Prepared(
            select(func.max(columns.number)).where(
                columns.number < oldest.scalar_subquery() + bindparam("span", type_=BigInteger),
                or_(
                    columns.commit_time < bindparam("oldest_time", type_=UtcTimestamp),
                    columns.number <= newest.scalar_subquery() - bindparam("kept", type_=BigInteger),
                ),
            ),
            dialect,
            ["span", "oldest_time", "kept"],
        )
        self.delete_answers = Prepared(
            delete(answer).where(columns.number <= bindparam("last_number", type_=BigInteger)),
            dialect,
            ["last_number"],
        )
