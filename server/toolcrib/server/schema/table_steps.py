"""What the steps of one table share: its names, the questions to its rows, and how a step is put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect

from toolcrib.server.schema.costs import Work, cost
from toolcrib.server.schema.facts import Facts
from toolcrib.server.schema.renames import Match
from toolcrib.server.schema.shapes import ComponentShape
from toolcrib.server.schema.steps import Sign, Step
from toolcrib.server.schema.types import type_text
from toolcrib.server.schema.values import Values


@dataclass(frozen=True, slots=True)
class TableSteps:
    """One table, with what its component looked like `before`, if that is known, and looks like `after`.

    `versions` is the table of its former versions, of which its own steps speak too.
    """

    match: Match
    values: Values
    facts: Facts
    dialect: Dialect
    before: ComponentShape | None
    after: ComponentShape
    versions: Match | None = None

    @property
    def rows(self) -> int:
        """How many rows the table has."""
        return self.facts.rows(self.match.stored)

    def place(self, column: str) -> str:
        """A column as steps name it."""
        return f"{self.match.table.name}.{column}"

    def type(self, column: str) -> str:
        """The type of a column as the .proto has it."""
        field = self.after.field(column)
        return field.spelled if field else type_text(self.match.table.c[column].type, self.dialect)

    def step(
        self,
        verb: str,
        sign: Sign,
        text: str,
        *,
        column: str = "",
        of: str = "",
        work: Work | None = None,
        **facts: Any,
    ) -> Step:
        """A step of the table, of a `column` of it, or `of` an index."""
        place = self.place(column) if column else self.match.table.name
        return Step(
            name=f"{verb}:{place}/{of}" if of else f"{verb}:{place}",
            sign=sign,
            component=self.match.served.component.name,
            table=self.match.table.name,
            column=column,
            text=text,
            cost="" if work is None else cost(self.dialect, work, self.rows),
            **facts,
        )
