"""Names that a generated Go client would share with what protoc makes of the .proto files, in the same package."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from toolcrib.codegen.golang.names import camel_case, message_name
from toolcrib.codegen.model import Component, Schema
from toolcrib.codegen.problems import GenerateError, Problem


def refuse_collisions(schema: Schema, described: FileDescriptorSet) -> None:
    """Raises GenerateError where a client needs a name that is taken."""
    taken: dict[str, dict[str, str]] = defaultdict(dict)
    for file in described.file:
        for name in [*(message.name for message in file.message_type), *(enum.name for enum in file.enum_type)]:
            taken[file.package][camel_case(name)] = f"{file.package}.{name}"
        for service in file.service:
            for stub in (f"{camel_case(service.name)}Client", f"New{camel_case(service.name)}Client"):
                taken[file.package][stub] = f"the stub of {file.package}.{service.name}"
    if problems := list(_problems(schema, taken)):
        raise GenerateError(problems)


def _problems(schema: Schema, taken: dict[str, dict[str, str]]) -> Iterator[Problem]:
    for component in schema.components:
        names = taken[component.package]
        for name in _client_names(component):
            if name in names:
                text = f"the Go client of {component.name} needs the name {name}, but {names[name]} has it; rename one"
                yield Problem(component.file, 0, 0, text)
            names[name] = f"the client of {component.full_name}"


def _client_names(component: Component) -> list[str]:
    name = message_name(component)
    key = [f"{name}Key"] if len(component.key) > 1 else []
    return [f"{name}Client", f"New{name}Client", f"{name}Writes", f"New{name}Writes", *key]
