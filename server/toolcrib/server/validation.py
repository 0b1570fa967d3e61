"""The rules of a component: its buf.validate annotations, and what no table can hold."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from operator import attrgetter

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from protovalidate import CompilationError, EvaluationError, Validator
from protovalidate import Violation as RuleViolation

from toolcrib.server.errors import InvalidRequest, StartError, Violation

# The times that a Timestamp may hold, in seconds: years 1 to 9999 (google/protobuf/timestamp.proto).
_EARLIEST_S, _LATEST_S = -62_135_596_800, 253_402_300_799
_NANOS_PER_S = 1_000_000_000


class Rules:
    """Checks the messages of a component. Raises StartError where its rules do not compile.

    `standard_fields` are filled in by the server, and so are in order.
    """

    def __init__(self, message: type[Message], standard_fields: Collection[str]) -> None:
        self._validator = Validator()
        fields = [field for field in message.DESCRIPTOR.fields if field.name not in standard_fields]
        self._floats = [f.name for f in fields if f.type in (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT)]
        # Two at least, so that it answers a tuple; any number that is none will do.
        self._float_values = attrgetter(*self._floats, *self._floats[:1]) if self._floats else None
        self._times = [
            f.name
            for f in fields
            if f.message_type is not None and f.message_type.full_name == "google.protobuf.Timestamp"
        ]
        try:
            self._validator.collect_violations(message())
        except (CompilationError, EvaluationError) as error:
            raise StartError(f"the rules of {message.DESCRIPTOR.full_name} cannot be used: {error}") from error

    def round_times(self, message: Message) -> None:
        """Rounds times down to the microsecond that the database keeps, so that the answer shows what is stored."""
        for name in self._times:
            if message.HasField(name):
                timestamp = getattr(message, name)
                timestamp.nanos -= timestamp.nanos % 1000

    def violations(self, message: Message) -> list[Violation]:
        """All that is wrong with `message`; empty when it may be written."""
        found = [_translate(violation) for violation in self._validator.collect_violations(message)]
        # The sum is NaN where a value is, and seldom otherwise (infinities of both signs): then each is looked at.
        if self._float_values is not None and math.isnan(sum(self._float_values(message))):
            found += [
                Violation(name, "is NaN, which cannot be stored yet", "toolcrib.not_nan")
                for name in self._floats
                if math.isnan(getattr(message, name))
            ]
        if self._times:
            found += [
                Violation(name, "is not a time of the years 1 to 9999", "toolcrib.timestamp")
                for name in self._times
                if message.HasField(name) and not _in_range(getattr(message, name))
            ]
        return found


def _in_range(timestamp: object) -> bool:
    seconds: int = getattr(timestamp, "seconds")  # noqa: B009  # Message types are known only at run time
    nanos: int = getattr(timestamp, "nanos")  # noqa: B009  # as above
    return _EARLIEST_S <= seconds <= _LATEST_S and 0 <= nanos < _NANOS_PER_S


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
