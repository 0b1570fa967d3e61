"""The values that a page token keeps of the last record of a page, as JSON has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from toolcrib.server.query.fields import Field, FieldKind
from toolcrib.server.query.order import SortKey


def to_json(values: Sequence[Any]) -> list[Any]:
    """The values of a row for a token."""
    return [value.isoformat() if isinstance(value, datetime) else value for value in values]


def from_json(position: Sequence[Any], order: Sequence[SortKey], fields: Mapping[str, Field]) -> list[Any]:
    """The values in a token for a row."""
    return [_value(fields[key.name], value) for key, value in zip(order, position, strict=True)]


def _value(field: Field, value: Any) -> Any:
    if field.kind is FieldKind.TIMESTAMP and value is not None:
        return datetime.fromisoformat(value)
    return value
