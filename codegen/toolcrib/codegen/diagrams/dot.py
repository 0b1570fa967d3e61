"""A diagram for Graphviz: `dot -Tpdf`."""

from __future__ import annotations

from html import escape

from toolcrib.codegen.diagrams.entities import Diagram, Entity, Line

_HEAD = (
    "digraph components {",
    "  graph [rankdir=RL];",
    '  node [shape=plain, fontname="sans-serif"];',
    '  edge [fontname="sans-serif", fontsize=10, arrowhead=vee];',
)


def dot(diagram: Diagram) -> str:
    """The text, the same for the same components."""
    nodes = [f"  {entity.id} [label=<{_table(entity)}>];" for entity in diagram.entities]
    edges = [f"  {_edge(line)};" for line in diagram.lines]
    return "\n".join([*_HEAD, *nodes, *edges, "}"]) + "\n"


def _table(entity: Entity) -> str:
    rows = [f'<tr><td colspan="3"><b>{escape(entity.title)}</b></td></tr>']
    rows += [
        f'<tr><td align="left" port="{row.name}">{row.name}</td><td align="left">{escape(row.type)}</td>'
        f"<td>{' '.join(row.marks)}</td></tr>"
        for row in entity.rows
    ]
    return f'<table border="0" cellborder="1" cellspacing="0" cellpadding="4">{"".join(rows)}</table>'


def _edge(line: Line) -> str:
    source = f"{line.source}:{line.field}" if line.field else line.source
    styles = [f'label="{line.label}"']
    if line.is_relation:
        styles += ["style=dotted", "dir=both"]
    elif line.optional:
        styles.append("style=dashed")
    return f"{source} -> {line.target} [{', '.join(styles)}]"
