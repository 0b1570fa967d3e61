"""The rules of a component: its buf.validate annotations, and what no table can hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, cast

from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from protovalidate import CompilationError, EvaluationError, Validator
from protovalidate import Violation as RuleViolation

from toolcrib.server.errors import InvalidRequest, StartError, Violation
from toolcrib.server.times import Times

# Compiles the rules of a message once, which takes milliseconds, for all servers of the process.
_VALIDATOR = Validator()


class Rules:
    """Checks the messages of a component. Raises StartError where its rules do not compile.

    `filled_in` names the fields that the server fills in, and that so are in order.
    """

    def __init__(self, message: type[Message], filled_in: Collection[str]) -> None:
        self._descriptor = cast(Descriptor, message.DESCRIPTOR)
        self._times = Times(message, tuple(filled_in))
        try:
            _VALIDATOR.collect_violations(message())
        except (CompilationError, EvaluationError) as error:
            raise StartError(f"the rules of {message.DESCRIPTOR.full_name} cannot be used: {error}") from error

    def round_times(self, message: Message) -> None:
        """Rounds times down to the microsecond that the database keeps, so that the answer shows what is stored."""
        self._times.round(message)

    def violations(self, message: Message) -> list[Violation]:
        """All that is wrong with `message`; empty when it may be written."""
        found = [_translate(violation) for violation in _VALIDATOR.collect_violations(message)]
        found += [Violation(path, text, "toolcrib.time") for path, text in self._times.wrong(message)]
        return found

    def together(self, messages: Iterable[Message]) -> Any:
        """Copies of `messages`, as the `items` of one message, so that `are_kept_in` can be asked about all at once."""
        return self._several(items=messages)

    def are_kept_in(self, copies: Any) -> bool:
        """Whether nothing is wrong with any of those copies: to ask about one after another takes twice as long."""
        if _VALIDATOR.collect_violations(copies):
            return False
        return not any(True for message in copies.items for _ in self._times.wrong(message))

    @cached_property
    def _several(self) -> Any:
        return _several(self._descriptor)


def _several(held: Descriptor) -> Any:
    """A type of message that holds any number of those of the type `held`, and nothing else."""
    package = f"toolcrib.server.several.{held.full_name}"
    item = FieldDescriptorProto(
        name="items",
        number=1,
        label=FieldDescriptorProto.LABEL_REPEATED,
        type=FieldDescriptorProto.TYPE_MESSAGE,
        type_name=f".{held.full_name}",
    )
    file = FileDescriptorProto(
        name=f"{package}.proto",
        package=package,
        syntax="proto3",
        dependency=[held.file.name],
        message_type=[DescriptorProto(name="Several", field=[item])],
    )
    held.file.pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClass(held.file.pool.FindMessageTypeByName(f"{package}.Several"))


def _translate(violation: RuleViolation) -> Violation:
    proto = violation.proto
    path = ".".join(element.field_name for element in proto.field.elements) if proto.field else ""
    return Violation(path, proto.message or proto.rule_id, proto.rule_id)


def require_valid(rules: Rules, messages: Mapping[int, Message] | Mapping[None, Message]) -> None:
    """Raises InvalidRequest with all violations of all `messages`, which are named by their place in the batch."""
    if len(messages) > 1 and rules.are_kept_in(rules.together(messages.values())):
        return
    found = [
        replace(violation, index=index)
        for index, message in messages.items()
        for violation in rules.violations(message)
    ]
    if found:
        raise InvalidRequest("INVALID_RECORD", found)
