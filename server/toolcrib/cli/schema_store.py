"""What commands about the schema share: their target, the steps that they take, and the store over a database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolcrib.cli.declared import declared
from toolcrib.server.database import Database
from toolcrib.server.hooks import Application
from toolcrib.server.settings_sources import load_settings
from toolcrib.server.store import Store

Target = Annotated[
    Path | None,
    typer.Argument(
        help="A folder of .proto files, or an app module, as for `toolcrib serve`. Without it: app.py if there is one, "
        "else the folder of components.",
        show_default=False,
    ),
]
Allow = Annotated[
    list[str] | None,
    typer.Option("--allow", metavar="STEP", help="Take this step, named as in the plan; may be given several times."),
]


def store_of(target: Path | None, config: Path | None, database: str | None, components: str | None) -> Store:
    """The store of the components of `target`, over a database that is not open yet."""
    settings = load_settings(config, database=database, components=components)
    return Store(Database(settings.database, settings.limits()), declared(target, settings), Application())
