"""Writes one generated C++ header: includes are collected, not spelled out; indentation follows scope.

What comes out is as clang-format leaves it with the settings in clients/cpp/.clang-format.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from toolcrib.codegen.writer import HEADER

LINE_LENGTH = 120
_INDENT = "  "
# Of what goes on behind a broken line.
_CONTINUED = "    "


@dataclass(frozen=True, slots=True)
class Call:
    """Something in round brackets. `open` is all that stands before the items, with the bracket."""

    open: str
    items: tuple[str, ...]
    close: str = ")"

    @property
    def flat(self) -> str:
        """On one line."""
        return self.open + ", ".join(self.items) + self.close


def call(function: str, *items: str, close: str = ")") -> Call:
    """A call of `function`, or the head of one that is declared; `close` is the bracket and what stands behind it."""
    return Call(f"{function}(", items, close)


class CppWriter:
    """The text of one header in the making."""

    def __init__(self, *, source: str, comment: str) -> None:
        self._head = [f"// {HEADER}", f"// source: {source}", "", *comment_lines(comment, "//"), "#pragma once"]
        self._standard: set[str] = set()
        self._own: set[str] = set()
        self._lines: list[str] = []
        self._depth = 0

    def use(self, header: str, name: str) -> str:
        """Includes a header of the standard library for the sake of a name in it; answers the name."""
        self._standard.add(header)
        return name

    def include(self, header: str) -> None:
        """Includes a header of a library."""
        self._own.add(header)

    def line(self, text: str = "") -> None:
        """One line in the current scope; without text, an empty one."""
        self._lines.append(_INDENT * self._depth + text if text else "")

    def comment(self, text: str) -> None:
        """A comment for those who read documentation: a sentence, or one and then paragraphs."""
        self._lines += comment_lines(text, _INDENT * self._depth + "///")

    def statement(self, node: Call) -> None:
        """A statement, broken into lines where it is too long for one."""
        self._lines += _lay_out(node, _INDENT * self._depth)

    @contextmanager
    def block(self, head: str, close: str = "}") -> Iterator[None]:
        """A line that ends in a curly bracket, and what is indented under it."""
        self.line(head)
        with self._indented(1):
            yield
        self.line(close)

    @contextmanager
    def class_(self, name: str) -> Iterator[None]:
        """A class; where it says who may use what follows, that stands a little to the left."""
        with self.block(f"class {name} {{", "};"):
            yield

    def access(self, level: str) -> None:
        """`public:` or `private:`."""
        self._lines.append(_INDENT * (self._depth - 1) + f" {level}:")

    @contextmanager
    def function(self, head: Call) -> Iterator[None]:
        """A function that is defined in place; its head closes with the bracket of its parameters and what follows."""
        self._lines += _lay_out(Call(head.open, head.items, f"{head.close} {{"), _INDENT * self._depth)
        with self._indented(1):
            yield
        self.line("}")

    def short_function(self, head: Call, body: str) -> None:
        """A function of a single statement, on one line if it fits."""
        flat = f"{_INDENT * self._depth}{head.flat} {{ {body} }}"
        if len(flat) <= LINE_LENGTH:
            self._lines.append(flat)
            return
        with self.function(head):
            self.line(body)

    def constructor(self, head: str, *initializers: str) -> None:
        """A constructor that only initializes."""
        indent, initial = _INDENT * self._depth, ": " + ", ".join(initializers)
        if len(f"{indent}{head} {initial} {{}}") <= LINE_LENGTH:
            self.line(f"{head} {initial} {{}}")
            return
        self.line(head)
        if len(f"{indent}{_CONTINUED}{initial} {{}}") <= LINE_LENGTH:
            self.line(f"{_CONTINUED}{initial} {{}}")
            return
        first, *others = initializers
        lines = [f"{_CONTINUED}: {first}", *[f"{_CONTINUED}  {each}" for each in others]]
        for line in lines[:-1]:
            self.line(f"{line},")
        self.line(f"{lines[-1]} {{}}")

    def text(self) -> str:
        """The header."""
        includes = [""] if self._standard else []
        includes += [f"#include <{name}>" for name in sorted(self._standard)]
        includes += [""] if self._own else []
        includes += [f'#include "{name}"' for name in sorted(self._own)]
        return "\n".join([*self._head, *includes, *self._lines]).rstrip("\n") + "\n"

    @contextmanager
    def _indented(self, levels: int) -> Iterator[None]:
        self._depth += levels
        yield
        self._depth -= levels


def comment_lines(text: str, mark: str) -> list[str]:
    """The lines of a comment, wrapped; paragraphs stay apart."""
    lines: list[str] = []
    for paragraph in text.strip().split("\n\n"):
        lines += [mark] if lines else []
        width = LINE_LENGTH - len(mark) - 1
        words = " ".join(paragraph.split())
        wrapped = textwrap.wrap(words, width, break_long_words=False, break_on_hyphens=False)
        lines += [f"{mark} {line}" for line in wrapped]
    return lines


def _lay_out(node: Call, indent: str) -> list[str]:
    flat = indent + node.flat
    if len(flat) <= LINE_LENGTH or not node.items:
        return [flat]
    inner = indent + _CONTINUED
    together = f"{inner}{', '.join(node.items)}{node.close}"
    if len(together) <= LINE_LENGTH:
        return [indent + node.open, together]
    return [indent + node.open, *_apart(node.items, inner, node.close)]


def _apart(items: Sequence[str], inner: str, close: str) -> list[str]:
    *head, last = items
    return [*(f"{inner}{item}," for item in head), f"{inner}{last}{close}"]
