"""What the methods of a C++ client are given, and the requests that they fill with it."""

from __future__ import annotations

from dataclasses import dataclass

from toolcrib.codegen.client_methods import ClientMethod, Takes
from toolcrib.codegen.cpp.names import Types, accessor, key_type, parameter, passed, scalar_type
from toolcrib.codegen.cpp.writer import CppWriter, call
from toolcrib.codegen.model import Component


def has_fill(method: ClientMethod) -> bool:
    """Whether a request may say more than what a method has to be given."""
    return bool(method.options or method.item_options)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of methods over one component."""

    component: Component
    writer: CppWriter
    types: Types

    def write_key(self) -> None:
        """The struct that is the key, where that has several fields."""
        component, writer = self.component, self.writer
        if len(component.key) == 1:
            return
        writer.comment(f"The key of a {component.name}.")
        with writer.block(f"struct {component.name}Key {{", "};"):
            for field in component.key:
                type_ = key_type(writer, field)
                value = "" if type_ == "std::string" else " = 0"
                writer.line(f"{type_} {parameter(field.name)}{value};")
        writer.line()

    def of(self, method: ClientMethod) -> list[str]:
        """How they are declared."""
        declared = [*self.taken(method), *self._arguments(method)]
        if has_fill(method):
            declared.append(f"const ::toolcrib::Fill<{self.types.message(method.request.name)}>& fill = {{}}")
        return declared

    def passed_on(self, method: ClientMethod) -> list[str]:
        """How they are passed on to a method with the same."""
        names = [parameter(field.name) for field in method.arguments]
        options = ["fill"] if has_fill(method) else []
        match method.takes:
            case Takes.NOTHING:
                taken = []
            case Takes.KEY:
                taken = [self.key_name()]
            case Takes.RECORD:
                taken = ["std::move(record)"]
            case Takes.KEYS:
                taken = ["keys"]
            case Takes.RECORDS | Takes.MASKED_RECORDS:
                taken = ["std::move(records)"]
        return [*taken, *names, *options]

    def taken(self, method: ClientMethod) -> list[str]:
        """What a method is first of all given."""
        record = self.types.message(self.component.name)
        match method.takes:
            case Takes.NOTHING:
                return []
            case Takes.KEY:
                return [f"{passed(self._key()) if self._is_simple() else f'const {self._key()}&'} {self.key_name()}"]
            case Takes.RECORD:
                return [f"{record} record"]
            case Takes.KEYS:
                return [f"const {self._vector(self._key())}& keys"]
            case Takes.RECORDS:
                return [f"{self._vector(record)} records"]
            case Takes.MASKED_RECORDS:
                return [f"{self._vector(f'::toolcrib::Masked<{record}>')} records"]

    def key_name(self) -> str:
        """The parameter that is the key."""
        return parameter(self.component.key[0].name) if self._is_simple() else "key"

    def set_key(self, request: str, key: str) -> None:
        """Gives a request the key."""
        for field in self.component.key:
            value = key if self._is_simple() else f"{key}.{parameter(field.name)}"
            self.writer.statement(call(f"{request}.set_{accessor(field.name)}", value, close=");"))

    def fill_request(self, method: ClientMethod) -> None:
        """Declares the request, with what was given."""
        writer = self.writer
        writer.line(f"{self.types.message(method.request.name)} request;")
        match method.takes:
            case Takes.KEY:
                self.set_key("request", self.key_name())
            case Takes.RECORD:
                writer.line(f"*request.mutable_{accessor(self.component.singular)}() = std::move(record);")
            case Takes.KEYS:
                each = "const auto& key" if not self._is_simple() or self._key() == "std::string" else "const auto key"
                with writer.block(f"for ({each} : keys) {{"):
                    writer.line("auto& item = *request.add_requests();")
                    self.set_key("item", "key")
            case Takes.RECORDS:
                with writer.block("for (auto& record : records) {"):
                    writer.line(
                        f"*request.add_requests()->mutable_{accessor(self.component.singular)}() = std::move(record);"
                    )
            case Takes.MASKED_RECORDS:
                self._add_changes()
            case Takes.NOTHING:
                pass
        for field in method.arguments:
            writer.line(f"request.set_{accessor(field.name)}({parameter(field.name)});")
        if has_fill(method):
            writer.line("if (fill) fill(request);")

    def _add_changes(self) -> None:
        with self.writer.block("for (auto& change : records) {"):
            self.writer.line("auto& item = *request.add_requests();")
            self.writer.line(f"*item.mutable_{accessor(self.component.singular)}() = std::move(change.record);")
            self.writer.line("if (change.mask) (*change.mask)(item);")

    def _arguments(self, method: ClientMethod) -> list[str]:
        return [f"{passed(scalar_type(self.writer, field.type))} {parameter(field.name)}" for field in method.arguments]

    def _is_simple(self) -> bool:
        return len(self.component.key) == 1

    def _key(self) -> str:
        return key_type(self.writer, self.component.key[0]) if self._is_simple() else f"{self.component.name}Key"

    def _vector(self, item: str) -> str:
        return f"{self.writer.use('vector', 'std::vector')}<{item}>"
