"""Emits the typed Go client of a component.

What a method takes are its parameters. What else can be asked of it is given as the method's own request, of which the
fields that are set hold: there is no second set of types for options.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolcrib.codegen.client_methods import Call, ClientMethod, Takes, client_methods
from toolcrib.codegen.emit_service_proto import service_path
from toolcrib.codegen.golang.go_types import ServiceTypes
from toolcrib.codegen.golang.go_writer import GoWriter
from toolcrib.codegen.golang.names import (
    camel_case,
    field_names,
    getter,
    key_fields,
    key_parameter,
    key_type,
    key_values,
    message_name,
    package_name,
    parameter_name,
    stub_name,
)
from toolcrib.codegen.model import Component
from toolcrib.codegen.service import service_messages
from toolcrib.codegen.service_parts import ServiceMessage

RUNTIME = ("toolcrib.dev/go", "toolcrib")

_PAGES_NOTE = "It asks for page after page, as they are needed."
_NOTES = {
    "list": _PAGES_NOTE,
    "revisions": _PAGES_NOTE,
    "diffs": _PAGES_NOTE,
    "list_page": "This is one page; its NextPageToken asks for the next.",
    "update": (
        "UpdateMask names the fields to change, see [toolcrib.Mask]; without it they are those that are populated. "
        "With AllowMissing the record is created if there is none."
    ),
    "batch_update": "Each update has its record, and its UpdateMask or none.",
    "batch_get": "What is set in options is asked of each record.",
    "batch_delete": (
        "What is set in options is asked of each record, but RequestId and ValidateOnly, which are the batch's."
    ),
    "watch": "Nothing is asked before the watch is read.",
}


def client_path(component: Component) -> str:
    """Where the client is, beside the messages."""
    return service_path(component).removesuffix("_service.proto") + "_client.go"


def emit_go_client(component: Component) -> str:
    """The file with the client, and the key's type where it has several fields."""
    writer = GoWriter(source=component.file, package=package_name(component.package))
    client = _Client(writer, component)
    client.head()
    for method in client_methods(component):
        client.method(method)
    return writer.text()


