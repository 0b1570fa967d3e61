"""Databases that are kept as they are, and brought back any number of times."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import URL, make_url

from support.behind import Behind, behind, path_of

# The database of a PostgreSQL server from which others are made and dropped.
_ADMINISTRATOR = "postgres"


@contextmanager
def copied(database: str | Path) -> Iterator[Callable[[], None]]:
    """Copies a database that nobody uses; what it gives puts the copy in its place, any number of times."""
    url = str(database)
    if "://" not in url or url.startswith("sqlite"):
        path = path_of(url)
        kept = path.with_name("kept.db")
        shutil.copy(path, kept)
        yield lambda: _copy_file(kept, path)
        return
    parsed = make_url(url)
    name = str(parsed.database)
    kept_name = f"{name}_kept"
    server = parsed.set(database=_ADMINISTRATOR) if url.startswith("postgresql") else parsed
    copy_database(server, name, kept_name)
    try:
        yield lambda: copy_database(server, kept_name, name)
    finally:
        with _behind(server) as hand:
            _drop(hand, server, kept_name)


def copy_database(server: URL, source: str, target: str) -> None:
    """Makes a database like another one of the same `server`, in place of one of its name."""
    with _behind(server) as hand:
        _drop(hand, server, target)
        if server.get_backend_name() == "postgresql":
            hand.execute(f"CREATE DATABASE {target} TEMPLATE {source}")
            return
        hand.execute(f"CREATE DATABASE {target}")
        for (table,) in hand.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [source]
        ).fetchall():
            hand.execute(f'CREATE TABLE {target}."{table}" LIKE {source}."{table}"')
            hand.execute(f'INSERT INTO {target}."{table}" SELECT * FROM {source}."{table}"')


def _behind(server: URL) -> AbstractContextManager[Behind]:
    return behind(server.render_as_string(hide_password=False))


def _drop(hand: Behind, server: URL, name: str) -> None:
    # Somebody who was killed may be known there for another moment.
    forced = " WITH (FORCE)" if server.get_backend_name() == "postgresql" else ""
    hand.execute(f"DROP DATABASE IF EXISTS {name}{forced}")


def _copy_file(kept: Path, path: Path) -> None:
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()
    shutil.copy(kept, path)
