"""Emits the Pydantic record of a component, and the enums that its fields use."""

from __future__ import annotations

from toolcrib.codegen.documents import use_class
from toolcrib.codegen.layout import Choice, Each, Group, Node, Text, call, quoted, subscript
from toolcrib.codegen.model import Cardinality, Component, EnumType, EnumValue, Field, Kind
from toolcrib.codegen.names import snake_case
from toolcrib.codegen.python_names import enum_classes, enum_member, enum_types, python_type, scalar_type, use_message
from toolcrib.codegen.writer import CodeWriter

_VALUES = "toolcrib.server.values"
_DEFAULTS = {
    Kind.BOOL: "False",
    Kind.INT32: "0",
    Kind.INT64: "0",
    Kind.UINT32: "0",
    Kind.UINT64: "0",
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
    Kind.UINT64: ("ge=0", "lt=2**64"),
}


# The type of Python's own, and the functions from a message and to one.
_TIMES = {
    Kind.TIMESTAMP: ("datetime", "timestamp_to_datetime", "datetime_to_timestamp"),
    Kind.DURATION: ("timedelta", "duration_to_timedelta", "timedelta_to_duration"),
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
    type_ = _value_type(writer, field, enums)
    arguments: list[Node] = []
    if field.cardinality is not Cardinality.SINGLE:
        key = f"{scalar_type(field.map_key)}, " if field.map_key else ""
        container = "dict" if field.map_key else "list"
        type_ = f"{container}[{key}{type_}]"
        arguments.append(f"default_factory={container}")
    elif field.optional:
        type_ += " | None"
        arguments += ["default=None", *_BOUNDS.get(field.kind, ())]
    else:
        enum = f"{enums[field.enum.full_name]}.{enum_member(_zero(field.enum))}" if field.enum else ""
        arguments += [f"default={enum or _DEFAULTS[field.kind]}", *_BOUNDS.get(field.kind, ())]
    if field.comment:
        arguments.append(Text(" ".join(field.comment.split()), before="description="))
    writer.declaration(field.name, type_, call(writer.use("pydantic", "Field"), *arguments))


def _value_type(writer: CodeWriter, field: Field, enums: dict[str, str]) -> str:
    """The type of one value of the field."""
    if field.enum is not None:
        return f"{enums[field.enum.full_name]} | int"
    if field.message is not None:
        inside = writer.use("toolcrib.server.record", "Inside")
        return f"{writer.use('typing', 'Annotated')}[{use_class(writer, field.message)}, {inside}]"
    if field.kind in _TIMES:
        return writer.use("datetime", _TIMES[field.kind][0])
    return python_type(field)


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

    def value_of(expression: str) -> Node:
        if field.wrapped:
            return f"{expression}.value"
        if field.enum is not None:
            return call(f"{members[field.enum.full_name]}.get", expression, expression)
        if field.message is not None:
            return call(writer.use("toolcrib.server.record", "copy_of"), expression)
        return call(writer.use(_VALUES, _TIMES[field.kind][1]), expression) if field.kind in _TIMES else expression

    if field.cardinality is not Cardinality.SINGLE:
        return _named(field.name, _each(field, read, value_of("item")))
    if not field.optional:
        return _named(field.name, value_of(read))
    return Choice(value_of(read), f'message.HasField("{field.name}")', "None", before=f"{field.name}=")


def _to_message(writer: CodeWriter, component: Component, message: str) -> None:
    with writer.function("def to_message", ["self"], message):
        writer.docstring("The message with the values of this record.")
        for oneof in dict.fromkeys(field.oneof for field in component.fields if field.oneof):
            members = [f"{field.name}=self.{field.name}" for field in component.fields if field.oneof == oneof]
            writer.statement(call(writer.use("toolcrib.server.record", "require_one"), quoted(oneof), *members))
        values = [_to_field(writer, field) for field in component.fields]
        writer.exploded(call(message, *values), before="return ")


def _to_field(writer: CodeWriter, field: Field) -> Node:
    read = f"self.{field.name}"

    def value_of(expression: str) -> Node:
        if field.wrapped:
            wrapper = writer.use("google.protobuf.wrappers_pb2", field.type.rpartition(".")[2])
            return call(wrapper, f"value={expression}")
        return call(writer.use(_VALUES, _TIMES[field.kind][2]), expression) if field.kind in _TIMES else expression

    if field.kind is Kind.ENUM or (field.oneof and not field.kind.is_message and not field.wrapped):
        # The stub wants an enum's type, which is an int at run time, and has no None for a oneof's members.
        return _named(field.name, call(writer.use("typing", "cast"), writer.use("typing", "Any"), read))
    if field.cardinality is not Cardinality.SINGLE:
        converted = value_of("item")
        return f"{field.name}={read}" if converted == "item" else _named(field.name, _each(field, read, converted))
    if field.kind in _TIMES or field.wrapped:
        return Choice(value_of(read), f"{read} is not None", "None", before=f"{field.name}=")
    return f"{field.name}={read}"


def _each(field: Field, read: str, value: Node) -> Node:
    """All values of a list or map, each converted."""
    text = "".join([value.open, ", ".join(map(str, value.items)), value.close]) if isinstance(value, Group) else value
    if field.cardinality is Cardinality.MAP:
        return f"dict({read})" if text == "item" else Each("{", f"key: {text}", f"for key, item in {read}.items()", "}")
    return f"list({read})" if text == "item" else Each("[", value, f"for item in {read}", "]")


def _named(name: str, value: Node) -> Node:
    """A keyword argument."""
    match value:
        case str():
            return f"{name}={value}"
        case Group(open=opening, items=items, close=close):
            return Group(f"{name}={opening}", items, close)
        case Each(open=opening, element=element, clause=clause, close=close):
            return Each(f"{name}={opening}", element, clause, close)
        case _:
            return value
