"""What the pages show of C++ compiles, as it stands there."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cpp import CLIENT, ROOT, Compiler
from support.pages import shown
from support.plant import COMPONENTS
from toolcrib.codegen import Target, generate

# What the pages take for there.
_AROUND = """
using namespace plant::cycles::v1;
using namespace plant::recipes::v1;
using namespace plant::tools::v1;
template <typename... T> void Use(const T&...) {}
template <typename... T> void Show(const T&...) {}
struct There {
  toolcrib::Crib crib;
  ToolOffsetClient tools;
  Recipe recipe;
  MachineCycle cycle;
  std::string etag;
  int turned_away;
};
"""


def function(number: int, block: str) -> str:
    """A block as the body of a function; what it includes and uses goes before that."""
    lines = block.splitlines()
    head = [line for line in lines if line.startswith(("#include", "using"))]
    body = [line for line in lines if line not in head]
    names = "[[maybe_unused]] auto& [crib, tools, recipe, cycle, etag, turned_away] = there;"
    return "\n".join([*head, f"void Block{number}(There& there) {{", names, "{", *body, "}", "}", ""])


@pytest.mark.parametrize("page", [CLIENT / "README.md", ROOT / "docs" / "clients.md"], ids=lambda page: page.name)
def test_as_it_stands(page: Path, compiler: Compiler, tmp_path: Path) -> None:
    blocks = shown(page.read_text("utf-8"), "cpp")
    assert blocks
    generate(COMPONENTS, tmp_path / "generated", {Target.CPP})
    code = _AROUND + "".join(function(number, block) for number, block in enumerate(blocks))
    compiler.check(COMPONENTS, tmp_path / "generated" / "cpp", tmp_path, code)
