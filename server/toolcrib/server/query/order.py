"""Reads `order_by`: the names of fields with commas between them, each with "desc" behind it or not (AIP-132)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toolcrib.server.errors import InvalidRequest
from toolcrib.server.query.fields import SORTABLE, Field, did_you_mean
from toolcrib.server.query.refusals import LENGTH_MAX, ORDER_FIELDS_MAX

_DIRECTIONS = {"asc": False, "desc": True}


@dataclass(frozen=True, slots=True)
class SortKey:
    """One field of an order. What is unset counts as greater than every value."""

    name: str
    descending: bool = False


def parse_order(text: str, fields: Mapping[str, Field], key_fields: Sequence[str]) -> tuple[SortKey, ...]:
    """The order that `text` asks for, ended by the key, so that it is the same every time. Raises InvalidRequest."""
    if len(text) > LENGTH_MAX:
        raise _refusal(f"has {len(text)} characters; at most {LENGTH_MAX} are read")
    parts = text.split(",") if text.strip() else []
    if len(parts) > ORDER_FIELDS_MAX:
        raise _refusal(f"names {len(parts)} fields; at most {ORDER_FIELDS_MAX} are read")
    order: dict[str, SortKey] = {}
    for part in parts:
        key = _sort_key(part, fields)
        if key.name in order:
            raise _refusal(f"names {key.name} twice")
        order[key.name] = key
    for name in key_fields:
        order.setdefault(name, SortKey(name))
    return _decisive(tuple(order.values()), key_fields)


def _sort_key(part: str, fields: Mapping[str, Field]) -> SortKey:
    words = part.split()
    if not words:
        raise _refusal("has a comma without a field's name before or behind it")
    name, *direction = words
    field = fields.get(name)
    if field is None:
        raise _refusal(f"there is no field {name[:80]!r}{did_you_mean(name, fields)}")
    if field.kind not in SORTABLE or field.is_plural:
        raise _refusal(f"{name} ({field.kind.value}) has no order")
    if len(direction) > 1 or (direction and direction[0] not in _DIRECTIONS):
        raise _refusal(f"behind {name} there can be asc or desc, not {' '.join(direction)[:80]!r}")
    return SortKey(name, bool(direction) and _DIRECTIONS[direction[0]])


def _decisive(order: tuple[SortKey, ...], key_fields: Sequence[str]) -> tuple[SortKey, ...]:
    """The order as far as the whole key: no two records are the same in that."""
    missing = set(key_fields)
    for place, key in enumerate(order, start=1):
        missing.discard(key.name)
        if not missing:
            return order[:place]
    return order


def _refusal(description: str) -> InvalidRequest:
    return InvalidRequest.field("INVALID_ORDER_BY", "order_by", description)
