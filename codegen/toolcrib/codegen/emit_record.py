"""Emits the Pydantic record of a component, and the enums that its fields use."""

from __future__ import annotations

from toolcrib.codegen.layout import Choice, Each, Group, Node, Text, call, subscript
from toolcrib.codegen.model import Component, EnumType, EnumValue, Field, Kind
from toolcrib.codegen.names import snake_case
from toolcrib.codegen.python_names import enum_classes, enum_member, enum_types, python_type, use_message
from toolcrib.codegen.writer import CodeWriter

_VALUES = "toolcrib.server.values"
_DEFAULTS = {
    Kind.BOOL: "False",
    Kind.INT32: "0",
    Kind.INT64: "0",
    Kind.UINT32: "0",
    Kind.FLOAT: "0.0",
    Kind.DOUBLE: "0.0",
    Kind.STRING: '""',
    Kind.BYTES: 'b""',
}
_BOUNDS = {
    Kind.INT32: ("ge=-(2**31)", "lt=2**31"),
    Kind.ENUM: ("ge=-(2**31)", "lt=2**31"),
    Kind.INT64: ("ge=-(2**63)", "lt=2**63"),
    Kind.UINT32: ("ge=0", "lt=2**32"),
}


def record_class(component: Component) -> str:
    """The name of the record's class."""
    return f"{component.name}Record"


def emit_record(component: Component) -> str:
    """The module with the record and its enums."""
    enums = enum_classes(component)
    members = {name: f"_{snake_case(enum).upper()}_BY_NUMBER" for name, enum in enums.items()}
    writer = CodeWriter(
        source=component.file,
        docstring=f"The Pydantic record of {component.full_name}: what hooks receive and what imports parse into.",
        defines=[record_class(component), *enums.values()],
        future_annotations=True,
    )
    message = use_message(writer, component)
    for enum in enum_types(component):
        _enum(writer, enum, enums[enum.full_name])
    if enums:
        writer.top()
        writer.line("# Numbers that have no name here are kept as numbers.")
    for name, enum_class in enums.items():
        by_number = Each("{", "member.value: member", f"for member in {enum_class}", "}")
        writer.statement(by_number, before=f"{members[name]} = ")
    writer.top()
    base = subscript(writer.use("toolcrib.server.record", "Record"), message)
    with writer.class_(record_class(component), base):
        writer.docstring(component.comment or f"A record of {component.full_name}.")
        writer.line()
        for field in component.fields:
            _field(writer, field, enums)
        writer.line()
        _from_message(writer, component, message, members)
        writer.line()
        _to_message(writer, component, message)
    return writer.text()


def _enum(writer: CodeWriter, enum: EnumType, name: str) -> None:
    writer.top()
    with writer.class_(name, writer.use("enum", "IntEnum")):
        writer.docstring(enum.comment or f"Values of {enum.full_name}.")
        writer.line()
        for value in enum.values:
            writer.line(f"{enum_member(value)} = {value.number}")


def _field(writer: CodeWriter, field: Field, enums: dict[str, str]) -> None:
    if field.kind is Kind.TIMESTAMP:
        type_, default = writer.use("datetime", "datetime"), "None"
    elif field.enum is not None:
        enum = enums[field.enum.full_name]
        type_, default = f"{enum} | int", f"{enum}.{enum_member(_zero(field.enum))}"
    else:
        type_, default = python_type(field), _DEFAULTS[field.kind]
    if field.optional:
        type_, default = f"{type_} | None", "None"
    arguments: list[Node] = [f"default={default}", *_BOUNDS.get(field.kind, ())]
    if field.comment:
        arguments.append(Text(" ".join(field.comment.split()), before="description="))
    writer.declaration(field.name, type_, call(writer.use("pydantic", "Field"), *arguments))


def _zero(enum: EnumType) -> EnumValue:
    return next(value for value in enum.values if value.number == 0)


def _from_message(writer: CodeWriter, component: Component, message: str, members: dict[str, str]) -> None:
    writer.line("@classmethod")
    with writer.function("def from_message", ["cls", f"message: {message}"], record_class(component)):
        writer.docstring("The record with the values of `message`.")
        values = [_from_field(writer, field, members) for field in component.fields]
        writer.exploded(call("cls.model_construct", *values), before="return ")


def _from_field(writer: CodeWriter, field: Field, members: dict[str, str]) -> Node:
    read = f"message.{field.name}"
    value: Node = read
    if field.kind is Kind.TIMESTAMP:
        value = call(writer.use(_VALUES, "timestamp_to_datetime"), read)
    elif field.enum is not None:
        value = call(f"{members[field.enum.full_name]}.get", read, read)
    if not field.optional:
        return _named(field.name, value)
    return Choice(value, f'message.HasField("{field.name}")', "None", before=f"{field.name}=")


def _to_message(writer: CodeWriter, component: Component, message: str) -> None:
    with writer.function("def to_message", ["self"], message):
        writer.docstring("The message with the values of this record.")
        values = [_to_field(writer, field) for field in component.fields]
        writer.exploded(call(message, *values), before="return ")


def _to_field(writer: CodeWriter, field: Field) -> Node:
    read = f"self.{field.name}"
    if field.kind is Kind.TIMESTAMP:
        value = call(writer.use(_VALUES, "datetime_to_timestamp"), read)
        return Choice(value, f"{read} is not None", "None", before=f"{field.name}=")
    if field.kind is Kind.ENUM:
        # The stub wants a type of its own that is an int at run time.
        return _named(field.name, call(writer.use("typing", "cast"), writer.use("typing", "Any"), read))
    return f"{field.name}={read}"


def _named(name: str, value: Node) -> Node:
    """A keyword argument."""
    if isinstance(value, str):
        return f"{name}={value}"
    return Group(f"{name}={value.open}", value.items, value.close) if isinstance(value, Group) else value
