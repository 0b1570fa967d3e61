"""SQL Server's dialect: SQLAlchemy's, with python-tds below it and without what Toolcrib cannot prepare.

SQLAlchemy's writes a limit into the statement, leaves NULLS LAST as it is, and compares rows as SQL Server does not.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Any

import pytds
from sqlalchemy import URL, Column, Index, LargeBinary, PrimaryKeyConstraint, Select, Table, UniqueConstraint, and_
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.mssql.base import MSDDLCompiler, MSDialect, MSIdentifierPreparer, MSSQLCompiler, MSTypeCompiler
from sqlalchemy.exc import ArgumentError
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.elements import BinaryExpression, ColumnClause, Tuple, UnaryExpression
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import gt
from sqlalchemy.util import asbool

from toolcrib.server.columns import MSSQL_COLLATION, ExactText
from toolcrib.server.databases.mssql_errors import DRIVER_ERRORS, is_disconnect, network_as_driver

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

# An index row has at most 1,700 bytes.
_INDEXED_CHARACTERS_MAX, _INDEXED_BYTES_MAX = 850, 1700


class _Compiler(MSSQLCompiler):
    """Statements."""

    def _use_top(self, select: Select[Any]) -> bool:
        return select._offset_clause is None  # noqa: SLF001  # as SQLAlchemy's own

    def get_select_precolumns(self, select: Select[Any], **kw: Any) -> str:
        """The limit as a parameter."""
        if select._limit_clause is None or select._offset_clause is not None:  # noqa: SLF001  # as above
            return str(super().get_select_precolumns(select, **kw))
        return f"TOP ({self.process(select._limit_clause, **kw)}) "  # noqa: SLF001  # as above

    def visit_nulls_last_op_unary_modifier(self, unary: UnaryExpression[Any], _operator: Any, **kw: Any) -> str:
        """NULL is less than anything; here it is told to come last."""
        return self._nulls(unary, "1 ELSE 0", **kw)

    def visit_nulls_first_op_unary_modifier(self, unary: UnaryExpression[Any], _operator: Any, **kw: Any) -> str:
        """The same the other way round."""
        return self._nulls(unary, "0 ELSE 1", **kw)

    def _nulls(self, unary: UnaryExpression[Any], then: str, **kw: Any) -> str:
        ordered: Any = unary.element
        return f"CASE WHEN {self.process(ordered.element, **kw)} IS NULL THEN {then} END, {self.process(ordered, **kw)}"

    def visit_binary(self, binary: BinaryExpression[Any], *args: Any, **kw: Any) -> str:
        """Rows are compared column by column."""
        if isinstance(binary.left, Tuple) and isinstance(binary.right, Tuple) and binary.operator is gt:
            pairs = zip(binary.left.clauses, binary.right.clauses, strict=True)
            texts = [(self.process(one, **kw), self.process(other, **kw)) for one, other in pairs]
            return f"({_behind(texts)})"
        return str(super().visit_binary(binary, *args, **kw))

    def visit_is_true_unary_operator(self, element: Any, operator: Any, **kw: Any) -> str:
        """Toolcrib's own conditions are none of BIT."""
        if isinstance(element.element, FunctionElement | ColumnClause) and not isinstance(element.element, Column):
            return str(self.process(element.element, **kw))
        return str(super().visit_is_true_unary_operator(element, operator, **kw))

    def visit_is_false_unary_operator(self, element: Any, operator: Any, **kw: Any) -> str:
        """As above."""
        if isinstance(element.element, FunctionElement):
            return f"NOT ({self.process(element.element, **kw)})"
        return str(super().visit_is_false_unary_operator(element, operator, **kw))


def _behind(texts: list[tuple[str, str]]) -> str:
    (one, other), *rest = texts
    return f"{one} > {other}" + (f" OR {one} = {other} AND ({_behind(rest)})" if rest else "")


