"""From what the user declared, once nothing in it is refused, to the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from toolcrib.codegen.declared import DeclaredField, DeclaredFile, DeclaredMessage, DeclaredRelation, KeySource, Shape
from toolcrib.codegen.defaults import parse_backfill, parse_default
from toolcrib.codegen.documents import has_own_json
from toolcrib.codegen.indexes import indexes_of
from toolcrib.codegen.model import (
    Cardinality,
    Component,
    Field,
    History,
    KeyAllocation,
    Kind,
    MessageType,
    OnDelete,
    Reference,
    Relation,
    Schema,
)
from toolcrib.codegen.names import plural_of, snake_case

# By the numbers of the option `on_delete`.
ON_DELETE = {0: OnDelete.RESTRICT, 1: OnDelete.RESTRICT, 2: OnDelete.CASCADE, 3: OnDelete.SET_NULL}

# By the numbers of the option `history`.
HISTORY = {0: History.CHANGES, 1: History.NONE, 2: History.CHANGES, 3: History.VERSIONS}

STANDARD_FIELDS = ("create_time", "update_time", "delete_time", "etag")
_CARDINALITIES = {Shape.REPEATED: Cardinality.REPEATED, Shape.MAP: Cardinality.MAP}


def schema_of(files: Iterable[DeclaredFile]) -> Schema:
    """The model of all components in `files`, sorted by their names."""
    files = tuple(files)
    messages = {message.full_name: message for file in files for message in file.messages}
    components = [_component(message, file, messages) for file in files for message in file.messages if message.option]
    return Schema(
        components=tuple(sorted(components, key=lambda component: component.full_name)),
        files=tuple(sorted(file.path for file in files if file.is_target)),
    )


def table_of(message: DeclaredMessage) -> str:
    """The name of a component's SQL table."""
    return (message.option.table if message.option else "") or snake_case(message.name)


def tables_of(message: DeclaredMessage) -> tuple[str, ...]:
    """The names of all SQL tables of a component."""
    table = table_of(message)
    keeps_versions = message.option is not None and HISTORY.get(message.option.history) is History.VERSIONS
    return (table, f"{table}_history") if keeps_versions else (table,)


def plural_name_of(message: DeclaredMessage) -> str:
    """The plural of a component's name."""
    return (message.option.plural if message.option else "") or plural_of(message.name)


def key_of(message: DeclaredMessage) -> tuple[DeclaredField, ...]:
    """The fields of a component's key, in its order."""
    if message.option is None or not message.option.key_fields:
        return tuple(field for field in message.fields if field.key)
    by_name = {field.name: field for field in message.fields}
    return tuple(by_name[name] for name in message.option.key_fields if name in by_name)


def messages_within(
    message: DeclaredMessage, messages: Mapping[str, DeclaredMessage]
) -> dict[str, tuple[DeclaredField, DeclaredMessage | None]]:
    """The types that the fields of `message` are made of, and those of these, by their full names.

    Relations are left out: they show records of other components. Each comes with the field that was met first, and is
    None where `messages` has no such type.
    """
    found: dict[str, tuple[DeclaredField, DeclaredMessage | None]] = {}
    waiting = [field for field in reversed(message.fields) if field.relation is None]
    while waiting:
        field = waiting.pop()
        if field.kind is Kind.MESSAGE and field.type not in found and not has_own_json(field.type):
            inner = messages.get(field.type)
            found[field.type] = (field, inner)
            waiting += reversed(inner.fields if inner else ())
    return found


def _component(message: DeclaredMessage, file: DeclaredFile, messages: Mapping[str, DeclaredMessage]) -> Component:
    option = message.option
    if option is None:
        raise ValueError(f"{message.full_name} is not a component")
    fields = {field.name: _field(field) for field in message.fields if field.relation is None}
    plural = plural_name_of(message)
    return Component(
        name=message.name,
        plural_name=plural,
        singular=snake_case(message.name),
        plural=snake_case(plural),
        package=message.package,
        file=file.path,
        comment=message.comment,
        fields=tuple(fields.values()),
        messages=tuple(
            _message_type(field, inner) for field, inner in messages_within(message, messages).values() if inner
        ),
        key=tuple(fields[field.name] for field in key_of(message)),
        key_allocation=_key_allocation(message),
        table=table_of(message),
        soft_delete=option.soft_delete,
        max_records=option.max_records,
        reason_required=option.reason_required,
        audit_refusals=option.audit_refusals,
        audit_direct_writes=option.audit_direct_writes,
        multi_tenant=option.multi_tenant,
        indexes=indexes_of(message, table_of(message), key_of(message)),
        history=HISTORY[option.history],
        renamed_from=option.renamed_from,
        relations=tuple(_relation(field, field.relation) for field in message.fields if field.relation),
    )


def _relation(field: DeclaredField, relation: DeclaredRelation) -> Relation:
    return Relation(
        name=field.name,
        number=field.number,
        component=field.type,
        plural=field.shape is Shape.REPEATED,
        by=relation.by,
        through=relation.through,
        to=relation.to,
        comment=field.comment,
    )


def _message_type(field: DeclaredField, message: DeclaredMessage) -> MessageType:
    if field.message is None:
        raise ValueError(f"{field.name} holds no message")
    return MessageType(field.message, tuple(_field(inner) for inner in message.fields))


def _field(field: DeclaredField) -> Field:
    if field.kind is None:
        raise ValueError(f"no kind holds {field.type}")
    return Field(
        name=field.name,
        number=field.number,
        kind=field.kind,
        type=field.type,
        optional=field.shape in (Shape.OPTIONAL, Shape.ONEOF)
        or (field.shape is Shape.SINGLE and (field.kind.is_message or field.wrapped)),
        comment=field.comment,
        unique=field.unique,
        standard=field.name in STANDARD_FIELDS,
        enum=field.enum,
        cardinality=_CARDINALITIES.get(field.shape, Cardinality.SINGLE),
        map_key=field.map_key,
        wrapped=field.wrapped,
        message=field.message if field.kind is Kind.MESSAGE else None,
        oneof=field.oneof,
        immutable=field.immutable,
        output_only=field.output_only,
        history_excluded=field.history_excluded,
        default=parse_default(field),
        renamed_from=field.renamed_from,
        backfill=parse_backfill(field),
        reference=Reference(field.references, ON_DELETE[field.on_delete]) if field.references else None,
    )


def _key_allocation(message: DeclaredMessage) -> KeyAllocation:
    key = key_of(message)
    if (message.option and message.option.key_fields) or key[0].key_source is KeySource.CLIENT:
        return KeyAllocation.CLIENT
    return KeyAllocation.UUID7 if key[0].kind is Kind.STRING else KeyAllocation.SEQUENCE
