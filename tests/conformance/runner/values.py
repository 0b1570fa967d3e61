"""What a script says of values that only a run knows, and of values that are not to be exactly so.

$first.id       in a request or an answer: what was saved under `first`, and of that the `id`
"id > ${first.id}"   the same within a text
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_WHOLE = re.compile(r"\$([a-z_]\w*(?:\.\w+)*)")
_WITHIN = re.compile(r"\$\{([a-z_]\w*(?:\.\w+)*)\}")
_ANY = "$any"
_REST = "$rest"


class ScriptError(Exception):
    """The script itself is wrong."""


def resolved(value: Any, known: Mapping[str, Any]) -> Any:
    """`value` with what is known in place of its names. Raises ScriptError."""
    if isinstance(value, str) and value != _ANY:
        whole = _WHOLE.fullmatch(value)
        return _lookup(whole[1], known) if whole else _WITHIN.sub(lambda name: str(_lookup(name[1], known)), value)
    if isinstance(value, dict):
        if value.keys() == {"$bytes"}:
            return base64.b64encode(bytes(value["$bytes"])).decode()
        if value.keys() == {"$text"}:
            return "x" * value["$text"]
        return {key: resolved(each, known) for key, each in value.items()}
    return [resolved(each, known) for each in value] if isinstance(value, list) else value


def difference(expected: Any, actual: Any, *, partial: bool = False, at: str = "the answer") -> str | None:
    """How `actual` is not as `expected`, in words; None if it is. If `partial`, there may be more in mappings."""
    if expected == _ANY:
        return f"{at} is missing" if actual is None else None
    if isinstance(expected, dict) and len(expected) == 1:
        (name, operand), *_ = expected.items()
        if name in _MATCHERS:
            return _MATCHERS[name](operand, actual, partial, at)
    if isinstance(expected, dict):
        return _mapping_difference(expected, actual, partial, at)
    if isinstance(expected, list):
        return _sequence_difference(expected, actual, partial, at)
    return None if _same(expected, actual) else f"{at} is {_shown(actual)}, not {_shown(expected)}"


def _mapping_difference(expected: Mapping[str, Any], actual: Any, partial: bool, at: str) -> str | None:
    if not isinstance(actual, dict):
        return f"{at} is {_shown(actual)}, not an object"
    wanted = {key: value for key, value in expected.items() if key != _REST}
    for key, value in wanted.items():
        found = difference(value, actual.get(key), partial=partial, at=f"{at}.{key}")
        if found:
            return found
    more = [] if partial or _REST in expected else sorted(set(actual) - set(wanted))
    return f"{at} also has {', '.join(f'{key}: {_shown(actual[key])}' for key in more)}" if more else None


def _sequence_difference(expected: Sequence[Any], actual: Any, partial: bool, at: str) -> str | None:
    if not isinstance(actual, list) or len(actual) != len(expected):
        return f"{at} is {_shown(actual)}, not {_shown(expected)}"
    found = (
        difference(one, other, partial=partial, at=f"{at}[{index}]")
        for index, (one, other) in enumerate(zip(expected, actual, strict=True))
    )
    return next(filter(None, found), None)


def _matches(pattern: str, actual: Any, _: bool, at: str) -> str | None:
    is_so = isinstance(actual, str) and re.search(pattern, actual)
    return None if is_so else f"{at} is {_shown(actual)}, which {pattern!r} does not match"


def _one_of(choices: Sequence[Any], actual: Any, partial: bool, at: str) -> str | None:
    if any(difference(choice, actual, partial=partial) is None for choice in choices):
        return None
    return f"{at} is {_shown(actual)}, none of {_shown(choices)}"


def _count(count: int, actual: Any, _: bool, at: str) -> str | None:
    is_so = isinstance(actual, list) and len(actual) == count
    return None if is_so else f"{at} is {_shown(actual)}, not a list of {count}"


def _unordered(expected: Sequence[Any], actual: Any, partial: bool, at: str) -> str | None:
    left = list(actual) if isinstance(actual, list) else []
    for each in expected:
        place = next((index for index, one in enumerate(left) if not difference(each, one, partial=partial)), None)
        if place is None:
            return f"{at} is {_shown(actual)}, without {_shown(each)}"
        del left[place]
    return f"{at} also has {_shown(left)}" if left else None


def _other_than(unwanted: Any, actual: Any, partial: bool, at: str) -> str | None:
    is_so = actual is not None and difference(unwanted, actual, partial=partial) is not None
    return None if is_so else f"{at} is {_shown(actual)}"


_MATCHERS: Mapping[str, Callable[[Any, Any, bool, str], str | None]] = {
    "$matches": _matches,
    "$one_of": _one_of,
    "$count": _count,
    "$unordered": _unordered,
    "$not": _other_than,
}


def _same(expected: Any, actual: Any) -> bool:
    if isinstance(expected, int) and not isinstance(expected, bool) and isinstance(actual, str):
        # How protobuf's JSON has integers of 64 bits.
        return str(expected) == actual
    if isinstance(expected, float) and isinstance(actual, float | int) and not isinstance(actual, bool):
        # -0.0 is another number than 0.0 here.
        return expected == actual and math.copysign(1, expected) == math.copysign(1, actual)
    return type(expected) is type(actual) and bool(expected == actual)


def _lookup(path: str, known: Mapping[str, Any]) -> Any:
    name, *parts = path.split(".")
    try:
        value = known[name]
        for part in parts:
            value = value[int(part)] if isinstance(value, list) else value[part]
    except (KeyError, IndexError, TypeError, ValueError):
        raise ScriptError(f"there is no ${path}") from None
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 400 else f"{text[:400]}…"
