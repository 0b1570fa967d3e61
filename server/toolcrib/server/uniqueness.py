"""Who holds a key or a value that may be there only once: found by asking for it, not in the database's words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, Dialect, Table, UniqueConstraint, and_, bindparam, not_, select

from toolcrib.server.changes import Change, Operation
from toolcrib.server.component import Component, key_text
from toolcrib.server.component_statements import DELETE_TIME
from toolcrib.server.constraints import Unique
from toolcrib.server.errors import RecordExists
from toolcrib.server.requests import Key
from toolcrib.server.session import Session
from toolcrib.server.statements import Prepared
from toolcrib.server.tenants import TENANT, of_tenant, own_columns

if TYPE_CHECKING:
    from toolcrib.server.store import Stored


class Holder:
    """Finds the record that has the values of a unique constraint."""

    __slots__ = ("_positions", "_statement", "unique")

    def __init__(self, unique: Unique, table: Table, key_fields: Sequence[str], dialect: Dialect) -> None:
        self.unique = unique
        names = [column.name for column in own_columns(table)]
        self._positions = [names.index(name) for name in unique.fields]
        keys = [table.c[name] for name in key_fields]
        columns = [table.c[name] for name in unique.fields]
        values: list[BindParameter[Any]] = [bindparam(f"value_{c.name}", type_=c.type) for c in columns]
        given: list[BindParameter[Any]] = [bindparam(f"given_{key.name}", type_=key.type) for key in keys]
        conditions = [column == value for column, value in zip(columns, values, strict=True)]
        if unique.live_only:
            conditions.append(table.c[DELETE_TIME].is_(None))
        another = not_(and_(*(key == value for key, value in zip(keys, given, strict=True))))
        self._statement = Prepared(
            select(*keys).where(*of_tenant(table), *conditions, another).limit(1),
            dialect,
            [*(value.key for value in values), *(value.key for value in given)],
        )

    def values(self, row: Sequence[Any]) -> list[Any]:
        """The constraint's values in a row."""
        return [row[position] for position in self._positions]

    def find(self, session: Session, row: Sequence[Any], key: Key) -> Key | None:
        """The key of a record other than that with `key` which has the values of `row`."""
        values = self.values(row)
        # What is unset collides with nothing.
        if None in values:
            return None
        found = session.fetch_one(self._statement, [*values, *key])
        return None if found is None else tuple(found)


def holders(component: Component[Any, Any], table: Table, dialect: Dialect) -> Iterator[Holder]:
    """A holder for each unique constraint of the component."""
    uniques = [Unique(_constraint_name(table, field), (field,)) for field in component.unique_fields]
    for unique in (*uniques, *component.uniques):
        yield Holder(unique, table, component.key_fields, dialect)


def find_conflict(stored: Stored, session: Session, changes: Sequence[Change[Any]]) -> RecordExists | None:
    """Which record stands in the way of which of `changes`, whose rows the database has refused; None where none does.

    The refusal is placed at the index of the change.
    """
    for change in changes:
        conflict = _taken_key(stored, session, change) or _taken_value(stored, session, change)
        if conflict is not None:
            return conflict.at(change.index)
    # Then it is a record of this very call: one that a hook of the first change has created under the same key.
    return _taken_key(stored, session, changes[0], of_this_call=True)


def _taken_key(
    stored: Stored, session: Session, change: Change[Any], *, of_this_call: bool = False
) -> RecordExists | None:
    if change.operation is not Operation.CREATE:
        return None
    held = session.fetch_one(stored.statements.get, change.key)
    # What a batch has just written itself stands in nobody's way.
    if held is None or (held[-1] == change.transaction.revision) is not of_this_call:
        return None
    component, key = stored.component, key_text(change.key)
    fields = ", ".join(component.key_fields)
    is_deleted = component.soft_delete and held[-2] is not None
    advice = "; it is deleted: undelete it, or choose another key" if is_deleted else ""
    text = f"there is a record with the {fields} {key} already{advice}"
    return RecordExists(component.name, key, fields, text, constraint="key")


def _taken_value(stored: Stored, session: Session, change: Change[Any]) -> RecordExists | None:
    row = stored.component.to_row(change.after_message)
    for holder in stored.holders:
        key = holder.find(session, row, change.key)
        if key is not None:
            fields, values = holder.unique.fields, holder.values(row)
            shown = " and ".join(f"{field} {value!r}" for field, value in zip(fields, values, strict=True))
            text = f"the record {key_text(key)} has the {shown} already, and no two may have the same"
            name = stored.component.name
            return RecordExists(name, key_text(key), ", ".join(fields), text, constraint=holder.unique.name)
    return None


def _constraint_name(table: Table, field: str) -> str:
    return next(
        str(constraint.name)
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint) and set(constraint.columns.keys()) - {TENANT} == {field}
    )
