"""The documentation says what the code does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor

from support.pages import prose, shown
from toolcrib.options.v1 import options_pb2
from toolcrib.server import errors
from toolcrib.server.status import code_of
from toolcrib.server.testing import serve

ROOT = Path(__file__).parents[1]
ERRORS = (ROOT / "docs" / "errors.md").read_text("utf-8")
OPTIONS = (ROOT / "docs" / "options.md").read_text("utf-8")
SERVER = ROOT / "server" / "toolcrib" / "server"
REASON = re.compile(r'"([A-Z]+(?:_[A-Z]+)+)"')
# Upper case, but the names of something else.
NO_REASONS = {"PRAGMA", "BEGIN_IMMEDIATE", "TOOLCRIB_TEST_DATABASE"}
NO_REASONS |= {"KEY_SOURCE_CLIENT", "ON_DELETE_CASCADE", "ON_DELETE_SET_NULL"}


def has_a_reason(kind: object) -> bool:
    """Whether it is an error that callers are told by a reason of its own."""
    is_error = isinstance(kind, type) and issubclass(kind, errors.StoreError) and kind is not errors.StorageError
    return is_error and "reason" in vars(kind)


def test_every_reason_that_the_server_gives_is_documented() -> None:
    given = {reason for path in SERVER.rglob("*.py") for reason in REASON.findall(path.read_text("utf-8"))}
    assert len(given) > 20
    assert given - NO_REASONS - set(re.findall(r"`([A-Z_]+)`", ERRORS)) == set()


@pytest.mark.parametrize("kind", [kind for kind in vars(errors).values() if has_a_reason(kind)])
def test_every_error_has_the_status_that_is_documented(kind: type[errors.StoreError]) -> None:
    row = next((line for line in status_rows() if f"`{kind.reason}`" in line[1]), None)
    assert row is not None, f"{kind.reason} is not documented"
    assert row[0] == code_of(kind.__new__(kind)).name


@pytest.mark.parametrize("message", options_pb2.DESCRIPTOR.message_types_by_name.values(), ids=lambda found: found.name)
def test_every_option_is_documented_with_an_example(message: Descriptor) -> None:
    for field in message.fields:
        assert re.search(rf"^\| `{field.name}` \| `.*{field.name}.*` \|", OPTIONS, re.MULTILINE), field.full_name


def status_rows() -> list[tuple[str, str]]:
    """Status and reasons of each row; an empty status is the one above."""
    rows = []
    status = ""
    for line in ERRORS.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 3 and cells[1] not in {"status", "---"}:
            status = cells[1] or status
            rows.append((status, cells[2]))
    return rows


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "ARCHITECTURE.md",
        "docs/errors.md",
        "docs/types.md",
        "docs/performance.md",
        "docs/queries.md",
        "docs/settings.md",
        "docs/watch.md",
        "docs/clients.md",
        "docs/schema.md",
        "docs/cli.md",
        "docs/databases.md",
        "docs/tenants.md",
        "docs/audit.md",
        "docs/retention.md",
        "docs/compliance.md",
        "CHANGELOG.md",
    ],
)
def test_files_that_pages_point_to_exist(page: str) -> None:
    text = prose((ROOT / page).read_text("utf-8"))
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / page).parent.joinpath(target).exists(), f"{page} points to {target}"


@pytest.mark.parametrize(
    ("page", "printed"),
    [
        ("watch.md", "there are 0\ncreated to be watched ann\nleft to be watched ann\n"),
        ("clients.md", "bracket 150.0\nINVALID_ARGUMENT INVALID_RECORD ['recipe.speed_mm_s']\n"),
    ],
)
def test_the_example_of_a_page_does_what_it_says(page: str, printed: str) -> None:
    program = shown((ROOT / "docs" / page).read_text("utf-8"), "python")[0]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "examples" / "gen")}
    with serve(ROOT / "examples" / "components") as server:
        done = subprocess.run(
            [sys.executable, "-c", program.replace("127.0.0.1:50051", server.address)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout == printed


def test_modules_that_the_architecture_names_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    names = set(re.findall(r"\b([a-z_]+\.py)\b", text))
    present = {path.name for folder in ("server", "codegen", "tests") for path in (ROOT / folder).rglob("*.py")}
    assert {name for name in names if not name.endswith(("_servicer.py", "_mapping.py", "_.py"))} <= present
