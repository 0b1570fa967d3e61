"""The other application's database: opened to be read only, and its tables as SQLAlchemy's inspector has them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Inspector, create_engine, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SAWarning, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeEngine

from toolcrib.server.databases.backend import unwrap
from toolcrib.server.errors import StartError

# What other tools keep there about themselves.
_OTHERS_OWN = frozenset({"alembic_version", "schema_migrations", "flyway_schema_history", "spatial_ref_sys"})
_SQLITE_INDEXES = text(
    'SELECT il.name, il."unique", il.origin, il.partial, x.name AS "column", x."desc", m.sql '
    "FROM pragma_index_list(:table) AS il, pragma_index_xinfo(il.name) AS x "
    "LEFT JOIN sqlite_master AS m ON m.name = il.name AND m.type = 'index' "
    "WHERE il.origin <> 'pk' AND x.key = 1 ORDER BY il.origin DESC, il.name, x.seqno"
)
_SQLITE_REFERENCES = text(
    'SELECT id, "table", "from" AS source, "to" AS target, on_update, on_delete '
    "FROM pragma_foreign_key_list(:table) ORDER BY id, seq"
)
_SQLITE_COLUMNS = text("SELECT name, type, hidden FROM pragma_table_xinfo(:table)")
_SQLITE_KEY = text("SELECT name FROM pragma_table_info(:table) WHERE pk > 0 ORDER BY pk")
_WHERE = re.compile(r"\bWHERE\b(.*)$", re.IGNORECASE | re.DOTALL)
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "mysql": "mysql+pymysql"}


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column. `default` is SQL text, `computed` the expression of a generated column."""

    name: str
    type: TypeEngine[Any]
    nullable: bool
    default: str | None
    comment: str
    computed: str
    is_counted: bool


@dataclass(frozen=True, slots=True)
class SourceIndex:
    """An index or a unique constraint; `columns` are None where there is an expression in their place."""

    name: str
    columns: tuple[str | None, ...]
    descending: frozenset[str]
    unique: bool
    condition: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True)
