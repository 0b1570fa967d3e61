"""What a component looks like, whatever its tables: each field's number, name, type and label, inside messages too.

The record keeps it of each schema, since former records are protobuf bytes: they are read by the numbers of fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FieldDescriptorProto

from toolcrib.server.component import Component

# Messages that have columns, or JSON, of their own, and never change.
LIBRARY = "google.protobuf."


class FieldShape(NamedTuple):
    """A field.

    `type` is a scalar's name, "enum", or a message's full name; `label` is "", "optional", "repeated" or "map<string>".
    """

    number: int
    name: str
    type: str
    label: str = ""

    @property
    def spelled(self) -> str:
        """Label and type, as a .proto has them."""
        return f"{self.label} {self.type}".strip()


Fields = tuple[FieldShape, ...]


@dataclass(frozen=True, slots=True)
class ComponentShape:
    """A component. `messages` are those inside it, by their full names; `retired` are fields that it once had.

    `indexes` are the names of what the proto declares, `formerly` the names that the component had, the last one first.
    One that `is_retired` is not served any longer; its table stays. `retired_inside` are fields that its messages had.
    """

    name: str
    table: str
    key: tuple[str, ...]
    fields: Fields
    messages: Mapping[str, Fields]
    indexes: tuple[str, ...] = ()
    retired: Fields = ()
    formerly: tuple[str, ...] = ()
    is_retired: bool = False
    retired_inside: Mapping[str, Fields] = field(default_factory=dict)

    def field(self, name: str) -> FieldShape | None:
        """The field of this name, if any."""
        return next((each for each in self.fields if each.name == name), None)

    def succeeding(self, former: ComponentShape | None) -> ComponentShape:
        """This one, with what is remembered of the one that it takes the place of."""
        if former is None:
            return self
        inside = {
            name: _retired((*former.messages.get(name, ()), *former.retired_inside.get(name, ())), fields)
            for name, fields in {**former.retired_inside, **former.messages, **self.messages}.items()
        }
        names = [former.name, *former.formerly] if former.name != self.name else list(former.formerly)
        formerly = tuple(dict.fromkeys(name for name in names if name != self.name))
        retired = _retired((*former.retired, *former.fields), self.fields)
        return replace(self, retired=retired, formerly=formerly, retired_inside=inside)

    def as_json(self) -> dict[str, Any]:
        """For the record."""
        return asdict(self)


def from_json(value: Mapping[str, Any]) -> ComponentShape:
    """The shape of `ComponentShape.as_json`."""
    messages = {name: _fields(fields) for name, fields in value["messages"].items()}
    return ComponentShape(
        value["name"],
        value["table"],
        tuple(value["key"]),
        _fields(value["fields"]),
        messages,
        tuple(value["indexes"]),
        _fields(value["retired"]),
        tuple(value["formerly"]),
        value["is_retired"],
        {name: _fields(fields) for name, fields in value["retired_inside"].items()},
    )


def shape_of(component: Component[Any, Any], table: str, indexes: Iterable[str]) -> ComponentShape:
    """The shape of a component that is served."""
    relations = {relation.name for relation in component.relations}
    descriptor: Descriptor = component.message.DESCRIPTOR
    messages: dict[str, Fields] = {}
    fields = _shapes([field for field in descriptor.fields if field.name not in relations], messages)
    return ComponentShape(
        component.name, table, component.key_fields, fields, dict(sorted(messages.items())), tuple(sorted(indexes))
    )


def _retired(former: Fields, fields: Fields) -> Fields:
    """Those of `former` whose numbers are not among `fields`."""
    numbers = {each.number for each in fields}
    return tuple(sorted({each for each in former if each.number not in numbers}))


def _fields(values: Iterable[Iterable[Any]]) -> Fields:
    return tuple(FieldShape(*value) for value in values)


def _shapes(fields: Iterable[FieldDescriptor], messages: dict[str, Fields]) -> Fields:
    found = tuple(sorted(map(_shape, fields)))
    for each in fields:
        inner = _value_of(each).message_type
        if inner is not None and inner.full_name not in messages and not inner.full_name.startswith(LIBRARY):
            # First its place, as messages may hold themselves.
            messages[inner.full_name] = ()
            messages[inner.full_name] = _shapes(inner.fields, messages)
    return found


def _shape(field: FieldDescriptor) -> FieldShape:
    value = _value_of(field)
    if value is not field:
        label = f"map<{_type(_entry_key(value))}>"
    elif field.is_repeated:
        label = "repeated"
    else:
        label = "optional" if field.has_presence and field.message_type is None else ""
    return FieldShape(field.number, field.name, _type(value), label)


def _type(field: FieldDescriptor) -> str:
    if field.message_type is not None:
        return str(field.message_type.full_name)
    return FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()  # type: ignore[arg-type]  # an int


def _entry_key(value: FieldDescriptor) -> FieldDescriptor:
    """The field beside that of the values in a map's entry."""
    entry = value.containing_type
    if entry is None:
        raise AssertionError(f"{value.full_name} stands in no message")
    return entry.fields_by_name["key"]


def _value_of(field: FieldDescriptor) -> FieldDescriptor:
    """The field that holds the values: of a map that of its entries."""
    inner = field.message_type
    return inner.fields_by_name["value"] if inner is not None and inner.GetOptions().map_entry else field
