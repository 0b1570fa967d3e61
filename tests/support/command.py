"""The command line, as people and scripts meet it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.core import TyperCommand, TyperGroup
from typer.testing import CliRunner

from toolcrib.cli.application import application
from toolcrib.cli.lazy import LazyCommand

TIMEOUT_S = 60
COMMAND = [sys.executable, "-m", "toolcrib.cli"]


@dataclass
class Serving:
    """A `toolcrib serve` that serves."""

    process: subprocess.Popen[str]
    announced: dict[str, Any]

    @property
    def address(self) -> str:
        return str(self.announced["address"])

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Exit code, and what it wrote to stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=TIMEOUT_S)
        return self.process.returncode, errors


def toolcrib(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, in this process: a new one would import everything anew."""
    words, code = [str(argument) for argument in arguments], 0
    with contextlib.chdir(cwd or Path.cwd()), CliRunner().isolation(env=environment) as (output, errors, _):
        try:
            application.main(args=words, prog_name="toolcrib")
        except SystemExit as end:
            code = int(end.code or 0)
        sys.stdout.flush()
        sys.stderr.flush()
        return subprocess.CompletedProcess(words, code, output.getvalue().decode(), errors.getvalue().decode())


def commands() -> Iterator[tuple[tuple[str, ...], LazyCommand, TyperCommand | TyperGroup]]:
    """Every command and the groups of them: how it is called, what stands for it until then, and itself."""
    waiting: list[tuple[tuple[str, ...], TyperGroup]] = [((), application)]
    while waiting:
        path, group = waiting.pop(0)
        for name, lazy in group.commands.items():
            assert isinstance(lazy, LazyCommand)
            command = lazy.load()
            yield (*path, name), lazy, command
            if isinstance(command, TyperGroup):
                waiting.append(((*path, name), command))


def toolcrib_process(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


@contextmanager
def serving(*arguments: str | Path, cwd: Path | None = None, address: str = "127.0.0.1:0") -> Iterator[Serving]:
    """Runs `toolcrib serve`, by default on a free port."""
    command = [*COMMAND, "serve", *map(str, arguments), "--address", address, "--json"]
    with subprocess.Popen(
        command, cwd=cwd, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            if not line:
                raise AssertionError(process.communicate()[1])
            yield Serving(process, json.loads(line))
        finally:
            if process.poll() is None:
                process.kill()


def _environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("TOOLCRIB_")}
    cache = {"TOOLCRIB_CACHE": os.environ["TOOLCRIB_CACHE"]} if "TOOLCRIB_CACHE" in os.environ else {}
    return own | cache
