"""`toolcrib schema export-alembic`: the plan as a migration script, for those who bring databases up by Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolcrib.cli import options
from toolcrib.cli.console import CommandError, Json, print_json, working
from toolcrib.cli.schema_store import Allow, Target, store_of
from toolcrib.server.schema.steps import PlanRefused
from toolcrib.server.schema.text import plan_json, plan_text


def export_alembic(
    out: Annotated[Path, typer.Option(help="The folder of the scripts, `versions` beside Alembic's env.py.")],
    target: Target = None,
    from_base: Annotated[
        bool, typer.Option("--from-base", help="For an empty database, whatever --database has.")
    ] = False,
    config: options.Config = None,
    database: options.DatabaseUrl = None,
    components: options.Components = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Write the plan as a migration script for Alembic, behind those that are there. Changes nothing."""
    if not out.is_dir():
        raise CommandError(
            f"{out} is no folder; name the one that Alembic has its scripts in (`alembic init` makes it)"
        )
    store = store_of(target, config, database, components)
    try:
        with working("planning"):
            plan, script = store.migration(out.absolute(), allow or (), from_base=from_base)
    except PlanRefused as refusal:
        if not as_json:
            typer.echo(plan_text(refusal.plan, allow or ()))
        raise
    path = None if script is None else out / f"{script.revision}_toolcrib_schema_{plan.version + 1}.py"
    if path is not None and script is not None:
        try:
            path.write_text(script.text, "utf-8", newline="\n")
        except OSError as error:
            raise CommandError(f"cannot write {path}: {error.strerror}; choose another --out") from error
    if as_json:
        print_json(plan_json(plan, allow or ()) | {"script": None if path is None else str(path)})
        return
    typer.echo(plan_text(plan, allow or ()))
    if path is not None:
        typer.echo(f"\nwritten to {path}; now: alembic upgrade head")
