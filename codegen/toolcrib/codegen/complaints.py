"""What protoc complains about, as problems that say what to write instead where protoc does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorSet

from toolcrib.codegen.nearest import did_you_mean
from toolcrib.codegen.problems import Problem

_PLACED = re.compile(r"^(?P<file>.+?\.proto):(?P<line>\d+):(?P<column>\d+): (?P<message>.*)$")
_NOT_FOUND = re.compile(r"^(?P<file>.+?\.proto): File not found\.$")
_IMPORT = re.compile(r'^Import "(?P<file>.+)" was not found or had errors\.$')
_WARNING = re.compile(r"^\S*: warning: |warning: Import .* is unused")


class Complaints:
    """Reads protoc's complaints. `known` are the files that offer options."""

    def __init__(self, known: FileDescriptorSet) -> None:
        self._known = known

    def problems(self, errors: str) -> Iterator[Problem]:
        """The problems in what protoc wrote, each once."""
        lines = [line for line in errors.splitlines() if line.strip() and not _WARNING.search(line)]
        missing = {found["file"] for line in lines if (found := _NOT_FOUND.match(line))}
        for line in lines:
            placed = _PLACED.match(line)
            if placed is None:
                if not _NOT_FOUND.match(line):
                    yield Problem("", 0, 0, line)
                continue
            message = placed["message"]
            if imported := _IMPORT.match(message):
                if imported["file"] not in missing:
                    # It is there, and its own errors are told where they are.
                    continue
                message = (
                    f"the import {imported['file']} is not found; write its path as seen from the folder that you name"
                )
            yield Problem(placed["file"], int(placed["line"]), int(placed["column"]), self._explained(message))

    def _explained(self, message: str) -> str:
        for pattern, explain in self._explanations.items():
            if found := re.search(pattern, message):
                return explain(*found.groups())
        return message

    @cached_property
    def _explanations(self) -> Mapping[str, Callable[..., str]]:
        return {
            r'Message type "(.+)" has no field named "(.+)"': self._unknown_field,
            r'Option "\((.+?)\)(.*)" unknown': self._unknown_option,
            r'Unknown enumeration value of "(.+)" for field "(.+)"': self._unknown_value,
            r'Enum type "(.+)" has no value named "(.+)" for': self._unknown_enum_value,
        }

    def _unknown_field(self, type_name: str, name: str) -> str:
        message = self._messages.get(type_name)
        known = [field.name for field in message.field] if message else []
        return f"there is no option `{name}` in {type_name}{did_you_mean(name, known)}"

    def _unknown_option(self, extension: str, path: str) -> str:
        if extension not in self._extensions:
            return f"there is no option `({extension})`{did_you_mean(extension, self._extensions)}"
        file, type_name = self._extensions[extension]
        for name in path.split(".")[1:]:
            message = self._messages.get(type_name)
            field = next((field for field in message.field if field.name == name), None) if message else None
            if field is None:
                return self._unknown_field(type_name, name)
            type_name = field.type_name[1:]
        return f'the option `({extension})` is not imported; write `import "{file}";`'

    def _unknown_value(self, name: str, field_name: str) -> str:
        enums = {
            field.type_name[1:]
            for message in self._messages.values()
            for field in message.field
            if field.name == field_name and field.type_name[1:] in self._enums
        }
        known = {value.name for enum in enums for value in self._enums[enum].value}
        return f"there is no value `{name}` for `{field_name}`{did_you_mean(name, known)}"

    def _unknown_enum_value(self, enum: str, name: str) -> str:
        known = [value.name for value in self._enums[enum].value] if enum in self._enums else []
        return f"there is no value `{name}` in {enum}{did_you_mean(name, known)}"

    @cached_property
    def _messages(self) -> Mapping[str, DescriptorProto]:
        return {f"{file.package}.{message.name}": message for file in self._known.file for message in file.message_type}

    @cached_property
    def _enums(self) -> Mapping[str, EnumDescriptorProto]:
        return {f"{file.package}.{enum.name}": enum for file in self._known.file for enum in file.enum_type}

    @cached_property
    def _extensions(self) -> Mapping[str, tuple[str, str]]:
        """Each option's file and the message that holds its value."""
        return {
            f"{file.package}.{extension.name}": (file.name, extension.type_name[1:])
            for file in self._known.file
            for extension in file.extension
        }
