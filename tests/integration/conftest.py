"""`toolcrib serve` in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from support.plant import EXAMPLES


@pytest.fixture
def address(database: str) -> Iterator[str]:
    """The address of the example application, served by the command line."""
    command = [sys.executable, "-m", "toolcrib.cli", "serve", str(EXAMPLES / "app.py"), "--json"]
    command += ["--address", "127.0.0.1:0", "--database", database]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["address"]
        process.terminate()
        assert process.wait(20) == 0
