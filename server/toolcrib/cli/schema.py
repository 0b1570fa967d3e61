"""`toolcrib schema`: what a database lacks of what the components declare, and bringing it there."""

from __future__ import annotations

from typing import Annotated

import typer

from toolcrib.cli import options
from toolcrib.cli.connection import TlsCa, TlsCert, TlsKey, connected
from toolcrib.cli.console import Json, console, print_json, working
from toolcrib.cli.schema_place import AtServer, Server, place_of
from toolcrib.cli.schema_store import Allow, Target
from toolcrib.server.database import Database
from toolcrib.server.schema.evolve import this_user
from toolcrib.server.schema.record import Author
from toolcrib.server.schema.steps import PlanRefused
from toolcrib.server.schema.text import plan_json, plan_text
from toolcrib.server.settings_sources import load_settings

_CHANGES = 2


def plan(
    target: Target = None,
    config: options.Config = None,
    database: options.DatabaseUrl = None,
    components: options.Components = None,
    allow: Allow = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 where there is something to do, with 0 where not.")
    ] = False,
    server: Server = None,
    as_json: Json = False,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
) -> None:
    """Show what would be done to the database to bring it up to the components. Changes nothing."""
    with place_of(server, (tls_ca, tls_cert, tls_key), target, config, database, components) as place:
        found, etag = place.plan()
    if as_json:
        print_json(plan_json(found, allow or ()) | {"etag": etag})
    else:
        typer.echo(plan_text(found, allow or ()))
    if found.steps and detailed_exitcode:
        raise typer.Exit(_CHANGES)


def apply(
    target: Target = None,
    config: options.Config = None,
    database: options.DatabaseUrl = None,
    components: options.Components = None,
    allow: Allow = None,
    actor: Annotated[
        str | None, typer.Option(help="Who applies it. [default: the user of this process]", show_default=False)
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why; it stands in the record.", show_default=False)] = None,
    etag: Annotated[
        str | None,
        typer.Option(
            help="Apply only the plan that was reviewed; `plan --json` has its etag. [default: the plan as it is now]",
            show_default=False,
        ),
    ] = None,
    server: Server = None,
    as_json: Json = False,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
) -> None:
    """Bring the database up to the components, in one transaction, after a backup. Stop the servers of it first.

    With --server it is a server that waits for this (schema_wait), and serves its components from then on.
    """
    author = Author(actor or this_user(), "schema apply", reason or "")
    try:
        with (
            working("applying"),
            place_of(server, (tls_ca, tls_cert, tls_key), target, config, database, components) as place,
        ):
            brought = place.apply(author, allow or (), etag)
    except PlanRefused as refusal:
        if not as_json:
            typer.echo(plan_text(refusal.plan, allow or ()))
        raise
    backup = None if brought.backup is None else str(brought.backup)
    if as_json:
        print_json(plan_json(brought.plan, allow or ()) | {"applied_version": brought.version, "backup": backup})
        return
    typer.echo(plan_text(brought.plan, allow or ()))
    if brought.version != brought.plan.version:
        typer.echo(f"\napplied as schema {brought.version}" + (f"; before it: {backup}" if backup else ""))


def versions(
    config: options.Config = None,
    database: options.DatabaseUrl = None,
    server: Server = None,
    as_json: Json = False,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
) -> None:
    """List the schemas that a database has had: when each was applied, by whom, and its plan."""
    if server is None:
        recorded = Database(load_settings(config, database=database).database).schemas()
    else:
        with connected(server, tls_ca, tls_cert, tls_key) as crib:
            recorded = AtServer(crib).versions()
    if as_json:
        for version in recorded:
            facts = {name: getattr(version, name) for name in ("actor", "method", "revision", "plan")}
            print_json({"version": version.version, "time": version.apply_time.isoformat(), **facts})
        return
    for version in recorded:
        when = f"{version.apply_time:%Y-%m-%d %H:%M:%S} UTC"
        console().print(f"schema {version.version}, {when}, by {version.actor} ({version.method})", markup=False)
        typer.echo(f"{version.plan}\n")
