"""Revisions, history, audit and watches against one model, with concurrent callers, restarts and lost connections."""

from __future__ import annotations

from contextlib import ExitStack

from support.model.kinds import COMPONENTS
from support.model.machine import SETTINGS, Everything, thoroughly
from toolcrib.server.testing import serve


class InProcess(Everything):
    """The server in the process of the test."""

    def open(self, database: str) -> str:
        self.running = ExitStack()
        return self.running.enter_context(serve(COMPONENTS, database=database, **SETTINGS)).address

    def close(self) -> None:
        self.running.close()


TestEverything = InProcess.TestCase
TestEverything.settings = thoroughly(5)
