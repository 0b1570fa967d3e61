"""`toolcrib doctor`: says what is wrong here, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from toolcrib.cli import options
from toolcrib.cli.check_server import check_address, check_database, chosen_backend
from toolcrib.cli.checks import (
    Check,
    check_cache,
    check_components,
    check_disk,
    check_environment,
    check_libraries,
    check_protoc,
    check_python,
)
from toolcrib.cli.console import Json, console, print_json, working
from toolcrib.server.settings import Settings
from toolcrib.server.settings_sources import SettingsError, config_path, load_settings


def doctor(
    target: Annotated[
        Path | None,
        typer.Argument(
            help="The folder of .proto files to compile. Without it: the setting components.", show_default=False
        ),
    ] = None,
    config: options.Config = None,
    database: options.DatabaseUrl = None,
    address: options.Address = None,
    as_json: Json = False,
) -> None:
    """Check versions, protoc, components, settings, database, disk, address and cache. Exit code 1 if one is wrong."""
    with working("looking"):
        checks = list(_checks(target, config, database, address))
    is_ok = all(check.is_ok for check in checks)
    if as_json:
        fields = [{"name": c.name, "ok": c.is_ok, "found": c.found, "remedy": c.remedy} for c in checks]
        print_json({"ok": is_ok, "checks": fields})
    else:
        _print(checks)
    if not is_ok:
        raise typer.Exit(1)


def _checks(target: Path | None, config: Path | None, database: str | None, address: str | None) -> Iterator[Check]:
    yield check_python()
    yield from check_libraries()
    yield check_protoc()
    yield check_cache()
    yield from check_environment()
    try:
        path = config_path(config)
        settings = load_settings(config, database=database, address=address)
    except SettingsError as error:
        # What follows would be about other settings than those that are meant.
        yield Check("settings", "cannot be used", str(error))
        return
    yield Check("settings", f"from {path}" if path else "no settings file; the defaults and the environment")
    yield from _checks_of(settings, target)


def _checks_of(settings: Settings, target: Path | None) -> Iterator[Check]:
    folder = target or Path(settings.components)
    # Without a project here there is nothing to compile, and nothing wrong.
    if target is not None or folder.exists() or Path("app.py").exists():
        yield check_components(folder)
    backend = chosen_backend(settings)
    if isinstance(backend, Check):
        yield backend
    else:
        yield check_database(backend)
        if backend.path is not None:
            yield check_disk(backend.path.parent)
    yield check_address(settings)


def _print(checks: list[Check]) -> None:
    out = console()
    for check in checks:
        mark = "[green]✓[/green]" if check.is_ok else "[red]✗[/red]"
        out.print(mark, end=" ")
        out.print(f"{check.name:<12}{check.found}", markup=False, soft_wrap=True)
        for line in check.remedy.splitlines():
            out.print(f"  {'':<12}→ {line}", markup=False, soft_wrap=True)
