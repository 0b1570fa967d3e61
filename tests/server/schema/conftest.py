"""A shop whose components change from one run to the next, each test with a database of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.evolving import Evolving, forge
from support.schema_spellings import DATABASES, Spellings


@pytest.fixture(scope="session")
def forged() -> Iterator[subprocess.Popen[str]]:
    """The process that all runs are forked from."""
    with forge() as process:
        yield process


@pytest.fixture
def shop(forged: subprocess.Popen[str], tmp_path: Path, request: pytest.FixtureRequest) -> Evolving:
    """A shop without components yet. On SQLite its file lies in a folder of its own, where backups come to lie."""
    is_file = request.config.getoption("--database") == "sqlite"
    return Evolving(forged, tmp_path, tmp_path / "test.db" if is_file else request.getfixturevalue("database"))


@pytest.fixture
def spellings(request: pytest.FixtureRequest) -> Spellings:
    """How the database of this run spells what the tests compare."""
    return DATABASES[request.config.getoption("--database")]
