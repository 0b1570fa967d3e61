"""Steps from messages inside a component: documents, which go by the names of fields, as former records go by numbers.

What is added or taken away there is carried out by writing the documents anew; what is renamed, or holds another kind
of value, is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from toolcrib.server.schema.served import Served
from toolcrib.server.schema.shapes import LIBRARY, ComponentShape, Fields, FieldShape
from toolcrib.server.schema.steps import Kind, Sign, Step, refusal

# Types whose values a document has alike, so that the first are read as the second.
_ALIKE = {
    *(("int32", "enum"), ("enum", "int32"), ("sint32", "sint64"), ("fixed32", "sfixed64")),
    *((small, "int64") for small in ("int32", "uint32", "enum")),
}
_COST = "writes these documents anew"


def is_message(field: FieldShape) -> bool:
    """Whether a field holds messages."""
    return "." in field.type


def stands_for(former: FieldShape, field: FieldShape) -> bool:
    """Whether messages of the one type may stand for the other's; what they are made of is compared apart."""
    return former.type == field.type or not (former.type.startswith(LIBRARY) or field.type.startswith(LIBRARY))


def inner_steps(
    served: Served, before: ComponentShape, after: ComponentShape, former: FieldShape, field: FieldShape
) -> Iterator[Step]:
    """The steps of the messages that a field holds, and of those inside them, each type once."""
    first = former.type, field.type
    seen, waiting = {first}, [first]
    while waiting:
        old_name, new_name = waiting.pop()
        old = {each.number: each for each in before.messages.get(old_name, ())}
        new = {each.number: each for each in after.messages.get(new_name, ())}
        inner = _Inner(served, field.name, new_name, old, before.retired_inside.get(old_name, ()))
        for number in sorted(old.keys() | new.keys()):
            yield from inner.steps(old.get(number), new.get(number))
        pairs = ((old[n].type, new[n].type) for n in old.keys() & new.keys() if is_message(new[n]))
        for pair in sorted(pairs):
            if pair not in seen:
                seen.add(pair)
                waiting.append(pair)


class _Inner:
    """The steps of one message inside a column."""

    def __init__(
        self, served: Served, column: str, message: str, old: Mapping[int, FieldShape], retired: Fields
    ) -> None:
        self._served, self._column, self._message = served, column, message
        self._former_names = {each.name for each in old.values()}
        self._retired = {each.number: each for each in retired}

    def steps(self, former: FieldShape | None, field: FieldShape | None) -> Iterator[Step]:
        """What becomes of the field of one number."""
        if field is None and former is not None:
            loss = "its values in records would go; the audit trail keeps what it has"
            yield self._step(Sign.DROP, former, "drop", kind=Kind.DESTRUCTIVE, loss=loss)
        elif field is not None and former is None:
            if field.number in self._retired:
                gone = self._retired[field.number].name
                yield self._refusal(field, f"the number {field.number} was `{gone}`, and is `{field.name}` now")
            elif field.name in self._former_names:
                yield self._refusal(field, f"`{field.name}` has another number now")
            else:
                yield self._step(Sign.ADD, field, "add")
        elif field is not None and former is not None:
            if former.name != field.name:
                yield self._refusal(field, f"the number {field.number} was `{former.name}`, and is `{field.name}` now")
            elif not self._is_read(former, field):
                yield self._refusal(field, f"`{field.name}` was {former.spelled}, and is {field.spelled} now")

    def _is_read(self, former: FieldShape, field: FieldShape) -> bool:
        if former.label != field.label and (former.label, field.label) != ("optional", ""):
            return False
        if is_message(former) and is_message(field):
            return stands_for(former, field)
        return former.type == field.type or (former.type, field.type) in _ALIKE

    def _step(self, sign: Sign, field: FieldShape, verb: str, *, kind: Kind = Kind.ADDITIVE, loss: str = "") -> Step:
        table = self._served.table.name
        return Step(
            name=f"{verb}:{table}.{self._column}/{field.name}",
            sign=sign,
            component=self._served.component.name,
            table=table,
            column=self._column,
            text=f"{verb} {field.name}, {field.spelled}, of {self._message} in {table}.{self._column}",
            kind=kind,
            cost=_COST,
            loss=loss,
        )

    def _refusal(self, field: FieldShape, fault: str) -> Step:
        remedy = "write it as it was, or give it a new name and a new number"
        return refusal(
            self._served, f"{self._column}/{field.name}", f"in {self._message}, in `{self._column}`, {fault}", remedy
        )
