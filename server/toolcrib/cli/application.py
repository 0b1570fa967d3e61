"""The commands, put together."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import typer

from toolcrib.cli.audit_commands import audit_commands
from toolcrib.cli.console import ErrorBoundary
from toolcrib.cli.doctor import doctor
from toolcrib.cli.generate import generate
from toolcrib.cli.init import init
from toolcrib.cli.migrate import migrate
from toolcrib.cli.prune import prune
from toolcrib.cli.schema import schema_commands
from toolcrib.cli.serve import serve
from toolcrib.cli.watch import watch

application = typer.Typer(
    cls=ErrorBoundary, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=True, rich_markup_mode=None
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"toolcrib {metadata.version('toolcrib')}")
        raise typer.Exit


@application.callback()
def toolcrib(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A gRPC storage server for machines: one protobuf message per component, served, audited and typed."""


for command in (init, generate, serve, watch, prune, migrate, doctor):
    application.command()(command)
application.add_typer(audit_commands)
application.add_typer(schema_commands)
