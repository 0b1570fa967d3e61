"""What is promised of pools of connections, whatever the database."""

from __future__ import annotations

import time

import pytest

from support.behind import behind
from support.plant import COMPONENTS, plant
from toolcrib.server.databases.choice import backend_for
from toolcrib.server.databases.limits import Limits
from toolcrib.server.errors import DatabaseUnavailable
from toolcrib.server.testing import serve

_GIVEN_BACK_WITHIN_S = 20.0


def limited_and_given_back(database: str, administrator: str, count: str) -> None:
    """A server has no more connections than it may have, and none any more when it has stopped.

    `administrator` is a URL of the database's server, and `count` counts the connections to a database by its name.
    """
    name = database.partition("?")[0].rpartition("/")[2]
    with behind(administrator) as asking:
        with serve(COMPONENTS, database=database, connections_max=7) as running, plant(running.address) as crib:
            for number in range(20):
                crib.recipe(f"r{number}")
            crib.revision()
            assert asking.execute(count, [name]).fetchone()[0] <= 7
        end = time.monotonic() + _GIVEN_BACK_WITHIN_S
        # No event tells of it: the database's server sees by itself, a moment later, that the other end has gone.
        while asking.execute(count, [name]).fetchone()[0]:
            assert time.monotonic() < end
            time.sleep(0.01)


def told_when_none_is_free(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Who finds no connection free is told so in time, the next one has one, and the log says it once."""
    backend = backend_for(url, Limits(connections_max=2, busy_timeout_s=0.2))
    with backend.connect(), backend.connect():
        began = time.monotonic()
        for _ in range(2):
            said = r"all 2 connections .* are in use \(connections_max\), and none came free in 0\.2 s"
            with pytest.raises(DatabaseUnavailable, match=said):
                backend.connect()
        assert time.monotonic() - began < 2
    with backend.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
        assert backend.figures() == (1, 1, 2, 2, 2)
    backend.close()
    # The log says so once a minute, not for each caller.
    (warning,) = caplog.messages
    assert warning.endswith("2 used and 0 idle of at most 2; 2 opened and 1 times none free since the start")
