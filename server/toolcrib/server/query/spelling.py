"""SQL that each kind of database spells in its own way."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ColumnElement, Double, cast
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

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


class infinity(FunctionElement[float]):  # noqa: N801  # as above
    """The number that is greater than all others."""

    type = Double()
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


@compiles(ends_with, "postgresql")
def _(element: ends_with, compiler: SQLCompiler, **kw: Any) -> str:
    text, end = _parts(element, compiler, **kw)
    return f"right({_told_apart(text, end)}, length({_told_apart(end, end)})) = {_told_apart(end, end)}"


@compiles(contains, "sqlite")
def _(element: contains, compiler: SQLCompiler, **kw: Any) -> str:
    text, part = _parts(element, compiler, **kw)
    return f"instr({text}, {part}) > 0"


@compiles(contains, "postgresql")
def _(element: contains, compiler: SQLCompiler, **kw: Any) -> str:
    text, part = _parts(element, compiler, **kw)
    return f"strpos({_told_apart(text, part)}, {_told_apart(part, part)}) > 0"


@compiles(infinity, "sqlite")
def _(_element: infinity, _compiler: SQLCompiler, **_kw: Any) -> str:
    # Too large for any number, and so read as infinity.
    return "9e999"


@compiles(infinity, "postgresql")
def _(_element: infinity, _compiler: SQLCompiler, **_kw: Any) -> str:
    return "CAST('Infinity' AS DOUBLE PRECISION)"


@compiles(typed, "sqlite")
def _(element: typed, compiler: SQLCompiler, **kw: Any) -> str:
    return ", ".join(compiler.process(clause, **kw) for clause in element.clauses)


@compiles(typed, "postgresql")
def _(element: typed, compiler: SQLCompiler, **kw: Any) -> str:
    return ", ".join(compiler.process(cast(clause, clause.type), **kw) for clause in element.clauses)


def _parts(element: FunctionElement[bool], compiler: SQLCompiler, **kw: Any) -> tuple[str, str]:
    clauses: list[ColumnElement[Any]] = list(element.clauses)
    text, part = (compiler.process(clause, **kw) for clause in clauses)
    return text, part


def _told_apart(text: str, part: str) -> str:
    return f"replace({text}, {_MARK} || left({part}, 1), {_MARK} || {_MARK})"