class SourceReference:
    """A FOREIGN KEY; `on_delete` and `on_update` are in capitals, empty where nothing is said."""

    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]
    on_delete: str
    on_update: str


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table with all that a database says of it."""

    name: str
    comment: str
    columns: tuple[SourceColumn, ...]
    key: tuple[str, ...]
    indexes: tuple[SourceIndex, ...]
    references: tuple[SourceReference, ...]
    checks: tuple[str, ...]


class Source:
    """A database that is only read. `name` is what people call it. Raises StartError for what cannot be opened."""

    def __init__(self, name: str) -> None:
        url = _url(name)
        self.name = Path(url.database or "").stem if url.get_backend_name() == "sqlite" else str(url.database or "")
        self.place = url.render_as_string(hide_password=True)
        self._engine = _engine(url)

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """One moment of it, however long that takes. Raises StartError."""
        try:
            with self._engine.connect() as connection:
                if connection.dialect.name == "sqlite":
                    connection.exec_driver_sql("BEGIN")
                yield connection
        except (SQLAlchemyError, OSError) as error:
            reason = str(unwrap(error)).splitlines()[0]
            raise StartError(f"cannot read {self.place}: {reason}; name another database with --from") from error

    def tables(self, connection: Connection, wanted: Sequence[str] = ()) -> list[SourceTable]:
        """The tables that are `wanted`, or all, sorted by name. Raises StartError where one is not there."""
        inspector = inspect(connection)
        names = inspector.get_table_names()
        if "toolcrib_meta" in names:
            raise StartError(
                f"{self.place} is a database of Toolcrib already; serve it with the components that it has"
            )
        missing = sorted(set(wanted) - set(names))
        if missing:
            known = ", ".join(sorted(names)) or "none"
            raise StartError(f"{self.place} has no table {', '.join(missing)}; it has {known}")
        chosen = wanted or [name for name in names if name not in _OTHERS_OWN]
        if not chosen:
            raise StartError(f"{self.place} has no tables")
        with warnings.catch_warnings():
            # Of types that it does not know, which are told of as columns without a field.
            warnings.simplefilter("ignore", SAWarning)
            return [_table(connection, inspector, name) for name in sorted(set(chosen))]


def _url(name: str) -> URL:
    try:
        url = make_url(name if "://" in name else f"sqlite:///{name}")
    except ArgumentError as error:
        raise StartError(f"{name!r} is no database URL; write for example sqlite:///plant.db") from error
    if url.get_backend_name() != "sqlite":
        return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    if not url.database or not Path(url.database).is_file():
        raise StartError(f"there is no file {url.database or 'in memory'}; name a database with --from")
    return url


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        path = Path(str(url.database)).absolute()
        # Never makes a file, and leaves none beside it.
        read_only = url.set(database=path.as_uri()).update_query_dict({"mode": "ro", "uri": "true"})
        return create_engine(read_only, poolclass=NullPool)
    options: dict[str, Any] = {}
    if url.get_backend_name() == "postgresql":
        options = {"execution_options": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}}
    try:
        return create_engine(url, poolclass=NullPool, **options)
    except NoSuchModuleError as error:
        raise StartError(f"SQLAlchemy knows no database {url.drivername}; install its dialect with pip") from error
    except ModuleNotFoundError as error:
        raise StartError(
            f"{url.drivername} needs the driver {error.name}; install it: pip install {error.name}"
        ) from error


def _table(connection: Connection, inspector: Inspector, name: str) -> SourceTable:
    key = inspector.get_pk_constraint(name)["constrained_columns"]
    try:
        comment = inspector.get_table_comment(name)["text"] or ""
    except NotImplementedError:
        comment = ""
    is_sqlite = inspector.dialect.name == "sqlite"
    columns: list[dict[str, Any]] = [{**column} for column in inspector.get_columns(name)]
    if is_sqlite:
        _complete(columns, key, connection.execute(_SQLITE_COLUMNS, {"table": name}).all())
    for column in columns:
        # A key is never NULL, whatever a database says of its column.
        column["nullable"] = column["nullable"] and column["name"] not in key
    return SourceTable(
        name=name,
        comment=comment,
        columns=tuple(_column(column) for column in columns),
        key=tuple(key),
        indexes=tuple(_sqlite_indexes(connection, name) if is_sqlite else _indexes(inspector, name)),
        references=tuple(_sqlite_references(connection, name) if is_sqlite else _references(inspector, name)),
        checks=tuple(sorted(str(check["sqltext"]) for check in inspector.get_check_constraints(name))),
    )


def _column(column: Mapping[str, Any]) -> SourceColumn:
    default, computed = column.get("default"), column.get("computed") or {}
    is_counted = bool(column.get("identity")) or column.get("autoincrement") is True
    if default is not None and "nextval(" in str(default):
        is_counted, default = True, None
    return SourceColumn(
        name=str(column["name"]),
        type=column["type"],
        nullable=bool(column["nullable"]),
        default=None if default is None else str(default),
        comment=column.get("comment") or "",
        computed=_expression(str(computed.get("sqltext", ""))),
        is_counted=is_counted,
    )


def _complete(columns: Sequence[dict[str, Any]], key: Sequence[str], declared: Sequence[Any]) -> None:
    """What SQLite knows of its columns and SQLAlchemy does not: what else is computed, and what it counts itself."""
    by_name = {row.name: row for row in declared}
    for column in columns:
        row = by_name[column["name"]]
        if row.hidden and not column.get("computed"):
            column["computed"] = {"sqltext": "an expression"}
        # Only what is INTEGER to the letter is the row's own number.
        column["autoincrement"] = list(key) == [row.name] and row.type.upper() == "INTEGER"


def _expression(sql: str) -> str:
    """Up to the parenthesis that closes what was not opened in it: SQLAlchemy reads on to the end on SQLite."""
    depth = 0
    for position, character in enumerate(sql):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            return sql[:position]
    return sql


def _sqlite_indexes(connection: Connection, table: str) -> Iterator[SourceIndex]:
    """By SQLite itself: SQLAlchemy reads its SQL, and misses UNIQUE behind some types, expressions and DESC."""
    rows: dict[str, list[Any]] = {}
    for row in connection.execute(_SQLITE_INDEXES, {"table": table}):
        rows.setdefault(row.name, []).append(row)
    for name, columns in rows.items():
        where = _WHERE.search(columns[0].sql or "") if columns[0].partial else None
        yield SourceIndex(
            name="" if columns[0].origin == "u" else name,
            columns=tuple(row.column for row in columns),
            descending=frozenset(row.column for row in columns if row.desc and row.column),
            unique=bool(columns[0].unique),
            condition=where[1].strip() if where else "",
        )


def _indexes(inspector: Inspector, table: str) -> Iterator[SourceIndex]:
    for unique in sorted(inspector.get_unique_constraints(table), key=lambda one: one["column_names"]):
        yield SourceIndex(str(unique["name"] or ""), tuple(unique["column_names"]), frozenset(), unique=True)
    for index in sorted(inspector.get_indexes(table), key=lambda one: str(one["name"])):
        if index.get("duplicates_constraint"):
            continue
        options: Mapping[str, Any] = index.get("dialect_options", {})
        sorting = index.get("column_sorting", {})
        method = str(options.get("postgresql_using", ""))
        yield SourceIndex(
            name=str(index["name"]),
            columns=tuple(index["column_names"]),
            descending=frozenset(name for name, order in sorting.items() if "desc" in order),
            unique=bool(index["unique"]),
            condition=next((str(value) for name, value in options.items() if name.endswith("_where")), ""),
            method="" if method == "btree" else method,
        )


def _sqlite_references(connection: Connection, table: str) -> Iterator[SourceReference]:
    """By SQLite itself: SQLAlchemy reads its SQL, and misses some of what is done ON DELETE and ON UPDATE."""
    rows: dict[int, list[Any]] = {}
    for row in connection.execute(_SQLITE_REFERENCES, {"table": table}):
        rows.setdefault(row.id, []).append(row)
    for columns in sorted(rows.values(), key=lambda rows: [row.source for row in rows]):
        first = columns[0]
        targets = [row.target for row in columns]
        if None in targets:
            # Of the other table's key, which need not be named.
            key = connection.execute(_SQLITE_KEY, {"table": first.table}).scalars().all()
            targets = list(key)
        yield SourceReference(
            tuple(row.source for row in columns), first.table, tuple(targets), first.on_delete, first.on_update
        )


def _references(inspector: Inspector, table: str) -> Iterator[SourceReference]:
    for found in sorted(inspector.get_foreign_keys(table), key=lambda one: one["constrained_columns"]):
        options: Mapping[str, Any] = found.get("options", {})
        target = found["referred_table"]
        targets = tuple(found["referred_columns"]) or tuple(
            inspector.get_pk_constraint(target)["constrained_columns"] if inspector.has_table(target) else ()
        )
        yield SourceReference(
            columns=tuple(found["constrained_columns"]),
            table=target,
            targets=targets,
            on_delete=str(options.get("ondelete") or "").upper(),
            on_update=str(options.get("onupdate") or "").upper(),
        )
