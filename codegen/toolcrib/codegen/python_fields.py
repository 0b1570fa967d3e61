"""Writes the class with a component's fields into its Python client: what conditions and orders are made of."""

from __future__ import annotations

from toolcrib.codegen.layout import call, quoted
from toolcrib.codegen.model import Component, Kind
from toolcrib.codegen.writer import CodeWriter

_RUNTIME = "toolcrib.client"

# What is known of a field's values, for conditions on it.
_FIELD_CLASSES = {
    **dict.fromkeys((Kind.INT32, Kind.INT64, Kind.UINT32, Kind.UINT64), "IntegerField"),
    **dict.fromkeys((Kind.FLOAT, Kind.DOUBLE), "NumberField"),
    Kind.BOOL: "BoolField",
    Kind.STRING: "TextField",
    Kind.BYTES: "BytesField",
    Kind.ENUM: "EnumField",
    Kind.TIMESTAMP: "TimeField",
    Kind.DURATION: "DurationField",
    Kind.MESSAGE: "DocumentField",
}


def fields_class(component: Component) -> str:
    """The name of the class that holds the component's fields, for conditions."""
    return f"{component.name}Fields"


def write_fields(writer: CodeWriter, component: Component) -> None:
    """Writes the class."""
    writer.top()
    with writer.block(f"class {fields_class(component)}:"):
        writer.docstring(f"The fields of {component.full_name}, for the conditions and orders of `where`.")
        writer.line()
        for field in component.fields:
            kind = Kind.MESSAGE if field.is_document else field.kind
            class_ = "EtagField" if field.name == "etag" else _FIELD_CLASSES[kind]
            writer.statement(call(writer.use(_RUNTIME, class_), quoted(field.name)), before=f"{field.name} = ")
