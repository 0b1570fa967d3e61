"""`toolcrib migrate`: moves everything that a database has to another one, of whatever kind."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from toolcrib.cli import options
from toolcrib.cli.console import Json, note, print_json
from toolcrib.cli.declared import declared
from toolcrib.cli.schema_store import Target
from toolcrib.server.database import Database
from toolcrib.server.databases.places import without_password
from toolcrib.server.hooks import Application
from toolcrib.server.migration.migration import Migration, Moved, Planned
from toolcrib.server.settings_sources import load_settings
from toolcrib.server.store import Store

# Copied, but the source was written to meanwhile: the same again copies the rest.
_UNFINISHED = 3
_MIB = 1024**2


def migrate(
    source: Annotated[
        str,
        typer.Option("--from", metavar="DATABASE", help="The database that is moved; only read.", show_default=False),
    ],
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="DATABASE", help="An empty one, or what was begun by the same command.", show_default=False
        ),
    ],
    target: Target = None,
    config: options.Config = None,
    components: options.Components = None,
    leave_behind: Annotated[
        list[str] | None,
        typer.Option(metavar="TABLE", help="Do not move this table, of no component; may be given several times."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be copied, and whether.")] = False,
    as_json: Json = False,
) -> None:
    """Move records, history, audit and all else to another database, and verify it. Run again, it goes on.

    Exit code 3 if the source was written to meanwhile: then stop its servers, and run the same again.
    """
    settings = load_settings(config, components=components)
    repositories, limits = declared(target, settings), settings.limits()
    stores = [Store(Database(url, limits), repositories, Application()) for url in (source, to)]
    migration = Migration(stores[0], stores[1], leave_behind or ())
    places = without_password(source), without_password(to)
    with _Bar() as bar:
        try:
            done = migration.plan(bar) if dry_run else migration.run(bar)
        finally:
            migration.close()
    if as_json:
        facts = _planned_json(done) if isinstance(done, Planned) else _moved_json(done)
        print_json({"from": places[0], "to": places[1], **facts})
    elif isinstance(done, Planned):
        _say_planned(done, *places)
    else:
        _say_moved(done, *places)
    if isinstance(done, Moved) and not done.is_finished:
        raise typer.Exit(_UNFINISHED)


class _Bar:
    """A progress bar on the terminal, a line for what is done now."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, text: str, rows: int) -> None:
        """Another line takes the place of the last."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(text, total=rows or None)

    def advance(self, rows: int) -> None:
        """So many rows more."""
        if self._task is not None:
            self._progress.advance(self._task, rows)


def _say_planned(planned: Planned, source: str, to: str) -> None:
    for name, rows in planned.rows.items():
        typer.echo(f"{rows:>12,}  {name}")
    size = "" if planned.size is None else f", {planned.size / _MIB:,.1f} MiB"
    typer.echo(f"{sum(planned.rows.values()):>12,}  rows of {source} up to revision {planned.state.revision}{size}")
    typer.echo(f"{to} {'is begun, and would be gone on with' if planned.is_resumed else 'would be filled'}")
    typer.echo("nothing was changed; leave out --dry-run to move them")


def _say_moved(moved: Moved, source: str, to: str) -> None:
    rows, written = sum(table.rows for table in moved.tables), sum(table.written for table in moved.tables)
    typer.echo(
        f"{rows:,} rows of {source} are in {to}, up to revision {moved.state.revision}; {written:,} were written"
    )
    if not moved.is_finished:
        note(f"toolcrib: {source} was written to meanwhile: stop its servers, and run the same again for what is new")
        return
    typer.echo("all of them were compared, and the chain of the audit is the same")
    typer.echo(f"head:  {moved.head.hex()}")
    typer.echo(f"serve {to} now, and {source} no longer")


def _planned_json(planned: Planned) -> dict[str, Any]:
    return {
        "dry_run": True,
        "resumed": planned.is_resumed,
        "revision": planned.state.revision,
        "bytes": planned.size,
        "tables": [{"name": name, "rows": rows} for name, rows in planned.rows.items()],
    }


def _moved_json(moved: Moved) -> dict[str, Any]:
    return {
        "finished": moved.is_finished,
        "revision": moved.state.revision,
        "head": moved.head.hex() or None,
        "tables": [
            {
                "name": table.name,
                "rows": table.rows,
                "written": table.written,
                "removed": table.removed,
                "sha256": moved.contents[table.name].hash if table.name in moved.contents else None,
            }
            for table in moved.tables
        ],
    }
