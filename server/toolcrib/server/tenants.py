"""Tenants in statements: the records of a multi-tenant component are asked for and written in one tenant's name only.

    identity.py: whose call it is -> servicer.py: required -> Session.tenant: whose work runs -> Prepared: in statements

A table of such a component begins with the column `TENANT`. Its statements compare or write it with `tenant_given()`,
which is never a caller's to give: the session does. A statement that forgets it is a defect, and is not compiled.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from sqlalchemy import BindParameter, Column, ColumnElement, FromClause, Insert, Table, bindparam, literal
from sqlalchemy.sql.elements import BinaryExpression, ClauseElement
from sqlalchemy.sql.selectable import Alias
from sqlalchemy.sql.visitors import iterate

from toolcrib.server.columns import ExactText

TENANT = "toolcrib_tenant"
TENANT_CHARACTERS_MAX = 100
# No field of a component begins like this.
GIVEN = f"given_{TENANT}"


def tenant_given() -> BindParameter[str]:
    """The tenant that the session works for."""
    return bindparam(GIVEN, type_=ExactText)


def of_tenant(table: FromClause) -> list[ColumnElement[bool]]:
    """What holds of the rows that the session's tenant may see; nothing where all tenants share them."""
    return [table.c[TENANT] == tenant_given()] if TENANT in table.c else []


def own_columns(table: Table) -> list[Column[Any]]:
    """The columns of a row as servicers and mappings know it: all but whose it is."""
    return [column for column in table.columns if column.name != TENANT]


def require_tenant(statement: ClauseElement) -> None:
    """Raises AssertionError where a statement would reach the records of all tenants."""
    elements = list(iterate(_read_by(statement)))
    tables = {each for each in elements if _is_apart(each)}
    kept = {each.left.table for each in elements if _is_by_tenant(each)}
    if tables - kept:
        names = ", ".join(sorted(str(getattr(table, "name", table)) for table in tables - kept))
        raise AssertionError(f"the statement is about {names} and does not say of which tenant")


def _read_by(statement: ClauseElement) -> ClauseElement:
    """What a statement reads, or is about. An INSERT writes whole rows (`insert_into`), or what it reads."""
    if not isinstance(statement, Insert):
        return statement
    return literal(None) if statement.select is None else statement.select


def _is_apart(element: object) -> TypeGuard[FromClause]:
    return isinstance(element, (Table, Alias)) and TENANT in element.c


def _is_by_tenant(element: object) -> TypeGuard[BinaryExpression[Any]]:
    if not isinstance(element, BinaryExpression):
        return False
    given: Any = element.right
    return isinstance(given, BindParameter) and given.key == GIVEN and isinstance(element.left, Column)
