"""What is refused about indexes, and about unique values among live records."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from toolcrib.codegen.components import STANDARD_FIELDS, key_of, table_of
from toolcrib.codegen.declared import ComponentOption, DeclaredField, DeclaredIndex, DeclaredMessage, Shape
from toolcrib.codegen.indexes import DESCENDING, constraint_name, indexes_of
from toolcrib.codegen.model import Kind
from toolcrib.codegen.nearest import did_you_mean
from toolcrib.codegen.problems import Problem

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_NEEDS_SOFT_DELETE = "is for records that stay when they are deleted; add `soft_delete: true` to the component option"
# What the server keeps of its own records, and so are columns of another name or meaning.
_NO_COLUMNS = ("etag", "delete_time")


def index_problems(message: DeclaredMessage, option: ComponentOption) -> Iterator[Problem]:
    """Everything that is wrong with a component's indexes, but for what other components have to do with it."""
    for field in message.fields:
        if field.unique_live:
            yield from _unique_live_problems(field, option)
    for number, index in enumerate(option.indexes, 1):
        what = f"the index {index.name or number}"
        if not index.fields:
            yield option.place.problem(f'{what} has no fields; write `fields: ["name", "create_time desc"]`')
        if index.live_only and not option.soft_delete:
            yield option.place.problem(f"live_only in {what} {_NEEDS_SOFT_DELETE}, or leave `live_only` out")
        if index.name and (not _NAME.fullmatch(index.name) or index.name.startswith(("toolcrib_", "sqlite_", "pg_"))):
            yield option.place.problem(
                f"`{index.name}` cannot name an SQL index; use up to 63 small letters, digits and underscores, a "
                "letter first, and do not begin it with toolcrib_, sqlite_ or pg_"
            )
        for text in _column_problems(message, index):
            yield option.place.problem(f"{what} {text}")


def shared_index_problems(components: Iterable[DeclaredMessage]) -> Iterator[Problem]:
    """Databases want the names of tables, indexes and constraints apart from each other, those of all components."""
    components = tuple(components)
    taken = {table_of(message): f"the table of {message.full_name}" for message in components}
    for message in components:
        if message.option is None:
            continue
        table = table_of(message)
        names = [constraint_name(table, field.name) for field in message.fields if field.unique]
        for name in [*names, *(index.name for index in indexes_of(message, table, key_of(message)))]:
            owner = taken.setdefault(name, "")
            if owner:
                yield message.option.place.problem(
                    f"the name `{name}` of an index of {message.name} is that of {owner}; give the index another `name`"
                )
            taken[name] = f"an index of {message.full_name}"


def _unique_live_problems(field: DeclaredField, option: ComponentOption) -> Iterator[Problem]:
    if field.unique:
        yield field.place.problem(f"`{field.name}` is unique, among live records too; leave out `unique_live`")
    if field.key:
        yield field.place.problem(f"the key `{field.name}` is unique anyway; leave out `unique_live`")
    if not option.soft_delete:
        yield field.place.problem(f"unique_live of `{field.name}` {_NEEDS_SOFT_DELETE}, or write `unique`")


def _column_problems(message: DeclaredMessage, index: DeclaredIndex) -> Iterator[str]:
    known = [field.name for field in message.fields if field.name not in _NO_COLUMNS and field.relation is None]
    names = [name.removesuffix(DESCENDING) for name in index.fields]
    documents = {
        field.name
        for field in message.fields
        if field.kind is Kind.MESSAGE or field.shape in (Shape.REPEATED, Shape.MAP)
    }
    for name, count in Counter(names).items():
        if name in _NO_COLUMNS:
            yield f"names `{name}`, which cannot be in one; leave it out, or write `live_only` for what is not deleted"
        elif name not in known:
            yield f"names `{name}`, which is no field{did_you_mean(name, known)}"
        elif name in documents:
            yield f"names `{name}`, which is kept as a document; an index is for single values"
        elif index.unique and name in STANDARD_FIELDS:
            yield f"names `{name}`, which is filled in by the server, so unique would mean nothing; leave it out"
        if count > 1:
            yield f"names `{name}` more than once; name each field once"