class _DDLCompiler(MSDDLCompiler):
    """Definitions."""

    def visit_create_table(self, create: CreateTable, **kw: Any) -> str:
        """A table, with indexes for what is unique where it is set: a constraint takes NULL for a value."""
        text = str(super().visit_create_table(create, **kw)).rstrip()
        indexes = [_index_of(constraint) for constraint in _partial(create.element)]
        return ";\n".join([text, *(self.visit_create_index(CreateIndex(index)) for index in indexes)])

    def visit_unique_constraint(self, constraint: UniqueConstraint, **kw: Any) -> Any:
        """None where an index stands for it."""
        return None if _may_be_null(constraint) else str(super().visit_unique_constraint(constraint, **kw))

    def visit_primary_key_constraint(self, constraint: PrimaryKeyConstraint, **kw: Any) -> str:
        """A key of text may be longer than the table's own order allows."""
        if any(isinstance(column.type, ExactText) for column in constraint.columns):
            constraint.dialect_options["mssql"]["clustered"] = False
        return str(super().visit_primary_key_constraint(constraint, **kw))

    def visit_create_index(self, create: CreateIndex, include_schema: bool = False, *args: Any, **kw: Any) -> str:
        """An index of live records only, as on SQLite; and one that is unique of what is set."""
        index, options = create.element, create.element.dialect_options["mssql"]
        conditions = [] if (live := index.dialect_options["sqlite"]["where"]) is None else [live]
        if index.unique:
            conditions = [*(column.is_not(None) for column in index.columns if column.nullable), *conditions]
        options["where"] = and_(*conditions) if conditions else None
        return str(super().visit_create_index(create, include_schema, *args, **kw))


def _may_be_null(constraint: UniqueConstraint) -> bool:
    return any(column.nullable for column in constraint.columns)


def _partial(table: Table) -> list[UniqueConstraint]:
    uniques = [one for one in table.constraints if isinstance(one, UniqueConstraint) and _may_be_null(one)]
    return sorted(uniques, key=lambda one: str(one.name))


def _index_of(constraint: UniqueConstraint) -> Index:
    index = Index(str(constraint.name), *constraint.columns, unique=True)
    # It is no part of what is declared.
    constraint.table.indexes.discard(index)
    return index


class _TypeCompiler(MSTypeCompiler):
    """Types: those without an end cannot be in an index."""

    def process(self, type_: Any, **kw: Any) -> str:
        """The type of a column."""
        column = kw.get("type_expression")
        if isinstance(column, Column) and column.table is not None and _is_indexed(column):
            if isinstance(type_, ExactText):
                return f"NVARCHAR({_INDEXED_CHARACTERS_MAX}) COLLATE {MSSQL_COLLATION}"
            if isinstance(type_, LargeBinary):
                return f"VARBINARY({_INDEXED_BYTES_MAX})"
        return str(super().process(type_, **kw))


def _is_indexed(column: Column[Any]) -> bool:
    table = column.table
    constraints = [one for one in table.constraints if isinstance(one, PrimaryKeyConstraint | UniqueConstraint)]
    return any(column in one.columns.values() for one in (*constraints, *table.indexes))


def _authorities() -> str:
    """Whom this machine trusts: without any, python-tds would send the password in the clear. Raises ArgumentError."""
    found = ssl.get_default_verify_paths().cafile
    if found is None:
        raise ArgumentError("this machine has no list of authorities; name a file of them in the URL: ?cafile=")
    return found


class _Preparer(MSIdentifierPreparer):
    """Names."""

    def _requires_quotes(self, _value: str) -> bool:
        # Databases have more words of their own than SQLAlchemy knows. Those of functions stay as they are.
        return True


class SqlServerDialect(MSDialect):
    """SQL Server through python-tds."""

    driver = "pytds"
    supports_statement_cache = True
    supports_native_decimal = True
    default_paramstyle = "format"
    # Of every version that is served; statements are compiled before any server was asked.
    _supports_offset_fetch = True
    statement_compiler = _Compiler
    ddl_compiler = _DDLCompiler
    type_compiler_cls = _TypeCompiler
    preparer = _Preparer

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
            super().do_execute(cursor, statement, parameters, context)

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
