"""Emits the fields of a component for its Python client: what conditions and orders are made of.

Each class stands in a module of its own component: relations lead from one to the other, and back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from toolcrib.codegen.layout import call, quoted
from toolcrib.codegen.model import Cardinality, Component, Field, Kind, Relation
from toolcrib.codegen.names import snake_case
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
# Python's types of the elements of lists, and of the keys of maps.
_ELEMENTS = {
    **dict.fromkeys((Kind.INT32, Kind.INT64, Kind.UINT32, Kind.UINT64, Kind.ENUM), "int"),
    **dict.fromkeys((Kind.FLOAT, Kind.DOUBLE), "float"),
    Kind.BOOL: "bool",
    Kind.STRING: "str",
    Kind.BYTES: "bytes",
}
_TIMES = {Kind.TIMESTAMP: "datetime", Kind.DURATION: "timedelta"}


def fields_class(component: Component) -> str:
    """The name of the class that holds the component's fields, for conditions."""
    return f"{component.name}Fields"


def emit_python_fields(component: Component) -> str:
    """The module with the fields of a component, and those of the messages inside it."""
    inner = _inner_classes(component)
    writer = CodeWriter(
        source=component.file,
        docstring=f"The fields of {component.full_name}, for the conditions and orders of `where`.",
        defines=[fields_class(component), *inner.values()],
        future_annotations=True,
    )
    _Classes(writer, component, inner).write()
    return writer.text()


def _inner_classes(component: Component) -> dict[str, str]:
    """The class for each message inside a component by its full name; equal names get a line behind them."""
    names: dict[str, str] = {}
    for message in component.messages:
        name = "".join(message.name.path) + "Fields"
        while name in names.values() or name == fields_class(component):
            name += "_"
        names[message.name.full_name] = name
    return names


@dataclass(frozen=True, slots=True)
class _Classes:
    """Writes the classes; `inner` has the names of those for messages."""

    writer: CodeWriter
    component: Component
    inner: Mapping[str, str]

    def write(self) -> None:
        """All of them."""
        component = self.component
        with self._class(fields_class(component), component.full_name):
            for field in component.fields:
                self._field(field, is_etag=field.standard and field.name == "etag")
            for relation in component.relations:
                self._relation(relation)
        for message in component.messages:
            with self._class(self.inner[message.name.full_name], message.name.full_name):
                for field in message.fields:
                    self._field(field, is_etag=False)

    @contextmanager
    def _class(self, name: str, message: str) -> Iterator[None]:
        writer = self.writer
        writer.top()
        with writer.class_(name, writer.use(_RUNTIME, "Fields")):
            writer.docstring(f"The fields of {message}.")
            writer.line()
            yield

    def _field(self, field: Field, *, is_etag: bool) -> None:
        if field.kind is Kind.MESSAGE and field.type in self.inner and field.cardinality is not Cardinality.MAP:
            self._way(field.name, self.inner[field.type])
            return
        class_ = self._field_class(field, is_etag=is_etag)
        self.writer.statement(call(class_, quoted(field.name)), before=f"{field.name} = ")

    def _field_class(self, field: Field, *, is_etag: bool) -> str:
        if is_etag:
            return self.writer.use(_RUNTIME, "EtagField")
        if field.map_key is not None:
            return f"{self.writer.use(_RUNTIME, 'MapField')}[{_ELEMENTS[field.map_key]}]"
        if field.cardinality is Cardinality.REPEATED and field.kind is not Kind.MESSAGE:
            time = _TIMES.get(field.kind)
            element = self.writer.use("datetime", time) if time else _ELEMENTS[field.kind]
            return f"{self.writer.use(_RUNTIME, 'ListField')}[{element}]"
        return self.writer.use(_RUNTIME, _FIELD_CLASSES[field.kind])

    def _relation(self, relation: Relation) -> None:
        package, _, name = relation.component.rpartition(".")
        class_ = f"{name}Fields"
        if relation.component != self.component.full_name:
            module = f"{snake_case(name)}_fields"
            class_ = f"{self.writer.use_module(package, module, module)}.{class_}"
        self._way(relation.name, class_)

    def _way(self, name: str, class_: str) -> None:
        way = self.writer.use(_RUNTIME, "FieldsOf")
        self.writer.statement(call(way, quoted(name), f"lambda: {class_}"), before=f"{name} = ")
