"""For tests about PostgreSQL itself, whatever database the others have: a server of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.postgres import Postgres, postgres
from toolcrib.server.databases.scratch import scratch_database


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Postgres]:
    """The server, which a test may stop and start."""
    with postgres() as running:
        yield running


@pytest.fixture
def own_database(own_postgres: Postgres) -> Iterator[str]:
    """The URL of an empty database on it."""
    with scratch_database(own_postgres.url) as url:
        yield url
