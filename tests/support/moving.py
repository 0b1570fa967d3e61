"""Moves databases, as `toolcrib migrate` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from toolcrib.server.database import Database
from toolcrib.server.databases.scratch import scratch_database, scratch_file
from toolcrib.server.hooks import Application
from toolcrib.server.loading import import_components
from toolcrib.server.migration.migration import Migration, Moved
from toolcrib.server.store import Store

# Is called with what is done.
Told = Callable[[str], None]


class Telling:
    """Is told of the progress; calls `begun` with what is begun, before it is, and `advanced` as it goes on."""

    def __init__(self, begun: Told = lambda _: None, advanced: Told = lambda _: None) -> None:
        self._begun, self._advanced, self._text = begun, advanced, ""

    def begin(self, text: str, rows: int) -> None:
        """Something is begun."""
        self._text = text
        self._begun(text)

    def advance(self, rows: int) -> None:
        """It goes on."""
        self._advanced(self._text)


@contextmanager
def migration(source: str, target: str, components: Path) -> Iterator[Migration]:
    """From one database to another, both of these components."""
    kinds = [one.repository for one in import_components(components)]
    stores = [Store(Database(url), kinds, Application()) for url in (source, target)]
    opened = Migration(stores[0], stores[1])
    try:
        yield opened
    finally:
        opened.close()


def moved(
    source: str, target: str, components: Path, begun: Told = lambda _: None, advanced: Told = lambda _: None
) -> Moved:
    """What a run has done."""
    with migration(source, target, components) as opened:
        return opened.run(Telling(begun, advanced))


@contextmanager
def elsewhere(database: str, server: str) -> Iterator[str]:
    """An empty database of another kind: on the server at the URL `server`, or else a SQLite file."""
    is_there = make_url(database).get_backend_name() == make_url(server).get_backend_name()
    with scratch_file() if is_there else scratch_database(server) as url:
        yield url
