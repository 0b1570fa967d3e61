"""Emits the functions between messages and rows. They run for every record that is read or written."""

from __future__ import annotations

from toolcrib.codegen.documents import Documents
from toolcrib.codegen.layout import Choice, Node, call, list_of
from toolcrib.codegen.model import Component, Field, Kind
from toolcrib.codegen.python_names import use_message
from toolcrib.codegen.writer import CodeWriter

_VALUES = "toolcrib.server.values"
_DOCUMENTS = "toolcrib.server.documents"
_TO_COLUMN = {Kind.TIMESTAMP: "timestamp_to_datetime", Kind.DURATION: "duration_to_micros"}
_SETTERS = {Kind.TIMESTAMP: "set_timestamp", Kind.DURATION: "set_duration"}


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
    documents = Documents.of(writer, component)
    writer.top()
    with writer.function(f"def {to_row}", [f"message: {message}"], f"list[{any_}]"):
        writer.docstring("The values of `message` in the order of the table's columns.")
        values = list_of(*[_to_column(documents, field) for field in component.column_fields])
        writer.exploded(values, before="return ")
    writer.top()
    with writer.function(f"def {from_row}", [f"row: {sequence}[{any_}]"], message):
        writer.docstring("The message of a row whose values stand in the order of the table's columns.")
        _from_row(documents, component, message)
    for inner in component.messages:
        documents.functions(inner)
    return writer.text()


def _to_column(documents: Documents, field: Field) -> Node:
    writer, read = documents.writer, f"message.{field.name}"
    value: Node = f"{read}.value" if field.wrapped else read
    if field.is_document:
        value = call(writer.use(_DOCUMENTS, "dump"), documents.to_json(field, read))
    elif field.kind in _TO_COLUMN:
        value = call(writer.use(_VALUES, _TO_COLUMN[field.kind]), value)
    # The server fills its own times in before it writes.
    if not field.optional or field.standard:
        return value
    return Choice(value, f'message.HasField("{field.name}")', "None")


def _from_row(documents: Documents, component: Component, message: str) -> None:
    writer = documents.writer
    cells = [(field, f"row[{index}]") for index, field in enumerate(component.column_fields)]
    plain = [(field, cell) for field, cell in cells if _is_plain(field)]
    arguments = [f"{field.name}={cell}" for field, cell in plain]
    if component.declares("etag"):
        arguments.append(f"etag={writer.use(_VALUES, 'etag_of')}(row[-1])")
    others = [(field, cell) for field, cell in cells if not _is_plain(field)]
    deleted = [field for field in component.fields if component.soft_delete and field.name == "delete_time"]
    others += [(field, "row[-2]") for field in deleted]
    if not others:
        writer.exploded(call(message, *arguments), before="return ")
        return
    writer.exploded(call(message, *arguments), before="message = ")
    for field, cell in others:
        if field.optional and (not field.standard or field in deleted):
            with writer.block(f"if {cell} is not None:"):
                _set(documents, field, cell)
        else:
            _set(documents, field, cell)
    writer.line("return message")


def _is_plain(field: Field) -> bool:
    """Whether what the row holds is what the message's constructor takes."""
    return not field.is_document and not field.kind.is_message and not field.wrapped


def _set(documents: Documents, field: Field, cell: str) -> None:
    """Sets a field of `message` to what its cell, which is not NULL, holds."""
    writer = documents.writer
    if field.is_document:
        documents.read_into(field, f"{writer.use(_DOCUMENTS, 'load')}({cell})")
    elif field.wrapped:
        wrapper = writer.use("google.protobuf.wrappers_pb2", field.type.rpartition(".")[2])
        writer.line(f"message.{field.name}.CopyFrom({wrapper}(value={cell}))")
    else:
        writer.line(f"{writer.use(_VALUES, _SETTERS[field.kind])}(message.{field.name}, {cell})")
