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
    """The URL of an empty database on the server at the URL `server`, whose user may make some."""
    url = make_url(server)
    kind = url.get_backend_name()
    driver, create, drop = _KINDS[kind]
    engine = create_engine(url.set(drivername=driver), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    name = f"toolcrib_test_{uuid4().hex}"
    with engine.connect() as connection:
        connection.exec_driver_sql(create.format(name))
    try:
        yield url.set(drivername=kind, database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            # Also where a connection is still open: of a server that was killed, for one.
            connection.exec_driver_sql(drop.format(name))


# SQLAlchemy's name of the driver, and how a database is made and dropped.
_KINDS = {
    "postgresql": (
        "postgresql+psycopg",
        "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'",
        "DROP DATABASE {} WITH (FORCE)",
    ),
    "mysql": ("mysql+pymysql", "CREATE DATABASE {}", "DROP DATABASE {}"),
    "mariadb": ("mysql+pymysql", "CREATE DATABASE {}", "DROP DATABASE {}"),
}
