"""Text for databases that have no NUL, or ignore spaces at an end: a protobuf string is stored and found exactly.

PostgreSQL and CockroachDB have no NUL. It is written as U+0001 U+0002, and U+0001 itself as U+0001 U+0003: the
order stays that of the characters, and U+0001 never stands for itself. Nearly all text has neither of them, and is
stored as it is. JSON spells both as escapes; there the same is done to the escapes, as functions of JSON give none of
the database's text a NUL either.

SQL Server compares text as if the shorter one went on with spaces: "a" equals "a ", and what has a tab there comes
before it. So each text ends in U+0001 U+0001 there, which comes before all that a text can go on with, and none is the
beginning of another.
"""

from __future__ import annotations

import re

# Begins a pair, in which it never stands second.
MARK = "\x01"
# Ends a text on SQL Server; less than any pair.
END = "\x01\x01"

_PAIRS = {"\x00": "\x01\x02", "\x01": "\x01\x03"}
_CHARACTERS = {pair: character for character, pair in _PAIRS.items()}
_SPECIAL = re.compile("[\x00\x01]")
_PAIR = re.compile("\x01[\x02\x03]")

# An escape of JSON; what begins with two backslashes is none.
_JSON_PAIRS = {"\\u0000": "\\u0001\\u0002", "\\u0001": "\\u0001\\u0003"}
_JSON_CHARACTERS = {pair: character for character, pair in _JSON_PAIRS.items()}
_JSON_SPECIAL = re.compile(r"\\(?:\\|u000[01])")
_JSON_PAIR = re.compile(r"\\(?:\\|u0001\\u000[23])")
_JSON_MARK = "\\u000"


def to_stored(text: str) -> str:
    """Text as PostgreSQL holds it."""
    if "\x00" in text or MARK in text:
        return _SPECIAL.sub(lambda found: _PAIRS[found[0]], text)
    return text


def from_stored(stored: str) -> str:
    """The text of `to_stored`."""
    return _PAIR.sub(lambda found: _CHARACTERS[found[0]], stored) if MARK in stored else stored


def to_ended(text: str) -> str:
    """Text as SQL Server holds it where it is compared."""
    return to_stored(text) + END


def from_ended(stored: str) -> str:
    """The text of `to_ended`; also of what was written past the server, without an end."""
    return from_stored(stored.removesuffix(END))


def json_to_stored(document: str) -> str:
    """The text of a JSON document as PostgreSQL reads it."""
    if _JSON_MARK not in document:
        return document
    return _JSON_SPECIAL.sub(lambda found: _JSON_PAIRS.get(found[0], found[0]), document)


def json_from_stored(stored: str) -> str:
    """The document of `json_to_stored`."""
    if _JSON_MARK not in stored:
        return stored
    return _JSON_PAIR.sub(lambda found: _JSON_CHARACTERS.get(found[0], found[0]), stored)
