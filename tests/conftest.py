"""The database that the tests have, all of them alike: `--database sqlite` or `--database postgresql`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from support.memory import temporary_files_in_memory
from support.postgres import postgres
from toolcrib.server.testing import TEST_DATABASE_VARIABLE, new_database

pytest_plugins = ["support.own_postgres"]

_OPTION = "--database"
_POSTGRESQL = "postgresql"
_RESOURCES = ExitStack()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declares the option."""
    default = _POSTGRESQL if os.environ.get(TEST_DATABASE_VARIABLE) else "sqlite"
    help_text = f"where tests have their databases; {TEST_DATABASE_VARIABLE} may name the PostgreSQL server to use"
    parser.addoption(_OPTION, choices=["sqlite", _POSTGRESQL], default=default, help=help_text)


def pytest_configure(config: pytest.Config) -> None:
    """Starts PostgreSQL once for all processes of a run, unless one is named."""
    _RESOURCES.enter_context(temporary_files_in_memory())
    config.addinivalue_line("markers", "sqlite: is about SQLite itself: its files, its locks, or what is written in it")
    if config.getoption(_OPTION) != _POSTGRESQL:
        os.environ.pop(TEST_DATABASE_VARIABLE, None)
    elif not os.environ.get(TEST_DATABASE_VARIABLE):
        os.environ[TEST_DATABASE_VARIABLE] = _RESOURCES.enter_context(postgres()).url


def pytest_unconfigure() -> None:
    """Stops what was started."""
    _RESOURCES.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is about SQLite itself, where that is not what is tested."""
    if config.getoption(_OPTION) == _POSTGRESQL:
        others = pytest.mark.skip(reason="is about SQLite itself")
        for item in items:
            if item.get_closest_marker("sqlite"):
                item.add_marker(others)


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of a new database."""
    with new_database() as url:
        yield url
