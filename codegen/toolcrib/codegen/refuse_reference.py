"""What is refused about references from one component to another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from toolcrib.codegen.components import ON_DELETE, STANDARD_FIELDS, key_of
from toolcrib.codegen.declared import DeclaredField, DeclaredMessage, KeySource, Shape
from toolcrib.codegen.model import OnDelete
from toolcrib.codegen.nearest import did_you_mean
from toolcrib.codegen.problems import Problem


def reference_problems(components: Iterable[DeclaredMessage]) -> Iterator[Problem]:
    """Everything that is wrong with the references of all components."""
    by_name = {message.full_name: message for message in components}
    for message in by_name.values():
        for field in message.fields:
            if field.on_delete not in ON_DELETE:
                yield field.place.problem(
                    f"the on_delete of `{field.name}` is unknown to this version; it needs a newer toolcrib"
                )
            elif field.references:
                yield from _field_problems(field)
                yield from _target_problems(field, by_name)
            elif field.on_delete:
                yield field.place.problem(
                    f"`{field.name}` has an on_delete and refers to nothing; add `references`, or leave it out"
                )
        yield from _circle_problems(message, by_name)


def _field_problems(field: DeclaredField) -> Iterator[Problem]:
    if field.name in STANDARD_FIELDS:
        yield field.place.problem(f"`{field.name}` is filled in by the server; leave out `references`")
    if field.shape not in (Shape.SINGLE, Shape.OPTIONAL):
        yield field.place.problem(
            f"`{field.name}` holds more than one key, or one of several fields; make it a single field, or a "
            "component of its own that refers to both if there are many"
        )
    if field.wrapped and field.kind:
        yield field.place.problem(
            f"`{field.name}` is a {field.type}; write `optional {field.kind.value}`, which refers"
        )
    if ON_DELETE[field.on_delete] is OnDelete.SET_NULL:
        if field.shape is not Shape.OPTIONAL:
            yield field.place.problem(
                f"`{field.name}` is never unset, so ON_DELETE_SET_NULL cannot unset it; make it `optional`"
            )
        if field.immutable:
            yield field.place.problem(
                f"`{field.name}` is immutable, so ON_DELETE_SET_NULL cannot unset it; leave out `immutable`, or choose "
                "another on_delete"
            )


def _target_problems(field: DeclaredField, components: Mapping[str, DeclaredMessage]) -> Iterator[Problem]:
    target = components.get(field.references)
    if target is None:
        # Somebody who leaves out the package means the component of that name.
        same = [name for name in components if name.endswith(f".{field.references}")]
        hint = f"; did you mean `{same[0]}`?" if len(same) == 1 else did_you_mean(field.references, components)
        yield field.place.problem(f"`{field.name}` refers to {field.references}, which is no component here{hint}")
        return
    key = key_of(target)
    if len(key) > 1:
        names = ", ".join(f"`{part.name}`" for part in key)
        yield field.place.problem(
            f"`{field.name}` refers to {field.references}, whose key has several fields ({names}), which is not served "
            "yet; give that component a key of one field, and make these unique with an index"
        )
    elif key and field.kind is not key[0].kind:
        yield field.place.problem(
            f"`{field.name}` is of type {field.type}, and the key `{key[0].name}` of {field.references} of type "
            f"{key[0].type}; make them the same"
        )


def _circle_problems(message: DeclaredMessage, components: Mapping[str, DeclaredMessage]) -> Iterator[Problem]:
    """Where every record needs another before it, there can never be a first."""

    def needed_by(name: str) -> list[str]:
        target = components.get(name)
        return [field.references for field in target.fields if _needs(field)] if target else []

    for field in message.fields:
        if field.references == message.full_name and _names_itself(message):
            continue
        if _needs(field) and reaches(field.references, message.full_name, needed_by):
            yield field.place.problem(
                f"`{field.name}` needs a record of {field.references}, which in turn needs one of {message.full_name}, "
                "so there could never be a first; make it `optional`"
            )


def _names_itself(message: DeclaredMessage) -> bool:
    """Whether a new record can refer to itself, as its caller knows its key."""
    return any(field.key_source is KeySource.CLIENT for field in key_of(message))


def _needs(field: DeclaredField) -> bool:
    return bool(field.references) and field.shape is Shape.SINGLE


def reaches(start: str, goal: str, needed_by: Callable[[str], Iterable[str]]) -> bool:
    """Whether a record of `start` needs one of `goal`, directly or by way of others."""
    seen: set[str] = set()
    left = [start]
    while left:
        name = left.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            left += needed_by(name)
    return False
