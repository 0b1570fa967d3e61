"""Emits the C++ class that gathers writes of a component for a transaction over components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from toolcrib.codegen.client_methods import ClientMethod
from toolcrib.codegen.cpp.names import Types, pascal_case
from toolcrib.codegen.cpp.parameters import Parameters
from toolcrib.codegen.cpp.writer import CppWriter, call
from toolcrib.codegen.model import Component

_GATHERED = ("create", "update", "delete", "undelete", "rollback")


@dataclass(frozen=True, slots=True)
class Writes:
    """Writes the class."""

    MEMBERS: ClassVar = frozenset({"RequireExists", "RequireEtag"})

    component: Component
    writer: CppWriter
    types: Types
    parameters: Parameters

    def write(self, methods: tuple[ClientMethod, ...]) -> None:
        """The class."""
        component, writer = self.component, self.writer
        name = f"{component.name}Writes"
        writer.comment(
            f"Gathers writes of {component.full_name} records in a transaction, which carries them out with its "
            "Commit. The transaction has to outlive it."
        )
        with writer.class_(name):
            writer.access("public")
            writer.comment("Gathers them in this transaction.")
            writer.constructor(f"explicit {name}(::toolcrib::Transaction& transaction)", "transaction_(transaction)")
            for method in methods:
                if method.name in _GATHERED:
                    writer.line()
                    self._write(method)
            self._requirements(next(method for method in methods if method.name == "get"))
            writer.line()
            writer.access("private")
            writer.line("::toolcrib::Transaction& transaction_;")

    def _write(self, method: ClientMethod) -> None:
        writer = self.writer
        answer = self.types.message(method.rpc.response)
        writer.comment(method.comment)
        head = f"::toolcrib::Pending<{answer}> {pascal_case(method.name)}"
        with writer.function(call(head, *self.parameters.of(method), close=") const")):
            self.parameters.fill_request(method)
            writer.line(f"return transaction_.Add<{answer}>(request);")

    def _requirements(self, get: ClientMethod) -> None:
        writer = self.writer
        key, *fill = self.parameters.of(get)
        writer.line()
        writer.comment(
            "Requires that there is this record before the first write of the transaction; or that there is none."
        )
        with writer.function(call("void RequireExists", key, "bool exists = true", *fill, close=") const")):
            self.parameters.fill_request(get)
            writer.line("transaction_.RequireExists(request, exists);")
        writer.line()
        writer.comment("Requires that this record has this etag before the first write of the transaction.")
        with writer.function(call("void RequireEtag", key, "const std::string& etag", *fill, close=") const")):
            writer.use("string", "std::string")
            self.parameters.fill_request(get)
            writer.line("transaction_.RequireEtag(request, etag);")
