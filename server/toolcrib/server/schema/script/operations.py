"""From one form of a table to another, as the operations of a script: native where the database can, else by a copy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from toolcrib.codegen.layout import INDENT, LINE_LENGTH, Node, Text, call, list_of, pieces, quoted
from toolcrib.server.databases.mariadb_tables import ADD_LIVE_COLUMN, LIVE_COLUMN
from toolcrib.server.schema.script import mariadb
from toolcrib.server.schema.script.forms import ColumnForm, IndexForm, TableForm, quoted_name

_PARAMETER = re.compile(r"(?<![:\w]):(?=\w)")
_COPY = "toolcrib_copy"


@dataclass(frozen=True, slots=True)
class Transition:
    """The way from one form to another of the same name.

    `values` has the SQL of columns that are altered, and of those that are new and always set. `others` is the SQL of
    what somebody else has made on the table, which a copy of it has to make again.
    """

    before: TableForm
    after: TableForm
    values: Mapping[str, str] = field(default_factory=dict)
    others: Sequence[str] = ()

    def operations(self) -> list[Node]:
        """Each operation, in order."""
        gone = [one for one in self.before.indexes if not self._has(self.after, one)]
        new = [one for one in self.after.indexes if not self._has(self.before, one)]
        if self._dialect == "sqlite" and self._needs_copy(gone, new):
            return list(self._copy())
        return list(self._native(gone, new))

    @property
    def _dialect(self) -> str:
        return self.after.dialect

    def _quoted(self, name: str) -> str:
        return quoted_name(name, self._dialect)

    def _has(self, form: TableForm, index: IndexForm) -> bool:
        """Whether a form has an index that does the same under its name, for which SQLite has no use in constraints."""
        is_nameless = index.is_constraint and self._dialect == "sqlite"
        wanted = replace(index, where=index.where.lower())
        return any(
            replace(one, name=wanted.name if is_nameless else one.name, where=one.where.lower()) == wanted
            for one in form.indexes
        )

    def _altered(self) -> list[ColumnForm]:
        before = self.before.columns
        return [
            one
            for one in self.after.columns.values()
            if one.name in before
            and one.name not in self.after.key
            and (before[one.name].type, before[one.name].nullable) != (one.type, one.nullable)
        ]

    def _dropped(self) -> list[str]:
        return sorted(self.before.columns.keys() - self.after.columns.keys())

    def _needs_copy(self, gone: Sequence[IndexForm], new: Sequence[IndexForm]) -> bool:
        return bool(self._altered() or self._dropped() or any(one.is_constraint for one in (*gone, *new)))

    def _native(self, gone: Sequence[IndexForm], new: Sequence[IndexForm]) -> Iterator[Node]:
        name = quoted(self.after.name)
        for one in gone:
            yield _drop_index(one, self.after.name)
        for column in self.after.columns.values():
            if column.name not in self.before.columns:
                yield from self._add(column)
        for column in self._altered():
            yield from self._alter(column)
        if self.before.tells_live and not self.after.tells_live:
            yield call("op.drop_column", name, quoted(LIVE_COLUMN))
        for dropped in self._dropped():
            yield call("op.drop_column", name, quoted(dropped))
        if self.after.tells_live and not self.before.tells_live:
            yield _tell_live(self.after)
        for one in new:
            yield _create_index(one, self.after)

    def _add(self, column: ColumnForm) -> Iterator[Node]:
        table, value = quoted(self.after.name), self.values.get(column.name, "")
        if column.nullable:
            yield call("op.add_column", table, _column(column))
        elif self._dialect != mariadb.DIALECT:
            yield call("op.add_column", table, _column(column, _sql("server_default=", value)))
        else:
            # Long texts take no default on MySQL.
            yield call("op.add_column", table, _column(replace(column, nullable=True)))
            yield self._write(column, value)
            yield call(
                "op.alter_column", table, quoted(column.name), f"existing_type={column.script}", "nullable=False"
            )

    def _write(self, column: ColumnForm, value: str) -> Node:
        return _execute(f"UPDATE {self._quoted(self.after.name)} SET {self._quoted(column.name)} = {value}")  # noqa: S608  # names are quoted

    def _alter(self, column: ColumnForm) -> Iterator[Node]:
        before, table = self.before.columns[column.name], quoted(self.after.name)
        name, existing = quoted(column.name), f"existing_type={column.script}"
        value, is_retyped = self.values.get(column.name, self._quoted(column.name)), before.type != column.type
        # MariaDB converts values by itself, and is told the whole of a column each time.
        is_told_all = self._dialect == mariadb.DIALECT
        if column.nullable and not before.nullable:
            yield call("op.alter_column", table, name, existing.replace(column.script, before.script), "nullable=True")
        if value != self._quoted(column.name) and (is_told_all or not is_retyped):
            yield self._write(column, value)
        if is_retyped:
            nullable = f"existing_nullable={before.nullable or column.nullable}"
            more = nullable if is_told_all else Text(value, "postgresql_using=")
            types = (f"existing_type={before.script}", f"type_={column.script}")
            yield call("op.alter_column", table, name, *types, more)
        if before.nullable and not column.nullable:
            yield call("op.alter_column", table, name, existing, "nullable=False")

    def _copy(self) -> Iterator[Node]:
        """A table in the new form in the place of the old one."""
        copy, name = f"{_COPY}_{self.after.name}", self.after.name
        yield create_table(self.after, copy)
        names = list(self.after.columns)
        values = [self.values.get(each, self._quoted(each)) for each in names if each in self._source()]
        into = ", ".join(self._quoted(each) for each in names if each in self._source())
        source, target = self._quoted(name), self._quoted(copy)
        yield _execute(f"INSERT INTO {target} ({into}) SELECT {', '.join(values)} FROM {source}")  # noqa: S608  # names are quoted
        yield call("op.drop_table", quoted(name))
        yield call("op.rename_table", quoted(copy), quoted(name))
        yield from create_indexes(self.after)
        for sql in self.others:
            yield _execute(sql)

    def _source(self) -> set[str]:
        """The columns that there is a value for; others are unset."""
        return {*self.before.columns, *self.values}


def create_table(form: TableForm, name: str = "") -> Node:
    """The table with its constraints, without indexes."""
    parts: list[Node] = [_column(column, *_not_counted(form, column)) for column in form.columns.values()]
    parts.append(call("sa.PrimaryKeyConstraint", *map(quoted, form.key)))
    parts += [
        call("sa.UniqueConstraint", *(quoted(column) for column, _ in one.columns), f"name={quoted(one.name)}")
        for one in form.indexes
        if one.is_constraint
    ]
    parts += [
        call("sa.ForeignKeyConstraint", list_of(quoted(column)), list_of(quoted(target)))
        for column, target in form.foreign.items()
    ]
    options: Sequence[Node] = mariadb.TABLE_OPTIONS if form.dialect == mariadb.DIALECT else ()
    if form.dialect == "sqlite" and not form.with_rowid:
        options = ["sqlite_with_rowid=False"]
    return call("op.create_table", quoted(name or form.name), *parts, *options)


def create_indexes(form: TableForm) -> Iterator[Node]:
    """The table's indexes, with what they need."""
    if form.tells_live:
        yield _tell_live(form)
    for one in form.indexes:
        if not one.is_constraint:
            yield _create_index(one, form)


