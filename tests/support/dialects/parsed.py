"""Whether a statement is SQL of its database, by a parser that is not Toolcrib's own."""

from __future__ import annotations

import re
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel

# Those that no server was to be had of, and what an independent parser calls them. CockroachDB's SQL is PostgreSQL's.
PARSED_AS = {"cockroachdb": "postgres", "mssql": "tsql"}
# A parser of many dialects lets pass what SQL Server does not.
_NOT_IN_TSQL = ("LIMIT", "NULLS", "RETURNING", "BOOLEAN", "TRUE", "FALSE", "SAVEPOINT", "TEXT", "BLOB", "SERIAL")


_QUOTED_FUNCTION = re.compile(r"\]\(")


def require_valid(kind: str, sql: str) -> None:
    """Raises where it is no SQL of that database, as far as can be told without one."""
    # It knows NONCLUSTERED with indexes only.
    marked = sql.replace("%s", "@p").replace(" NONCLUSTERED", "") if kind == "mssql" else sql.replace("%s", "$1")
    parsed = sqlglot.parse(marked, read=PARSED_AS[kind], error_level=ErrorLevel.RAISE)
    assert parsed
    for tree in parsed:
        assert tree is not None
        # What it does not understand it takes for a command of its own.
        assert not list(tree.find_all(exp.Command)), sql
        if kind == "mssql":
            _require_tsql(sql, tree)


def _require_tsql(sql: str, tree: exp.Expr) -> None:
    words = {
        token.text.upper() for token in sqlglot.tokenize(sql.replace("%s", "@p"), read="tsql") if not _is_name(token)
    }
    assert not words & {*_NOT_IN_TSQL, "||", "::"}, sql
    assert not _QUOTED_FUNCTION.search(sql), sql
    for node in tree.find_all(exp.Binary, exp.Coalesce):
        if isinstance(node, exp.Connector):
            continue
        for part in (*node.iter_expressions(),):
            assert not isinstance(part.unnest(), exp.Predicate | exp.Connector | exp.Not | exp.Tuple), sql
    for function in tree.find_all(exp.Anonymous):
        assert function.name.lower() in {"openjson", "json_query", "nchar", "try_cast"}, sql


def _is_name(token: Any) -> bool:
    return token.token_type in {sqlglot.TokenType.IDENTIFIER, sqlglot.TokenType.STRING}
