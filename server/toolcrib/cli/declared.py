"""The components that a command without a server is about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from toolcrib.cli.console import working
from toolcrib.cli.serve import default_target
from toolcrib.server.loading import import_components, load
from toolcrib.server.repository import Repository
from toolcrib.server.settings import Settings


def declared(target: Path | None, settings: Settings) -> Sequence[type[Repository[Any, Any]]]:
    """The repositories of what `toolcrib serve` with this target would serve."""
    target = target or default_target(settings)
    with working(f"compiling {target}"):
        _, folder = load(target, settings)
        return [one.repository for one in import_components(folder)]
