"""Servers for the tests of this folder: each test has its own, over its own database, behind a real socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.plant import COMPONENTS, EXAMPLES, Plant, plant
from toolcrib.server.testing import RunningServer, serve


@pytest.fixture
def server() -> Iterator[RunningServer]:
    """The example's components without the example's hooks."""
    with serve(COMPONENTS) as running:
        yield running


@pytest.fixture
def crib(server: RunningServer) -> Iterator[Plant]:
    """A client of `server`."""
    with plant(server.address) as client:
        yield client


@pytest.fixture
def example() -> Iterator[Plant]:
    """A client of the example application, hooks and all."""
    with serve(EXAMPLES / "app.py") as running, plant(running.address) as client:
        yield client
