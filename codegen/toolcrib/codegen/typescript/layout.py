"""Breaks TypeScript into lines the way that prettier would, so that nobody has to run it.

What is in brackets stays on one line if it fits; else each item has a line of its own. A call whose last argument is an
object keeps its other arguments beside the opening brace where they fit.
"""

from __future__ import annotations

from dataclasses import dataclass

LINE_LENGTH = 120
INDENT = "  "


@dataclass(frozen=True, slots=True)
class Group:
    """Something in brackets. `open` is all that stands before, with the bracket; `comma` may follow the last item."""

    open: str
    items: tuple[Node, ...]
    close: str
    spaced: bool = False
    comma: bool = True


Node = str | Group


def call(function: str, *arguments: Node) -> Group:
    """A call of `function`."""
    return Group(f"{function}(", arguments, ")")


def object_of(*properties: Node, before: str = "", after: str = "") -> Group:
    """An object, or what else is in braces; `before` and `after` stand beside the braces."""
    return Group(f"{before}{{", properties, f"}}{after}", spaced=True)


def type_of(before: str, *arguments: Node, after: str = "") -> Group:
    """A type with its arguments."""
    return Group(f"{before}<", arguments, f">{after}", comma=False)


def flat(node: Node) -> str:
    """The node on one line."""
    if isinstance(node, str):
        return node
    space = " " if node.spaced and node.items else ""
    return f"{node.open}{space}{', '.join(map(flat, node.items))}{space}{node.close}"


def lay_out(node: Node, indent: str, before: str = "", after: str = "") -> list[str]:
    """The lines of `before`, the node and `after`, indented."""
    whole = f"{indent}{before}{flat(node)}{after}"
    if isinstance(node, str) or len(whole) <= LINE_LENGTH or not node.items:
        return [whole]
    *others, last = node.items
    if node.comma and not node.spaced and isinstance(last, Group) and last.spaced:
        beside = f"{before}{node.open}{''.join(f'{flat(other)}, ' for other in others)}"
        if len(f"{indent}{beside}{last.open}") <= LINE_LENGTH:
            return _broken(last, indent, beside, f"{node.close}{after}")
    return _broken(node, indent, before, after)


def _broken(node: Group, indent: str, before: str, after: str) -> list[str]:
    lines = [f"{indent}{before}{node.open}"]
    for place, item in enumerate(node.items, start=1):
        comma = "," if node.comma or place < len(node.items) else ""
        lines += lay_out(item, indent + INDENT, after=comma)
    return [*lines, f"{indent}{node.close}{after}"]
