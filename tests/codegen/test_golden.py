"""Each folder in tests/golden is one case: `input`, and what comes of it, `expected` or `stderr.txt`.

python tests/codegen/test_golden.py        # rewrites what is expected; read the diff before you commit it
"""

import importlib
import shutil
from pathlib import Path

import pytest

from toolcrib.codegen.emitters import Target, emit
from toolcrib.codegen.problems import GenerateError
from toolcrib.codegen.sources import load_schema

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/input"))


def result(case: Path) -> dict[str, str]:
    """The files that the case gives, by their paths within its folder."""
    try:
        schema, _ = load_schema(case / "input")
    except GenerateError as error:
        return {"stderr.txt": str(error).replace(f"{case.as_posix()}/", "") + "\n"}
    return {f"expected/{path}": text for path, text in emit(schema, frozenset(Target)).items()}


def recorded(case: Path) -> dict[str, str]:
    """The files that the case should give."""
    files = [*(case / "expected").rglob("*"), *case.glob("stderr.txt")]
    return {
        file.relative_to(case).as_posix(): file.read_text("utf-8")
        for file in files
        if file.is_file() and "__pycache__" not in file.parts
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(case: Path) -> None:
    """The case gives what is recorded."""
    assert result(case) == recorded(case)


def test_a_process_that_has_imported_the_rules_reads_them_in_the_same_way() -> None:
    """As a server's does, which imports what is generated."""
    importlib.import_module("buf.validate.validate_pb2")
    for case in CASES:
        assert result(case) == recorded(case), case.name


def test_refusals_name_place_and_remedy() -> None:
    """Every recorded refusal begins with a file; all but the one about a whole folder have a line."""
    for case in CASES:
        for text in recorded(case).get("stderr.txt", "").splitlines():
            assert text.startswith("input"), f"{case.name}: {text}"
            assert ".proto:" in text or case.name == "refuse_no_component", f"{case.name}: {text}"


def rewrite() -> None:
    """Records what the cases give now."""
    for case in CASES:
        shutil.rmtree(case / "expected", ignore_errors=True)
        (case / "stderr.txt").unlink(missing_ok=True)
        for name, text in result(case).items():
            path = case / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="\n")


if __name__ == "__main__":
    rewrite()
