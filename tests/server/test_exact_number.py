"""Numbers as MariaDB holds them: what is read back is what was written, in the same order, and finite."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from toolcrib.server.exact_number import LARGE, NotStorable, from_stored, to_stored

BIT_PATTERNS = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0])
ENDS = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -5e-324, -1e-310, LARGE, -LARGE])
NUMBERS = st.floats() | BIT_PATTERNS | ENDS
REFUSED = [
    *(sign * number for sign in (1, -1) for number in (math.nextafter(LARGE, 0), LARGE - 2 * math.ulp(LARGE))),
    math.nextafter(-1e-310, -1),
]


def bits(number: float) -> bytes:
    return struct.pack("<d", number)


def place(number: float) -> tuple[bool, float, float]:
    """Where a number stands: NaN behind all others, -0.0 right before 0.0."""
    return (True, 0, 0) if math.isnan(number) else (False, number, math.copysign(1, number))


@given(NUMBERS, NUMBERS)
def test_each_comes_back_to_the_bit_and_keeps_its_place(one: float, other: float) -> None:
    assume(one not in REFUSED and other not in REFUSED)
    stored = to_stored(one)
    assert math.isfinite(stored)
    assert bits(stored) != bits(-0.0)
    found = from_stored(stored)
    assert (math.isnan(found) and math.isnan(one)) or bits(found) == bits(one)
    assert (stored < to_stored(other)) is (place(one) < place(other))


@pytest.mark.parametrize("number", [0.0, 0.1 + 0.2, -1.5, 5e-324, -1e-300, 1e308, -1e308, 3.4028234663852886e38])
def test_nearly_all_are_stored_as_they_are(number: float) -> None:
    assert bits(to_stored(number)) == bits(number)


@pytest.mark.parametrize("number", REFUSED)
def test_five_are_refused_and_their_neighbours_are_not(number: float) -> None:
    with pytest.raises(NotStorable, match="others near it can"):
        to_stored(number)
    assert sum(each not in REFUSED for each in (math.nextafter(number, 0), math.nextafter(number, number * 2))) > 0
