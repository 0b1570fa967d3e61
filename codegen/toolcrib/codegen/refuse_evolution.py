"""What is refused about the options that say what has become of a component or a field that was there before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from toolcrib.codegen.components import STANDARD_FIELDS, key_of
from toolcrib.codegen.declared import DeclaredField, DeclaredMessage
from toolcrib.codegen.defaults import parse_backfill
from toolcrib.codegen.problems import Problem

_FULL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+")


def evolution_problems(message: DeclaredMessage, field: DeclaredField) -> Iterator[Problem]:
    """Everything that is wrong with `renamed_from` and `backfill` of a component's field."""
    if field.renamed_from:
        for reason in _renamed_reasons(message, field):
            yield field.place.problem(f"`{field.name}` {reason}")
    if field.backfill is None:
        return
    if reason := _no_backfill_reason(message, field):
        yield field.place.problem(f"`{field.name}` {reason}; leave out `backfill`")
        return
    try:
        parse_backfill(field)
    except ValueError as error:
        yield field.place.problem(f'the backfill "{field.backfill}" of `{field.name}` is no {field.type}; {error}')


def shared_evolution_problems(components: Iterable[DeclaredMessage]) -> Iterator[Problem]:
    """What is wrong with `renamed_from` of components: two cannot have been the same one."""
    components = tuple(components)
    names = {message.full_name for message in components}
    claimed: dict[str, DeclaredMessage] = {}
    for message in components:
        former = message.option.renamed_from if message.option else ""
        if not message.option or not former:
            continue
        place, text = message.option.place, f"{message.name} is renamed from {former}"
        first = claimed.setdefault(former, message)
        if not _FULL_NAME.fullmatch(former):
            full = f"{message.package}.{former}"
            yield place.problem(f"{text}, which is no full name; write it with its package, like `{full}`")
        elif former in names:
            remedy = "leave out `renamed_from`, or take the other away"
            yield place.problem(f"{text}, which is still a component; {remedy}")
        elif first is not message:
            yield place.problem(f"{text}, and so is {first.name}; leave out `renamed_from` in one of them")


def _renamed_reasons(message: DeclaredMessage, field: DeclaredField) -> Iterator[str]:
    former = field.renamed_from
    if field.name in STANDARD_FIELDS:
        yield "is filled in by the server; leave out `renamed_from`"
    elif field.relation is not None:
        yield "is a relation, of which nothing is stored; leave out `renamed_from`"
    elif former == field.name:
        yield "is renamed from its own name; write the one that it had before"
    elif former in STANDARD_FIELDS:
        yield f"is renamed from `{former}`, which the server fills in; leave out `renamed_from`"
    elif any(other.name == former for other in message.fields):
        yield f"is renamed from `{former}`, which is still a field; leave out `renamed_from`, or take that field away"
    elif any(other.renamed_from == former and other.number < field.number for other in message.fields):
        yield f"is renamed from `{former}`, and so is another field; leave out `renamed_from` in one of them"


def _no_backfill_reason(message: DeclaredMessage, field: DeclaredField) -> str:
    if field.name in STANDARD_FIELDS:
        return "is filled in by the server"
    if field.relation is not None:
        return "is a relation, of which nothing is stored"
    if field in key_of(message):
        return "is the key, which every record has"
    if field.references:
        return "refers to records, and a backfill would have all of them refer to the same"
    unique = field.unique or field.unique_live
    return "is unique, and a backfill would give all records the same value" if unique else ""
