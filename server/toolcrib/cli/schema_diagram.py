"""`toolcrib schema diagram`: the components as a picture, or as text that others draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from toolcrib.cli import options
from toolcrib.cli.console import CommandError, working
from toolcrib.cli.serve import default_target
from toolcrib.codegen.diagrams.dot import dot
from toolcrib.codegen.diagrams.entities import Diagram
from toolcrib.codegen.diagrams.entities import diagram as diagram_of
from toolcrib.codegen.diagrams.mermaid import mermaid
from toolcrib.codegen.diagrams.svg import svg
from toolcrib.codegen.sources import load_schema
from toolcrib.server.loading import components_of
from toolcrib.server.settings_sources import load_settings


class Format(StrEnum):
    """What a diagram is written as."""

    MERMAID = "mermaid"
    SVG = "svg"
    DOT = "dot"


_WRITERS: Mapping[Format, Callable[[Diagram], str]] = {Format.MERMAID: mermaid, Format.SVG: svg, Format.DOT: dot}


def diagram(
    target: Annotated[
        Path | None,
        typer.Argument(help="A folder of .proto files, or an app module, as for `toolcrib serve`.", show_default=False),
    ] = None,
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="[default: by the ending of --out, else mermaid]", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The file to write. [default: the terminal]", show_default=False)
    ] = None,
    config: options.Config = None,
    components: options.Components = None,
) -> None:
    """Draw the components: fields with their types, keys, references and relations."""
    settings = load_settings(config, components=components)
    folder = components_of(target or default_target(settings), settings)
    with working(f"compiling {folder}"):
        schema, _ = load_schema(folder)
    by_ending = next((one for one in Format if out is not None and out.suffix == f".{one}"), Format.MERMAID)
    text = _WRITERS[format_ or by_ending](diagram_of(schema))
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise CommandError(f"cannot write {out}: {error.strerror}; choose another file") from error
