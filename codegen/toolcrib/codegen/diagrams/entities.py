"""What a diagram shows of components, whatever it is drawn with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from toolcrib.codegen.model import Cardinality, Component, Field, Schema


@dataclass(frozen=True, slots=True)
class Row:
    """A field: its type in short, and what it is: a key (PK), a reference (FK), unique (UK)."""

    name: str
    type: str
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entity:
    """A component. `id` is of letters, digits and underscores, `title` what people read."""

    id: str
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """What leads from a field of `source` to records of `target`, both by their ids.

    A line `is_relation` where a link component leads from many to many; else it is a reference, which may be unset
    (`optional`), and is there once for each target where it is `unique`.
    """

    source: str
    field: str
    target: str
    label: str
    optional: bool = False
    unique: bool = False
    is_relation: bool = False


@dataclass(frozen=True, slots=True)
class Diagram:
    """All of it, sorted by the components' names."""

    entities: tuple[Entity, ...]
    lines: tuple[Line, ...]


def diagram(schema: Schema) -> Diagram:
    """The diagram of all components."""
    names = Counter(component.name for component in schema.components)
    ids = {
        one.full_name: one.name if names[one.name] == 1 else one.full_name.replace(".", "_")
        for one in schema.components
    }
    entities = tuple(
        Entity(ids[one.full_name], one.name if names[one.name] == 1 else one.full_name, tuple(_rows(one)))
        for one in schema.components
    )
    shown = _shown_as(schema)
    return Diagram(entities, tuple(line for one in schema.components for line in _lines(one, ids, shown)))


def _rows(component: Component) -> Iterator[Row]:
    uniques = {index.fields for index in component.indexes if index.unique}
    for field in component.fields:
        facts = {
            "PK": field in component.key,
            "FK": field.reference is not None,
            "UK": field.unique or (field.name,) in uniques,
        }
        yield Row(field.name, _type(field), tuple(mark for mark, holds in facts.items() if holds))


def _type(field: Field) -> str:
    name = field.type.rpartition(".")[2]
    if field.cardinality is Cardinality.REPEATED:
        return f"{name}[]"
    if field.cardinality is Cardinality.MAP and field.map_key is not None:
        return f"map({field.map_key.value}-{name})"
    return name


def _shown_as(schema: Schema) -> Mapping[tuple[str, str], list[str]]:
    """The relations that a reference is followed by, by its component and field."""
    found: dict[tuple[str, str], list[str]] = {}
    for component in schema.components:
        for relation in component.relations:
            if not relation.through:
                owner = relation.component if relation.plural else component.full_name
                found.setdefault((owner, relation.by), []).append(relation.name)
    return found


def _lines(component: Component, ids: Mapping[str, str], shown: Mapping[tuple[str, str], list[str]]) -> Iterator[Line]:
    source = ids[component.full_name]
    uniques = {index.fields for index in component.indexes if index.unique}
    for field in component.fields:
        if field.reference is not None:
            relations = shown.get((component.full_name, field.name), [])
            label = f"{field.name} ({', '.join(relations)})" if relations else field.name
            unique = field.unique or (field.name,) in uniques or component.key == (field,)
            yield Line(source, field.name, ids[field.reference.component], label, field.optional, unique)
    for relation in component.relations:
        if relation.through:
            yield Line(source, "", ids[relation.component], relation.name, is_relation=True)
