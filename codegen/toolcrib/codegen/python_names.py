"""What generated Python calls things, and how it spells values. Every Python emitter takes its names from here."""

from __future__ import annotations

from toolcrib.codegen.layout import Node, tuple_of
from toolcrib.codegen.model import Component, EnumType, EnumValue, Field, Kind
from toolcrib.codegen.names import stub_module
from toolcrib.codegen.writer import CodeWriter

_TYPES = {
    Kind.BOOL: "bool",
    Kind.INT32: "int",
    Kind.INT64: "int",
    Kind.UINT32: "int",
    Kind.UINT64: "int",
    Kind.FLOAT: "float",
    Kind.DOUBLE: "float",
    Kind.STRING: "str",
    Kind.BYTES: "bytes",
}

# Names that an enum's member cannot have in Python.
_TAKEN_MEMBERS = frozenset({"None", "True", "False", "mro"})


def module(component: Component, part: str) -> str:
    """The generated module for one part of a component: `plant.recipes.v1.recipe_table`."""
    return f"{component.package}.{component.singular}_{part}"


def module_path(component: Component, part: str) -> str:
    """The file of `module`."""
    return module(component, part).replace(".", "/") + ".py"


def use_message(writer: CodeWriter, component: Component) -> str:
    """Imports the component's message class."""
    return writer.use(stub_module(component.file), component.name)


def python_type(field: Field) -> str:
    """The type of a value that is neither an enum, a time nor a message."""
    return scalar_type(field.kind)


def scalar_type(kind: Kind) -> str:
    """The type of a scalar that is no enum."""
    return _TYPES[kind]


def key_parameters(component: Component) -> list[str]:
    """The key's fields as parameters: `["id: int"]`."""
    return [f"{field.name}: {python_type(field)}" for field in component.key]


def key_tuple(component: Component, before: str = "") -> Node:
    """The key's values as a tuple, each with `before` in front: `(request.id,)`."""
    return tuple_of([before + field.name for field in component.key])


def enum_types(component: Component) -> tuple[EnumType, ...]:
    """The enums that the component's fields use, each once, in the order of the fields."""
    return tuple({field.enum.full_name: field.enum for field in component.fields if field.enum}.values())


def enum_classes(component: Component) -> dict[str, str]:
    """The class of each enum by its full name. Enums of the same name from several packages keep theirs apart."""
    classes: dict[str, str] = {}
    for enum in enum_types(component):
        name = "".join(enum.path)
        while name in classes.values() or name == f"{component.name}Record":
            name += "_"
        classes[enum.full_name] = name
    return classes


def enum_member(value: EnumValue) -> str:
    """The name of an enum's member."""
    return value.name + "_" if value.name in _TAKEN_MEMBERS else value.name
