"""What is refused about a single field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from keyword import iskeyword

from toolcrib.codegen.components import STANDARD_FIELDS
from toolcrib.codegen.declared import DeclaredField, DeclaredMessage, KeySource, Shape
from toolcrib.codegen.model import Kind
from toolcrib.codegen.problems import Problem
from toolcrib.codegen.refuse_evolution import evolution_problems
from toolcrib.codegen.refuse_writing import writing_problems

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")

# What a generated record's class has for itself: the members of its base, and the types that its fields are made of.
TAKEN_IN_RECORDS = frozenset(
    {
        *("bool", "bytes", "datetime", "float", "int", "list", "str", "timedelta", "cls", "self", "mro"),
        *("from_message", "to_message"),
        *("construct", "copy", "dict", "from_orm", "json", "parse_file", "parse_obj", "parse_raw", "schema"),
        *("schema_json", "show_deleted", "update_forward_refs", "validate"),
        *("model_computed_fields", "model_config", "model_construct", "model_copy", "model_dump", "model_dump_json"),
        *("model_extra", "model_fields", "model_fields_set", "model_json_schema", "model_parametrized_name"),
        *("model_post_init", "model_rebuild", "model_validate", "model_validate_json", "model_validate_strings"),
    }
)


def field_problems(message: DeclaredMessage, field: DeclaredField) -> Iterator[Problem]:
    """Everything that is wrong with a field of a component, but for its being the key."""
    yield from _name_problems(field)
    yield from _option_problems(field)
    yield from _rule_problems(field)
    yield from writing_problems(message, field)
    yield from evolution_problems(message, field)
    if field.name in STANDARD_FIELDS:
        yield from _standard_problems(message, field)
    else:
        yield from _type_problems(field)


def stray_option_problems(message: DeclaredMessage) -> Iterator[Problem]:
    """Options on fields of a message that is not a component do nothing; somebody expects them to."""
    for field in message.fields:
        if field.has_options:
            yield field.place.problem(
                f"`{field.name}` has (toolcrib.options.v1.field), but {message.full_name} is not a component; add "
                "`option (toolcrib.options.v1.component) = {};` to it, or leave the field's option out"
            )


def _name_problems(field: DeclaredField) -> Iterator[Problem]:
    name = field.name
    if not _NAME.fullmatch(name):
        yield field.place.problem(
            f"`{name}` cannot name a column; use up to 63 small letters, digits and underscores, a letter first"
        )
    elif iskeyword(name):
        yield field.place.problem(f"`{name}` is a word of Python's own; name the field otherwise, like `{name}_value`")
    elif name in TAKEN_IN_RECORDS:
        yield field.place.problem(
            f"Python records have a `{name}` of their own; name the field otherwise, like `{name}_value`"
        )
    elif name.startswith("toolcrib_"):
        yield field.place.problem(f"columns that begin with toolcrib_ are the system's own; name `{name}` otherwise")


def _option_problems(field: DeclaredField) -> Iterator[Problem]:
    for number in field.unknown_options:
        yield field.place.problem(
            f"option number {number} of `{field.name}` is unknown to this version; it needs a newer toolcrib"
        )
    if field.key_source is None:
        yield field.place.problem(
            f"the key_source of `{field.name}` is unknown to this version; it needs a newer toolcrib"
        )
    elif field.key_source is not KeySource.UNSPECIFIED and not field.key:
        yield field.place.problem(
            f"`{field.name}` has a key_source and is not marked as the key; add `key: true` or leave it out (fields in "
            "key_fields come from the caller anyway)"
        )
    for option in (["unique"] if field.unique else []) + (["unique_live"] if field.unique_live else []):
        if field.kind is Kind.MESSAGE or field.shape in (Shape.REPEATED, Shape.MAP):
            yield field.place.problem(
                f"`{field.name}` is kept as a document, and `{option}` is for single values; leave it out"
            )
        elif field.kind is Kind.BOOL:
            yield field.place.problem(
                f"`{field.name}` is a bool, so {option} would allow two records; leave out `{option}`"
            )
        if field.name in STANDARD_FIELDS:
            yield field.place.problem(f"`{field.name}` is filled in by the server; leave out `{option}`")


def _rule_problems(field: DeclaredField) -> Iterator[Problem]:
    if field.kind in (None, Kind.MESSAGE) or field.shape in (Shape.REPEATED, Shape.MAP):
        return
    own = {Kind.ENUM: "enum", Kind.TIMESTAMP: "timestamp", Kind.DURATION: "duration"}.get(field.kind, field.type)
    if field.wrapped:
        own = field.kind.value
    for rule in field.rules:
        if rule != own:
            yield field.place.problem(
                f"`{field.name}` is no {rule}, which its rules are for; write them as `(buf.validate.field).{own}`"
            )


def _standard_problems(message: DeclaredMessage, field: DeclaredField) -> Iterator[Problem]:
    kind = Kind.STRING if field.name == "etag" else Kind.TIMESTAMP
    if field.kind is not kind or field.shape not in (Shape.SINGLE, Shape.OPTIONAL):
        yield field.place.problem(
            f"`{field.name}` is a standard field of type {kind.value}; write `{kind.value} {field.name} = "
            f"{field.number};`, or name the field otherwise"
        )
    elif field.name == "etag" and field.shape is Shape.OPTIONAL:
        yield field.place.problem("`etag` is always set by the server; leave out `optional`")
    if field.name == "delete_time" and message.option and not message.option.soft_delete:
        yield field.place.problem(
            "`delete_time` is for records that stay when they are deleted; add `soft_delete: true` to the component "
            "option, or leave the field out"
        )


def _type_problems(field: DeclaredField) -> Iterator[Problem]:
    if field.type == "group":
        yield field.place.problem(f"`{field.name}`: groups are not served; use fields of their own")


def inner_problems(
    field: DeclaredField, message: DeclaredMessage | None, syntaxes: Mapping[str, str]
) -> Iterator[Problem]:
    """What is wrong with a message inside a component, which `field` was the first to hold."""
    if message is None or field.message is None:
        yield field.place.problem(
            f"`{field.name}`: {field.type} is not served; of google.protobuf's there are Timestamp, Duration, the "
            "wrappers, Struct, Value, ListValue, FieldMask, Any and Empty"
        )
        return
    syntax = syntaxes[field.message.file]
    if syntax != "proto3":
        yield field.place.problem(
            f"`{field.name}`: {field.type} is declared in a file of {syntax}, which is not served; copy it into a file "
            'that starts with `syntax = "proto3";`'
        )
        return
    for inner in message.fields:
        if iskeyword(inner.name):
            yield inner.place.problem(
                f"`{inner.name}` is a word of Python's own; name the field otherwise, like `{inner.name}_value`"
            )
