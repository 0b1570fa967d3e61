"""What a literal asks for beyond its value: patterns of text, keys of maps, anything at all."""

from __future__ import annotations

from toolcrib.server.query.refusals import refusal
from toolcrib.server.query.tree import Literal, Operator

_HIGHEST = "\U0010ffff"
_SURROGATES = range(0xD800, 0xE000)


def is_star(value: Literal) -> bool:
    """Whether it asks for anything at all."""
    return value.bare and value.value == "*"


def map_key(value: Literal) -> str:
    """A key of a map, as JSON spells it."""
    return str(value.value).lower() if isinstance(value.value, bool) else str(value.value)


def pattern(value: Literal) -> tuple[Operator, Literal]:
    """What `=` means for text: with a `*` in front or behind it is a part that is asked for. Raises InvalidRequest."""
    if value.inner_star is not None:
        raise refusal(value.place, "a * stands first or last; as a character it is written \\*")
    if not (value.open_start or value.open_end):
        return Operator.EQUAL, value
    text = str(value.value)[value.open_start : -1 if value.open_end else None]
    operator = Operator.PREFIX if not value.open_start else Operator.CONTAINS if value.open_end else Operator.SUFFIX
    return operator, Literal(text, value.place)


def behind(prefix: str) -> str | None:
    """The least text that is greater than all that begin with `prefix`; None where there is none."""
    kept = prefix.rstrip(_HIGHEST)
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)