@dataclass(frozen=True, slots=True)
class _Client:
    writer: GoWriter
    component: Component

    @property
    def _name(self) -> str:
        return f"{message_name(self.component)}Client"

    def head(self) -> None:
        """The types and the function that makes a client."""
        writer, name, runtime = self.writer, self._name, self.writer.use(*RUNTIME)
        stub = stub_name(self.component)
        if len(self.component.key) > 1:
            writer.line()
            writer.comment(f"{key_type(self.component)} is the key of a {self.component.full_name} record.")
            writer.struct(key_type(self.component), key_fields(self.component))
        writer.line()
        writer.comment(
            f"{name} reads and writes the {self.component.full_name} records of a server.\n\n"
            f"Methods fail with a [*{runtime}.Error]. Who acts, why, and how long a call may take is the crib's to "
            f'say: New{name}(crib.WithReason("...")). What else can be asked of a method is its last argument: those '
            "fields of its request that are set. A write under the RequestId of an earlier one is answered like that "
            "and not done again; one without is given an id of its own. With ValidateOnly a write is answered, or "
            "refused, and nothing is written."
        )
        writer.struct(name, [("crib", f"*{runtime}.Crib"), ("stub", stub)])
        writer.line()
        writer.comment(f"New{name} is the client over a connection.")
        with writer.function(f"New{name}", [f"crib *{runtime}.Crib"], f"*{name}"):
            writer.line(f"return &{name}{{crib, New{stub}(crib.Conn())}}")

    def method(self, method: ClientMethod) -> None:
        """A method with its comment."""
        writer, name, note = self.writer, camel_case(method.name), _NOTES.get(method.name)
        comment = f"{name} {method.comment[0].lower()}{method.comment[1:]}"
        writer.line()
        writer.comment(f"{comment}\n\n{note}" if note else comment)
        parameters = [f"ctx {writer.use('context')}.Context", *self._parameters(method)]
        with writer.function(f"(c *{self._name}) {name}", parameters, self._result(method)):
            if method.call is Call.WATCH:
                self._watch(method)
            elif method.call is Call.PAGES:
                self._pages(method)
            else:
                self._request(method)
                self._answer(method)

    def _parameters(self, method: ClientMethod) -> list[str]:
        message = message_name(self.component)
        key = key_type(self.component)
        taken: list[str] = []
        if method.takes is Takes.KEY:
            taken.append(f"{key_parameter(self.component)} {key}")
        elif method.takes is Takes.RECORD:
            taken.append(f"{parameter_name(self.component.singular)} *{message}")
        elif method.takes is Takes.KEYS:
            taken.append(f"keys []{key}")
        elif method.takes is Takes.RECORDS:
            taken.append(f"{parameter_name(self.component.plural)} []*{message}")
        elif method.takes is Takes.MASKED_RECORDS:
            taken.append(f"updates []*{camel_case(self._item(method).name)}")
        arguments = [f"{parameter_name(field.name)} {field.type}" for field in method.arguments]
        options = self._item(method) if method.takes is Takes.KEYS else method.request
        return [*taken, *arguments, f"options ...*{camel_case(options.name)}"]

    def _item(self, method: ClientMethod) -> ServiceMessage:
        """The request for one record of a batch."""
        name = f"{camel_case(method.name.removeprefix('batch_'))}{self.component.name}Request"
        return next(message for message in service_messages(self.component) if message.name == name)

    def _result(self, method: ClientMethod) -> str:
        if method.call is Call.WATCH:
            return f"*{self.writer.use(*RUNTIME)}.Watch[*{message_name(self.component)}]"
        if method.answers is None:
            return "error"
        answer = ServiceTypes(self.writer, self.component).answer(method)
        if method.call is Call.PAGES:
            return f"{self.writer.use('iter')}.Seq2[{answer.removeprefix('[]')}, error]"
        return f"({answer}, error)"

    def _request(self, method: ClientMethod) -> None:
        """The variable `request`."""
        writer = self.writer
        if method.takes is Takes.KEYS:
            self._request_for_keys(method)
            return
        writer.line(f"request := {self.writer.use(*RUNTIME)}.Request(options)")
        names = field_names(method.request.fields)
        if method.takes is Takes.RECORD:
            record = self.component.singular
            writer.line(f"request.{names[record]} = {parameter_name(record)}")
        elif method.takes is Takes.KEY:
            for field, value in key_values(self.component, key_parameter(self.component)).items():
                writer.line(f"request.{names[field]} = {value}")
        elif method.takes is Takes.RECORDS:
            record = parameter_name(self.component.singular)
            with writer.block(f"for _, {record} := range {parameter_name(self.component.plural)}"):
                item = self._item(method)
                field = field_names(item.fields)[self.component.singular]
                made = f"&{camel_case(item.name)}{{{field}: {record}}}"
                writer.line(f"request.Requests = append(request.Requests, {made})")
        elif method.takes is Takes.MASKED_RECORDS:
            writer.line("request.Requests = append(request.Requests, updates...)")
        for argument in method.arguments:
            writer.line(f"request.{names[argument.name]} = {parameter_name(argument.name)}")

    def _request_for_keys(self, method: ClientMethod) -> None:
        writer = self.writer
        writer.line(f"asked := {writer.use(*RUNTIME)}.Request(options)")
        shared = [field_names(method.request.fields)[field.name] for field in method.options]
        given = ", ".join(f"{name}: asked.{name}" for name in shared)
        writer.line(f"request := &{camel_case(method.request.name)}{{{given}}}")
        if shared:
            writer.line('asked.RequestId, asked.ValidateOnly = "", false')
        with writer.block("for _, key := range keys"):
            clone = writer.use("google.golang.org/protobuf/proto")
            writer.line(f"each := {clone}.CloneOf(asked)")
            names = field_names(self.component.key)
            for field, value in key_values(self.component, "key").items():
                writer.line(f"each.{names[field]} = {value}")
            writer.line("request.Requests = append(request.Requests, each)")

    def _answer(self, method: ClientMethod) -> None:
        """The call, and what it answers."""
        sent = self._sent(method, "request")
        if method.answers == "":
            self.writer.line(f"return {sent}")
        elif method.answers is None:
            self.writer.line(f"_, err := {sent}")
            self.writer.line("return err")
        else:
            self.writer.line(f"answer, err := {sent}")
            response = ServiceTypes(self.writer, self.component).response(method)
            self.writer.line(f"return answer.{getter(response, method.answers)}(), err")

    def _sent(self, method: ClientMethod, request: str) -> str:
        function = "Write" if method.call is Call.WRITE else "Read"
        return f"{self.writer.use(*RUNTIME)}.{function}(ctx, c.crib, c.stub.{camel_case(method.rpc.name)}, {request})"

    def _pages(self, method: ClientMethod) -> None:
        writer = self.writer
        types = ServiceTypes(writer, self.component)
        response = types.response(method)
        head = f"return {writer.use(*RUNTIME)}.Pages(func(token string) ({types.answer(method)}, string, error)"
        with writer.block(head, "})"):
            self._request(method)
            writer.line(f"request.PageToken = {writer.use('cmp')}.Or(token, request.PageToken)")
            writer.line(f"page, err := {self._sent(method, 'request')}")
            items = f"page.{getter(response, method.answers or '')}()"
            writer.line(f"return {items}, page.{getter(response, 'next_page_token')}(), err")

    def _watch(self, method: ClientMethod) -> None:
        runtime, message = self.writer.use(*RUNTIME), message_name(self.component)
        self._request(method)
        name = camel_case(method.rpc.name)
        types = f"[*{message}, *{name}Change]"
        self.writer.line(f"return {runtime}.NewWatch{types}(ctx, c.crib, c.stub.{name}, request)")
