"""The Go types of what a component's service answers."""

from __future__ import annotations

from dataclasses import dataclass

from toolcrib.codegen.client_methods import ClientMethod
from toolcrib.codegen.golang.go_writer import GoWriter
from toolcrib.codegen.golang.names import camel_case, package_name
from toolcrib.codegen.model import Component
from toolcrib.codegen.service import service_messages
from toolcrib.codegen.service_parts import ServiceMessage

_SCALARS = frozenset({"bool", "int32", "int64", "string"})
EMPTY = "google.protobuf.Empty"


@dataclass(frozen=True, slots=True)
class ServiceTypes:
    """Types of messages and fields; what they need is imported."""

    writer: GoWriter
    component: Component

    def response(self, method: ClientMethod) -> ServiceMessage:
        """The message that holds what the method answers."""
        return next(message for message in service_messages(self.component) if message.name == method.rpc.response)

    def answer(self, method: ClientMethod) -> str:
        """The type of what the method answers."""
        if not method.answers:
            return self.of(method.rpc.response)
        field = next(field for field in self.response(method).fields if field.name == method.answers)
        return self.of(field.type)

    def of(self, type_: str) -> str:
        """The Go type of a .proto's."""
        if type_.startswith("repeated "):
            return "[]" + self.of(type_.removeprefix("repeated "))
        if type_ in _SCALARS:
            return type_
        package, _, name = type_.rpartition(".")
        if not package:
            return f"*{camel_case(name)}"
        return f"*{self._imported(package)}.{name}"

    def _imported(self, package: str) -> str:
        if package == "google.protobuf":
            return self.writer.use("google.golang.org/protobuf/types/known/emptypb")
        # Toolcrib's own messages are packages of the runtime.
        path = package.removeprefix("toolcrib.").replace(".", "/")
        return self.writer.use(f"toolcrib.dev/go/{path}", package_name(package))
