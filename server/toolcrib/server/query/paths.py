"""Resolves the path of a comparison against a component's fields, down into what is kept as JSON."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from toolcrib.server.columns import time_to_text, uint64_to_text
from toolcrib.server.query.fields import Field, FieldKind, did_you_mean
from toolcrib.server.query.refusals import RELATIONS_MAX, refusal
from toolcrib.server.query.shape import Step, Way
from toolcrib.server.query.tree import FieldPath

_NAME_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Target:
    """What is compared: the field at the end of a path, and the way to it.

    `relations` lead to the record that has the column, `steps` from there to the value, through `keys` of maps. Without
    a column it is such a record as a whole. `is_list` and `is_map` say that the path ends at all of a repeated field or
    map; `is_plural`, that it goes through a repeated field and so may reach several values.
    """

    field: Field
    column: str
    relations: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    keys: tuple[str, ...] = ()
    is_list: bool = False
    is_map: bool = False
    is_plural: bool = False

    def stored(self, value: Any) -> Any:
        """A value as it is kept where the path leads."""
        if not self.steps:
            return value
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        if self.field.kind is FieldKind.UINT64 and isinstance(value, int):
            return uint64_to_text(value)
        return time_to_text(value) if isinstance(value, datetime) else value


def resolve(path: FieldPath, fields: Mapping[str, Field]) -> Target:
    """Where `path` leads. Raises InvalidRequest where it leads nowhere."""
    names = list(path.names)
    field = _named(names.pop(0), fields, path)
    relations: list[str] = []
    is_plural = False
    while field.is_relation:
        relations.append(field.name)
        is_plural |= field.repeated
        if len(relations) > RELATIONS_MAX:
            raise refusal(path.place, f"goes through more than {RELATIONS_MAX} relations")
        if not names:
            return Target(field, "", tuple(relations), is_list=field.repeated, is_plural=is_plural)
        field = _named(names.pop(0), {inner.name: inner for inner in field.fields}, path)
    inside = _inside(field, names, path)
    return replace(inside, relations=tuple(relations), is_plural=is_plural or inside.is_plural)


def _inside(field: Field, names: list[str], path: FieldPath) -> Target:
    """Where `names` lead from a field that is a column, down into what is kept there as JSON."""
    steps: list[Step] = []
    keys: list[str] = []
    is_plural = False
    column = field.name
    while names:
        if field.map_key is not None:
            keys.append(names.pop(0))
            steps.append(Way.ENTRY)
            if not names:
                return Target(field, column, (), tuple(steps), tuple(keys), is_plural=is_plural)
        elif field.repeated:
            steps.append(Way.ELEMENT)
            is_plural = True
        if field.kind is not FieldKind.MESSAGE:
            raise refusal(path.place, f"{field.name} has no fields inside")
        field = _named(names.pop(0), {inner.name: inner for inner in field.fields}, path)
        steps.append(field.name)
    is_map, is_list = field.map_key is not None, field.repeated
    return Target(field, column, (), tuple(steps), tuple(keys), is_list, is_map, is_plural)


def _named(name: str, known: Mapping[str, Field], path: FieldPath) -> Field:
    field = known.get(name)
    if field is None:
        raise refusal(path.place, f"there is no field {name[:_NAME_SHOWN]!r}{did_you_mean(name, known)}")
    return field


def entry(target: Target, key: str) -> Target:
    """What a map has under `key`."""
    return replace(target, steps=(*target.steps, Way.ENTRY), keys=(*target.keys, key), is_list=False, is_map=False)


def element(target: Target) -> Target:
    """Any element of a repeated field, any value of a map, or any record of a relation."""
    if target.column:
        target = replace(target, steps=(*target.steps, Way.VALUE if target.is_map else Way.ELEMENT))
    return replace(target, is_list=False, is_map=False, is_plural=True)
