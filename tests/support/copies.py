"""Copies of databases that nobody uses, of whatever kind."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import make_url

from support.behind import Behind, behind, path_of

# The databases of a server that are always there: from them others are made and dropped.
_ALWAYS_THERE = {"postgresql": "postgres", "mariadb": "information_schema"}


@contextmanager
def copied(database: str | Path) -> Iterator[Callable[[], None]]:
    """Keeps a database as it is; what it gives puts that in its place, any number of times."""
    url = str(database) if "://" in str(database) else f"sqlite:///{database}"
    kept = _named(url, f"{make_url(url).database}_kept")
    copy_database(url, kept)
    try:
        yield lambda: copy_database(kept, url)
    finally:
        _drop(kept)


def copy_database(source: str, target: str) -> None:
    """Makes a database like another one of its kind and place, instead of what it is; both are URLs."""
    _drop(target)
    kind, name, original = make_url(target).get_backend_name(), *(make_url(url).database for url in (target, source))
    if kind == "sqlite":
        shutil.copy(path_of(source), path_of(target))
        return
    with _server(target) as hand:
        if kind == "postgresql":
            hand.execute(f"CREATE DATABASE {name} TEMPLATE {original}")
            return
        hand.execute(f"CREATE DATABASE {name}")
        tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = ?"
        for (table,) in hand.execute(tables, [original]).fetchall():
            hand.execute(f'CREATE TABLE {name}."{table}" LIKE {original}."{table}"')
            hand.execute(f'INSERT INTO {name}."{table}" SELECT * FROM {original}."{table}"')


def _drop(url: str) -> None:
    if url.startswith("sqlite"):
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path_of(url)}{suffix}").unlink(missing_ok=True)
        return
    # Somebody who was killed may be known there for another moment.
    forced = " WITH (FORCE)" if url.startswith("postgresql") else ""
    with _server(url) as hand:
        hand.execute(f"DROP DATABASE IF EXISTS {make_url(url).database}{forced}")


def _server(url: str) -> AbstractContextManager[Behind]:
    return behind(_named(url, _ALWAYS_THERE[make_url(url).get_backend_name()]))


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)
