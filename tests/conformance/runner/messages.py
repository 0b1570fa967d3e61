"""Brings the answers of drivers into one form: protobuf's JSON as Python writes it, with the names of the .proto.

Key order, spellings of times and numbers, names in camel case, and whether fields with default values are written,
differ from language to language and mean nothing.
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message_factory import GetMessageClass

from toolcrib.codegen.client_methods import ClientMethod, client_methods
from toolcrib.codegen.emit_service_proto import service_path
from toolcrib.codegen.model import Component
from toolcrib.codegen.names import stub_module
from toolcrib.codegen.sources import load_schema

COMPONENTS = Path(__file__).parents[1] / "components"


class FormError(Exception):
    """An answer does not have the form that it has to have."""


class Answers:
    """The forms of answers. The Python stubs of the components have to be importable."""

    def __init__(self) -> None:
        schema, _ = load_schema(COMPONENTS)
        self._components = {component.name: component for component in schema.components}
        self._methods = {
            (component.name, method.name): method
            for component in schema.components
            for method in client_methods(component)
        }
        for component in schema.components:
            importlib.import_module(stub_module(service_path(component)))

    def of_call(self, component: str, method: str, answer: Any) -> Any:
        """The answer of a method of a client. Raises FormError."""
        shape, response = self._shape(component, method)
        if shape.answers is None:
            return _nothing(answer)
        if not shape.answers:
            return _message(response, answer)
        field = response.fields_by_name[shape.answers]
        return [_value(field, each) for each in _list(answer)] if field.is_repeated else _value(field, answer)

    def of_transaction(self, writes: list[Any], answer: Any) -> Any:
        """The answer of a transaction. Raises FormError."""
        answers = _list(answer["answers"])
        if len(answers) != len(writes):
            raise FormError(f"{len(answers)} answers to {len(writes)} writes")
        pairs = zip(writes, answers, strict=True)
        each = [self.of_call(write["component"], write["method"], one) for write, one in pairs]
        return {"revision": int(answer["revision"]), "answers": each}

    def of_records(self, component: str, answer: Any) -> Any:
        """The records of a snapshot. Raises FormError."""
        return [_message(self._record(component), each) for each in _list(answer)]

    def of_commit(self, component: str, answer: Any) -> Any:
        """A commit of a watch, or None at its end. Raises FormError."""
        if answer is None:
            return None
        kinds = {"kind", "record", "previous"}
        record = self._record(component)
        for change in answer["changes"]:
            if set(change) != kinds:
                raise FormError(f"a change has {sorted(change)}, not {sorted(kinds)}")
        changes = [
            {
                "kind": change["kind"],
                "record": _message(record, change["record"]),
                "previous": None if change["previous"] is None else _message(record, change["previous"]),
            }
            for change in answer["changes"]
        ]
        return {**answer, "revision": int(answer["revision"]), "changes": changes}

    def _shape(self, component: str, method: str) -> tuple[ClientMethod, Descriptor]:
        shape = self._methods[component, method]
        service = descriptor_pool.Default().FindServiceByName(self._components[component].service_full_name)
        return shape, service.methods_by_name[shape.rpc.name].output_type

    def _record(self, component: str) -> Descriptor:
        return _record_of(self._components[component])


@cache
def _record_of(component: Component) -> Descriptor:
    return descriptor_pool.Default().FindMessageTypeByName(component.full_name)


def _value(field: FieldDescriptor, value: Any) -> Any:
    if field.message_type is not None:
        return _message(field.message_type, value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise FormError(f"{field.name} is {value!r}, not a number")
    return int(value)


def _message(kind: Descriptor, value: Any) -> Any:
    if not isinstance(value, dict):
        raise FormError(f"{value!r} is no {kind.name}")
    try:
        return MessageToDict(ParseDict(value, GetMessageClass(kind)()), preserving_proto_field_name=True)
    except ParseError as error:
        raise FormError(f"{value!r} is no {kind.name}: {error}") from error


def _nothing(answer: Any) -> None:
    if answer is not None:
        raise FormError(f"{answer!r} was answered where there is nothing to answer")


def _list(answer: Any) -> list[Any]:
    if not isinstance(answer, list):
        raise FormError(f"{answer!r} is no list")
    return answer
