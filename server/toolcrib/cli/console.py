"""What all commands share: how they print and how they show that they work."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console

# Wide enough for a table in a file or a pipe, which have no width of their own.
_WIDTH_WITHOUT_TERMINAL = 200
_PATIENCE_S = 1.0

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


class CommandError(Exception):
    """A command cannot do what it was asked. `str()` says what is wrong and what to do."""


def complain(text: str) -> None:
    """Prints an error."""
    typer.echo(f"toolcrib: {text}" if "\n" not in text else text, err=True)


def note(text: str) -> None:
    """Prints a remark beside the output, where it does not disturb scripts."""
    typer.echo(text, err=True)


def print_json(value: Any) -> None:
    """Prints `value` as one line."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def console() -> Console:
    """For tables and colors on stdout, as far as it is a terminal."""
    console = Console(highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH_WITHOUT_TERMINAL)
    return console


@contextmanager
def working(text: str) -> Iterator[None]:
    """Shows on the terminal that something is being done, if it takes more than a second."""
    status = Console(stderr=True).status(text)
    timer = threading.Timer(_PATIENCE_S, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()
