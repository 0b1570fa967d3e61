"""SQL Server's dialect: SQLAlchemy's, with python-tds below it and compilers of its own (`mssql_compiler.py`)."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Any

import pytds
from sqlalchemy import URL
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.mssql.base import MSDialect
from sqlalchemy.exc import ArgumentError
from sqlalchemy.util import asbool

from toolcrib.server.databases.mssql_compiler import Compiler, DDLCompiler, Preparer
from toolcrib.server.databases.mssql_errors import DRIVER_ERRORS, is_disconnect, network_as_driver
from toolcrib.server.databases.mssql_session import ROLLBACK, as_driver_takes

DRIVER_NAME = "mssql+toolcrib"

# Parameters of a URL that python-tds takes.
_OPTIONS: Mapping[str, Callable[[Any], Any]] = {
    # Empty for a connection in the clear.
    "cafile": lambda path: path or None,
    "validate_host": asbool,
    "enc_login_only": asbool,
    "use_sso": asbool,
    "readonly": asbool,
    "failover_partner": str,
    "tds_version": int,
}


def _authorities() -> str:
    """Whom this machine trusts: without any, python-tds would send the password in the clear. Raises ArgumentError."""
    found = ssl.get_default_verify_paths().cafile
    if found is None:
        raise ArgumentError("this machine has no list of authorities; name a file of them in the URL: ?cafile=")
    return found


class SqlServerDialect(MSDialect):
    """SQL Server through python-tds."""

    driver = "pytds"
    supports_statement_cache = True
    supports_native_decimal = True
    default_paramstyle = "format"
    # Of every version that is served; statements are compiled before any server was asked.
    _supports_offset_fetch = True
    statement_compiler = Compiler
    ddl_compiler = DDLCompiler
    preparer = Preparer

    @classmethod
    def import_dbapi(cls) -> Any:
        """The driver."""
        return pytds

    def create_connect_args(self, url: URL) -> Any:
        """What python-tds calls a server and its account; it ends no statement by itself."""
        given = url.translate_connect_args(host="dsn", username="user")
        options = {name: _OPTIONS[name](value) for name, value in url.query.items() if name in _OPTIONS}
        unknown = sorted(url.query.keys() - _OPTIONS.keys())
        if unknown:
            raise ArgumentError(f"{unknown[0]} is no parameter of a SQL Server's URL; known are {', '.join(_OPTIONS)}")
        return [], {"cafile": _authorities(), **given, **options, "autocommit": True}

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        version = connection.connection.driver_connection.product_version
        return tuple(version >> shift & 0xFF for shift in (24, 16, 8, 0))

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        """Whether the connection is gone."""
        return is_disconnect(e)

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        """A connection of the driver's."""
        with network_as_driver():
            return super().connect(*cargs, **cparams)

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Runs a statement."""
        with network_as_driver():
            super().do_execute(cursor, statement, as_driver_takes(parameters or ()), context)

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Runs a statement for each of several rows."""
        for row in parameters:
            self.do_execute(cursor, statement, row, context)

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Ends the transaction, if there is one: it was begun by a statement, of which python-tds knows nothing."""
        with network_as_driver(), dbapi_connection.cursor() as cursor:
            cursor.execute(ROLLBACK)

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Whether it lives; python-tds lets errors of the network through as they are."""
        try:
            return bool(super().do_ping(dbapi_connection))
        except DRIVER_ERRORS:
            return False

    def get_isolation_level_values(self, dbapi_connection: Any) -> Any:
        """Transactions are begun by statements."""
        return [*super().get_isolation_level_values(dbapi_connection), "AUTOCOMMIT"]

    def set_isolation_level(self, dbapi_connection: Any, level: str) -> None:
        """As above."""
        dbapi_connection.autocommit = level == "AUTOCOMMIT"


registry.register("mssql.toolcrib", __name__, SqlServerDialect.__name__)
