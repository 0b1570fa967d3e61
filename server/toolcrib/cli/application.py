"""The commands, put together. Each is imported when it is called, so that all begin without what only others need."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from toolcrib.cli.lazy import LazyCommand, group


class ErrorBoundary(TyperGroup):
    """Turns what is expected to go wrong into a line on stderr and exit code 1. A defect keeps its traceback."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Runs the command."""
        try:
            return super().main(*arguments, **options)
        except Exception as error:
            # Of half of the project, which a command that goes well does not need.
            from toolcrib.cli.console import complain  # noqa: PLC0415
            from toolcrib.cli.expected import EXPECTED  # noqa: PLC0415

            if not isinstance(error, EXPECTED):
                raise
            complain(str(error))
            sys.exit(1)


_base = typer.Typer(
    cls=ErrorBoundary, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=True, rich_markup_mode=None
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"toolcrib {metadata.version('toolcrib')}")
        raise typer.Exit


@_base.callback()
def toolcrib(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A gRPC storage server for machines: one protobuf message per component, served, audited and typed."""


application = group(
    _base,
    (
        LazyCommand(
            "init",
            "init:init",
            "Make a project: a component, an application with a hook, settings, a test and a README.",
        ),
        LazyCommand(
            "generate",
            "generate:generate",
            "Write the services' .proto files, the typed clients and the server code.",
        ),
        LazyCommand(
            "serve",
            "serve:serve",
            "Serve components until Ctrl-C or SIGTERM; calls in flight are finished then.",
        ),
        LazyCommand(
            "watch",
            "watch:watch",
            "Show each commit as it is made, until Ctrl-C; from now on, unless told to begin elsewhere.",
        ),
        LazyCommand("prune", "prune:prune", "Let go of audit entries or former versions of a component."),
        LazyCommand(
            "migrate",
            "migrate:migrate",
            "Move records, history, audit and all else to another database, and verify it.",
        ),
        LazyCommand(
            "doctor",
            "doctor:doctor",
            "Check versions, protoc, components, settings, database, disk, address and cache.",
        ),
        LazyCommand(
            "audit",
            "audit_commands:audit_commands",
            "Show who changed what, when, and what it was before; newest first.",
        ),
        LazyCommand("schema", "schema_commands:schema_commands", "Plan and apply changes of the database's schema."),
    ),
)
