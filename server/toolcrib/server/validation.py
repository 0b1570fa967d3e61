"""The rules of a component: its buf.validate annotations, and what no table can hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from google.protobuf.message import Message
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
        times = Times(message, tuple(filled_in))
        self._times = times if times.are_possible else None
        try:
            _VALIDATOR.collect_violations(message())
        except (CompilationError, EvaluationError) as error:
            raise StartError(f"the rules of {message.DESCRIPTOR.full_name} cannot be used: {error}") from error

    def round_times(self, message: Message) -> None:
        """Rounds times down to the microsecond that the database keeps, so that the answer shows what is stored."""
        if self._times is not None:
            self._times.round(message)

    def violations(self, message: Message) -> list[Violation]:
        """All that is wrong with `message`; empty when it may be written."""
        found = [_translate(violation) for violation in _VALIDATOR.collect_violations(message)]
        if self._times is not None:
            found += [Violation(path, text, "toolcrib.time") for path, text in self._times.wrong(message)]
        return found


def _translate(violation: RuleViolation) -> Violation:
    proto = violation.proto
    path = ".".join(element.field_name for element in proto.field.elements) if proto.field else ""
    return Violation(path, proto.message or proto.rule_id, proto.rule_id)


def require_valid(rules: Rules, messages: Mapping[int, Message] | Mapping[None, Message]) -> None:
    """Raises InvalidRequest with all violations of all `messages`, which are named by their place in the batch."""
    found = [
        replace(violation, index=index)
        for index, message in messages.items()
        for violation in rules.violations(message)
    ]
    if found:
        raise InvalidRequest("INVALID_RECORD", found)
