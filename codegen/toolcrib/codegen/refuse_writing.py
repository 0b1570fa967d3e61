"""What is refused about the options that say who writes a field, and what a change of it means."""

from __future__ import annotations

from collections.abc import Iterator

from toolcrib.codegen.components import HISTORY, STANDARD_FIELDS, key_of
from toolcrib.codegen.declared import DeclaredField, DeclaredMessage, Shape
from toolcrib.codegen.defaults import parse_default
from toolcrib.codegen.model import History, Kind
from toolcrib.codegen.problems import Problem


def writing_problems(message: DeclaredMessage, field: DeclaredField) -> Iterator[Problem]:
    """Everything that is wrong with these options of a component's field."""
    given = {
        "immutable": field.immutable,
        "output_only": field.output_only,
        "default_value": field.default_value is not None,
        "history_excluded": field.history_excluded,
    }
    options = [name for name, is_given in given.items() if is_given]
    reason = ""
    if field.name in STANDARD_FIELDS:
        reason = "is filled in by the server"
    elif field in key_of(message):
        reason = "is the key, which has no default and never changes"
    elif field.history_excluded and message.option and HISTORY.get(message.option.history) is History.NONE:
        yield field.place.problem(
            f"no history is kept that `{field.name}` could be excluded from; leave the option out"
        )
    if reason:
        for option in options:
            yield field.place.problem(f"`{field.name}` {reason}; leave out `{option}`")
    elif field.default_value is not None:
        yield from _default_problems(field)


def _default_problems(field: DeclaredField) -> Iterator[Problem]:
    if field.shape is not Shape.OPTIONAL and field.kind is not Kind.TIMESTAMP:
        yield field.place.problem(
            f"`{field.name}` is never unset, so it has no use for a default; make it `optional`, or leave out "
            "`default_value`"
        )
        return
    try:
        parse_default(field)
    except ValueError as error:
        yield field.place.problem(f'the default "{field.default_value}" of `{field.name}` is no {field.type}; {error}')
