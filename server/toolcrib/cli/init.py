"""`toolcrib init`: writes a project that serves at once."""

from __future__ import annotations

import keyword
import re
import sys
from importlib import resources
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from toolcrib.cli.console import CommandError, Json, print_json
from toolcrib.cli.settings_file import settings_file
from toolcrib.codegen.names import snake_case

_NAME = re.compile(r"(?P<package>[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\.v[1-9]\d*)\.(?P<component>[A-Z][A-Za-z0-9]*)")
_NAMES_SHOWN_MAX = 10
# Packages that are there already, and would hide the project's own or be hidden by them.
_TAKEN = {"toolcrib", "google", "buf", "grpc", "test", "tests", "app", "gen"} | sys.stdlib_module_names


def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make.", show_default=False)],
    name: Annotated[
        str | None,
        typer.Option(
            help="The first component: its package, with a version at its end, and its message. "
            "[default: <folder>.parts.v1.Part]",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also in a folder that is not empty; files that are there stay as they are.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a project: a component, an application with a hook, settings, a test and a README."""
    files = _files(name or _default_name(folder))
    _require_room(folder, force=force)
    written = [path for path, text in files.items() if _write(folder / path, text)]
    if as_json:
        print_json({"folder": str(folder), "files": written})
        return
    for path in written:
        typer.echo(f"  {folder / path}")
    typer.echo(f"\nmade {len(written)} files. Now:\n\n  cd {folder}\n  toolcrib serve\n\nREADME.md says how to go on.")


def _default_name(folder: Path) -> str:
    """For example shop.parts.v1.Part, where the folder's name will do as a package's."""
    first = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")
    is_usable = first[:1].isalpha() and not keyword.iskeyword(first) and first not in _TAKEN
    return f"{first if is_usable else 'plant'}.parts.v1.Part"


def _files(name: str) -> dict[str, str]:
    """The project's files by their names."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise CommandError(f"--name {name!r} is no versioned message name; write one like plant.parts.v1.Part")
    package, message = match["package"], match["component"]
    parts = package.split(".")
    if bad := next((part for part in (*parts, message) if keyword.iskeyword(part)), None):
        raise CommandError(f"--name {name}: {bad} is a word of Python's own; choose another")
    if parts[0] in _TAKEN:
        raise CommandError(
            f"--name {name}: the package {parts[0]} is taken; begin with another word, like your plant's"
        )
    component = snake_case(message)
    proto = f"components/{'/'.join(parts)}/{component}.proto"
    values = {"package": package, "Component": message, "component": component, "proto": proto}
    templates = {
        proto: "component.proto.in",
        "app.py": "app.py.in",
        "tests/test_app.py": "test_app.py.in",
        "README.md": "README.md.in",
        ".gitignore": "gitignore.in",
        "pytest.ini": "pytest.ini.in",
    }
    source = resources.files("toolcrib.cli") / "template"
    texts = {path: (source / template).read_text("utf-8") for path, template in templates.items()}
    return {path: Template(text).substitute(values) for path, text in texts.items()} | {
        "toolcrib.toml": settings_file()
    }


def _require_room(folder: Path, *, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise CommandError(f"{folder} is a file; name a folder")
    if force or not folder.exists():
        return
    names = sorted(path.name for path in folder.iterdir())
    if names:
        more = f" and {len(names) - _NAMES_SHOWN_MAX} more" if len(names) > _NAMES_SHOWN_MAX else ""
        raise CommandError(
            f"{folder} is not empty: it has {', '.join(names[:_NAMES_SHOWN_MAX])}{more}; name another folder, or add "
            "what is missing with --force"
        )


def _write(path: Path, text: str) -> bool:
    """Writes a file that is not there yet; answers whether it did."""
    if path.exists():
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}; choose a folder that can be written") from error
    return True
