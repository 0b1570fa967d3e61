"""A diagram as Mermaid's erDiagram, which GitHub and many editors draw."""

from __future__ import annotations

from toolcrib.codegen.diagrams.entities import Diagram, Line

# Words of Mermaid's own, in capitals or not, which have to be quoted as names.
_WORDS = frozenset({"class", "classdef", "end", "erdiagram", "many", "one", "style", "subgraph", "title", "to"})
_MARKS = frozenset({"pk", "fk", "uk"})


def mermaid(diagram: Diagram) -> str:
    """The text, the same for the same components."""
    lines = ["erDiagram"]
    for entity in diagram.entities:
        title = "" if entity.id == entity.title else f'["{entity.title}"]'
        lines.append(f"  {_name(entity.id)}{title} {{")
        for row in entity.rows:
            name = f"`{row.name}`" if row.name in _MARKS else row.name
            lines.append(f"    {' '.join([row.type, name, ', '.join(row.marks)]).rstrip()}")
        lines.append("  }")
    lines += [f'  {_name(line.target)} {_ends(line)} {_name(line.source)} : "{line.label}"' for line in diagram.lines]
    return "\n".join(lines) + "\n"


def _name(entity: str) -> str:
    return f'"{entity}"' if entity.lower() in _WORDS else entity


def _ends(line: Line) -> str:
    """How many there are at both ends, from the one that is referred to."""
    if line.is_relation:
        return "}o..o{"
    return f"{'|o' if line.optional else '||'}--{'o|' if line.unique else 'o{'}"
