"""The indexes of a component's table and their names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from toolcrib.codegen.declared import DeclaredField, DeclaredIndex, DeclaredMessage
from toolcrib.codegen.model import Index, IndexColumn

DESCENDING = " desc"
# Whose record it is. It comes first, so that the key and what is unique are each tenant's own.
TENANT_COLUMN = "toolcrib_tenant"

# The shortest of the databases' limits for a name, PostgreSQL's.
_NAME_LENGTH_MAX = 63


def indexes_of(message: DeclaredMessage, table: str, key: Sequence[DeclaredField]) -> tuple[Index, ...]:
    """The indexes of a component: those of its fields, those of its option, and those that its references need."""
    own = [_live_index(field, table) for field in message.fields if field.unique_live]
    declared = [_declared_index(index, table) for index in (message.option.indexes if message.option else ())]
    references = [field.name for field in message.fields if field.references]
    if message.option is not None and message.option.multi_tenant:
        return (*own, *declared, *(_reference_index(name, table, of_all_tenants=True) for name in references))
    # What begins with a field finds who refers by it; a key begins with its first.
    found = {field.name for field in (*key[:1], *message.fields) if field in key[:1] or field.unique}
    found |= {index.fields[0] for index in (*own, *declared) if index.fields}
    return (*own, *declared, *(_reference_index(name, table) for name in references if name not in found))


def constraint_name(table: str, *fields: str, ending: str = "key") -> str:
    """The name of a constraint or an index, kept within what every database takes."""
    name = "_".join([table, *fields, ending])
    if len(name) <= _NAME_LENGTH_MAX:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: _NAME_LENGTH_MAX - 9]}_{digest}"


def _live_index(field: DeclaredField, table: str) -> Index:
    name = constraint_name(table, field.name, ending="live_key")
    return Index(name, (IndexColumn(field.name),), unique=True, live_only=True)


def _reference_index(field: str, table: str, *, of_all_tenants: bool = False) -> Index:
    # All others of a multi-tenant component begin with the tenant, and who refers to a shared record may be of any.
    ending = "reference_idx" if of_all_tenants else "idx"
    return Index(constraint_name(table, field, ending=ending), (IndexColumn(field),), of_all_tenants=of_all_tenants)


def _declared_index(index: DeclaredIndex, table: str) -> Index:
    columns = tuple(
        IndexColumn(name.removesuffix(DESCENDING), descending=name.endswith(DESCENDING)) for name in index.fields
    )
    ending = ("live_" if index.live_only else "") + ("key" if index.unique else "idx")
    name = index.name or constraint_name(table, *(column.field for column in columns), ending=ending)
    return Index(name, columns, unique=index.unique, live_only=index.live_only)
