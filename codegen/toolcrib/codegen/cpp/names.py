"""What generated C++ calls things: types, accessors, parameters."""

from __future__ import annotations

from toolcrib.codegen.cpp.writer import CppWriter
from toolcrib.codegen.model import Component, Field, Kind
from toolcrib.codegen.problems import GenerateError, Problem


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# protoc's C++ generator puts an underscore behind fields with these names.
_KEYWORDS = _words(
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t class compl const "
    "const_cast constexpr continue decltype default delete do double dynamic_cast else enum explicit export extern "
    "false float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or "
    "or_eq private protected public register reinterpret_cast return short signed sizeof static static_assert "
    "static_cast struct switch template this thread_local throw true try typedef typeid typename union unsigned using "
    "virtual void volatile wchar_t while xor xor_eq"
)
# Words of later standards, macros of compilers and of the C library, and what generated methods call their own.
_TAKEN_PARAMETERS = _KEYWORDS | _words(
    "char8_t concept consteval constinit co_await co_return co_yield requires assert errno linux unix stdin stdout "
    "stderr fill exists etag request response item key keys record records change changes transaction crib std "
    "toolcrib"
)

_SCALARS = {
    "bool": "bool",
    "int32": "std::int32_t",
    "int64": "std::int64_t",
    "uint32": "std::uint32_t",
    "uint64": "std::uint64_t",
    "string": "std::string",
}
_KEYS = {
    Kind.INT32: "int32",
    Kind.INT64: "int64",
    Kind.UINT32: "uint32",
    Kind.UINT64: "uint64",
    Kind.STRING: "string",
}


def namespace(component: Component) -> str:
    """The namespace of the package: `plant::recipes::v1`. Raises GenerateError for one that C++ cannot have."""
    for part in component.package.split("."):
        if part in _KEYWORDS:
            text = f"`{part}` is a word of C++'s own, which cannot name a namespace; name the package otherwise"
            raise GenerateError([Problem(component.file, 0, 0, text)])
    return component.package.replace(".", "::")


def pascal_case(name: str) -> str:
    """`batch_create` as `BatchCreate`."""
    return "".join(word.capitalize() for word in name.split("_"))


def accessor(field: str) -> str:
    """What the accessors of a message call a field."""
    lower = field.lower()
    return f"{lower}_" if lower in _KEYWORDS else lower


def parameter(field: str) -> str:
    """A parameter, or a member of a struct, for a field."""
    return f"{field}_" if field in _TAKEN_PARAMETERS else field


def key_type(writer: CppWriter, field: Field) -> str:
    """The type of a field of the key."""
    return scalar_type(writer, _KEYS[field.kind])


def scalar_type(writer: CppWriter, proto_type: str) -> str:
    """The type of a scalar, spelled as in a .proto."""
    name = _SCALARS[proto_type]
    if name.startswith("std::"):
        writer.use("string" if proto_type == "string" else "cstdint", name)
    return name


def is_scalar(proto_type: str) -> bool:
    """Whether it is the type of a field that is no message."""
    return proto_type in _SCALARS


def passed(type_: str) -> str:
    """The type as that of a parameter."""
    return f"const {type_}&" if type_ == "std::string" else type_


class Types:
    """The names of messages within a class, whose members would hide a message of the same name."""

    def __init__(self, component: Component, members: frozenset[str]) -> None:
        self._qualified = f"::{namespace(component)}::"
        self._members = members

    def message(self, proto_type: str) -> str:
        """A message: of the component's own package, or of one that is named."""
        if "." in proto_type:
            return "::" + proto_type.replace(".", "::")
        return self._qualified + proto_type if proto_type in self._members else proto_type
