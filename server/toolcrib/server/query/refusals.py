"""How a filter is refused, and how large one may be."""

from __future__ import annotations

from toolcrib.server.errors import InvalidRequest
from toolcrib.server.query.tree import Place

# Characters of a filter's text, and of `order_by`.
LENGTH_MAX = 16_384
# Parentheses and negations within each other.
DEPTH_MAX = 32
# Comparisons in one filter.
TERMS_MAX = 256
# Values in one filter, those in lists of `in` included.
VALUES_MAX = 2_000
# Relations behind each other on the way to a field.
RELATIONS_MAX = 4
# Fields of an order.
ORDER_FIELDS_MAX = 16


def refusal(place: Place, description: str) -> InvalidRequest:
    """The refusal of what stands at `place`."""
    if isinstance(place, str):
        return InvalidRequest.field("INVALID_FILTER", place, description)
    error = InvalidRequest.field("INVALID_FILTER", "filter", f"at position {place + 1}: {description}")
    error.metadata["position"] = str(place + 1)
    return error


def too_deep(place: Place) -> InvalidRequest:
    """The refusal of what is nested beyond DEPTH_MAX."""
    return refusal(place, f"is nested more than {DEPTH_MAX} deep")


class Budget:
    """Counts the comparisons and values of one filter; both spellings are bounded alike."""

    __slots__ = ("_terms", "_values")

    def __init__(self) -> None:
        self._terms = TERMS_MAX
        self._values = VALUES_MAX

    def take_term(self, place: Place) -> None:
        """Counts a comparison. Raises InvalidRequest for one too many."""
        self._terms -= 1
        if self._terms < 0:
            raise refusal(place, f"has more than {TERMS_MAX} comparisons")

    def take_value(self, place: Place) -> None:
        """Counts a value. Raises InvalidRequest for one too many."""
        self._values -= 1
        if self._values < 0:
            raise refusal(place, f"has more than {VALUES_MAX} values")
