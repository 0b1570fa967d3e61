"""Cuts the text of a filter into tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from toolcrib.server.query.refusals import LENGTH_MAX, refusal
from toolcrib.server.query.tree import Literal

# One group each, the first that matches.
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+|s)?(?![\w*]))
      | (?P<word>\*?[A-Za-z_][A-Za-z0-9_-]*\*?|\*)
      | (?P<operator><=|>=|!=|=|<|>|:)
      | (?P<mark>[(),.-])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"\\": "\\", '"': '"', "'": "'", "*": "*", "n": "\n", "r": "\r", "t": "\t"}
_STAR = "*"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a filter. `kind` is the name of a group of the pattern, or "end"."""

    kind: str
    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The tokens of `text`, with one of kind "end" behind them. Raises InvalidRequest."""
    if len(text) > LENGTH_MAX:
        raise refusal(LENGTH_MAX, f"has {len(text)} characters; at most {LENGTH_MAX} are read")
    return [*_cut(text), Token("end", "", len(text), len(text))]


def _cut(text: str) -> Iterator[Token]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise refusal(position, _complaint(text, position))
        if match.lastgroup != "space":
            yield Token(match.lastgroup or "", match[0], position, match.end())
        position = match.end()


def _complaint(text: str, position: int) -> str:
    character = text[position]
    if character in "\"'":
        return f"the text that begins with {character} does not end"
    if character.isdigit():
        return "is neither a number nor a name; put text, times and bytes into quotes"
    return f"{character!r} has no meaning outside of quotes"


def literal(token: Token) -> Literal:
    """The value that a token of text, a number or a word stands for. Raises InvalidRequest for a wrong escape."""
    if token.kind == "text":
        return _quoted(token)
    text, stars = token.text, token.kind == "word"
    # A lone star is a star in front and nothing else.
    return Literal(
        text,
        token.start,
        bare=True,
        open_start=stars and text.startswith(_STAR),
        open_end=stars and len(text) > 1 and text.endswith(_STAR),
    )


def _quoted(token: Token) -> Literal:
    characters: list[str] = []
    stars: list[int] = []
    source = iter(enumerate(token.text[1:-1], start=token.start + 1))
    for place, character in source:
        if character == "\\":
            _, escaped = next(source)
            if escaped not in _ESCAPES:
                raise refusal(place, f"there is no escape \\{escaped}; a backslash itself is written \\\\")
            characters.append(_ESCAPES[escaped])
            continue
        if character == _STAR:
            stars.append(len(characters))
        characters.append(character)
    last = len(characters) - 1
    inner = [star for star in stars if 0 < star < last]
    return Literal(
        "".join(characters),
        token.start,
        open_start=0 in stars,
        open_end=last > 0 and last in stars,
        inner_star=inner[0] if inner else None,
    )
