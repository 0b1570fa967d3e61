"""Revisions, history, audit and watches against one model, with concurrent callers, restarts and lost connections."""

from __future__ import annotations

from support.model.machine import InProcess, thoroughly

TestEverything = InProcess.TestCase
TestEverything.settings = thoroughly(5)
