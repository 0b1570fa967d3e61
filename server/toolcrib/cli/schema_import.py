"""`toolcrib schema import`: components made of another application's tables and, if asked, records of their rows."""

from __future__ import annotations

from datetime import UTC, tzinfo
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from toolcrib.cli import options
from toolcrib.cli.console import CommandError, Json, note, print_json, working
from toolcrib.server.adoption.drafts import ComponentDraft
from toolcrib.server.adoption.importing import drafts_of, proto_files, write_files
from toolcrib.server.adoption.names import package_name
from toolcrib.server.adoption.proto import proto_path
from toolcrib.server.adoption.records import METHOD, Imported, RecordImport
from toolcrib.server.adoption.source import Source
from toolcrib.server.database import Database
from toolcrib.server.hooks import Application
from toolcrib.server.loading import import_components
from toolcrib.server.schema.costs import counted
from toolcrib.server.schema.evolve import this_user
from toolcrib.server.schema.record import Author
from toolcrib.server.settings import Settings
from toolcrib.server.settings_sources import load_settings
from toolcrib.server.store import Store

_PROBLEMS_SHOWN_MAX = 20


def import_(
    source: Annotated[
        str, typer.Option("--from", metavar="DATABASE", help="The other application's database; it is only read.")
    ],
    out: Annotated[Path, typer.Option(help="The folder of components, for the .proto files.")] = Path("components"),
    table: Annotated[
        list[str] | None,
        typer.Option(help="Only this table; may be given several times. [default: all]", show_default=False),
    ] = None,
    package: Annotated[
        str | None,
        typer.Option(help="The package of the components. [default: the database's name, and .v1]", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Also over .proto files that are there and differ.")] = False,
    records: Annotated[
        bool, typer.Option("--records", help="Copy the rows too, with the .proto files that are there by now.")
    ] = False,
    time_zone: Annotated[
        str, typer.Option(metavar="ZONE", help="What times without a zone are of, like Europe/Berlin.")
    ] = "UTC",
    config: options.Config = None,
    database: options.DatabaseUrl = None,
    actor: Annotated[
        str | None, typer.Option(help="Who imports. [default: the user of this process]", show_default=False)
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why; it stands in the audit. [default: imported from …]", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Make components of another application's tables: .proto files to go on with and, with --records, their rows."""
    opened, zone = Source(source), _zone(time_zone)
    with working(f"reading {opened.place}"):
        _, drafts = drafts_of(opened, table or (), package or package_name(opened.name))
    written = _write(out, drafts, force=force, may_be_there=records)
    if not as_json:
        _say(out, drafts, written)
    done: list[Imported] = []
    if records:
        settings = load_settings(config, database=database)
        done = _copy(
            opened, out, drafts, settings, actor or this_user(), reason or f"imported from {opened.place}", zone
        )
    if as_json:
        print_json(_as_json(out, drafts, written, done))
    elif records:
        _say_records(done)
    if any(its.problems for its in done):
        raise typer.Exit(1)


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise CommandError(f"--time-zone {name!r} is not known here; write one like Europe/Berlin") from error


def _write(out: Path, drafts: list[ComponentDraft], *, force: bool, may_be_there: bool) -> list[str]:
    """Writes the files that are not there; answers their names. Raises CommandError where one would be lost."""
    files = proto_files(drafts)
    differing = [
        name for name, text in files.items() if (out / name).exists() and (out / name).read_text("utf-8") != text
    ]
    if differing and not (force or may_be_there):
        raise CommandError(
            f"{out / differing[0]} is there already and differs; --force writes over it, --records goes on with it"
        )
    wanted = {name: text for name, text in files.items() if not (out / name).exists() or (force and name in differing)}
    try:
        write_files(out, wanted)
    except OSError as error:
        raise CommandError(f"cannot write {error.filename}: {error.strerror}; choose another --out") from error
    return sorted(wanted)


def _copy(
    source: Source,
    folder: Path,
    drafts: list[ComponentDraft],
    settings: Settings,
    actor: str,
    reason: str,
    zone: tzinfo,
) -> list[Imported]:
    with working(f"compiling {folder}"):
        generated = import_components(folder.absolute())
    # Without hooks: what they would do was done when the rows were written.
    database = Database(settings.database, settings.limits())
    store = Store(database, [one.repository for one in generated], Application())
    work = RecordImport(store, drafts, zone)
    store.open(store.schema(Author(actor, METHOD)))
    console = Console(stderr=True)
    bar = (*Progress.get_default_columns(), MofNCompleteColumn())
    try:
        with source.look() as connection, Progress(*bar, console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task("importing", total=work.count(connection))
            return work.run(connection, settings, actor, reason, lambda rows: progress.advance(task, rows))
    finally:
        database.backend.close()


def _say(out: Path, drafts: list[ComponentDraft], written: list[str]) -> None:
    for draft in drafts:
        name = proto_path(draft)
        typer.echo(f"{out / name}: {draft.table} as {draft.full_name}{'' if name in written else ', as it is'}")
        if name in written:
            for remark in draft.all_remarks():
                typer.echo(f"  {remark}")


def _say_records(done: list[Imported]) -> None:
    for its in done:
        there = f", {its.unchanged:,} there already" if its.unchanged else ""
        behind = f", {counted(len(its.problems), 'row')} left behind" if its.problems else ""
        typer.echo(f"{its.component}: {counted(its.created, 'record')} made of {its.table}{there}{behind}")
        if its.left_out:
            typer.echo(f"  without a field: {', '.join(its.left_out)}")
        for place, problem in its.problems[:_PROBLEMS_SHOWN_MAX]:
            note(f"  {its.table} {place}: {problem}")
        if len(its.problems) > _PROBLEMS_SHOWN_MAX:
            note(f"  and {len(its.problems) - _PROBLEMS_SHOWN_MAX:,} more; --json has all")


def _as_json(out: Path, drafts: list[ComponentDraft], written: list[str], done: list[Imported]) -> dict[str, Any]:
    components = [
        {"table": draft.table, "component": draft.full_name, "file": proto_path(draft), "remarks": draft.all_remarks()}
        for draft in drafts
    ]
    records = [
        {
            "component": its.component,
            "created": its.created,
            "unchanged": its.unchanged,
            "left_out": its.left_out,
            "problems": [{"row": place, "problem": problem} for place, problem in its.problems],
        }
        for its in done
    ]
    return {"out": str(out), "written": written, "components": components, "records": records}
