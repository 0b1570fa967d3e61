"""A diagram drawn as SVG, with nothing else needed. Components stand to the left of those that refer to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from toolcrib.codegen.diagrams.entities import Diagram, Entity, Line, Row

# In pixels. Letters are those of a font of one width, so that no font need be measured.
_LETTER, _LINE, _PADDING = 7.3, 20, 10
_BETWEEN_COLUMNS, _BETWEEN_BOXES, _MARGIN = 140, 30, 20
_STYLE = (
    "text{font:12px ui-monospace,Menlo,Consolas,monospace;fill:#1f2328}.title{font-weight:bold}"
    ".mark,.label{fill:#59636e;font-size:11px}.box{fill:#fff;stroke:#59636e}.head{fill:#eaeef2;stroke:#59636e}"
    ".line{fill:none;stroke:#0969da}.optional{stroke-dasharray:6 3}.relation{stroke-dasharray:2 3}"
)


@dataclass(frozen=True, slots=True)
class _Box:
    """Where a component stands: its upper left corner and its size."""

    entity: Entity
    x: float
    y: float
    width: float

    @property
    def height(self) -> float:
        return _LINE * (len(self.entity.rows) + 1)

    def row_y(self, field: str) -> float:
        """The middle of a field, or of the title where it has none of this name."""
        names = ["", *(row.name for row in self.entity.rows)]
        return self.y + _LINE * (names.index(field) if field in names else 0) + _LINE / 2


def svg(diagram: Diagram) -> str:
    """The text, the same for the same components."""
    boxes = _placed(diagram)
    # To the right of the last column there is room for lines that go around, and their labels.
    width = max((box.x + box.width for box in boxes.values()), default=0) + _BETWEEN_COLUMNS + _MARGIN
    height = max((box.y + box.height for box in boxes.values()), default=0) + _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}">',
        f"<style>{_STYLE}</style>",
        '<marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path class="line" d="M0 0L8 4L0 8"/></marker>',
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fff"/>',
        *(_path(line, boxes) for line in diagram.lines),
        *(text for box in boxes.values() for text in _drawn(box)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _placed(diagram: Diagram) -> Mapping[str, _Box]:
    """Each component a column to the right of the last of those that it refers to, as far as there is no circle."""
    targets: dict[str, set[str]] = {entity.id: set() for entity in diagram.entities}
    for line in diagram.lines:
        if not line.is_relation and line.source != line.target:
            targets[line.source].add(line.target)
    depths: dict[str, int] = {}

    def depth(name: str, above: frozenset[str]) -> int:
        if name not in depths:
            inner = [depth(target, above | {name}) for target in sorted(targets[name] - above - {name})]
            depths[name] = max(inner, default=-1) + 1
        return depths[name]

    columns: dict[int, list[Entity]] = {}
    for entity in diagram.entities:
        columns.setdefault(depth(entity.id, frozenset()), []).append(entity)
    boxes, x = {}, float(_MARGIN)
    for _, entities in sorted(columns.items()):
        y, width = float(_MARGIN), max(map(_width, entities))
        for entity in entities:
            boxes[entity.id] = _Box(entity, x, y, width)
            y += boxes[entity.id].height + _BETWEEN_BOXES
        x += width + _BETWEEN_COLUMNS
    return boxes


def _width(entity: Entity) -> float:
    rows = [len(f"{row.name}  {_behind(row)}") for row in entity.rows]
    return max(len(entity.title), *rows, 0) * _LETTER + 2 * _PADDING


def _behind(row: Row) -> str:
    return " ".join([row.type, *row.marks])


def _drawn(box: _Box) -> list[str]:
    left, right = box.x + _PADDING, box.x + box.width - _PADDING
    lines = [
        f'<rect class="box" x="{box.x:g}" y="{box.y:g}" width="{box.width:.1f}" height="{box.height:g}" rx="4"/>',
        f'<rect class="head" x="{box.x:g}" y="{box.y:g}" width="{box.width:.1f}" height="{_LINE}" rx="4"/>',
        f'<text class="title" x="{left:g}" y="{box.y + 14:g}">{escape(box.entity.title)}</text>',
    ]
    for number, row in enumerate(box.entity.rows, 1):
        y = box.y + _LINE * number + 14
        lines.append(f'<text x="{left:g}" y="{y:g}">{row.name}</text>')
        lines.append(f'<text class="mark" x="{right:.1f}" y="{y:g}" text-anchor="end">{escape(_behind(row))}</text>')
    return lines


def _path(line: Line, boxes: Mapping[str, _Box]) -> str:
    source, target = boxes[line.source], boxes[line.target]
    y, end_y = source.row_y(line.field), target.row_y("")
    if source.x > target.x:
        x, end_x, bend = source.x, target.x + target.width, -_BETWEEN_COLUMNS / 2
        label_x, anchor = x - _PADDING / 2, "end"
        curve = f"M{x:.1f} {y:g}C{x + bend:.1f} {y:g} {end_x - bend:.1f} {end_y:g} {end_x:.1f} {end_y:g}"
    else:
        x, end_x, bend = source.x + source.width, target.x + target.width, _BETWEEN_COLUMNS / 2
        label_x, anchor = x + _PADDING / 2, "start"
        curve = f"M{x:.1f} {y:g}C{x + bend:.1f} {y:g} {end_x + bend:.1f} {end_y:g} {end_x:.1f} {end_y:g}"
    kind = " relation" if line.is_relation else " optional" if line.optional else ""
    return (
        f'<path class="line{kind}" d="{curve}" marker-end="url(#end)"/>'
        f'<text class="label" x="{label_x:.1f}" y="{y - 4:g}" text-anchor="{anchor}">{escape(line.label)}</text>'
    )
