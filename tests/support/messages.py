"""Any valid message of a type, for hypothesis."""

from __future__ import annotations

from functools import partial
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

_F = FieldDescriptor
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
# NaN is kept as NaN, without what its bits may say beyond that.
_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    _F.CPPTYPE_BOOL: st.booleans(),
    _F.CPPTYPE_INT32: st.sampled_from([0, 1, -1, 2**31 - 1, -(2**31)]) | st.integers(-(2**31), 2**31 - 1),
    _F.CPPTYPE_ENUM: st.sampled_from([0, 1, 2, 77, -1, 2**31 - 1, -(2**31)]),
    _F.CPPTYPE_UINT32: st.sampled_from([0, 1, 2**32 - 1]) | st.integers(0, 2**32 - 1),
    _F.CPPTYPE_INT64: st.sampled_from([0, 2**63 - 1, -(2**63)]) | st.integers(-(2**63), 2**63 - 1),
    _F.CPPTYPE_UINT64: st.sampled_from([0, 2**63 - 1, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1),
    _F.CPPTYPE_DOUBLE: st.sampled_from([0.0, -0.0, 5e-324, 1.7976931348623157e308, float("nan")])
    | st.floats(allow_nan=False),
    _F.CPPTYPE_FLOAT: st.sampled_from([-0.0, float("nan"), float("-inf")]) | st.floats(allow_nan=False, width=32),
}
# google/protobuf/timestamp.proto and duration.proto say what is valid; what is kept are microseconds.
_MICROS = st.sampled_from([0, 1, 999_999]) | st.integers(0, 999_999)
_MOMENTS = st.sampled_from([-62_135_596_800, -1, 0, 253_402_300_799]) | st.integers(-62_135_596_800, 253_402_300_799)
_SPANS = st.sampled_from([0, 1, 315_576_000_000]) | st.integers(0, 315_576_000_000)


def messages(kind: type[Message], *, without: frozenset[str] = frozenset(), depth: int = 2) -> st.SearchStrategy[Any]:
    """Any valid message of `kind`, with nothing in the fields `without`; messages inside go `depth` deep."""
    name = kind.DESCRIPTOR.full_name
    if name == "google.protobuf.Timestamp":
        return st.builds(lambda s, micros: kind(seconds=s, nanos=micros * 1000), _MOMENTS, _MICROS)
    if name == "google.protobuf.Duration":
        return st.builds(partial(_duration, kind), _SPANS, _MICROS, st.sampled_from([1, -1]))
    fields = [field for field in kind.DESCRIPTOR.fields if field.name not in without]
    if not fields:
        return st.builds(kind)
    return st.lists(st.sampled_from(fields), max_size=8, unique=True).flatmap(partial(_filled, kind, depth))


def _filled(kind: type[Message], depth: int, fields: list[Any]) -> st.SearchStrategy[Any]:
    chosen = [field for field in fields if depth > 0 or field.message_type is None]
    values = st.tuples(*(_values(field, depth) for field in chosen))
    return values.map(partial(_build, kind, chosen))


def _build(kind: type[Message], fields: list[Any], values: tuple[Any, ...]) -> Any:
    message: Any = kind()
    for field, value in zip(fields, values, strict=True):
        target = getattr(message, field.name)
        if _is_map(field):
            for key, item in value.items():
                if isinstance(item, Message):
                    target[key].CopyFrom(item)
                else:
                    target[key] = item
        elif field.is_repeated:
            target.extend(value)
        elif isinstance(value, Message):
            target.SetInParent()
            target.CopyFrom(value)
        else:
            setattr(message, field.name, value)
    return message


def _values(field: Any, depth: int) -> st.SearchStrategy[Any]:
    if _is_map(field):
        keys, items = (field.message_type.fields_by_name[name] for name in ("key", "value"))
        return st.dictionaries(_value(keys, depth), _value(items, depth), max_size=3)
    return st.lists(_value(field, depth), max_size=3) if field.is_repeated else _value(field, depth)


def _value(field: Any, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        return messages(GetMessageClass(field.message_type), depth=depth - 1)
    if field.type == _F.TYPE_BYTES:
        return st.binary(max_size=6)
    return _TEXT if field.type == _F.TYPE_STRING else _SCALARS[field.cpp_type]


def _is_map(field: Any) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def _duration(kind: type[Message], seconds: int, micros: int, sign: int) -> Message:
    message: Any = kind(seconds=sign * seconds, nanos=sign * micros * 1000)
    return message if seconds < 315_576_000_000 else kind(seconds=sign * seconds)
