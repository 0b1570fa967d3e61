"""SQL that each kind of database spells in its own way."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ColumnElement, Double, Text, cast, false, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from toolcrib.server.columns import MSSQL_COLLATION, collation_of
from toolcrib.server.exact_number import INFINITY, NEGATIVE_ZERO
from toolcrib.server.exact_text import END

# On PostgreSQL text has pairs in it (exact_text.py). One who looks for what a pair may end with must not find that
# half: where a pair could end like the text that is looked for begins, it is written otherwise in both.
_MARK = "chr(1)"


class ends_with(FunctionElement[bool]):  # noqa: N801  # named and used like SQLAlchemy's functions
    """Whether a text ends with another."""

    type = Boolean()
    inherit_cache = True


class contains(FunctionElement[bool]):  # noqa: N801  # as above
    """Whether a text contains another."""

    type = Boolean()
    inherit_cache = True


class known(FunctionElement[bool]):  # noqa: N801  # as above
    """A condition, which is false where it would be NULL."""

    type = Boolean()
    inherit_cache = True


class json_text(FunctionElement[str]):  # noqa: N801  # as above
    """The scalar that a path leads to in a document, as text; of any length."""

    type = Text()
    inherit_cache = True


class infinity(FunctionElement[float]):  # noqa: N801  # as above
    """The number that is greater than all others."""

    type = Double()
    inherit_cache = True


class least_zero(FunctionElement[float]):  # noqa: N801  # as above
    """On MariaDB and MySQL: a number, or the least of the zeros where it is one (exact_number.py)."""

    type = Double()
    inherit_cache = True


class unset_last(FunctionElement[Any]):  # noqa: N801  # as above
    """A column in an ORDER BY, where what is unset comes behind all that is set."""

    inherit_cache = True


class unset_first(FunctionElement[Any]):  # noqa: N801  # as above
    """The opposite of `unset_last`: the column descends."""

    inherit_cache = True


class by_characters(FunctionElement[str]):  # noqa: N801  # as above
    """Text that is no column's, compared by its characters: MariaDB and MySQL ask where it comes from."""

    type = Text()
    inherit_cache = True


class json_rows(FunctionElement[Any]):  # noqa: N801  # as above
    """On MariaDB and MySQL: what a path leads to in a JSON document, a row each, in the column `value`."""

    inherit_cache = True


class typed(FunctionElement[Any]):  # noqa: N801  # as above
    """A value that stands alone, with its type said where a database would guess another."""

    inherit_cache = True

    def __init__(self, value: ColumnElement[Any]) -> None:
        super().__init__(value)
        self.type = value.type


@compiles(ends_with, "sqlite")
def _(element: ends_with, compiler: SQLCompiler, **kw: Any) -> str:
    text, end = _parts(element, compiler, **kw)
    # By bytes: SQLite's functions of characters end at the first NUL. What it gives for empty ones is NULL.
    return f"substr(CAST({text} AS BLOB), -length(CAST({end} AS BLOB))) IS CAST({end} AS BLOB)"


@compiles(ends_with, "cockroachdb")
@compiles(ends_with, "postgresql")
def _(element: ends_with, compiler: SQLCompiler, **kw: Any) -> str:
    text, end = _parts(element, compiler, **kw)
    return f"right({_told_apart(text, end)}, length({_told_apart(end, end)})) = {_told_apart(end, end)}"


@compiles(contains, "sqlite")
def _(element: contains, compiler: SQLCompiler, **kw: Any) -> str:
    text, part = _parts(element, compiler, **kw)
    return f"instr({text}, {part}) > 0"


@compiles(contains, "cockroachdb")
@compiles(contains, "postgresql")
def _(element: contains, compiler: SQLCompiler, **kw: Any) -> str:
    text, part = _parts(element, compiler, **kw)
    return f"strpos({_told_apart(text, part)}, {_told_apart(part, part)}) > 0"


@compiles(infinity, "sqlite")
def _(_element: infinity, _compiler: SQLCompiler, **_kw: Any) -> str:
    # Too large for any number, and so read as infinity.
    return "9e999"


@compiles(infinity, "cockroachdb")
@compiles(infinity, "postgresql")
def _(_element: infinity, _compiler: SQLCompiler, **_kw: Any) -> str:
    return "CAST('Infinity' AS DOUBLE PRECISION)"


@compiles(ends_with, "mysql")
def _(element: ends_with, compiler: SQLCompiler, **kw: Any) -> str:
    text, end = _parts(element, compiler, **kw)
    return f"right({text}, char_length({end})) = {end}"


@compiles(contains, "mysql")
def _(element: contains, compiler: SQLCompiler, **kw: Any) -> str:
    text, part = _parts(element, compiler, **kw)
    return f"locate({part}, {text}) > 0"


@compiles(infinity, "mysql")
def _(_element: infinity, _compiler: SQLCompiler, **_kw: Any) -> str:
    return repr(INFINITY)


