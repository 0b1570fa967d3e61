"""Writes one generated Go file: imports are collected, not spelled out; indentation follows scope.

    writer = GoWriter(source="plant/recipes/v1/recipe.proto", package="recipesv1")
    context = writer.use("context")
    writer.comment("Get gets a record by its key.")
    with writer.function("(c *RecipeClient) Get", [f"ctx {context}.Context", "id int64"], "(*Recipe, error)"):
        ...
    writer.text()

What comes out is as gofmt leaves it. What is long is broken at 120 columns, where Go lets it be.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from toolcrib.codegen.writer import HEADER

_LINE_LENGTH = 120
# How wide gofmt's tabs look to most; they count as that much of a line.
_TAB_WIDTH = 4


class GoWriter:
    """The text of one Go file in the making."""

    def __init__(self, *, source: str, package: str) -> None:
        self._head = [f"// {HEADER}", f"// source: {source}", "", f"package {package}"]
        self._imports: dict[str, str] = {}
        self._lines: list[str] = []
        self._depth = 0

    def use(self, path: str, name: str = "") -> str:
        """Imports the package at `path`; answers what it is called: `name`, or else what the path ends in."""
        self._imports[path] = name
        return name or path.rpartition("/")[2]

    def line(self, text: str = "") -> None:
        """One line in the current scope; without text, an empty one."""
        self._lines.append("\t" * self._depth + text if text else "")

    def comment(self, text: str) -> None:
        """A comment, wrapped; paragraphs stay apart."""
        width = _LINE_LENGTH - _TAB_WIDTH * self._depth - len("// ")
        for number, paragraph in enumerate(text.split("\n\n")):
            if number:
                self.line("//")
            for line in textwrap.wrap(paragraph, width, break_long_words=False, break_on_hyphens=False):
                self.line(f"// {line}")

    @contextmanager
    def block(self, head: str, close: str = "}") -> Iterator[None]:
        """A line that opens a scope, what is inside, and its end."""
        self.line(f"{head} {{")
        self._depth += 1
        yield
        self._depth -= 1
        self.line(close)

    @contextmanager
    def function(self, name: str, parameters: Sequence[str], result: str = "") -> Iterator[None]:
        """A function; `name` stands with its receiver, "(c *RecipeClient) Get"."""
        given, answered = ", ".join(parameters), f" {result}" if result else ""
        head = f"func {name}({given}){answered}"
        if len(head) + len(" {") > _LINE_LENGTH:
            self.line(f"func {name}(")
            self.line(f"\t{given},")
            head = f"){answered}"
        with self.block(head):
            yield

    def struct(self, name: str, fields: Sequence[tuple[str, str]]) -> None:
        """A struct type, with the types of its fields in one column."""
        width = max(len(field) for field, _ in fields)
        with self.block(f"type {name} struct"):
            for field, type_ in fields:
                self.line(f"{field:{width}} {type_}")

    def text(self) -> str:
        """The file."""
        return "\n".join([*self._head, *self._import_lines(), *self._lines]) + "\n"

    def _import_lines(self) -> list[str]:
        # Packages of Go's own, without a dot in the first part of their path, come first.
        groups: tuple[list[str], list[str]] = [], []
        for path in sorted(self._imports):
            groups["." in path.partition("/")[0]].append(path)
        lines = ["", "import ("]
        for group in filter(None, groups):
            lines += [""] if lines[-1].endswith('"') else []
            lines += [f'\t{self._imports[path]} "{path}"' if self._imports[path] else f'\t"{path}"' for path in group]
        return [*lines, ")"]
