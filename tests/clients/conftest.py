"""Clients of both kinds, connected to a server that answers what a test tells it to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.both_clients import KINDS, Client, connected
from support.fake_server import FakeServer, fake_server


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """The server."""
    with fake_server() as running:
        yield running


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest, server: FakeServer) -> Iterator[Client]:
    """A client of `server`, of each kind in turn."""
    with connected(request.param, server.address, actor="ann") as connection:
        yield connection
