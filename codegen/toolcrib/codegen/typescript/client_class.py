"""Emits the class of a component's TypeScript client."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolcrib.codegen.client_methods import Call, ClientMethod, Takes, client_methods
from toolcrib.codegen.typescript.layout import Group, Node, call, object_of, type_of
from toolcrib.codegen.typescript.method_parts import QUERY, RUNTIME, MethodParts, given_properties
from toolcrib.codegen.typescript.names import camel_case, property_name

_BATCHES = frozenset({Takes.KEYS, Takes.RECORDS, Takes.MASKED_RECORDS})


@dataclass(frozen=True, slots=True)
class ClientClass(MethodParts):
    """Writes the class."""

    def write(self) -> None:
        """The class."""
        component, writer = self.component, self.writer
        writer.comment(
            f"Reads and writes the {component.full_name} records of a server.\n\n"
            "Methods reject with ToolcribError. Who acts, why, and how long a call may take is the Crib's to say: `new "
            f'{component.name}Client(crib.withReason("..."))`. A write under the `requestId` of an earlier one is '
            "answered like that and not done again; one without is given an id of its own. With `validateOnly` a write "
            "is answered, or refused, and nothing is written."
        )
        with writer.block(f"export class {component.name}Client"):
            crib = writer.use_type(RUNTIME, "Crib")
            writer.line(f"readonly #crib: {crib};")
            writer.line()
            with writer.block(f"constructor(crib: {crib})"):
                writer.line("this.#crib = crib;")
            for method in client_methods(component):
                writer.line()
                writer.comment(method.comment)
                self._method(method)

    def _method(self, method: ClientMethod) -> None:
        result, field = self._result(method), method.answers
        waits = method.call in (Call.READ, Call.WRITE) and field != ""
        options = self._batch_options(method) if method.takes in _BATCHES else self.options(method)
        head = Group(f"{'async ' if waits else ''}{camel_case(method.name)}(", (*self.parameters(method), options), ")")
        with self.writer.block(head, after=f": {result}"):
            if method.takes in _BATCHES:
                self._requests(method)
            if not waits:
                self.writer.statement(self._call(method), before="return ")
            elif field is None:
                self.writer.statement(self._call(method), before="await ")
            else:
                self.writer.statement(self._call(method), before="const answer = await ")
                self.writer.line(f"return {self._answer(method)};")

    def _result(self, method: ClientMethod) -> str:
        if method.call is Call.WATCH:
            return f"{self.writer.use_type(RUNTIME, 'Watch')}<{self.record}>"
        if method.call is Call.PAGES:
            return f"AsyncGenerator<{self._answered(method)}, void, undefined>"
        return f"Promise<{self._answered(method)}>"

    def _answered(self, method: ClientMethod) -> str:
        """The type of what is answered, or of one of the items on a page."""
        if not method.answers:
            return "void" if method.answers is None else self.message(method.rpc.response)
        repeated, _, name = self.answer_field(method).type.rpartition(" ")
        if repeated:
            return self.message(name) + ("" if method.call is Call.PAGES else "[]")
        return "bigint" if name == "int64" else self.writer.use_type(QUERY, name.rpartition(".")[2])

    def _answer(self, method: ClientMethod) -> str:
        field = self.answer_field(method)
        answer = f"answer.{property_name(field.name)}"
        if "." not in field.type:
            return answer
        # A message within another may be absent by its type.
        return f"{self.writer.use(RUNTIME, 'present')}({answer})"

    def _call(self, method: ClientMethod) -> Group:
        items: list[Node] = [self.rpc(method.rpc.name), object_of(*self._properties(method))]
        if method.call is Call.PAGES:
            items.append(f"(page) => page.{property_name(method.answers or '')}")
        return call(f"this.#crib.{method.call.value}", *items, "options")

    def _properties(self, method: ClientMethod) -> list[Node]:
        taken: list[Node] = []
        if method.takes in _BATCHES:
            taken = ["requests"]
        elif method.takes is Takes.KEY:
            taken = self.key_properties()
        elif method.takes is Takes.RECORD:
            taken = [self.record_property()]
        return ["...options", *taken, *given_properties(method)]

    def _batch_options(self, method: ClientMethod) -> Node:
        one = f"{method.rpc.name.removeprefix('Batch').replace(self.component.plural_name, self.component.name)}Request"
        shared = " | ".join(f'"{property_name(field.name)}"' for field in method.item_options)
        type_ = self.writer.use_type(RUNTIME, "BatchOptions")
        items = [self.message(method.request.name), *([self.message(one), shared] if shared else [])]
        return type_of(f"options: {type_}", *items, after=" = {}")

    def _requests(self, method: ClientMethod) -> None:
        """The requests within a batch."""
        writer = self.writer
        names = [property_name(field.name) for field in method.item_options]
        shared = [f"{name}: options.{name} ?? false" for name in names]
        if method.takes is Takes.MASKED_RECORDS:
            self._masked_requests(shared)
            return
        items, each, fields = "keys", self.key_variable, self.key_properties()
        if method.takes is Takes.RECORDS:
            items, each, fields = self.records_variable, self.record_variable, [self.record_property()]
        before = f"Array.from({items}, ({each}) => ("
        writer.statement(object_of(*fields, *shared, before=before, after="))"), before="const requests = ")

    def _masked_requests(self, shared: Sequence[str]) -> None:
        writer, record = self.writer, self.record_variable
        pair = writer.use(RUNTIME, "recordAndMask")
        with writer.lines_in(f"const requests = Array.from({self.records_variable}, (change) => {{", "});"):
            writer.line(f"const [{record}, updateMask] = {pair}<{self.record}>(change);")
            writer.statement(object_of(self.record_property(), "updateMask", *shared), before="return ")
