"""Breaks Python expressions into lines the way that `ruff format` would, so that nobody has to run it.

An expression is text, or one of the nodes below where a long line may be broken. It stays on one line if it fits; else
what is inside its brackets goes on a line of its own; else each item does, with a comma behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

LINE_LENGTH = 120
INDENT = "    "


class Bracket(Enum):
    """What a bracket is for; that decides how it is broken."""

    CALL = "call"
    LITERAL = "literal"  # a list or tuple: never several items on one of many lines
    SIGNATURE = "signature"  # of a function: a single parameter takes a comma
    PLAIN = "plain"  # a subscript or the bases of a class: a single item takes none


@dataclass(frozen=True, slots=True)
class Group:
    """Something in brackets. `open` is all that stands before, with the bracket."""

    open: str
    items: tuple[Node, ...]
    close: str = ")"
    bracket: Bracket = Bracket.CALL


@dataclass(frozen=True, slots=True)
class Choice:
    """`value if test else otherwise`; `before` is text before it, such as the name of an argument."""

    value: Node
    test: str
    otherwise: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class Each:
    """A comprehension: `[element for_clause]`."""

    open: str
    element: Node
    clause: Node
    close: str = "]"


@dataclass(frozen=True, slots=True)
class Either:
    """Types joined by `|`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A string in double quotes, broken between words; `before` is text before it."""

    value: str
    before: str = ""


Node = str | Group | Choice | Each | Either | Text


def call(function: str, *items: Node) -> Group:
    """A call of `function`."""
    return Group(f"{function}(", items)


def list_of(*items: Node, before: str = "") -> Group:
    """A list."""
    return Group(f"{before}[", items, "]", Bracket.LITERAL)


def tuple_of(names: Sequence[str], before: str = "") -> Node:
    """A tuple of expressions."""
    if len(names) == 1:
        return f"{before}({names[0]},)"
    return Group(f"{before}(", tuple(names), ")", Bracket.LITERAL)


def subscript(name: str, *items: Node) -> Group:
    """`name[items]`."""
    return Group(f"{name}[", items, "]", Bracket.PLAIN)


def lay_out(node: Node, indent: str, before: str = "", after: str = "") -> list[str]:
    """The lines of `before`, the node and `after`, indented."""
    flat = f"{indent}{before}{_flat(node)}{after}"
    if isinstance(node, str) or len(flat) <= LINE_LENGTH or (isinstance(node, Group) and not node.items):
        return [flat]
    inner = indent + INDENT
    match node:
        case Group(open=opening, close=close):
            return [f"{indent}{before}{opening}", *_body(node, inner), f"{indent}{close}{after}"]
        case Each(open=opening, element=element, clause=clause, close=close):
            together = f"{inner}{_flat(element)} {_flat(clause)}"
            apart = [*lay_out(element, inner), *lay_out(clause, inner)]
            body = [together] if len(together) <= LINE_LENGTH else apart
            return [f"{indent}{before}{opening}", *body, f"{indent}{close}{after}"]
        case Either(items=items):
            first, *others = items
            lines = lay_out(first, indent, before)
            for item in others:
                lines += lay_out(item, indent, "| ")
            return [*lines[:-1], lines[-1] + after]
        case Choice(value=value, test=test, otherwise=otherwise, before=own):
            head = lay_out(value, indent, before + own)
            return [*head, f"{indent}if {test}", f"{indent}else {otherwise}{after}"]
        case Text(value=value, before=own):
            lines = [inner + quoted(piece) for piece in pieces(value, LINE_LENGTH - len(inner) - 2)]
            return [f"{indent}{before}{own}(", *lines, f"{indent}){after}"]


def quoted(text: str) -> str:
    """`text` as a Python string, in the quotes that need fewer backslashes; in double ones if that is all the same."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(map(_escaped, text)).replace(quote, f"\\{quote}") + quote


def _escaped(character: str) -> str:
    if character == "\\":
        return "\\\\"
    return character if character.isprintable() else repr(character)[1:-1]


def _body(group: Group, inner: str) -> list[str]:
    """The lines within brackets that do not fit on one."""
    items, bracket = group.items, group.bracket
    together = inner + ", ".join(map(_flat, items))
    single_parameter = bracket is Bracket.SIGNATURE and len(items) == 1
    if bracket is not Bracket.LITERAL and not single_parameter and len(together) <= LINE_LENGTH:
        return [together]
    comma = "" if bracket is Bracket.PLAIN and len(items) == 1 else ","
    return [line for item in items for line in lay_out(item, inner, after=comma)]


def _flat(node: Node) -> str:
    match node:
        case str():
            return node
        case Group(open=opening, items=items, close=close):
            return opening + ", ".join(map(_flat, items)) + close
        case Each(open=opening, element=element, clause=clause, close=close):
            return f"{opening}{_flat(element)} {_flat(clause)}{close}"
        case Either(items=items):
            return " | ".join(map(_flat, items))
        case Choice(value=value, test=test, otherwise=otherwise, before=own):
            return f"{own}{_flat(value)} if {test} else {otherwise}"
        case Text(value=value, before=own):
            return own + quoted(value)


def pieces(text: str, width: int) -> list[str]:
    """`text` cut after blanks, so that the pieces together are exactly the text again."""
    found = [""]
    for word in text.replace(" ", " \0").split("\0"):
        if found[-1] and len(quoted(found[-1] + word)) - 2 > width:
            found.append("")
        found[-1] += word
    return found
