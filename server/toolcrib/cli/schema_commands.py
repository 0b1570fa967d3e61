"""`toolcrib schema` and the commands under it, put together."""

from __future__ import annotations

import typer

from toolcrib.cli.lazy import LazyCommand, group

_base = typer.Typer(name="schema", no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@_base.callback()
def schema() -> None:
    """Plan and apply changes of the database's schema."""


schema_commands = group(
    _base,
    (
        LazyCommand("plan", "schema:plan", "Show what would be done to the database to bring it up to the components."),
        LazyCommand(
            "apply",
            "schema:apply",
            "Bring the database up to the components, in one transaction, after a backup.",
        ),
        LazyCommand(
            "versions",
            "schema:versions",
            "List the schemas that a database has had: when each was applied, by whom, and its plan.",
        ),
        LazyCommand(
            "diagram",
            "schema_diagram:diagram",
            "Draw the components: fields with their types, keys, references and relations.",
        ),
        LazyCommand(
            "import",
            "schema_import:import_",
            "Make components of another application's tables: .proto files to go on with and, with --records, their "
            "rows.",
        ),
        LazyCommand(
            "export-alembic",
            "schema_export:export_alembic",
            "Write the plan as a migration script for Alembic, behind those that are there.",
        ),
    ),
)
