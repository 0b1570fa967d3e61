"""Diagrams show every component, field, reference and relation, and are the same each time."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from support.command import toolcrib
from support.evolving import write_components
from support.pages import shown
from toolcrib.codegen.diagrams.dot import dot
from toolcrib.codegen.diagrams.entities import Diagram, diagram
from toolcrib.codegen.diagrams.mermaid import mermaid
from toolcrib.codegen.diagrams.svg import svg
from toolcrib.codegen.sources import load_schema

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
TREE = """
message Node {
  option (toolcrib.options.v1.component) = {};
  int64 id = 1 [(toolcrib.options.v1.field).key = true];
  optional int64 parent = 2 [(toolcrib.options.v1.field).references = "tree.v1.Node"];
  Node above = 3 [(toolcrib.options.v1.field).relation = {by: "parent"}];
  repeated Node below = 4 [(toolcrib.options.v1.field).relation = {by: "parent"}];
  map<string, int32> counts = 5;
  repeated string tags = 6;
}
message Badge {
  option (toolcrib.options.v1.component) = {};
  int64 id = 1 [(toolcrib.options.v1.field) = {key: true key_source: KEY_SOURCE_CLIENT references: "tree.v1.Node"}];
}
message End {
  option (toolcrib.options.v1.component) = {};
  int64 pk = 1 [(toolcrib.options.v1.field).key = true];
}
"""
OTHER = """
message Node {
  option (toolcrib.options.v1.component) = {table: "other_node"};
  int64 id = 1 [(toolcrib.options.v1.field).key = true];
}
"""


@pytest.fixture(scope="module", params=["examples/components", "tests/components"])
def drawn(request: pytest.FixtureRequest) -> Diagram:
    schema, _ = load_schema(ROOT / request.param)
    return diagram(schema)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Diagram:
    folder = tmp_path_factory.mktemp("tree")
    write_components(folder, {"tree.v1": TREE, "other.v1": OTHER})
    schema, _ = load_schema(folder)
    return diagram(schema)


def test_the_documentation_shows_the_examples_as_they_are() -> None:
    # Written anew by: toolcrib schema diagram examples/components
    written = toolcrib("schema", "diagram", ROOT / "examples" / "components").stdout
    assert shown((ROOT / "docs" / "schema.md").read_text("utf-8"), "mermaid") == [written]


def test_mermaid_says_how_many_there_are_at_both_ends(tree: Diagram) -> None:
    text = mermaid(tree)
    assert '  other_v1_Node["other.v1.Node"] {\n    int64 id PK\n  }\n' in text
    assert "    map(string-int32) counts\n    string[] tags\n" in text
    assert '  tree_v1_Node |o--o{ tree_v1_Node : "parent (above, below)"\n' in text
    assert '  tree_v1_Node ||--o| Badge : "id"\n' in text
    # What Mermaid would take for words of its own.
    assert '  "End" {\n    int64 `pk` PK\n  }\n' in text


def test_each_format_has_every_field_and_line(drawn: Diagram) -> None:
    for text in (mermaid(drawn), dot(drawn), svg(drawn)):
        for entity in drawn.entities:
            assert entity.title in text
            assert all(row.name in text for row in entity.rows)
        assert all(line.label in text for line in drawn.lines)


def test_svg_is_well_formed_and_no_component_hides_another(drawn: Diagram, tree: Diagram) -> None:
    for one in (drawn, tree):
        root = ElementTree.fromstring(svg(one))
        size = [float(root.attrib[name]) for name in ("width", "height")]
        boxes = [
            [float(box.attrib[name]) for name in ("x", "y", "width", "height")]
            for box in root.iter(f"{SVG}rect")
            if box.attrib.get("class") == "box"
        ]
        assert len(boxes) == len(one.entities)
        assert len(list(root.iter(f"{SVG}path"))) == len(one.lines) + 1
        for number, (x, y, width, height) in enumerate(boxes):
            assert x + width <= size[0]
            assert y + height <= size[1]
            for left, top, its_width, its_height in boxes[number + 1 :]:
                apart = x + width <= left or left + its_width <= x or y + height <= top or top + its_height <= y
                assert apart


def test_dot_leads_from_ports_that_are_there(drawn: Diagram) -> None:
    text = dot(drawn)
    for table in re.findall(r"\[label=<(<table.*</table>)>\]", text):
        ElementTree.fromstring(table)
    for node, port in re.findall(r"^  (\w+):(\w+) ->", text, re.MULTILINE):
        assert re.search(rf'^  {node} \[label=.*port="{port}"', text, re.MULTILINE)


def test_the_format_goes_by_the_ending_of_the_file(tmp_path: Path) -> None:
    for name, beginning in (("a.svg", "<svg "), ("a.dot", "digraph"), ("a.txt", "erDiagram")):
        done = toolcrib("schema", "diagram", ROOT / "examples" / "app.py", "--out", tmp_path / name)
        assert done.returncode == 0
        assert (tmp_path / name).read_text().startswith(beginning)
    absent = toolcrib("schema", "diagram", ROOT / "examples" / "components", "--out", tmp_path / "no" / "a.svg")
    assert "cannot write" in absent.stderr
