"""Tells the listeners of commits."""

from __future__ import annotations

import logging
import threading
from queue import SimpleQueue

from toolcrib.server.changes import Commit
from toolcrib.server.hooks import Listener

logger = logging.getLogger(__name__)


class Announcer(threading.Thread):
    """Tells listeners of commits, in their order, on a thread of its own: no answer waits for them."""

    def __init__(self, listeners: tuple[Listener, ...]) -> None:
        super().__init__(name="toolcrib-announcer", daemon=True)
        self._listeners = listeners
        self._commits: SimpleQueue[Commit | None] = SimpleQueue()

    def announce(self, commit: Commit) -> None:
        """Queues a durable commit."""
        if self._listeners:
            self._commits.put(commit)

    def close(self) -> None:
        """Lets it tell what is queued, and end."""
        self._commits.put(None)

    def run(self) -> None:
        """The thread."""
        while (commit := self._commits.get()) is not None:
            for listener in self._listeners:
                try:
                    listener(commit)
                except Exception:
                    logger.exception("an after-commit listener failed at revision %d", commit.revision)
