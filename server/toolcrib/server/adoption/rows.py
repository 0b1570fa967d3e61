"""The rows of a table as records of its component, in an order that is the same each time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from sqlalchemy import ColumnElement, Connection, Text, cast, column, func, select, table

from toolcrib.server.adoption.drafts import ComponentDraft, FieldDraft
from toolcrib.server.adoption.values import NotHeld, set_field
from toolcrib.server.component import Component
from toolcrib.server.errors import StartError

_ROWS_AT_ONCE = 500
_NO_LABELS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Row:
    """A row: how people find it again, and the record made of it or why there is none."""

    place: str
    message: Message | None
    problem: str = ""


class Rows:
    """The rows of a component's table. Raises StartError where the component has no field for its key.

    Columns go to the fields that have the numbers that `schema import` gave them, whatever they are called by now.
    `left_out` are columns whose field is gone.
    """

    def __init__(self, draft: ComponentDraft, component: Component[Any, Any], zone: tzinfo) -> None:
        self._draft, self._component, self._zone = draft, component, zone
        numbers: Mapping[int, FieldDescriptor] = component.message.DESCRIPTOR.fields_by_number
        stored = {*component.data_fields, *component.key_fields}
        self._fields = [
            (one, numbers[one.number])
            for one in draft.fields
            if one.number in numbers and numbers[one.number].name in stored
        ]
        found = {one.column for one, _ in self._fields}
        self.left_out = [*draft.left_out, *(one.column for one in draft.fields if one.column not in found)]
        names = {field.name for _, field in self._fields}
        lacking = [name for name in component.key_fields if name not in names]
        if lacking:
            raise StartError(
                f"{component.name}.{lacking[0]} is in the key and has the number of no column of {draft.table}; "
                "give it the number that `toolcrib schema import` wrote"
            )

    @property
    def fields(self) -> list[str]:
        """The names of the fields that are filled."""
        return [field.name for _, field in self._fields]

    def count(self, connection: Connection) -> int:
        """How many there are."""
        return int(connection.execute(select(func.count()).select_from(table(self._draft.table))).scalar_one())

    def read(self, connection: Connection) -> Iterator[Row]:
        """Each of them."""
        fields = [one for one in self._fields if one[0].column]
        names = [one.column for one, _ in fields]
        key = list(self._draft.key)
        order: list[ColumnElement[Any]] = [column(name) for name in key] or [cast(column(name), Text) for name in names]
        # Without types: what a driver gives is converted here, by the field.
        is_text = connection.dialect.name == "postgresql"
        columns = [
            cast(column(one.column), Text) if is_text and one.is_time else column(one.column) for one, _ in fields
        ]
        asked = select(*columns).select_from(table(self._draft.table)).order_by(*order)
        found = connection.execution_options(stream_results=True, yield_per=_ROWS_AT_ONCE).execute(asked)
        for number, values in enumerate(found, 1):
            by_column = dict(zip(names, values, strict=True))
            place = "/".join(str(by_column.get(name)) for name in key) or f"row {number}"
            yield self._row(place, number, by_column)

    def _row(self, place: str, number: int, values: Mapping[str, Any]) -> Row:
        message: Message = self._component.message()
        try:
            for one, field in self._fields:
                value = values[one.column] if one.column else number
                set_field(message, field, value, _labels(one), self._zone)
        except NotHeld as error:
            return Row(place, None, str(error))
        return Row(place, message)


def _labels(field: FieldDraft) -> Mapping[str, str]:
    return _NO_LABELS if field.enum is None else field.enum.values