@compiles(least_zero, "mysql")
def _(element: least_zero, compiler: SQLCompiler, **kw: Any) -> str:
    number = compiler.process(element.clauses, **kw)
    return f"if({number} = 0, {NEGATIVE_ZERO!r}, {compiler.process(element.clauses, **kw)})"


@compiles(unset_last)
def _(element: unset_last, compiler: SQLCompiler, **kw: Any) -> str:
    (column,) = element.clauses
    return compiler.process(column.asc().nulls_last(), **kw)


@compiles(unset_first)
def _(element: unset_first, compiler: SQLCompiler, **kw: Any) -> str:
    (column,) = element.clauses
    return compiler.process(column.desc().nulls_first(), **kw)


@compiles(unset_last, "mysql")
def _(element: unset_last, compiler: SQLCompiler, **kw: Any) -> str:
    column = compiler.process(element.clauses, **kw)
    return f"{column} IS NULL, {column}"


@compiles(unset_first, "mysql")
def _(element: unset_first, compiler: SQLCompiler, **kw: Any) -> str:
    column = compiler.process(element.clauses, **kw)
    return f"{column} IS NULL DESC, {column} DESC"


@compiles(by_characters, "mysql")
def _(element: by_characters, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({compiler.process(element.clauses, **kw)}) COLLATE {collation_of(compiler.dialect)}"


@compiles(json_rows, "mysql")
def _(element: json_rows, compiler: SQLCompiler, **kw: Any) -> str:
    document, path = _parts(element, compiler, **kw)
    return f"json_table({document}, {path} COLUMNS (`value` JSON PATH '$'))"


@compiles(typed, "mysql")
@compiles(typed, "sqlite")
def _(element: typed, compiler: SQLCompiler, **kw: Any) -> str:
    return ", ".join(compiler.process(clause, **kw) for clause in element.clauses)


@compiles(typed, "cockroachdb")
@compiles(typed, "postgresql")
def _(element: typed, compiler: SQLCompiler, **kw: Any) -> str:
    return ", ".join(compiler.process(cast(clause, clause.type), **kw) for clause in element.clauses)


@compiles(known)
def _(element: known, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(func.coalesce(*element.clauses, false()), **kw)


@compiles(known, "mssql")
def _(element: known, compiler: SQLCompiler, **kw: Any) -> str:
    # A condition is no value there.
    return f"(CASE WHEN {_arguments(element, compiler, **kw)} THEN 1 ELSE 0 END) = 1"


@compiles(ends_with, "mssql")
def _(element: ends_with, compiler: SQLCompiler, **kw: Any) -> str:
    text, end = _parts_mssql(element, compiler, **kw)
    # Both have their ends.
    return f"right({_told_apart_mssql(text, end)}, len({end})) = {_told_apart_mssql(end, end)}"


@compiles(contains, "mssql")
def _(element: contains, compiler: SQLCompiler, **kw: Any) -> str:
    text, part = _parts_mssql(element, compiler, **kw)
    # Without the part's end.
    wanted = f"left({_told_apart_mssql(part, part)}, len({part}) - {len(END)})"
    return f"(len({part}) = {len(END)} OR charindex({wanted}, {_told_apart_mssql(text, part)}) > 0)"


@compiles(json_text, "mssql")
def _(element: json_text, compiler: SQLCompiler, **kw: Any) -> str:
    document, path = _parts(element, compiler, **kw)
    # JSON_VALUE ends at 4,000 characters.
    return f"(SELECT [value] FROM openjson({document}) WITH ([value] NVARCHAR(MAX) {path}))"  # noqa: S608  # of compiled parts


@compiles(infinity, "mssql")
def _(_element: infinity, _compiler: SQLCompiler, **_kw: Any) -> str:
    # The greatest that there is.
    return "CAST(1.7976931348623157E+308 AS FLOAT)"


@compiles(typed, "mssql")
def _(element: typed, compiler: SQLCompiler, **kw: Any) -> str:
    return ", ".join(compiler.process(cast(clause, clause.type), **kw) for clause in element.clauses)


def _arguments(element: FunctionElement[bool], compiler: SQLCompiler, **kw: Any) -> str:
    return ", ".join(compiler.process(clause, **kw) for clause in element.clauses)


def _parts(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> tuple[str, str]:
    clauses: list[ColumnElement[Any]] = list(element.clauses)
    text, part = (compiler.process(clause, **kw) for clause in clauses)
    return text, part


def _told_apart(text: str, part: str) -> str:
    return f"replace({text}, {_MARK} || left({part}, 1), {_MARK} || {_MARK})"


def _parts_mssql(element: FunctionElement[bool], compiler: SQLCompiler, **kw: Any) -> tuple[str, str]:
    text, part = _parts(element, compiler, **kw)
    # A parameter is compared as the database's language has it, unless it is told otherwise.
    return text, f"({part} COLLATE {MSSQL_COLLATION})"


def _told_apart_mssql(text: str, part: str) -> str:
    return f"replace({text}, nchar(1) + left({part}, 1), nchar(1) + nchar(1))"
