"""One table as a component: its fields, its key, its unique values and indexes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.types import NullType

from toolcrib.codegen.indexes import DESCENDING
from toolcrib.codegen.request_fields import KEY_FIELDS_MAX
from toolcrib.server.adoption.checks import take_checks
from toolcrib.server.adoption.defaults import take_default
from toolcrib.server.adoption.drafts import ComponentDraft, EnumDraft, FieldDraft, Word, word
from toolcrib.server.adoption.names import enum_value_name, field_name, message_name, table_name, words_of
from toolcrib.server.adoption.tables import SourceColumn, SourceIndex, SourceTable
from toolcrib.server.adoption.types import FieldType, field_type

_KEYS = frozenset({"int32", "int64", "uint32", "uint64", "string"})
# What gives a key by itself, where the type is that of a UUID.
_UUID_MAKERS = ("uuid", "newid")
_NUMBERED = "its rows get numbers as keys, in the order of their values"
CLIENT = Word("KEY_SOURCE_CLIENT")


def draft_tables(tables: Sequence[SourceTable], package: str, dialect: str) -> list[ComponentDraft]:
    """The components, in the order of the tables; foreign keys are not in them yet."""
    names: set[str] = set()
    drafts = []
    for number, table in enumerate(tables, 1):
        name = message_name(table.name, number, names)
        names.add(name)
        drafts.append(ComponentDraft(table.name, package, name, table.comment))
    for draft, table in zip(drafts, tables, strict=True):
        _fill(draft, table, dialect, names)
    return drafts


def _fill(draft: ComponentDraft, table: SourceTable, dialect: str, names: set[str]) -> None:
    if renamed := table_name(table.name, draft.name):
        draft.options["table"] = renamed
    key = _key_columns(table, dialect)
    for number, column in enumerate(table.columns, 1):
        found = field_type(column, dialect)
        if found is None:
            type_ = "its type" if isinstance(column.type, NullType) else f"the type {column.type}"
            draft.left_out[column.name] = f"{type_} is none that a field has; it is left out"
        else:
            draft.fields.append(_field(draft, column, found, number, names, in_key=column.name in key))
    _take_key(draft, table, key)
    take_checks(draft, table.checks)
    for column in table.columns:
        field = draft.by_column(column.name)
        if field is not None and column.default is not None and not column.computed and column.name not in key:
            take_default(field, column.default, nullable=column.nullable)
    _take_indexes(draft, table)


def _key_columns(table: SourceTable, dialect: str) -> tuple[str, ...]:
    """The columns of the primary key or, where it cannot be a component's, of another one that is always set."""
    by_name = {column.name: column for column in table.columns}
    uniques = [index.columns for index in table.indexes if index.unique and not index.condition]
    for columns in (table.key, *uniques):
        named = [by_name.get(name or "") for name in columns]
        if named and len(named) <= KEY_FIELDS_MAX and all(column and _may_be_key(column, dialect) for column in named):
            return tuple(column.name for column in named if column)
    return ()


def _may_be_key(column: SourceColumn, dialect: str) -> bool:
    found = field_type(column, dialect)
    return not column.nullable and found is not None and found.type in _KEYS and not found.repeated


def _field(
    draft: ComponentDraft, column: SourceColumn, found: FieldType, number: int, names: set[str], *, in_key: bool
) -> FieldDraft:
    taken = {one.name for one in draft.fields}
    field = FieldDraft(
        column=column.name,
        name=field_name(column.name, number, taken, in_key=in_key),
        number=number,
        type=found.type,
        repeated=found.repeated,
        comment=column.comment,
        rules=dict(found.rules),
        remarks=[found.remark] if found.remark else [],
        is_time=found.is_time,
    )
    if found.type == "enum":
        field.enum = _enum(draft, field, found.labels, names)
        field.type = field.enum.name
    if not found.repeated:
        field.optional = column.nullable and not field.has_presence
        field.required = not column.nullable and field.has_presence
    if column.computed:
        field.options["output_only"] = word(True)
        field.remarks.append(f"the database computed it as {column.computed}; let a hook set it")
    return field


