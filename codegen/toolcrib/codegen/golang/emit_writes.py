"""Emits the Go type that gathers a component's writes for a transaction over components."""

from __future__ import annotations

from dataclasses import dataclass

from toolcrib.codegen.client_methods import Call, ClientMethod, Takes, client_methods
from toolcrib.codegen.emit_service_proto import service_path
from toolcrib.codegen.golang.emit_client import RUNTIME
from toolcrib.codegen.golang.go_types import ServiceTypes
from toolcrib.codegen.golang.go_writer import GoWriter
from toolcrib.codegen.golang.names import (
    camel_case,
    field_names,
    key_parameter,
    key_type,
    key_values,
    message_name,
    package_name,
    parameter_name,
)
from toolcrib.codegen.model import Component
from toolcrib.codegen.service_parts import ServiceMessage


def writes_path(component: Component) -> str:
    """Where the type is, beside the messages."""
    return service_path(component).removesuffix("_service.proto") + "_writes.go"


def emit_go_writes(component: Component) -> str:
    """The file with the type."""
    writer = GoWriter(source=component.file, package=package_name(component.package))
    writes = _Writes(writer, component)
    methods = {method.name: method for method in client_methods(component)}
    writes.head()
    for method in methods.values():
        if method.call is Call.WRITE and method.takes in (Takes.RECORD, Takes.KEY):
            writes.method(method)
    writes.require(methods["get"])
    return writer.text()


@dataclass(frozen=True, slots=True)
class _Writes:
    writer: GoWriter
    component: Component

    @property
    def _name(self) -> str:
        return f"{message_name(self.component)}Writes"

    def head(self) -> None:
        """The type and the function that makes one."""
        writer, name, runtime = self.writer, self._name, self.writer.use(*RUNTIME)
        writer.line()
        writer.comment(
            f"{name} gathers writes of {self.component.full_name} records in a transaction, which carries them out "
            "when it is committed."
        )
        writer.struct(name, [("transaction", f"*{runtime}.Transaction")])
        writer.line()
        writer.comment(f"New{name} gathers in a transaction.")
        with writer.function(f"New{name}", [f"transaction *{runtime}.Transaction"], f"*{name}"):
            writer.line(f"return &{name}{{transaction}}")

    def method(self, method: ClientMethod) -> None:
        """A method with its comment."""
        writer, name, runtime = self.writer, camel_case(method.name), self.writer.use(*RUNTIME)
        answer = ServiceTypes(writer, self.component).of(method.rpc.response)
        parameters = [f"{parameter_name(field.name)} {field.type}" for field in method.arguments]
        writer.line()
        writer.comment(f"{name} {method.comment[0].lower()}{method.comment[1:]}")
        head = [self._taken(method), *parameters, f"options ...*{camel_case(method.request.name)}"]
        with writer.function(f"(w *{self._name}) {name}", head, f"*{runtime}.Pending[{answer}]"):
            self._request(method)
            for argument in method.arguments:
                field = field_names(method.request.fields)[argument.name]
                writer.line(f"request.{field} = {parameter_name(argument.name)}")
            writer.line(f"return {runtime}.Add[{answer}](w.transaction, request)")

    def require(self, get: ClientMethod) -> None:
        """The method that says what must be so."""
        writer, runtime = self.writer, self.writer.use(*RUNTIME)
        writer.line()
        writer.comment("Require says what must be so of a record before the first write of the transaction.")
        head = [self._taken(get), f"condition {runtime}.Condition", f"options ...*{camel_case(get.request.name)}"]
        with writer.function(f"(w *{self._name}) Require", head):
            self._request(get)
            writer.line("w.transaction.Require(request, condition)")

    def _taken(self, method: ClientMethod) -> str:
        if method.takes is Takes.RECORD:
            return f"{parameter_name(self.component.singular)} *{message_name(self.component)}"
        return f"{key_parameter(self.component)} {key_type(self.component)}"

    def _request(self, method: ClientMethod) -> None:
        self.writer.line(f"request := {self.writer.use(*RUNTIME)}.Request(options)")
        for field, value in self._values(method, method.request).items():
            self.writer.line(f"request.{field} = {value}")

    def _values(self, method: ClientMethod, request: ServiceMessage) -> dict[str, str]:
        names, record = field_names(request.fields), self.component.singular
        if method.takes is Takes.RECORD:
            return {names[record]: parameter_name(record)}
        values = key_values(self.component, key_parameter(self.component))
        return {names[field]: value for field, value in values.items()}
