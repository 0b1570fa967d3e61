"""What the methods of a component's TypeScript client and of what gathers its writes have in common."""

from __future__ import annotations

from dataclasses import dataclass

from toolcrib.codegen.client_methods import Call, ClientMethod, Takes
from toolcrib.codegen.emit_service_proto import service_path
from toolcrib.codegen.model import Component
from toolcrib.codegen.service import service_messages
from toolcrib.codegen.service_parts import ServiceField
from toolcrib.codegen.typescript.layout import Node, type_of
from toolcrib.codegen.typescript.names import (
    key_type,
    message_module,
    method_name,
    property_name,
    type_name,
    variable_name,
)
from toolcrib.codegen.typescript.writer import CodeWriter

RUNTIME = "@toolcrib/client"
QUERY = f"{RUNTIME}/protos/toolcrib/query/v1/query_pb.js"

# Names that the methods have for what they are given, whatever the component is called.
_TAKEN = ("options", "requests", "answer", "change", "page", "key", "keys", "condition", "updateMask")


def key_class(component: Component) -> str:
    """What a key of several fields is called; "" where one is enough."""
    return f"{component.name}Key" if len(component.key) > 1 else ""


@dataclass(frozen=True, slots=True)
class MethodParts:
    """Spells parts of methods; imports what they need."""

    writer: CodeWriter
    component: Component

    @property
    def record(self) -> str:
        """The type of a record."""
        return self.writer.use_type(message_module(self.component, self.component.file), type_name(self.component.name))

    @property
    def record_variable(self) -> str:
        """What a record is called."""
        return variable_name(self.component.singular, _TAKEN)

    @property
    def records_variable(self) -> str:
        """What several records are called."""
        return variable_name(self.component.plural, (*_TAKEN, self.record_variable))

    @property
    def key_variable(self) -> str:
        """What a key is called."""
        return "key" if key_class(self.component) else variable_name(self.component.key[0].name, _TAKEN)

    @property
    def key_type(self) -> str:
        """The type of a key."""
        return key_class(self.component) or key_type(self.component.key[0])

    def init(self) -> str:
        """The type of a record that is given."""
        return f"{self.writer.use_type(RUNTIME, 'Init')}<{self.record}>"

    def message(self, name: str) -> str:
        """The type of a message that the service is made of."""
        if name == self.component.name:
            return self.record
        return self.writer.use_type(message_module(self.component, service_path(self.component)), type_name(name))

    def rpc(self, name: str) -> str:
        """The descriptor of a method of the service."""
        service = self.writer.use(message_module(self.component, service_path(self.component)), self._service_name)
        return f"{service}.method.{method_name(name)}"

    def parameters(self, method: ClientMethod) -> list[Node]:
        """What a method has to be given."""
        given = [f"{variable_name(field.name, _TAKEN)}: bigint" for field in method.arguments]
        match method.takes:
            case Takes.NOTHING:
                return [*given]
            case Takes.KEY:
                return [f"{self.key_variable}: {self.key_type}", *given]
            case Takes.RECORD:
                return [f"{self.record_variable}: {self.init()}", *given]
            case Takes.KEYS:
                return [f"keys: Iterable<{self.key_type}>", *given]
            case Takes.RECORDS:
                return [f"{self.records_variable}: Iterable<{self.init()}>", *given]
            case Takes.MASKED_RECORDS:
                pair = self.writer.use_type(RUNTIME, "RecordAndMask")
                return [f"{self.records_variable}: Iterable<{pair}<{self.record}>>", *given]

    def options(self, method: ClientMethod, kind: str = "Options") -> Node:
        """The parameter for the fields of the request that need not be given; `kind` is a type of the runtime."""
        names = [f'"{property_name(field.name)}"' for field in method.arguments]
        if method.takes is Takes.KEY:
            several = key_class(self.component)
            key = f"keyof {several}" if several else f'"{property_name(self.component.key[0].name)}"'
            names.insert(0, key)
        if method.takes is Takes.RECORD:
            names.insert(0, f'"{property_name(self.component.singular)}"')
        if method.call is Call.PAGES:
            names.append('"pageToken"')
        given = [" | ".join(names)] if names else []
        type_ = self.writer.use_type(RUNTIME, kind)
        return type_of(f"options: {type_}", self.message(method.request.name), *given, after=" = {}")

    def key_properties(self) -> list[Node]:
        """The fields of a request that are a key."""
        fields = [property_name(field.name) for field in self.component.key]
        if key_class(self.component):
            return [f"{field}: key.{field}" for field in fields]
        return [assigned(fields[0], self.key_variable)]

    def record_property(self) -> str:
        """The field of a request that is a record."""
        return assigned(property_name(self.component.singular), self.record_variable)

    def answer_field(self, method: ClientMethod) -> ServiceField:
        """The field of the response that is the answer."""
        response = next(each for each in service_messages(self.component) if each.name == method.rpc.response)
        return next(field for field in response.fields if field.name == method.answers)

    @property
    def _service_name(self) -> str:
        return self.component.service_name


def given_properties(method: ClientMethod) -> list[Node]:
    """The fields of a request that are arguments."""
    return [assigned(property_name(field.name), variable_name(field.name, _TAKEN)) for field in method.arguments]


def assigned(field: str, variable: str) -> str:
    """A property of an object."""
    return field if field == variable else f"{field}: {variable}"
