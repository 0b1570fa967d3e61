"""What protoc-gen-go calls things, and so what generated Go calls them. Every Go emitter takes its names from here."""

from __future__ import annotations

import re
from collections.abc import Iterable

from toolcrib.codegen.model import Component, Field, Kind
from toolcrib.codegen.service_parts import ServiceField, ServiceMessage

_KEY_TYPES = {
    Kind.INT32: "int32",
    Kind.INT64: "int64",
    Kind.UINT32: "uint32",
    Kind.UINT64: "uint64",
    Kind.STRING: "string",
}

_WORDS = """
    break case chan const continue default defer else fallthrough for func go goto if import interface map package
    range return select struct switch type var
"""
KEYWORDS = frozenset(_WORDS.split())
# What a parameter must not hide from a generated method: its other parameters and variables, packages and types.
_HIDDEN = """
    c w ctx options request answer err token page updates keys key each asked condition context cmp iter proto emptypb
    queryv1 toolcrib append error int32 int64 nil string uint32 uint64
"""
_TAKEN = KEYWORDS | frozenset(_HIDDEN.split())
# Every message has these methods, so no field can.
_METHODS = frozenset(
    {"Reset", "String", "ProtoMessage", "Marshal", "Unmarshal", "ExtensionRangeArray", "ExtensionMap", "Descriptor"}
)

_VERSION = re.compile(r"v[1-9][0-9]*(p[1-9][0-9]*)?((alpha|beta)[1-9][0-9]*|test\w*)?")


def package_name(proto_package: str) -> str:
    """`plant.recipes.v1` as `recipesv1`, as buf names packages too."""
    *others, last = proto_package.split(".")
    if others and _VERSION.fullmatch(last):
        return others[-1] + last
    return f"_{last}" if last in KEYWORDS else last


def camel_case(name: str) -> str:
    """`speed_mm_s` as `SpeedMmS`: how protoc-gen-go spells what other packages may see."""
    # An underscore stays where no small letter follows it.
    words = re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
    return re.sub(r"(^|[0-9])([a-z])", lambda match: match[1] + match[2].upper(), words)


def parameter_name(name: str) -> str:
    """`tool_number` as `toolNumber`; with an underscore behind it where the name is taken."""
    spelled = camel_case(name)
    local = spelled[0].lower() + spelled[1:]
    return f"{local}_" if local in _TAKEN else local


def field_names(fields: Iterable[ServiceField] | Iterable[Field]) -> dict[str, str]:
    """What the fields of a message are called in its struct, by their names in the .proto."""
    used = set(_METHODS)
    names: dict[str, str] = {}
    for field in fields:
        name = camel_case(field.name)
        while name in used or f"Get{name}" in used:
            name += "_"
        used |= {name, f"Get{name}"}
        names[field.name] = name
    return names


def getter(message: ServiceMessage, field: str) -> str:
    """The method that answers a field, also of no message."""
    return f"Get{field_names(message.fields)[field]}"


def message_name(component: Component) -> str:
    """The type of a component's records."""
    return camel_case(component.name)


def stub_name(component: Component) -> str:
    """The interface that protoc-gen-go-grpc makes of the component's service."""
    return f"{camel_case(component.service_name)}Client"


def key_type(component: Component) -> str:
    """The type of a key: of one field its own, of several a struct."""
    if len(component.key) > 1:
        return f"{message_name(component)}Key"
    return _KEY_TYPES[component.key[0].kind]


def key_parameter(component: Component) -> str:
    """What a parameter that holds a key is called."""
    return "key" if len(component.key) > 1 else parameter_name(component.key[0].name)


def key_values(component: Component, key: str) -> dict[str, str]:
    """The expression for each field of the key that `key` holds, by the field's name."""
    if len(component.key) == 1:
        return {component.key[0].name: key}
    return {field: f"{key}.{name}" for field, name in field_names(component.key).items()}


def key_fields(component: Component) -> tuple[tuple[str, str], ...]:
    """Name and type of each field in the struct of a key of several."""
    names = field_names(component.key)
    return tuple((names[field.name], _KEY_TYPES[field.kind]) for field in component.key)
