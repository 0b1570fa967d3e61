"""For tests about MariaDB itself, whatever database the others have: a server of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.mariadb import Mariadb, mariadb
from toolcrib.server.databases.scratch import scratch_database


@pytest.fixture(scope="module")
def own_mariadb() -> Iterator[Mariadb]:
    """The server, which a test may stop and start."""
    with mariadb() as running:
        yield running


@pytest.fixture
def maria_database(own_mariadb: Mariadb) -> Iterator[str]:
    """The URL of an empty database on it."""
    with scratch_database(own_mariadb.url) as url:
        yield url
