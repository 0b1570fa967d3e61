"""Steps from field numbers: former records are bytes in the audit trail, read by the numbers of fields.

A column goes by its name and a former record by its number, so both stay together; what would read former records as
something else is refused, whatever is allowed. Messages inside are documents too, see inside.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from toolcrib.server.schema.inside import inner_steps, is_message, stands_for
from toolcrib.server.schema.served import Served
from toolcrib.server.schema.shapes import ComponentShape, FieldShape
from toolcrib.server.schema.steps import Step, refusal

# Types whose bytes are read alike, by protobuf's encoding.
_ALIKE = (
    frozenset({"int32", "int64", "uint32", "uint64", "bool", "enum"}),
    frozenset({"sint32", "sint64"}),
    frozenset({"fixed32", "sfixed32"}),
    frozenset({"fixed64", "sfixed64"}),
)
_SINGLE = frozenset({"", "optional"})


def reads_alike(former: FieldShape, field: FieldShape) -> bool:
    """Whether values of a single field read as the other, as far as they fit."""
    if former.label != field.label and not {former.label, field.label} <= _SINGLE:
        return False
    types = {former.type, field.type}
    return len(types) == 1 or (field.label in _SINGLE and any(types <= group for group in _ALIKE))


def number_steps(served: Served, before: ComponentShape, after: ComponentShape) -> Iterator[Step]:
    """What stands against the numbers, names and types of fields, and what becomes of messages inside."""
    yield from _key_steps(served, before, after)
    known = {field.number: field for field in before.fields}
    retired = {field.number: field for field in before.retired}
    for field in after.fields:
        former = known.get(field.number)
        if field.number in retired:
            yield _reused(served, retired[field.number], field, is_there=False)
        elif former is None:
            yield from _renumbered(served, before, field)
        elif former.name not in {field.name, served.component.renamed_fields.get(field.name)}:
            yield _reused(served, former, field, is_there=True)
        elif is_message(former) and is_message(field) and former.label == field.label and stands_for(former, field):
            yield from inner_steps(served, before, after, former, field)
        elif not reads_alike(former, field):
            yield refusal(
                served,
                field.name,
                f"`{field.name}` was {former.spelled}, and is {field.spelled} now",
                "former records cannot be read so: give it another name and number and write "
                f"`reserved {field.number};`, or write `{former.spelled}` again",
            )


def stored_key_steps(served: Served, stored: Sequence[str], declared: Sequence[str]) -> Iterator[Step]:
    """What stands against another key than the table has, where no record says what the component's was."""
    if list(stored) != list(declared):
        yield _other_key(served, stored)


def _key_steps(served: Served, before: ComponentShape, after: ComponentShape) -> Iterator[Step]:
    renamed = served.component.renamed_fields
    key = tuple(name if before.field(name) else renamed.get(name, name) for name in after.key)
    if key != before.key:
        yield _other_key(served, before.key)


def _other_key(served: Served, former: Sequence[str]) -> Step:
    name, key = served.component.name, served.component.key_fields
    return refusal(
        served,
        ",".join(key),
        f"the key of {name} was {', '.join(former)} and is {', '.join(key)} now",
        "records are known by their key; make a component of another name, and copy the records",
    )


def _renumbered(served: Served, before: ComponentShape, field: FieldShape) -> Iterator[Step]:
    former = before.field(field.name) or before.field(served.component.renamed_fields.get(field.name, ""))
    if former is not None:
        yield refusal(
            served,
            field.name,
            f"`{former.name}` had the number {former.number}, and `{field.name}` has {field.number} now",
            f"former records have it under {former.number}: write that again; or take the field out, apply, and add it "
            "anew",
        )


def _reused(served: Served, former: FieldShape, field: FieldShape, *, is_there: bool) -> Step:
    anew = f"give it another number and write `reserved {field.number};`"
    renamed = f'write `renamed_from: "{former.name}"` in its option if it is the same field, or ' if is_there else ""
    was = f"was `{former.name}`" if is_there else f"was `{former.name}`, which is gone,"
    text = f"the number {field.number} {was} and is `{field.name}` now"
    return refusal(served, field.name, text, f"{renamed}{anew}")
