"""Emits the class that gathers a component's writes for a transaction over components, in TypeScript."""

from __future__ import annotations

from dataclasses import dataclass

from toolcrib.codegen.client_methods import Call, ClientMethod, Takes, client_methods
from toolcrib.codegen.typescript.layout import Group, call, object_of
from toolcrib.codegen.typescript.method_parts import RUNTIME, MethodParts, given_properties
from toolcrib.codegen.typescript.names import camel_case

# What is said of the transaction, not of each write in it.
_OF_TRANSACTIONS = frozenset({"request_id", "validate_only"})


@dataclass(frozen=True, slots=True)
class WritesClass(MethodParts):
    """Writes the class."""

    def write(self) -> None:
        """The class."""
        component, writer = self.component, self.writer
        writer.comment(
            f"Gathers writes of {component.full_name} records in a transaction, which carries them out together."
        )
        with writer.block(f"export class {component.name}Writes"):
            transaction = writer.use_type(RUNTIME, "Transaction")
            writer.line(f"readonly #transaction: {transaction};")
            writer.line()
            with writer.block(f"constructor(transaction: {transaction})"):
                writer.line("this.#transaction = transaction;")
            for method in client_methods(component):
                if method.call is Call.WRITE and method.takes in (Takes.RECORD, Takes.KEY):
                    self._method(method)
            self._require()

    def _method(self, method: ClientMethod) -> None:
        writer = self.writer
        has_options = any(field.name not in _OF_TRANSACTIONS for field in method.options)
        options = [self.options(method, "WriteOptions")] if has_options else []
        spread = ["...options"] if has_options else []
        taken = self.key_properties() if method.takes is Takes.KEY else [self.record_property()]
        answer = self._empty() if method.answers is None else self.message(method.rpc.response)
        head = Group(f"{camel_case(method.name)}(", (*self.parameters(method), *options), ")")
        writer.line()
        writer.comment(method.comment)
        with writer.block(head, after=f": {writer.use_type(RUNTIME, 'Pending')}<{answer}>"):
            request = object_of(*spread, *taken, *given_properties(method))
            writer.statement(call("this.#transaction.add", self.rpc(method.rpc.name), request), before="return ")

    def _require(self) -> None:
        writer = self.writer
        kinds = ["Exists", *(["HasEtag"] if self.component.declares("etag") else [])]
        condition = " | ".join(writer.use_type(RUNTIME, kind) for kind in kinds)
        writer.line()
        writer.comment("What must be so of a record before the first write of the transaction.")
        key = f"{self.key_variable}: {self.key_type}"
        with writer.block(Group("require(", (key, f"condition: {condition}"), ")"), after=": void"):
            request = object_of(*self.key_properties())
            rpc = self.rpc(f"Get{self.component.name}")
            writer.statement(call("this.#transaction.require", rpc, request, "condition"))

    def _empty(self) -> str:
        return self.writer.use_type("@bufbuild/protobuf/wkt", "Empty")
