"""Times and durations anywhere in a record: rounded to what is kept, and refused where no calendar has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

# The times that a Timestamp may hold, in seconds: years 1 to 9999 (google/protobuf/timestamp.proto).
_EARLIEST_S, _LATEST_S = -62_135_596_800, 253_402_300_799
# The durations that a Duration may hold, to either side: 10,000 years (google/protobuf/duration.proto).
_LONGEST_S = 315_576_000_000
_NANOS_PER_S = 1_000_000_000

_TIMESTAMP, _DURATION = "google.protobuf.Timestamp", "google.protobuf.Duration"

# A time or duration, and the path that leads to it: ("pose", "taken_at").
Found = tuple[tuple[str, ...], Any]


class Times:
    """Finds the times and durations in messages of one type. Which fields may lead to one is looked up once."""

    def __init__(self, message: type[Message], ignored: tuple[str, ...] = ()) -> None:
        descriptor = cast(Descriptor, message.DESCRIPTOR)
        self._holding = _holding(descriptor)
        fields = [field for field in descriptor.fields if field.name not in ignored]
        self._fields = [field for field in fields if _leads_to_time(field, self._holding)]

    def round(self, message: Message) -> None:
        """Cuts off what is finer than the microseconds that are kept, so that the answer shows what is stored."""
        for _, found in self._found(message, self._fields, ()):
            # What there cannot be stays as it is, to be refused.
            if not _problem(found):
                # Toward zero for a duration; nanos of a time count up from its second, so that is down.
                found.nanos = int(found.nanos / 1000) * 1000

    def wrong(self, message: Message) -> Iterator[tuple[str, str]]:
        """The path of each time or duration that there cannot be, and what it should be."""
        for path, found in self._found(message, self._fields, ()):
            if problem := _problem(found):
                yield ".".join(path), problem

    def _found(self, message: Any, fields: list[FieldDescriptor], path: tuple[str, ...]) -> Iterable[Found]:
        # Most records hold none, and are asked at each write.
        return self._searched(message, fields, path) if fields else ()

    def _searched(self, message: Any, fields: list[FieldDescriptor], path: tuple[str, ...]) -> Iterator[Found]:
        for field in fields:
            for place, value in _values(message, field):
                here = (*path, place)
                if value.DESCRIPTOR.full_name in (_TIMESTAMP, _DURATION):
                    yield here, value
                else:
                    yield from self._found(value, self._holding[value.DESCRIPTOR.full_name], here)


def _values(message: Any, field: FieldDescriptor) -> Iterator[tuple[str, Any]]:
    """The messages that a field holds, with how a path names each."""
    value = getattr(message, field.name)
    if not field.is_repeated:
        if message.HasField(field.name):
            yield field.name, value
    elif _is_map(field):
        for key in value:
            yield f"{field.name}[{key!r}]", value[key]
    else:
        for index, item in enumerate(value):
            yield f"{field.name}[{index}]", item


def _holding(root: Descriptor) -> dict[str, list[FieldDescriptor]]:
    """For each message type within `root` its fields that lead to times; types may hold themselves."""
    types: dict[str, Descriptor] = {}
    waiting = [root]
    while waiting:
        found = waiting.pop()
        if types.setdefault(found.full_name, found) is found:
            inner = [_value_type(field) for field in found.fields]
            waiting += [type_ for type_ in inner if type_ is not None and type_.full_name not in types]
    holding: dict[str, list[FieldDescriptor]] = {_TIMESTAMP: [], _DURATION: []}
    grown = True
    while grown:
        fields = {name: [f for f in type_.fields if _leads_to_time(f, holding)] for name, type_ in types.items()}
        wider = holding | {name: leading for name, leading in fields.items() if leading}
        grown = {name: len(leading) for name, leading in wider.items()} != {n: len(f) for n, f in holding.items()}
        holding = wider
    return holding


def _leads_to_time(field: FieldDescriptor, holding: dict[str, list[FieldDescriptor]]) -> bool:
    type_ = _value_type(field)
    return type_ is not None and type_.full_name in holding


def _value_type(field: FieldDescriptor) -> Descriptor | None:
    type_: Descriptor | None = field.message_type
    if type_ is not None and _is_map(field):
        type_ = type_.fields_by_name["value"].message_type
    return type_


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def _problem(found: Any) -> str:
    if found.DESCRIPTOR.full_name == _TIMESTAMP:
        return "" if _is_time(found) else "is not a time of the years 1 to 9999"
    return "" if _is_duration(found) else "is not a duration of up to 10,000 years, seconds and nanos of the same sign"


def _is_time(found: Any) -> bool:
    return bool(_EARLIEST_S <= found.seconds <= _LATEST_S and 0 <= found.nanos < _NANOS_PER_S)


def _is_duration(found: Any) -> bool:
    in_range = abs(found.seconds) <= _LONGEST_S and abs(found.nanos) < _NANOS_PER_S
    return bool(in_range and (found.seconds == 0 or found.nanos == 0 or (found.seconds < 0) == (found.nanos < 0)))
