"""A served example, and a working folder without settings."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command import Serving, serving
from support.plant import EXAMPLES
from toolcrib.server.testing import TEST_DATABASE_VARIABLE


@pytest.fixture
def example(database: str) -> Iterator[Serving]:
    """The example application, served."""
    with serving(EXAMPLES / "app.py", "--database", database) as running:
        yield running


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """Ctrl-C reaches commands also where a shell runs the tests in its background: its children would ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a settings file nor variables of whoever runs the tests, other than the cache and the tests' database."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("TOOLCRIB_") and name not in {"TOOLCRIB_CACHE", TEST_DATABASE_VARIABLE}:
            monkeypatch.delenv(name)