def rename_table(old: str, new: str) -> Node:
    """Gives a table another name."""
    return call("op.rename_table", quoted(old), quoted(new))


def rename_column(table: str, old: str, new: str, dialect: str) -> Node:
    """Gives a column another name."""
    if dialect == mariadb.DIALECT:
        # Alembic would write the column's whole form anew.
        names = (quoted_name(name, dialect) for name in (table, old, new))
        return _execute("ALTER TABLE {} RENAME COLUMN {} TO {}".format(*names))
    return call("op.alter_column", quoted(table), quoted(old), f"new_column_name={quoted(new)}")


def rename_row(table: str, column: str, old: str, new: str) -> Iterator[Node]:
    """Gives a row of Toolcrib's own another name, in place of one that had it."""
    yield _execute(f"DELETE FROM {table} WHERE {column} = {_literal(new)}")  # noqa: S608  # names are quoted
    yield _execute(f"UPDATE {table} SET {column} = {_literal(new)} WHERE {column} = {_literal(old)}")  # noqa: S608  # names are quoted


def drop_table(name: str) -> Node:
    """Drops a table, with its indexes."""
    return call("op.drop_table", quoted(name))


def _column(column: ColumnForm, *more: Node) -> Node:
    parts: list[Node] = [quoted(column.name), column.script, *more, f"nullable={column.nullable}"]
    return call("sa.Column", *parts)


def _not_counted(form: TableForm, column: ColumnForm) -> list[str]:
    """Keys are the server's to give: SQLAlchemy would let the database count them."""
    is_number = "Integer" in column.script or "BIGINT" in column.script
    return ["autoincrement=False"] if form.key == (column.name,) and is_number else []


def _create_index(one: IndexForm, form: TableForm) -> Node:
    columns = [_indexed(name, form.dialect, descends=descends) for name, descends in one.columns]
    if one.is_constraint:
        return call("op.create_unique_constraint", quoted(one.name), quoted(form.name), list_of(*columns))
    options = [f"unique={one.unique}"]
    if one.where and form.dialect == mariadb.DIALECT:
        columns.append(quoted(LIVE_COLUMN))
    elif one.where:
        options.append(f"{form.dialect}_where=sa.text({quoted(one.where)})")
    return call("op.create_index", quoted(one.name), quoted(form.name), list_of(*columns), *options)


def _indexed(name: str, dialect: str, *, descends: bool) -> Node:
    """A column as an index has it."""
    part = mariadb.over_first_characters(name) if dialect == mariadb.DIALECT else None
    if part is None and not descends:
        return quoted(name)
    column = f"{quoted_name(part[0], dialect)}({part[1]})" if part else quoted_name(name, dialect)
    return call("sa.text", quoted(f"{column}{' DESC' if descends else ''}"))


def _tell_live(form: TableForm) -> Node:
    return _execute(ADD_LIVE_COLUMN.format(table=quoted_name(form.name, form.dialect)))


def _drop_index(one: IndexForm, table: str) -> Node:
    if one.is_constraint:
        return call("op.drop_constraint", quoted(one.name), quoted(table), 'type_="unique"')
    return call("op.drop_index", quoted(one.name), f"table_name={quoted(table)}")


def _execute(sql: str) -> Node:
    text = _plain(sql)
    flat = f"op.execute({quoted(text)})"
    if len(INDENT + flat) <= LINE_LENGTH:
        return flat
    # As ruff breaks a call whose only argument is text, in the body of a function.
    inner = INDENT * 2
    lines = [inner + quoted(piece) for piece in pieces(text, LINE_LENGTH - len(inner) - 2)]
    return "\n".join(["op.execute(", *lines, f"{INDENT})"])


def _sql(before: str, sql: str) -> Node:
    return f"{before}sa.text({quoted(_plain(sql))})"


def _plain(sql: str) -> str:
    """SQL in which no colon begins a parameter."""
    return _PARAMETER.sub(r"\\:", sql)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
