"""A shop whose components change from one run to the next, each test with a database of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.evolving import Evolving, forge


@pytest.fixture(scope="session")
def forged() -> Iterator[subprocess.Popen[str]]:
    """The process that all runs are forked from."""
    with forge() as process:
        yield process


@pytest.fixture
def shop(forged: subprocess.Popen[str], tmp_path: Path) -> Evolving:
    """A shop without components yet."""
    return Evolving(forged, tmp_path)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Forms of tables are what these are about, and so they run on SQLite's; test_elsewhere.py on any database."""
    for item in items:
        if Path(__file__).parent in item.path.parents and item.path.name != "test_elsewhere.py":
            item.add_marker("sqlite")
