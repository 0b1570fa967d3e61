"""Databases for tests: made anew, and thrown away afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool


@contextmanager
def scratch_file() -> Iterator[str]:
    """The URL of a SQLite file that is not there yet."""
    with tempfile.TemporaryDirectory(prefix="toolcrib-") as folder:
        yield f"sqlite:///{Path(folder) / 'test.db'}"


@contextmanager
def scratch_database(server: str) -> Iterator[str]:
    """The URL of an empty database on the PostgreSQL server at the URL `server`, whose user may make some."""
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    name = f"toolcrib_test_{uuid4().hex}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        yield url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            # Also where a connection is still open: of a server that was killed, for one.
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
