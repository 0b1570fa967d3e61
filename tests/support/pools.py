"""What is promised of pools of connections, whatever the database."""

from __future__ import annotations

import time

import pytest

from toolcrib.server.databases.choice import backend_for
from toolcrib.server.databases.limits import Limits
from toolcrib.server.errors import DatabaseUnavailable


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
