"""A diagram as Mermaid's erDiagram, which GitHub and many editors draw."""

from __future__ import annotations

from toolcrib.codegen.diagrams.entities import Diagram, Line


def mermaid(diagram: Diagram) -> str:
    """The text, the same for the same components."""
    lines = ["erDiagram"]
    for entity in diagram.entities:
        title = "" if entity.id == entity.title else f'["{entity.title}"]'
        lines.append(f"  {entity.id}{title} {{")
        lines += [f"    {' '.join([row.type, row.name, ', '.join(row.marks)]).rstrip()}" for row in entity.rows]
        lines.append("  }")
    lines += [f'  {line.target} {_ends(line)} {line.source} : "{line.label}"' for line in diagram.lines]
    return "\n".join(lines) + "\n"


def _ends(line: Line) -> str:
    """How many there are at both ends, from the one that is referred to."""
    if line.is_relation:
        return "}o..o{"
    return f"{'|o' if line.optional else '||'}--{'o|' if line.unique else 'o{'}"
