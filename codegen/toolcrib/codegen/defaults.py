"""Reads the text of `default_value` and `backfill` as a value of the field's kind."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping

from toolcrib.codegen.declared import DeclaredField, Shape
from toolcrib.codegen.model import Default, EnumType, Kind

_RANGES: Mapping[Kind | None, tuple[int, int]] = {
    Kind.INT32: (-(2**31), 2**31 - 1),
    Kind.INT64: (-(2**63), 2**63 - 1),
    Kind.UINT32: (0, 2**32 - 1),
    Kind.UINT64: (0, 2**64 - 1),
}
# The largest finite number of 32 bits (IEEE 754).
_FLOAT_MAX = (2 - 2**-23) * 2.0**127
_BOOLS = {"true": True, "false": False}


def parse_default(field: DeclaredField) -> Default | None:
    """The value that `default_value` of `field` spells, an enum's as its number; None where it has none.

    Raises ValueError that says what to write.
    """
    return _parse(field, field.default_value, "such a field has no default; set it in a hook")


def parse_backfill(field: DeclaredField) -> Default | None:
    """The same of `backfill`."""
    return _parse(
        field, field.backfill, "such a field has no backfill; make it `optional`, and write its values as updates"
    )


def _parse(field: DeclaredField, text: str | None, impossible: str) -> Default | None:
    kind = field.kind
    if text is None:
        return None
    if field.wrapped or field.shape not in (Shape.SINGLE, Shape.OPTIONAL):
        raise ValueError(impossible)
    if field.enum is not None:
        return _enum_number(text, field.enum)
    if kind in _RANGES:
        return _integer(text, *_RANGES[kind])
    if kind in _PARSERS:
        return _PARSERS[kind](text)
    raise ValueError(impossible)


def _integer(text: str, lowest: int, highest: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = highest + 1
    # Python takes 1_000 for a number, which no other language of the clients' does.
    if "_" in text or not lowest <= value <= highest:
        raise ValueError(f"write an integer from {lowest} to {highest}")
    return value


def _number(text: str, highest: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if "_" in text or not abs(value) <= highest:
        raise ValueError("write a finite number that the type holds, such as 0.5")
    return value


def _bool(text: str) -> bool:
    if text not in _BOOLS:
        raise ValueError("write true or false")
    return _BOOLS[text]


def _enum_number(text: str, enum: EnumType) -> int:
    numbers = {value.name: value.number for value in enum.values}
    if text not in numbers:
        raise ValueError(f"write one of {', '.join(numbers)}")
    return numbers[text]


_PARSERS: Mapping[Kind | None, Callable[[str], Default]] = {
    Kind.BOOL: _bool,
    Kind.FLOAT: lambda text: _number(text, _FLOAT_MAX),
    Kind.DOUBLE: lambda text: _number(text, sys.float_info.max),
    Kind.STRING: str,
}
