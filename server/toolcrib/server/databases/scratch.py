"""Databases for tests: made anew, and thrown away afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

from sqlalchemy import URL, Connection, Engine, create_engine, make_url
from sqlalchemy.pool import NullPool

from toolcrib.server.databases.mariadb_tls import plain_through_socket


@contextmanager
def scratch_file() -> Iterator[str]:
    """The URL of a SQLite file that is not there yet."""
    with tempfile.TemporaryDirectory(prefix="toolcrib-") as folder:
        yield f"sqlite:///{Path(folder) / 'test.db'}"


@contextmanager
def scratch_database(server: str) -> Iterator[str]:
    """The URL of an empty database on the server at the URL `server`, whose user may make some."""
    url = make_url(server)
    kind = url.get_backend_name()
    engine = _administration(url)
    name = f"toolcrib_test_{uuid4().hex}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}{_options(connection)}")
    try:
        yield url.set(drivername=kind, database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            # Also where a connection is still open: of a server that was killed, for one.
            connection.exec_driver_sql(f"DROP DATABASE {name}{' WITH (FORCE)' if kind == 'postgresql' else ''}")


@cache
def _administration(url: URL) -> Engine:
    """Connections for making databases. What SQLAlchemy asks a server first it asks once; none is kept open."""
    driver = _DRIVERS[url.get_backend_name()]
    return create_engine(
        plain_through_socket(url.set(drivername=driver)), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )


def _options(connection: Connection) -> str:
    """How it is made, where its kind has a say in that."""
    if connection.dialect.name != "postgresql":
        return ""
    # By files it takes half as long as by the log, which is what newer servers do unasked.
    strategy = " STRATEGY FILE_COPY" if (connection.dialect.server_version_info or ()) >= _STRATEGY_MIN else ""
    return f" TEMPLATE template0 ENCODING 'UTF8'{strategy}"


_STRATEGY_MIN = (15,)
# SQLAlchemy's names of the drivers.
_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mysql+pymysql"}
