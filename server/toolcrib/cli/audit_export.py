"""`toolcrib audit export`: writes an evidence bundle, which people read and `toolcrib audit verify` verifies."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from toolcrib.cli import options
from toolcrib.cli.conditions import parse_moment, parse_revisions
from toolcrib.cli.console import CommandError, Json, print_json, working
from toolcrib.server.audit_file import audit_file
from toolcrib.server.evidence.bundle import write_bundle
from toolcrib.server.evidence.selection import Selection
from toolcrib.server.evidence.wording import Messages
from toolcrib.server.loading import import_components
from toolcrib.server.settings_sources import load_settings
from toolcrib.server.signing import SigningKey


def export(
    out: Annotated[Path, typer.Option(help="The folder to write; a new one, or one that is empty.")],
    config: options.Config = None,
    database: options.DatabaseUrl = None,
    components: options.Components = None,
    component: Annotated[str, typer.Option(help="Full name of a component's message.", show_default=False)] = "",
    record: Annotated[str, typer.Option(help="The record's key. Needs --component.", show_default=False)] = "",
    actor: Annotated[str, typer.Option(help="Only what this actor did.", show_default=False)] = "",
    tenant: Annotated[str, typer.Option(help="Only what calls of this tenant did.", show_default=False)] = "",
    since: Annotated[
        str | None, typer.Option(help="From this time on: an ISO time, or how long ago, like 2h or 3d.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Before this time; written as for --since.")] = None,
    revision: Annotated[str | None, typer.Option(help="A revision N, or a range A..B, A.. or ..B.")] = None,
    key: Annotated[
        Path | None,
        typer.Option(envvar="TOOLCRIB_AUDIT_KEY", help="The private key to sign with, PEM.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the audit, or a part of it, as evidence: tables and a report to read, and a chain to verify."""
    if record and not component:
        raise CommandError("--record means nothing without --component; give both")
    first, last = parse_revisions(revision) if revision is not None else (0, 0)
    selection = Selection(
        component=component,
        record_key=record,
        actor=actor,
        tenant=tenant,
        start_time=_moment("--since", since),
        end_time=_moment("--until", until),
        start_revision=first,
        end_revision=last,
    )
    settings = load_settings(config, database=database, components=components)
    signing = None if key is None else SigningKey.read(key)
    messages = _messages(Path(settings.components), is_named=components is not None)
    with working("writing evidence"), audit_file(settings.database) as file:
        manifest = write_bundle(file, out, selection, messages, signing)
    if as_json:
        print_json({"out": str(out), **manifest})
    else:
        shown = f"{manifest['shown_transactions']} transactions with {manifest['shown_entries']} entries"
        typer.echo(f"wrote {out}: {shown}, of a chain up to revision {manifest['revision']}")


def _moment(option: str, text: str | None) -> datetime | None:
    return None if text is None else parse_moment(option, text).astimezone(UTC)


def _messages(folder: Path, *, is_named: bool) -> Messages:
    """The components' message types, with which records are read; without them only their sizes are shown."""
    if not folder.is_dir():
        if is_named:
            raise CommandError(f"{folder} is no folder; name the one of the .proto files with --components")
        return {}
    found = (generated.repository.component for generated in import_components(folder))
    return {component.name: component.message for component in found}
