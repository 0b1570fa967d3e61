"""What is generated for every golden case is C++ that compiles without a warning, and as clang-format leaves it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.cpp import CLIENT, ROOT, Compiler, run

GOLDEN = ROOT / "tests" / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/expected"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_compiles_without_a_warning(case: Path, compiler: Compiler, tmp_path: Path) -> None:
    compiler.check(case / "input", case / "expected", tmp_path)


def test_is_as_clang_format_leaves_it() -> None:
    headers = sorted(GOLDEN.rglob("*_client.h"))
    assert headers
    style = f"--style=file:{CLIENT / '.clang-format'}"
    run(Path(sys.executable).parent / "clang-format", style, "--dry-run", "--Werror", *headers)
