"""From a URL to the backend that serves it."""

from __future__ import annotations

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from toolcrib.server.databases.backend import Backend
from toolcrib.server.databases.limits import Limits
from toolcrib.server.databases.places import without_password
from toolcrib.server.databases.sqlite import Sqlite
from toolcrib.server.errors import StartError

_EXAMPLES = "write for example sqlite:///toolcrib.db, postgresql://user@host/database or mariadb://user@host/database"
_NEEDS_EXTRA = "{} needs the driver {}; install it: pip install 'toolcrib[{}]'"
# What people write for the one driver that is served.
_POSTGRESQL = ("postgresql", "postgresql+psycopg", "postgres")
_MARIADB = ("mariadb", "mariadb+pymysql", "mysql", "mysql+pymysql")
_MSSQL_NEEDS_EXTRA = "SQL Server needs the driver python-tds; install it: pip install 'toolcrib[mssql]'"
_COCKROACH_NEEDS_EXTRA = "CockroachDB needs psycopg and its dialect; install them: pip install 'toolcrib[cockroachdb]'"
_COCKROACH = ("cockroachdb", "cockroachdb+psycopg")
_MSSQL = ("mssql", "mssql+pytds", "sqlserver")


def backend_for(text: str, limits: Limits) -> Backend:
    """The backend of a URL, or of the path of a SQLite file. Raises StartError with what to write instead."""
    try:
        url = make_url(text if "://" in text else f"sqlite:///{text}")
    except (ArgumentError, ValueError) as error:
        raise StartError(f"{without_password(text)} is not a database URL; {_EXAMPLES}") from error
    if url.get_backend_name() == "sqlite":
        return Sqlite(url, limits)
    if url.drivername in _POSTGRESQL:
        return _postgresql(url.set(drivername="postgresql+psycopg"), limits)
    if url.drivername in _COCKROACH:
        return _cockroach(url.set(drivername="cockroachdb+psycopg"), limits)
    if url.drivername in _MSSQL:
        return _mssql(url, limits)
    if url.drivername in _MARIADB:
        return _mariadb(url, limits)
    raise StartError(f"{url.drivername} is not served yet; {_EXAMPLES}")


def _postgresql(url: URL, limits: Limits) -> Backend:
    try:
        # Not on top: the driver is an extra of its own.
        from toolcrib.server.databases.postgresql import Postgresql  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise StartError(_NEEDS_EXTRA.format("PostgreSQL", "psycopg", "postgresql")) from error
    return Postgresql(url, limits)


def _mssql(url: URL, limits: Limits) -> Backend:
    try:
        # As above.
        from toolcrib.server.databases.mssql import SqlServer  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise StartError(_MSSQL_NEEDS_EXTRA) from error
    return SqlServer(url, limits)


def _cockroach(url: URL, limits: Limits) -> Backend:
    try:
        # As above.
        from toolcrib.server.databases.cockroachdb import Cockroach  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise StartError(_COCKROACH_NEEDS_EXTRA) from error
    return Cockroach(url, limits)


def _mariadb(url: URL, limits: Limits) -> Backend:
    try:
        # As above.
        from toolcrib.server.databases.mariadb import Mariadb  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise StartError(_NEEDS_EXTRA.format("MariaDB", "PyMySQL", "mariadb")) from error
    if not url.database:
        raise StartError("the URL names no database; write for example mariadb://user@host/database")
    return Mariadb(url, limits)
