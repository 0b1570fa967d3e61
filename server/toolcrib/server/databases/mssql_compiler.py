"""How SQLAlchemy's constructs are written for SQL Server, where its own compilers are not what Toolcrib needs.

They write a limit into the statement, leave NULLS LAST as it is, and compare rows as SQL Server does not.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Select, Table, UniqueConstraint
from sqlalchemy.dialects.mssql.base import MSDDLCompiler, MSIdentifierPreparer, MSSQLCompiler
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.elements import BinaryExpression, ColumnClause, Tuple, UnaryExpression
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import gt

from toolcrib.server.columns import ExactText
from toolcrib.server.databases.mssql_tables import filter_of, may_be_null


class Compiler(MSSQLCompiler):
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


class DDLCompiler(MSDDLCompiler):
    """Definitions."""

    def visit_create_table(self, create: CreateTable, **kw: Any) -> str:
        """A table, with indexes for what is unique where it is set: a constraint takes NULL for a value."""
        text = str(super().visit_create_table(create, **kw)).rstrip()
        indexes = [index_of(constraint) for constraint in _partial(create.element)]
        return ";\n".join([text, *(self.visit_create_index(CreateIndex(index)) for index in indexes)])

    def visit_unique_constraint(self, constraint: UniqueConstraint, **kw: Any) -> Any:
        """None where an index stands for it."""
        return None if may_be_null(constraint) else str(super().visit_unique_constraint(constraint, **kw))

    def visit_primary_key_constraint(self, constraint: PrimaryKeyConstraint, **kw: Any) -> str:
        """A key of text may be longer than the table's own order allows."""
        if any(isinstance(column.type, ExactText) for column in constraint.columns):
            constraint.dialect_options["mssql"]["clustered"] = False
        return str(super().visit_primary_key_constraint(constraint, **kw))

    def visit_create_index(self, create: CreateIndex, include_schema: bool = False, *args: Any, **kw: Any) -> str:
        """An index of live records only, as on SQLite; and one that is unique of what is set."""
        create.element.dialect_options["mssql"]["where"] = filter_of(create.element)
        return str(super().visit_create_index(create, include_schema, *args, **kw))


def _partial(table: Table) -> list[UniqueConstraint]:
    uniques = [one for one in table.constraints if isinstance(one, UniqueConstraint) and may_be_null(one)]
    return sorted(uniques, key=lambda one: str(one.name))


def index_of(constraint: UniqueConstraint) -> Index:
    """The index that stands for a constraint."""
    index = Index(str(constraint.name), *constraint.columns, unique=True)
    # It is no part of what is declared.
    constraint.table.indexes.discard(index)
    return index


class Preparer(MSIdentifierPreparer):
    """Names."""

    def _requires_quotes(self, _value: str) -> bool:
        # Databases have more words of their own than SQLAlchemy knows. Those of functions stay as they are.
        return True
