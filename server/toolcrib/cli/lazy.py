"""Commands whose modules are imported when they are called: none waits for what only others need."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from toolcrib.cli.main import MISSING_EXTRA, importing


class LazyCommand(TyperCommand):
    """Stands for the command at `place`, "module:name" within this package, until it is called.

    `summary` is the first sentence of its help, which lists of commands show. What it stands for is a function, or a
    group of further commands.
    """

    def __init__(self, name: str, place: str, summary: str) -> None:
        super().__init__(name, help=summary, rich_markup_mode=None)
        self._place = place

    def load(self) -> TyperCommand | TyperGroup:
        """The command itself. Exits where a library is not installed that it needs."""
        module, _, name = self._place.partition(":")
        try:
            with importing():
                found = getattr(import_module(f"toolcrib.cli.{module}"), name)
        except ImportError as error:
            if (error.name or "").partition(".")[0] == "toolcrib":
                raise
            raise SystemExit(MISSING_EXTRA) from error
        if isinstance(found, TyperGroup):
            return found
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        alone.command(self.name)(found)
        made = get_command(alone)
        assert isinstance(made, TyperCommand)
        return made

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """That of the command itself, which then runs, helps or completes."""
        return self.load().make_context(*arguments, **options)


def group(base: typer.Typer, commands: Iterable[LazyCommand]) -> TyperGroup:
    """What `base` is with its callback, with these commands under it."""
    made = get_command(base)
    assert isinstance(made, TyperGroup)
    for command in commands:
        made.add_command(command)
    return made
