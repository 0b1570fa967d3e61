"""What differs in indexes and unique constraints. Both are derived: what is made anew loses nothing.

Compared is what they do, in one spelling: redundant parentheses, quotes and `ASC` are no difference, and neither is the
name of a constraint.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Executable, Index, Inspector, UniqueConstraint, text
from sqlalchemy.sql.elements import UnaryExpression

from toolcrib.server.databases.mariadb_tables import LIVE_COLUMN, is_unique_among_live
from toolcrib.server.databases.mssql_tables import filter_of
from toolcrib.server.schema.renames import Match
from toolcrib.server.schema.served import uniques

_SQLITE = text(
    'SELECT m.name, il.name, il."unique", il.origin, x.name, x."desc", i.sql '
    "FROM sqlite_master AS m, pragma_index_list(m.name) AS il, pragma_index_xinfo(il.name) AS x "
    "LEFT JOIN sqlite_master AS i ON i.name = il.name AND i.type = 'index' "
    "WHERE m.type = 'table' AND il.origin <> 'pk' AND x.key = 1 ORDER BY m.name, il.name, x.seqno"
)
# Whether an index descends SQLAlchemy does not tell of MySQL and MariaDB.
_MYSQL = text(
    "SELECT table_name, index_name, non_unique, column_name, sub_part, collation FROM information_schema.statistics "
    "WHERE table_schema = database() AND index_name <> 'PRIMARY' ORDER BY table_name, index_name, seq_in_index"
)
# SQLAlchemy does not tell constraints of SQL Server from indexes.
_MSSQL = text(
    "SELECT t.name, i.name, i.is_unique, i.is_unique_constraint, i.filter_definition, c.name, ic.is_descending_key "
    "FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id "
    "JOIN sys.indexes AS i ON i.object_id = t.object_id "
    "JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id "
    "JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id "
    "WHERE s.name = schema_name() AND i.is_primary_key = 0 AND ic.key_ordinal > 0 "
    "ORDER BY t.name, i.name, ic.key_ordinal"
)
# Before it MariaDB took DESC for ASC.
_DESCENDS_FROM = (10, 8)
_WHERE = re.compile(r"\bWHERE\b(.*)$", re.IGNORECASE | re.DOTALL)
# Whose options say which records an index is of.
_OPTIONS = {"sqlite": "sqlite", "postgresql": "postgresql", "cockroachdb": "postgresql"}
_NOISE = re.compile(r'[\s()"`\[\]]+')
# What LIVE_COLUMN does to an index, as others spell it.
_LIVE = "delete_time is null"


@dataclass(frozen=True, slots=True)
class IndexShape:
    """What an index or a unique constraint does. Columns come with whether they descend."""

    columns: tuple[tuple[str, bool], ...]
    unique: bool
    is_constraint: bool = False
    where: str = ""


@dataclass(slots=True)
class IndexDifferences:
    """What differs in one table. `dropped` are names in the database, `foreign` those that no schema declared.

    `renamed` has the names in the database by the declared ones, where the same is there under another: a table or a
    column has been renamed, or an index.
    """

    added: list[Index | UniqueConstraint] = field(default_factory=list)
    dropped: dict[str, IndexShape] = field(default_factory=dict)
    foreign: dict[str, IndexShape] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)

    @property
    def has_constraints(self) -> bool:
        """Whether constraints differ, which are parts of the table itself."""
        return any(isinstance(one, UniqueConstraint) for one in self.added) or any(
            shape.is_constraint for shape in (*self.dropped.values(), *self.foreign.values())
        )


Stored = Mapping[str, Mapping[str, IndexShape]]


def stored_indexes(connection: Connection, inspector: Inspector, tables: Iterable[str]) -> Stored:
    """The indexes and unique constraints of the database, by table and name."""
    match connection.dialect.name:
        case "sqlite":
            return _on_sqlite(connection)
        case "mysql":
            return _on_mysql(connection)
        case "mssql":
            return _on_mssql(connection)
        case _:
            return _elsewhere(inspector, list(tables))


def index_differences(
    one: Match, stored: Mapping[str, IndexShape], ours: Iterable[str], dialect: Dialect
) -> IndexDifferences:
    """What differs in one table, of whose indexes those named `ours` were declared by the schema before."""
    # SQLite has no name for a constraint, and no other one for an index.
    has_names = dialect.name != "sqlite"
    items: list[Index | UniqueConstraint] = [*one.table.indexes, *uniques(one.table)]
    declared = {str(item.name): item for item in items}
    shapes = {name: _declared_shape(item, one, dialect) for name, item in sorted(declared.items())}
    left, known, found = dict(stored), {*ours}, IndexDifferences()
    for name, shape in shapes.items():
        if left.get(name) == shape:
            del left[name]
            continue
        others = (other for other, its in left.items() if its == shape and other not in declared)
        is_constraint = isinstance(declared[name], UniqueConstraint)
        same = next((other for other in others if is_constraint or (has_names and other in known)), None)
        if same is None:
            found.added.append(declared[name])
        else:
            del left[same]
            if has_names:
                found.renamed[name] = same
    for name, shape in sorted(left.items()):
        is_ours = name in {*known, *declared} or (shape.is_constraint and not has_names)
        if is_ours:
            found.dropped[name] = shape
        elif shape.unique:
            found.foreign[name] = shape
    return found


def own_renames(one: Match, found: IndexDifferences) -> list[str]:
    """The indexes that are renamed by themselves: others follow their table or a column, as all constraints do."""
    if one.stored != one.table.name:
        return []
    columns = {str(index.name): index.columns.keys() for index in one.table.indexes}
    return [name for name in found.renamed if name in columns and not one.renamed.keys() & columns[name]]


def _declared_shape(item: Index | UniqueConstraint, one: Match, dialect: Dialect) -> IndexShape:
    if isinstance(item, UniqueConstraint):
        columns = tuple((one.stored_name(column.name), False) for column in item.columns)
        # Where it is made as an index nothing tells which of them was asked for: always on MariaDB, and on SQL Server
        # where it may be unset (`mssql_tables.py`).
        may_be_unset = any(column.nullable for column in item.columns)
        is_index = dialect.name == "mysql" or (dialect.name == "mssql" and may_be_unset)
        return IndexShape(columns, unique=True, is_constraint=not is_index, where=_plain(_where(item, dialect)))
    columns = tuple(
        (one.stored_name(column.name), isinstance(expression, UnaryExpression) and may_descend(dialect))
        for column, expression in zip(item.columns, item.expressions, strict=True)
    )
    return IndexShape(columns, unique=bool(item.unique), where=_plain(_where(item, dialect)))


def _where(item: Index | UniqueConstraint, dialect: Dialect) -> str:
    """Which rows an index is over, by their declared names."""
    condition: ColumnElement[bool] | None = None
    if dialect.name == "mssql":
        condition = filter_of(item)
    elif isinstance(item, Index) and dialect.name == "mysql":
        return _LIVE if is_unique_among_live(item) else ""
    elif isinstance(item, Index) and dialect.name in _OPTIONS:
        condition = item.dialect_options[_OPTIONS[dialect.name]]["where"]
    kwargs = {"include_table": False}
    return "" if condition is None else str(condition.compile(dialect=dialect, compile_kwargs=kwargs))


def may_descend(dialect: Dialect) -> bool:
    """Whether an index of the database can."""
    version: Any = dialect.server_version_info
    return not getattr(dialect, "is_mariadb", False) or version is None or version >= _DESCENDS_FROM


def _plain(condition: str) -> str:
    return _NOISE.sub(" ", condition).strip().lower()


def _by_index(connection: Connection, asked: Executable) -> Mapping[tuple[str, str], Sequence[Sequence[Any]]]:
    """The rows of each index, which begin with its table and its name."""
    rows: dict[tuple[str, str], list[Sequence[Any]]] = defaultdict(list)
    for table, name, *facts in connection.execute(asked):
        rows[table, name].append(facts)
    return rows


def _on_sqlite(connection: Connection) -> Stored:
    found: dict[str, dict[str, IndexShape]] = defaultdict(dict)
    for (table, name), facts in _by_index(connection, _SQLITE).items():
        unique, origin, _, _, sql = facts[0]
        where = _WHERE.search(sql or "")
        columns = tuple((str(column), bool(descends)) for _, _, column, descends, _ in facts)
        found[table][name] = IndexShape(columns, bool(unique), origin == "u", _plain(where[1]) if where else "")
    return found


def _on_mysql(connection: Connection) -> Stored:
    found: dict[str, dict[str, IndexShape]] = defaultdict(dict)
    for (table, name), facts in _by_index(connection, _MYSQL).items():
        is_unique = not facts[0][0]
        columns = tuple(
            # Over the first characters only it does another thing than any that is declared.
            (str(column) if characters is None else f"{column}({characters})", order == "D")
            for _, column, characters, order in facts
            if column != LIVE_COLUMN
        )
        found[table][name] = IndexShape(columns, is_unique, where=_LIVE if len(columns) < len(facts) else "")
    return found


def _on_mssql(connection: Connection) -> Stored:
    found: dict[str, dict[str, IndexShape]] = defaultdict(dict)
    for (table, name), facts in _by_index(connection, _MSSQL).items():
        is_unique, is_constraint, condition = facts[0][:3]
        columns = tuple((str(column), bool(descends)) for *_, column, descends in facts)
        found[table][name] = IndexShape(columns, bool(is_unique), bool(is_constraint), _plain(condition or ""))
    return found


def _elsewhere(inspector: Inspector, tables: Sequence[str]) -> Stored:
    found: dict[str, dict[str, IndexShape]] = defaultdict(dict)
    for (_, table), constraints in inspector.get_multi_unique_constraints(filter_names=tables).items():
        for constraint in constraints:
            columns = tuple((name, False) for name in constraint["column_names"])
            found[table][str(constraint["name"])] = IndexShape(columns, unique=True, is_constraint=True)
    for (_, table), indexes in inspector.get_multi_indexes(filter_names=tables).items():
        for index in indexes:
            # An index that keeps a constraint goes with it.
            if index.get("duplicates_constraint") or str(index["name"]) in found[table]:
                continue
            sorting = index.get("column_sorting", {})
            columns = tuple((str(name), "desc" in sorting.get(str(name), ())) for name in index["column_names"])
            where = index.get("dialect_options", {}).get("postgresql_where", "")
            found[table][str(index["name"])] = IndexShape(columns, bool(index["unique"]), where=_plain(str(where)))
    return found
