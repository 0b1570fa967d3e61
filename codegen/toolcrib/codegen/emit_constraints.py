"""Emits what a component's options say about its fields beyond their types, for the repository module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from toolcrib.codegen.layout import Bracket, Group, Node, call, list_of, quoted, tuple_of
from toolcrib.codegen.model import Component, Default, Field, History, Index, Reference, Relation
from toolcrib.codegen.writer import CodeWriter

_CONSTRAINTS = "toolcrib.server.constraints"


def constraint_facts(writer: CodeWriter, component: Component) -> Iterator[Node]:
    """The arguments of the component's constant; only those that it has a use for."""
    fields = component.data_fields
    yield from _names("immutable_fields", [field for field in fields if field.immutable])
    yield from _names("output_only_fields", [field for field in fields if field.output_only])
    yield from _names("history_excluded", [field for field in fields if field.history_excluded])
    if component.history is not History.CHANGES:
        yield f"history={writer.use(_CONSTRAINTS, 'History')}.{component.history.name}"
    yield from _mapping("defaults", {field.name: field.default for field in fields})
    yield from _mapping("renamed_fields", {field.name: field.renamed_from or None for field in component.fields})
    yield from _mapping("backfills", {field.name: field.backfill for field in fields})
    uniques = [_unique(writer, index) for index in component.indexes if index.unique]
    if uniques:
        yield list_of(*uniques, before="uniques=")
    references = [_reference(writer, field, field.reference) for field in component.fields if field.reference]
    if references:
        yield list_of(*references, before="references=")
    relations = [_relation(writer, relation) for relation in component.relations]
    if relations:
        yield list_of(*relations, before="relations=")


def _names(argument: str, fields: Sequence[Field]) -> Iterator[Node]:
    if fields:
        yield tuple_of([quoted(field.name) for field in fields], before=f"{argument}=")


def _mapping(argument: str, values: Mapping[str, Default | None]) -> Iterator[Node]:
    """Those of `values` that are there, by the names of their fields."""
    items = [f"{quoted(name)}: {_literal(value)}" for name, value in values.items() if value is not None]
    if items:
        yield Group(f"{argument}={{", tuple(items), "}", Bracket.LITERAL)


def _unique(writer: CodeWriter, index: Index) -> Node:
    fields = tuple_of([quoted(name) for name in index.fields])
    live = ["live_only=True"] if index.live_only else []
    return call(writer.use(_CONSTRAINTS, "Unique"), quoted(index.name), fields, *live)


def _reference(writer: CodeWriter, field: Field, reference: Reference) -> Node:
    on_delete = f"{writer.use(_CONSTRAINTS, 'OnDelete')}.{reference.on_delete.name}"
    optional = ["optional=True"] if field.optional else []
    name, component = quoted(field.name), quoted(reference.component)
    return call(writer.use(_CONSTRAINTS, "Reference"), name, component, on_delete, *optional)


def _relation(writer: CodeWriter, relation: Relation) -> Node:
    through = [f"through={quoted(relation.through)}", f"to={quoted(relation.to)}"] if relation.through else []
    name, component, by = quoted(relation.name), quoted(relation.component), f"by={quoted(relation.by)}"
    class_ = writer.use(_CONSTRAINTS, "Relation")
    return call(class_, name, component, by, f"plural={relation.plural}", *through)


def _literal(value: Default) -> str:
    return quoted(value) if isinstance(value, str) else repr(value)
