"""Triggers that note writes which bypass the server: which tables are to have them, and which have them.

Where a database has no such triggers nothing differs, whatever the components ask for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

from sqlalchemy import Column, Connection, Dialect

from toolcrib.server.columns import ToolcribType
from toolcrib.server.component import KeyAllocation
from toolcrib.server.databases import postgresql_triggers
from toolcrib.server.databases.postgresql_triggers import DirectTable
from toolcrib.server.history import REVISION, START
from toolcrib.server.schema.costs import Work
from toolcrib.server.schema.renames import Match
from toolcrib.server.schema.served import Served, notes_direct_writes
from toolcrib.server.schema.steps import Sign, Step
from toolcrib.server.schema.table_steps import TableSteps
from toolcrib.server.schema.values import STANDARD_TIMES, zero_of
from toolcrib.server.system_tables import KEY_SEQUENCE

# PostgreSQL's word for the time of the transaction.
_NOW = "now"


class Triggers(Enum):
    """What is to be done about those of one table."""

    AS_THEY_ARE = ""
    ADD = "add"
    CHANGE = "change"
    DROP = "drop"


def trigger_differences(connection: Connection, matches: Sequence[Match]) -> Mapping[str, Triggers]:
    """What is to be done, by the name of the declared table; only where there is anything."""
    if connection.dialect.name != "postgresql":
        return {}
    stored = postgresql_triggers.stored(connection)
    found = {}
    for one in matches:
        if one.is_history:
            continue
        digest, is_wanted = stored.get(one.stored), notes_direct_writes(one.served.component, connection.dialect)
        if is_wanted and digest is None:
            found[one.table.name] = Triggers.ADD
        elif is_wanted and digest != direct_table(one.served, connection.dialect).digest():
            found[one.table.name] = Triggers.CHANGE
        elif not is_wanted and digest is not None:
            found[one.table.name] = Triggers.DROP
    return found


def trigger_steps(steps: TableSteps, triggers: Triggers) -> Iterator[Step]:
    """The step of a table."""
    if triggers is Triggers.AS_THEY_ARE:
        return
    signs = {Triggers.ADD: Sign.ADD, Triggers.CHANGE: Sign.CHANGE, Triggers.DROP: Sign.DROP}
    text = f"{triggers.value} the triggers that note writes which bypass the server"
    yield steps.step(triggers.value, signs[triggers], text, of="triggers", work=Work.CATALOG)


def change_triggers(connection: Connection, served: Served, triggers: Triggers, secret: str) -> None:
    """Makes the triggers of a table, which has its new form already, what is declared."""
    if triggers in {Triggers.CHANGE, Triggers.DROP}:
        postgresql_triggers.drop(connection, served.table.name, f"{KEY_SEQUENCE}{served.table.name}")
    if triggers in {Triggers.CHANGE, Triggers.ADD}:
        direct_table(served, connection.dialect).create(connection, secret)


def direct_table(served: Served, dialect: Dialect) -> DirectTable:
    """What triggers must know of a component's table."""
    component, table = served.component, served.table
    allocated = component.key_fields[0]
    is_counted = component.key_allocation is KeyAllocation.SEQUENCE
    return DirectTable(
        name=table.name,
        key=component.key_fields,
        defaults=dict(_defaults(served, dialect)),
        revisions=tuple(name for name in (REVISION, START) if name in table.c),
        uuid_key=allocated if component.key_allocation is KeyAllocation.UUID7 else "",
        counted_key=allocated if is_counted else "",
        sequence_name=f"{KEY_SEQUENCE}{table.name}" if is_counted else "",
    )


def _defaults(served: Served, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """What columns hold that nobody gives a value: zero where they are always set, as in protobuf."""
    component, shape = served.component, served.shape()
    for column in served.table.columns:
        field = shape.field(column.name)
        if column.name in component.key_fields or field is None:
            continue
        if column.name in STANDARD_TIMES:
            yield column.name, _NOW
        elif column.name in component.defaults:
            yield column.name, _spelled(component.defaults[column.name], column, dialect)
        elif not column.nullable:
            yield column.name, _spelled(zero_of(field), column, dialect)


def _spelled(value: Any, column: Column[Any], dialect: Dialect) -> str:
    if isinstance(column.type, ToolcribType) and (convert := column.type.to_driver(dialect)):
        value = convert(value)
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)
