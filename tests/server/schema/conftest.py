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
