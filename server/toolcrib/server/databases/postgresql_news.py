"""Hears what other servers commit to the same PostgreSQL: LISTEN, behind each NOTIFY that came with a commit.

It only says that there is something: what that is, is read from the audit. Where the connection is lost nothing is
missed, as watches ask for the newest revision now and then anyway.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
from collections.abc import Callable
from typing import Any

from psycopg import Error
from sqlalchemy import Connection

from toolcrib.server.databases.postgresql_triggers import CHANNEL, DIRECT_WRITE
from toolcrib.server.errors import StorageError
from toolcrib.server.session import driver_connection

logger = logging.getLogger(__name__)

_RETRY_S = 1.0


class PostgresqlNews(threading.Thread):
    """Calls `heard` when another server than `own` has committed, `direct` when somebody has who bypassed all servers.

    It calls both when it has been deaf for a while.
    """

    def __init__(
        self, connect: Callable[[], Connection], own: str, heard: Callable[[], None], direct: Callable[[], None]
    ) -> None:
        super().__init__(name="toolcrib-news", daemon=True)
        self._connect = connect
        self._own = own
        self._heard = heard
        self._direct = direct
        self._closing = threading.Event()
        self._end, self._waker = socket.socketpair()

    def close(self) -> None:
        """Ends the thread."""
        self._closing.set()
        self._waker.send(b"\0")
        self.join()
        self._end.close()
        self._waker.close()

    def run(self) -> None:
        """The thread: listens, and begins anew where the connection is lost."""
        is_deaf = False
        while not self._closing.is_set():
            try:
                self._listen()
            except (Error, StorageError) as error:
                if not is_deaf:
                    logger.warning("commits of other servers are only found by asking: %s", error)
                is_deaf = True
                self._closing.wait(_RETRY_S)

    def _listen(self) -> None:
        connection = self._connect()
        driver = driver_connection(connection)
        try:
            driver.execute(f"LISTEN {CHANNEL}")
            # What was committed before is not told.
            self._heard()
            self._direct()
            with selectors.DefaultSelector() as selector:
                selector.register(driver, selectors.EVENT_READ)
                selector.register(self._end, selectors.EVENT_READ)
                while not self._closing.is_set():
                    self._take(driver)
                    selector.select()
        finally:
            # It listens: nobody else has a use for it.
            connection.invalidate()
            connection.close()

    def _take(self, driver: Any) -> None:
        for notice in driver.notifies(timeout=0):
            if notice.payload == DIRECT_WRITE:
                self._direct()
            elif notice.payload != self._own:
                self._heard()
