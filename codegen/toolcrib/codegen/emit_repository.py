"""Emits the repository of a component: its facts, and its base class with the key typed."""

from __future__ import annotations

from collections.abc import Sequence

from toolcrib.codegen.emit_constraints import constraint_facts
from toolcrib.codegen.layout import Bracket, Group, Node, call, list_of, quoted, subscript, tuple_of
from toolcrib.codegen.model import Cardinality, Component, EnumValue, Field
from toolcrib.codegen.names import snake_case
from toolcrib.codegen.python_names import key_parameters, key_tuple, module, use_message
from toolcrib.codegen.writer import CodeWriter

_REQUESTS = "toolcrib.server.requests"
_FIELDS = "toolcrib.server.query.fields"


def emit_repository(component: Component) -> str:
    """The module with the component's constant and its repository."""
    constant, repository = constant_name(component), repository_class(component)
    writer = CodeWriter(
        source=component.file, docstring=f"The repository of {component.full_name}.", defines=[constant, repository]
    )
    message = use_message(writer, component)
    record = writer.use(module(component, "record"), f"{component.name}Record")
    writer.line()
    _component(writer, component, message, record)
    base = subscript(writer.use("toolcrib.server.repository", "Repository"), message, record)
    writer.top()
    with writer.class_(repository, base):
        writer.docstring(f"Reads and writes {component.full_name} within a transaction.")
        writer.line()
        writer.line(f"component = {constant}")
        _methods(writer, component, record)
    return writer.text()


def constant_name(component: Component) -> str:
    """The constant that holds the component's facts."""
    return component.singular.upper()


def repository_class(component: Component) -> str:
    """The name of the repository's class."""
    return f"{component.name}Repository"


def _component(writer: CodeWriter, component: Component, message: str, record: str) -> None:
    facts, allocation = (writer.use("toolcrib.server.component", name) for name in ("Component", "KeyAllocation"))
    table = writer.use(module(component, "table"), f"{component.singular}_table")
    to_row, from_row = (
        writer.use(module(component, "mapping"), f"{component.singular}_{way}") for way in ("to_row", "from_row")
    )
    inner = _inner_fields(writer, component)
    arguments = call(
        facts,
        f"name={quoted(component.full_name)}",
        f"singular={quoted(component.singular)}",
        f"message={message}",
        f"record={record}",
        f"table={table}",
        f"to_row={to_row}",
        f"from_row={from_row}",
        _names("key_fields", component.key),
        f"key_allocation={allocation}.{component.key_allocation.name}",
        _names("data_fields", component.data_fields),
        _names("standard_fields", component.standard_fields),
        _names("unique_fields", component.unique_fields),
        _fields(writer, component, inner),
        f"soft_delete={component.soft_delete}",
        f"max_records={component.max_records}",
        *(["reason_required=True"] if component.reason_required else []),
        *(["audit_refusals=True"] if component.audit_refusals else []),
        *(["audit_direct_writes=True"] if component.audit_direct_writes else []),
        *(["multi_tenant=True"] if component.multi_tenant else []),
        *([f"renamed_from={quoted(component.renamed_from)}"] if component.renamed_from else []),
        *constraint_facts(writer, component),
    )
    writer.exploded(arguments, before=f"{constant_name(component)} = ")


def _names(argument: str, fields: tuple[Field, ...]) -> Node:
    return tuple_of([quoted(field.name) for field in fields], before=f"{argument}=")


def _inner_fields(writer: CodeWriter, component: Component) -> dict[str, str]:
    """Writes the fields of the messages inside; answers the names of the lists. Messages may hold themselves."""
    names: dict[str, str] = {}
    for message in component.messages:
        name = f"_{snake_case('_'.join(message.name.path)).upper()}_FIELDS"
        while name in names.values():
            name += "_"
        names[message.name.full_name] = name
    for name in names.values():
        writer.line(f"{name}: list[{writer.use(_FIELDS, 'Field')}] = []")
    for message in component.messages:
        if not message.fields:
            continue
        items = list_of(*[_field(writer, field, names) for field in message.fields])
        writer.statement(items, before=f"{names[message.name.full_name]} += ")
    if names:
        writer.line()
    return names


def _fields(writer: CodeWriter, component: Component, inner: dict[str, str]) -> Node:
    """What filters and orders may name."""
    return list_of(*[_field(writer, field, inner) for field in component.fields], before="fields=")


def _field(writer: CodeWriter, field: Field, inner: dict[str, str]) -> Group:
    kind = "ETAG" if field.standard and field.name == "etag" else field.kind.name
    # The server fills in the other standard fields of every record.
    optional = field.optional and (not field.standard or field.name == "delete_time")
    values = field.enum.values if field.enum else ()
    kinds = writer.use(_FIELDS, "FieldKind")
    return call(
        writer.use(_FIELDS, "Field"),
        quoted(field.name),
        f"{kinds}.{kind}",
        *(["optional=True"] if optional else []),
        *([_enum_values(values)] if values else []),
        *([f"fields={inner[field.type]}"] if field.type in inner else []),
        *(["repeated=True"] if field.cardinality is Cardinality.REPEATED else []),
        *([f"map_key={kinds}.{field.map_key.name}"] if field.map_key else []),
    )


def _enum_values(values: Sequence[EnumValue]) -> Group:
    numbers = tuple(f"{quoted(value.name)}: {value.number}" for value in values)
    return Group("enum_values={", numbers, "}", Bracket.LITERAL)


def _methods(writer: CodeWriter, component: Component, record: str) -> None:
    parameters, key = ["self", *key_parameters(component)], key_tuple(component)
    shown = ["*", "show_deleted: bool = False"] if component.soft_delete else []
    passed = ["show_deleted=show_deleted"] if component.soft_delete else []
    writer.line()
    with writer.function("def get", [*parameters, *shown], f"{record} | None"):
        writer.docstring("The record with this key, or None.")
        writer.statement(call("self.read_record", key, *passed), before="return ")
    writer.line()
    with writer.function("def delete", parameters, "None"):
        writer.docstring("Deletes the record with this key; raises RecordNotFound if there is none.")
        writer.statement(call("self.remove", list_of(call(writer.use(_REQUESTS, "Removal"), key))))
    if component.soft_delete:
        writer.line()
        with writer.function("def undelete", parameters, record):
            writer.docstring("Brings the deleted record with this key back; raises RecordNotFound or RecordNotDeleted.")
            writer.statement(call("self.restore_record", key), before="return ")
