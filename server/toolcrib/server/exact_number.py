"""Numbers for a database that has neither NaN nor infinity nor -0.0: MariaDB and MySQL.

There a DOUBLE holds finite numbers and one zero. What is missing takes the place of its neighbours, which move on by
one or two units in the last place, until the move ends at numbers that nobody has a use for; these are refused:

    from 1.7e308 on       2 less, so that NaN is the greatest number and infinity the next; the same below -1.7e308
    from -0.0 to -1e-310  1 more, so that -0.0 is the negative number next to 0

So every number but five is kept to the bit, and the order stays that of the numbers. Nearly all are stored as they are.
"""

from __future__ import annotations

import math
import struct

# Where the moves begin and end: the first number at the large end, and the one behind the last at the small end. Those
# that are refused are next to round numbers.
LARGE = 1.7e308
_SMALL = math.nextafter(-1e-310, -1)

_ONE = 1 << 52
_SIGN = 1 << 63
_INFINITY = 0x7FF << 52
_NAN = _INFINITY + 1
# By how many units in the last place.
_MOVE = 2


class NotStorable(ValueError):
    """The number is one of the five that make room for others."""


def _bits(number: float) -> int:
    """The magnitude; those of a sign are in the order of their numbers."""
    return int(struct.unpack("<Q", struct.pack("<d", abs(number)))[0])


def _number(bits: int, *, negative: bool) -> float:
    return float(struct.unpack("<d", struct.pack("<Q", bits | (_SIGN if negative else 0)))[0])


_LARGE_BITS, _SMALL_BITS = _bits(LARGE), _bits(_SMALL)
# What is between is stored as it is.
_PLAIN_ABOVE = _number(_LARGE_BITS - _MOVE, negative=False)


def to_stored(number: float) -> float:
    """A number as MariaDB holds it. Raises NotStorable."""
    if _SMALL > number > -_PLAIN_ABOVE or 0 < number < _PLAIN_ABOVE:
        return number
    if math.isnan(number):
        return _number(_NAN - _MOVE, negative=False)
    bits, negative = _bits(number), math.copysign(1, number) < 0
    if bits >= _LARGE_BITS:
        return _number(bits - _MOVE, negative=negative)
    if bits >= _LARGE_BITS - _MOVE or (negative and bits == _SMALL_BITS):
        raise NotStorable(f"{number!r} cannot be stored, as its place is taken; others near it can")
    return _number(bits + 1, negative=True) if negative else number


def from_stored(stored: float) -> float:
    """The number of `to_stored`."""
    if _SMALL > stored > -_PLAIN_ABOVE or 0 <= stored < _PLAIN_ABOVE:
        return stored
    bits, negative = _bits(stored), stored < 0
    if bits >= _LARGE_BITS - _MOVE:
        bits += _MOVE
        return math.nan if bits > _INFINITY and not negative else _number(bits, negative=negative)
    return _number(bits - 1, negative=True) if negative else stored


def unsigned_zero_to_stored(number: float) -> float:
    """The same for a number that is only compared with others: -0.0 is 0.0."""
    return to_stored(number) if number else 0.0


INFINITY = to_stored(math.inf)
NEGATIVE_ZERO = to_stored(-0.0)
# Two units in the last place of large numbers: what they are moved by.
LARGE_MOVE = _MOVE * math.ulp(LARGE)