def _enum(draft: ComponentDraft, field: FieldDraft, labels: Sequence[str], names: set[str]) -> EnumDraft:
    name = draft.name + "".join(part.capitalize() for part in field.name.split("_"))
    while name in names:
        name += "Kind"
    names.add(name)
    values: dict[str, str] = {}
    prefix = words_of(name)
    for number, label in enumerate(labels, 1):
        values[label] = enum_value_name(prefix, label, number, {f"{prefix}_UNSPECIFIED".upper(), *values.values()})
    field.rules = {"defined_only": word(True)}
    return EnumDraft(name, values)


def _take_key(draft: ComponentDraft, table: SourceTable, key: tuple[str, ...]) -> None:
    draft.key = key
    fields = [draft.by_column(name) for name in key]
    columns = {column.name: column for column in table.columns}
    if not fields:
        why = (
            f"PRIMARY KEY ({', '.join(table.key)}) cannot be a component's key"
            if table.key
            else "it has no PRIMARY KEY"
        )
        draft.remarks.append(f"{why}; {_NUMBERED}")
        names = {one.name for one in draft.fields}
        name = next(name for name in ("id", "row_id", "row_number", f"{words_of(draft.name)}_key") if name not in names)
        number = len(table.columns) + 1
        comment = "The number of the row; it was not in the table."
        draft.fields.append(FieldDraft("", name, number, "int64", comment=comment, options={"key": word(True)}))
        return
    if key != table.key:
        draft.remarks.append(
            f"PRIMARY KEY ({', '.join(table.key)}) is not the key; ({', '.join(key)}) is, which is unique"
        )
    if len(fields) > 1:
        draft.options["key_fields"] = [field.name for field in fields if field]
        return
    field, column = fields[0], columns[key[0]]
    if field is None:
        raise AssertionError(f"{key[0]} is a key and has no field")
    field.options["key"] = word(True)
    if column.is_counted and field.type in {"int32", "int64"}:
        # What the server counts has 64 bits.
        field.type = "int64"
    elif "uuid" not in field.rules or not any(maker in (column.default or "").lower() for maker in _UUID_MAKERS):
        field.options["key_source"] = CLIENT
    if column.default is not None and "key_source" in field.options:
        field.remarks.append(f"DEFAULT {column.default} is left out, as a key is given by whoever creates the record")


def _take_indexes(draft: ComponentDraft, table: SourceTable) -> None:
    indexes: list[dict[str, object]] = []
    # What Toolcrib's own names are made of, so that no two are the same.
    seen: set[tuple[tuple[str, ...], bool]] = set()
    for index in table.indexes:
        what = f"{'UNIQUE ' if index.unique else ''}INDEX {index.name or '(no name)'}"
        fields = [draft.by_column(name) for name in index.columns]
        if problem := _index_problem(index, fields):
            draft.remarks.append(f"{what} {problem}; it is left out")
            continue
        names = tuple(field.name for field in fields if field)
        if tuple(index.columns) == draft.key or (names, index.unique) in seen:
            continue
        seen.add((names, index.unique))
        if index.unique and len(names) == 1 and fields[0] is not None:
            fields[0].options["unique"] = word(True)
            continue
        spelled = [f.name + (DESCENDING if f.column in index.descending else "") for f in fields if f]
        indexes.append({"fields": spelled, **({"unique": word(True)} if index.unique else {})})
    if indexes:
        draft.options["indexes"] = indexes


def _index_problem(index: SourceIndex, fields: Sequence[FieldDraft | None]) -> str:
    if index.condition:
        return f"has the condition {index.condition}, and only `live_only` can be said"
    if index.method:
        return f"is of the kind {index.method}"
    if None in fields:
        return "is over an expression" if None in index.columns else "is over a column that is left out"
    found = [field for field in fields if field is not None]
    if any(field.is_document for field in found):
        return "is over what is kept as JSON"
    is_of_bool = index.unique and [field.type for field in found] == ["bool"]
    return "is over a bool, which would allow two records" if is_of_bool else ""
