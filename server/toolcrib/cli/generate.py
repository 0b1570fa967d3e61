"""`toolcrib generate`: the services, clients and server code of a folder of .proto files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolcrib import codegen
from toolcrib.cli.console import Json, print_json, working
from toolcrib.codegen import Target


def generate(
    components: Annotated[Path, typer.Argument(help="The folder of .proto files.")] = Path("components"),
    out: Annotated[Path, typer.Option(help="The folder to write into.")] = Path("gen"),
    python: Annotated[bool, typer.Option(help="Write the Python stubs and clients.")] = True,
    server: Annotated[bool, typer.Option(help="Write what a server needs.")] = True,
    cpp: Annotated[bool, typer.Option("--cpp", help="Write the C++ clients, into the folder cpp.")] = False,
    typescript: Annotated[
        bool, typer.Option("--typescript", help="Write the TypeScript clients, into the folder typescript.")
    ] = False,
    go: Annotated[bool, typer.Option("--go", help="Write the Go clients, into the folder go.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if the folder is not what would be written.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the services' .proto files, the typed clients and the server code.

    Files that an earlier run wrote and that are no longer wanted are removed; no other file is touched.
    """
    wanted = {
        Target.PYTHON: python,
        Target.SERVER: server,
        Target.CPP: cpp,
        Target.TYPESCRIPT: typescript,
        Target.GO: go,
    }
    targets = [target for target, is_wanted in wanted.items() if is_wanted]
    if check:
        _check(components, out, targets, as_json=as_json)
        return
    with working(f"compiling {components}"):
        files = codegen.generate(components, out, targets)
    if as_json:
        print_json({"out": str(out), "files": [path.relative_to(out).as_posix() for path in files]})
    else:
        typer.echo(f"{len(files)} files in {out} are up to date with {components}")


def _check(components: Path, out: Path, targets: list[Target], *, as_json: bool) -> None:
    with working(f"compiling {components}"):
        differing = codegen.check(components, out, targets)
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
