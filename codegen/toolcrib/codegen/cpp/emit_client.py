"""Emits the typed C++ client of a component: a class of its methods, and one that gathers writes for transactions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from toolcrib.codegen.client_methods import Call, ClientMethod, Takes, client_methods
from toolcrib.codegen.cpp.emit_writes import Writes
from toolcrib.codegen.cpp.names import Types, accessor, is_scalar, namespace, pascal_case, scalar_type
from toolcrib.codegen.cpp.parameters import Parameters
from toolcrib.codegen.cpp.writer import CppWriter, call
from toolcrib.codegen.emit_service_proto import service_path
from toolcrib.codegen.model import Component
from toolcrib.codegen.service import service_messages

_INTERNAL = "::toolcrib::internal"
_RESULT = "::toolcrib::Result"

_PAGES_NOTE = "Asks for page after page, as they are needed; nothing before the first item is."
_PAGE_NOTE = "This is one page; its next_page_token asks for the next."
_WATCH_NOTE = "Nothing is asked before the first Snapshot or Next. Goes on by itself where its connection is lost."
_MASK_NOTE = 'A record may come with a mask: `{record, {"name"}}`.'


def client_path(component: Component) -> str:
    """The header, beside those that protoc makes of the component."""
    return f"{component.package.replace('.', '/')}/{component.singular}_client.h"


def emit_client(component: Component) -> str:
    """The header."""
    full_name = component.service_full_name
    writer = CppWriter(source=component.file, comment=f"The C++ client of {full_name}.")
    writer.include(service_path(component).removesuffix(".proto") + ".grpc.pb.h")
    writer.include(component.file.removesuffix(".proto") + ".pb.h")
    writer.include("toolcrib/toolcrib.h")
    methods = client_methods(component)
    members = {pascal_case(method.name) for method in methods} | {"Record", "Stub", *Writes.MEMBERS}
    types = Types(component, frozenset(members | {f"Try{member}" for member in members}))
    parameters = Parameters(component, writer, types)
    space = namespace(component)
    writer.line()
    writer.line(f"namespace {space} {{")
    writer.line()
    parameters.write_key()
    client = _Client(component, writer, types, parameters)
    client.write(methods)
    writer.line()
    Writes(component, writer, types, parameters).write(methods)
    writer.line()
    writer.line(f"}}  // namespace {space}")
    return writer.text()


@dataclass(frozen=True, slots=True)
class _Client:
    """Writes the class."""

    component: Component
    writer: CppWriter
    types: Types
    parameters: Parameters

    def write(self, methods: tuple[ClientMethod, ...]) -> None:
        """The class."""
        component, writer = self.component, self.writer
        name = f"{component.name}Client"
        writer.use("memory", "std::shared_ptr")
        writer.use("utility", "std::move")
        writer.comment(
            f"Reads and writes the {component.full_name} records of a server.\n\n"
            "Methods throw toolcrib::Error; those whose names begin with Try answer a toolcrib::Result instead. Who "
            "acts, why, and how long a call may take is the Crib's to say: "
            f'`{name}(crib.WithReason("..."))`. What '
            "else a request may say is set by `fill`, which is handed it last. A write under the request_id of an "
            "earlier one is answered like that and not done again; one without is given an id of its own. With "
            "validate_only a write is answered, or refused, and nothing is written. Copies are cheap, and several "
            "threads may use one."
        )
        with writer.class_(name):
            writer.access("public")
            writer.comment("What it reads and writes.")
            writer.line(f"using Record = {self.types.message(component.name)};")
            writer.line()
            writer.comment("A client over this connection, or view of one.")
            stub = f"stub_({component.service_name}::NewStub(crib_.channel()))"
            writer.constructor(f"explicit {name}(::toolcrib::Crib crib)", "crib_(std::move(crib))", stub)
            for method in methods:
                writer.line()
                self._method(method)
            writer.line()
            writer.access("private")
            writer.line(f"using Stub = {component.service_name}::Stub;")
            writer.line()
            writer.line("::toolcrib::Crib crib_;")
            writer.line("std::shared_ptr<Stub> stub_;")

    def _method(self, method: ClientMethod) -> None:
        name = pascal_case(method.name)
        if method.call is Call.PAGES:
            self._comment(method, _PAGES_NOTE)
            self._stream(method, name, f"::toolcrib::Pages<{self._item(method)}>", self._pages)
        elif method.call is Call.WATCH:
            self._comment(method, _WATCH_NOTE)
            record = self.types.message(self.component.name)
            self._stream(method, name, f"::toolcrib::Watch<{record}>", self._watch)
        else:
            note = _PAGE_NOTE if method.name == "list_page" else ""
            self._comment(method, _MASK_NOTE if method.takes is Takes.MASKED_RECORDS else note)
            self._unary(method, name)

    def _comment(self, method: ClientMethod, note: str) -> None:
        options = [field.name for field in method.options]
        options += [f"{field.name} of each of its requests" for field in method.item_options]
        fill = f"`fill` may set {_listed(options)}." if options else ""
        self.writer.comment("\n\n".join(filter(None, (method.comment, note, fill))))

    def _unary(self, method: ClientMethod, name: str) -> None:
        writer, answer = self.writer, self._answer(method)
        parameters, passed = self.parameters.of(method), self.parameters.passed_on(method)
        forward = call(f"Try{name}", *passed).flat
        body = f"{forward}.value();" if answer == "void" else f"return {forward}.value();"
        writer.short_function(call(f"{answer} {name}", *parameters, close=") const"), body)
        writer.comment("The same without exceptions.")
        with writer.function(call(f"{_RESULT}<{answer}> Try{name}", *parameters, close=") const")):
            self.parameters.fill_request(method)
            self._send(method)

    def _send(self, method: ClientMethod) -> None:
        """Calls, and answers what of the response is the answer."""
        writer = self.writer
        kind = "Write" if method.call is Call.WRITE else "Read"
        before = "return" if method.answers == "" else "auto response ="
        sent = ("*stub_", f"&Stub::{method.rpc.name}", "request")
        writer.statement(call(f"{before} crib_.{kind}", *sent, close=");"))
        if method.answers == "":
            return
        if method.answers is None:
            writer.line(f"return {_INTERNAL}::Drop(response);")
            return
        proto_type = self._answered_type(method)
        part = accessor(method.answers)
        getter = part if is_scalar(proto_type) else f"mutable_{part}"
        response = self.types.message(method.rpc.response)
        writer.statement(call(f"return {_INTERNAL}::Take", "std::move(response)", f"&{response}::{getter}", close=");"))

    def _stream(self, method: ClientMethod, name: str, answer: str, start: Callable[[ClientMethod], None]) -> None:
        parameters = self.parameters.of(method)
        with self.writer.function(call(f"{answer} {name}", *parameters, close=") const")):
            self.parameters.fill_request(method)
            start(method)

    def _pages(self, method: ClientMethod) -> None:
        assert method.answers is not None
        items = f"&{self.types.message(method.rpc.response)}::mutable_{accessor(method.answers)}"
        arguments = ("crib_", "stub_", f"&Stub::{method.rpc.name}", items, "std::move(request)")
        self.writer.statement(call(f"return {_INTERNAL}::MakePages", *arguments, close=");"))

    def _watch(self, method: ClientMethod) -> None:
        record = self.types.message(self.component.name)
        arguments = ("crib_", "stub_", f"&Stub::{method.rpc.name}", "std::move(request)")
        self.writer.statement(call(f"return {_INTERNAL}::MakeWatch<{record}>", *arguments, close=");"))

    def _answer(self, method: ClientMethod) -> str:
        """The type of the answer."""
        if method.answers is None:
            return "void"
        if method.answers == "":
            return self.types.message(method.rpc.response)
        proto_type = self._answered_type(method)
        if is_scalar(proto_type):
            return scalar_type(self.writer, proto_type)
        if proto_type.startswith("repeated "):
            return f"{self.writer.use('vector', 'std::vector')}<{self._item(method)}>"
        return self.types.message(proto_type)

    def _item(self, method: ClientMethod) -> str:
        return self.types.message(self._answered_type(method).removeprefix("repeated "))

    def _answered_type(self, method: ClientMethod) -> str:
        """The type, as in the service's .proto, of the field of the response that is the answer."""
        messages = {message.name: message for message in service_messages(self.component)}
        fields = messages[method.rpc.response].fields
        return next(field.type for field in fields if field.name == method.answers)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
