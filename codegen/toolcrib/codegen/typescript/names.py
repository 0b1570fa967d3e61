"""What TypeScript calls things: as protoc-gen-es does, whose messages and services the clients are written over."""

from __future__ import annotations

import posixpath
from collections.abc import Collection

from toolcrib.codegen.model import Component, Field, Kind

# Names of built-in properties, and of types, to which protoc-gen-es gives a dollar sign.
_PROPERTIES = frozenset({"constructor", "toString", "toJSON", "valueOf"})
_TYPES = frozenset(
    {
        *("break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do", "else"),
        *("enum", "export", "extends", "false", "finally", "for", "function", "if", "implements", "import", "in"),
        *("instanceof", "interface", "let", "new", "null", "package", "private", "protected", "public", "return"),
        *("static", "super", "switch", "this", "throw", "true", "try", "typeof", "var", "void", "while", "with"),
        *("yield", "Object", "bigint", "number", "boolean", "string", "object", "globalThis", "Uint8Array", "Partial"),
    }
)
# What no variable may be called in a module.
_VARIABLES = _TYPES | {"arguments", "await", "eval"}

_KEY_TYPES = {
    Kind.BOOL: "boolean",
    Kind.INT32: "number",
    Kind.UINT32: "number",
    Kind.INT64: "bigint",
    Kind.UINT64: "bigint",
    Kind.STRING: "string",
}


def camel_case(name: str) -> str:
    """`speed_mm_s` as `speedMmS`, by the rule for JSON names."""
    first, *others = name.split("_")
    return first + "".join(other[:1].upper() + other[1:] for other in others)


def property_name(field: str) -> str:
    """The property that a field of a message is."""
    name = camel_case(field)
    return f"{name}$" if name in _PROPERTIES else name


def method_name(rpc: str) -> str:
    """The property that a method of a service is."""
    return property_name(rpc[:1].lower() + rpc[1:])


def type_name(message: str) -> str:
    """The type of a message."""
    return f"{message}$" if message in _TYPES else message


def variable_name(name: str, taken: Collection[str] = ()) -> str:
    """`name`, in snake_case, as a parameter or variable beside those that are `taken`."""
    variable = camel_case(name)
    while variable in _VARIABLES or variable in taken:
        variable += "_"
    return variable


def key_type(field: Field) -> str:
    """The type of a field of a key."""
    return _KEY_TYPES[field.kind]


def client_path(component: Component) -> str:
    """The file of the component's client."""
    return f"{component.package.replace('.', '/')}/{component.singular}_client.ts"


def message_module(component: Component, proto: str) -> str:
    """The module of a .proto's messages, as the component's client imports it."""
    path = posixpath.relpath(proto.removesuffix(".proto"), posixpath.dirname(client_path(component)))
    return f"{path if path.startswith('.') else f'./{path}'}_pb.js"
