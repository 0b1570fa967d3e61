"""What is refused about fields that show the records of other components."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from toolcrib.codegen.declared import DeclaredField, DeclaredMessage, DeclaredRelation, Shape
from toolcrib.codegen.model import Kind
from toolcrib.codegen.nearest import did_you_mean
from toolcrib.codegen.problems import Problem


def relation_problems(components: Iterable[DeclaredMessage]) -> Iterator[Problem]:
    """Everything that is wrong with the relations of all components."""
    by_name = {message.full_name: message for message in components}
    for message in by_name.values():
        for field in message.fields:
            if field.relation is not None:
                yield from _option_problems(field)
                yield from _way_problems(message, field, field.relation, by_name)


def _option_problems(field: DeclaredField) -> Iterator[Problem]:
    given = {
        "key": field.key,
        "unique": field.unique,
        "unique_live": field.unique_live,
        "immutable": field.immutable,
        "output_only": field.output_only,
        "history_excluded": field.history_excluded,
        "default_value": field.default_value is not None,
        "references": bool(field.references),
        "its buf.validate rules": field.has_rules,
    }
    for option in (name for name, is_given in given.items() if is_given):
        yield field.place.problem(f"`{field.name}` shows other records and is not stored; leave out {option}")


def _way_problems(
    message: DeclaredMessage,
    field: DeclaredField,
    relation: DeclaredRelation,
    components: Mapping[str, DeclaredMessage],
) -> Iterator[Problem]:
    """What is wrong with the way from a record of `message` to those that the field shows."""
    target = components.get(field.type) if field.kind is Kind.MESSAGE else None
    if target is None:
        yield field.place.problem(
            f"`{field.name}` is of type {field.type}, which is no component here; the type of a relation is the "
            "component whose records it shows"
        )
    elif field.shape in (Shape.MAP, Shape.ONEOF):
        kind = "map" if field.shape is Shape.MAP else "member of a oneof"
        yield field.place.problem(f"`{field.name}` is a {kind}; a relation is a single or a repeated field")
    elif relation.through:
        yield from _link_problems(message, field, relation, components)
    elif relation.to:
        yield field.place.problem(
            f"the relation `{field.name}` has a `to`, which is for link components; name that with `through`, or leave "
            "out `to`"
        )
    elif field.shape is Shape.REPEATED:
        yield from _reference_problems(field, "by", relation.by, target, message.full_name)
    else:
        yield from _reference_problems(field, "by", relation.by, message, target.full_name)


def _link_problems(
    message: DeclaredMessage,
    field: DeclaredField,
    relation: DeclaredRelation,
    components: Mapping[str, DeclaredMessage],
) -> Iterator[Problem]:
    link = components.get(relation.through)
    if field.shape is not Shape.REPEATED:
        yield field.place.problem(f"`{field.name}` leads through a link component to any number of records; repeat it")
    elif link is None:
        hint = did_you_mean(relation.through, components)
        yield field.place.problem(
            f"the relation `{field.name}` leads through {relation.through}, which is no component here{hint}"
        )
    else:
        yield from _reference_problems(field, "by", relation.by, link, message.full_name)
        yield from _reference_problems(field, "to", relation.to, link, field.type)


def _reference_problems(
    field: DeclaredField, option: str, name: str, holder: DeclaredMessage, target: str
) -> Iterator[Problem]:
    """A problem unless the field `name` of `holder` refers to `target`."""
    fitting = [found.name for found in holder.fields if found.references == target and found.relation is None]
    if name in fitting:
        return
    if not fitting:
        yield field.place.problem(
            f"the relation `{field.name}` needs a field of {holder.full_name} that refers to {target}, and there is "
            f'none; add `references: "{target}"` to the field that does'
        )
    elif not name:
        yield field.place.problem(
            f"the relation `{field.name}` does not say which reference of {holder.full_name} it goes {option}; write "
            f'`{option}: "{fitting[0]}"`'
        )
    else:
        yield field.place.problem(
            f"the relation `{field.name}` goes {option} `{name}`, which is no field of {holder.full_name} that refers "
            f"to {target}{did_you_mean(name, fitting)}"
        )
