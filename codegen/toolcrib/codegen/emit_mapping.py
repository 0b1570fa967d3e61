"""Emits the functions between messages and rows. They run for every record that is read or written."""

from __future__ import annotations

from toolcrib.codegen.layout import Choice, Node, call, list_of
from toolcrib.codegen.model import Component, Field, Kind
from toolcrib.codegen.python_names import use_message
from toolcrib.codegen.writer import CodeWriter

_VALUES = "toolcrib.server.values"


def emit_mapping(component: Component) -> str:
    """The module with `x_to_row` and `x_from_row`."""
    to_row, from_row = f"{component.singular}_to_row", f"{component.singular}_from_row"
    writer = CodeWriter(
        source=component.file,
        docstring=f"Messages of {component.full_name} to rows of the table `{component.table}` and back, field by "
        "field.",
        defines=[to_row, from_row],
    )
    message, any_ = use_message(writer, component), writer.use("typing", "Any")
    sequence = writer.use("collections.abc", "Sequence")
    writer.top()
    with writer.function(f"def {to_row}", [f"message: {message}"], f"list[{any_}]"):
        writer.docstring("The values of `message` in the order of the table's columns.")
        values = list_of(*[_to_column(writer, field) for field in component.column_fields])
        writer.exploded(values, before="return ")
    writer.top()
    with writer.function(f"def {from_row}", [f"row: {sequence}[{any_}]"], message):
        writer.docstring("The message of a row whose values stand in the order of the table's columns.")
        _from_row(writer, component, message)
    return writer.text()


def _to_column(writer: CodeWriter, field: Field) -> Node:
    value: Node = f"message.{field.name}"
    if field.kind is Kind.TIMESTAMP:
        value = call(writer.use(_VALUES, "timestamp_to_datetime"), value)
    # The server fills its own times in before it writes.
    if not field.optional or field.standard:
        return value
    return Choice(value, f'message.HasField("{field.name}")', "None")


def _from_row(writer: CodeWriter, component: Component, message: str) -> None:
    cells = [(field, f"row[{index}]") for index, field in enumerate(component.column_fields)]
    plain = [(field, cell) for field, cell in cells if field.kind is not Kind.TIMESTAMP]
    times = [(field, cell) for field, cell in cells if field.kind is Kind.TIMESTAMP]
    arguments = [f"{field.name}={cell}" for field, cell in plain]
    if component.declares("etag"):
        arguments.append(f"etag={writer.use(_VALUES, 'etag_of')}(row[-1])")
    deleted = component.soft_delete and component.declares("delete_time")
    if not times and not deleted:
        writer.exploded(call(message, *arguments), before="return ")
        return
    writer.exploded(call(message, *arguments), before="message = ")
    set_timestamp = writer.use(_VALUES, "set_timestamp")
    for field, cell in times:
        _set_time(writer, set_timestamp, field.name, cell, nullable=not field.standard)
    if deleted:
        _set_time(writer, set_timestamp, "delete_time", "row[-2]", nullable=True)
    writer.line("return message")


def _set_time(writer: CodeWriter, set_timestamp: str, name: str, cell: str, *, nullable: bool) -> None:
    statement = f"{set_timestamp}(message.{name}, {cell})"
    if not nullable:
        writer.line(statement)
        return
    with writer.block(f"if {cell} is not None:"):
        writer.line(statement)
