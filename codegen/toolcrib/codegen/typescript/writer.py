"""Writes one generated TypeScript module: imports are collected, not spelled out; indentation follows scope.

writer = CodeWriter(source="plant/recipes/v1/recipe.proto", defines=["RecipeClient"])
crib = writer.use_type("@toolcrib/client", "Crib")
with writer.block("export class RecipeClient"):
    writer.line(f"readonly #crib: {crib};")
writer.text()
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from toolcrib.codegen.typescript.layout import INDENT, LINE_LENGTH, Node, lay_out, object_of
from toolcrib.codegen.writer import HEADER

# What the clients use of what TypeScript has without any import: nothing else may be called so in them.
_GLOBALS = ("Array", "AsyncGenerator", "Iterable", "Promise")


class CodeWriter:
    """The text of one module in the making.

    `defines` are the names that the module defines itself. An import of such a name, or of one that was imported from
    elsewhere, gets an alias: so a component may be called Promise or Crib.
    """

    def __init__(self, *, source: str, defines: Sequence[str]) -> None:
        self._head = [f"// {HEADER}", f"// source: {source}"]
        self._names: dict[str, tuple[str, str]] = {name: ("", name) for name in (*_GLOBALS, *defines)}
        self._values: set[str] = set()
        self._lines: list[str] = []
        self._depth = 0

    def use_type(self, module: str, name: str) -> str:
        """Imports a type; answers what it is called in this module."""
        local = name
        while self._names.setdefault(local, (module, name)) != (module, name):
            local += "_"
        return local

    def use(self, module: str, name: str) -> str:
        """Imports what is there when the program runs; answers what it is called in this module."""
        local = self.use_type(module, name)
        self._values.add(local)
        return local

    def line(self, text: str = "") -> None:
        """One line in the current scope; without text, an empty one."""
        self._lines.append(INDENT * self._depth + text if text else "")

    def statement(self, node: Node, *, before: str = "", after: str = ";") -> None:
        """An expression, broken into lines where it is too long for one."""
        self._lines += lay_out(node, INDENT * self._depth, before, after)

    def comment(self, text: str) -> None:
        """A doc comment: a sentence, or one and then paragraphs."""
        self._lines += comment_lines(text, INDENT * self._depth)

    @contextmanager
    def block(self, head: Node, *, after: str = "") -> Iterator[None]:
        """What is in braces behind `head`."""
        self.statement(head, after=f"{after} {{")
        with self._indented():
            yield
        self.line("}")

    @contextmanager
    def lines_in(self, head: str, close: str) -> Iterator[None]:
        """What stands between two lines, one level deeper."""
        self.line(head)
        with self._indented():
            yield
        self.line(close)

    @contextmanager
    def _indented(self) -> Iterator[None]:
        self._depth += 1
        yield
        self._depth -= 1

    def text(self) -> str:
        """The module."""
        return "\n".join([*self._head, *self._imports(), "", *self._lines]) + "\n"

    def _imports(self) -> list[str]:
        modules: dict[str, list[str]] = defaultdict(list)
        for local, (module, _) in self._names.items():
            if module:
                modules[module].append(local)
        lines = []
        for ours in (False, True):
            chosen = sorted(module for module in modules if module.startswith(".") is ours)
            if chosen:
                lines.append("")
            for module in chosen:
                lines += self._import(module, sorted(modules[module], key=str.lower))
        return lines

    def _import(self, module: str, names: Sequence[str]) -> list[str]:
        has_values = bool(self._values.intersection(names))
        items = []
        for local in names:
            name = self._names[local][1]
            keyword = "type " if has_values and local not in self._values else ""
            items.append(f"{keyword}{name}" if name == local else f"{keyword}{name} as {local}")
        before = "import " if has_values else "import type "
        return lay_out(object_of(*items), "", before, f' from "{module}";')


def comment_lines(text: str, indent: str) -> list[str]:
    """The lines of a doc comment, wrapped; paragraphs stay apart."""
    safe = text.strip().replace("*/", "* /")
    single = f"{indent}/** {safe} */"
    if "\n" not in safe and len(single) <= LINE_LENGTH:
        return [single]
    before = f"{indent} * "
    wrapper = textwrap.TextWrapper(LINE_LENGTH - len(before), break_long_words=False, break_on_hyphens=False)
    lines = [f"{indent}/**"]
    for place, paragraph in enumerate(safe.split("\n\n")):
        lines += [f"{indent} *"] if place else []
        lines += [before + line for line in wrapper.wrap(" ".join(paragraph.split()))]
    return [*lines, f"{indent} */"]
