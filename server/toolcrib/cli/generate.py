"""`toolcrib generate`: the services, clients and server code of a folder of .proto files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolcrib import codegen
from toolcrib.cli.console import Json, print_json, working


def generate(
    components: Annotated[Path, typer.Argument(help="The folder of .proto files.")] = Path("components"),
    out: Annotated[Path, typer.Option(help="The folder to write into.")] = Path("gen"),
    python: Annotated[bool, typer.Option(help="Write the Python stubs and clients.")] = True,
    server: Annotated[bool, typer.Option(help="Write what a server needs.")] = True,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if the folder is not what would be written.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the services' .proto files, the typed clients and the server code.

    Files that an earlier run wrote and that are no longer wanted are removed; no other file is touched.
    """
    if check:
        _check(components, out, python=python, server=server, as_json=as_json)
        return
    with working(f"compiling {components}"):
        files = codegen.generate(components, out, python=python, server=server)
    if as_json:
        print_json({"out": str(out), "files": [path.relative_to(out).as_posix() for path in files]})
    else:
        typer.echo(f"{len(files)} files in {out} are up to date with {components}")


def _check(components: Path, out: Path, *, python: bool, server: bool, as_json: bool) -> None:
    with working(f"compiling {components}"):
        differing = codegen.check(components, out, python=python, server=server)
    if as_json:
        print_json({"out": str(out), "differing": differing})
    elif differing:
        typer.echo("\n".join(differing))
        typer.echo(
            f"toolcrib: {len(differing)} files in {out} differ from what {components} generates; run "
            f"`toolcrib generate {components} --out {out}`",
            err=True,
        )
    else:
        typer.echo(f"{out} is up to date with {components}")
    if differing:
        raise typer.Exit(1)
