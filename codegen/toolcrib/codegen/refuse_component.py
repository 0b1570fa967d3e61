"""What is refused about a component as a whole: its options, its key and its name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from keyword import iskeyword

from toolcrib.codegen.components import HISTORY, STANDARD_FIELDS, key_of, plural_name_of, table_of
from toolcrib.codegen.declared import ComponentOption, DeclaredField, DeclaredMessage, KeySource, Shape
from toolcrib.codegen.model import Kind
from toolcrib.codegen.names import snake_case
from toolcrib.codegen.nearest import did_you_mean
from toolcrib.codegen.problems import Problem
from toolcrib.codegen.refuse_field import field_problems
from toolcrib.codegen.refuse_index import index_problems
from toolcrib.codegen.request_fields import KEY_FIELDS_MAX, TAKEN_NAMES

_SERVER_KEYS = ("int64", "string")
_CLIENT_KEYS = frozenset({Kind.INT32, Kind.INT64, Kind.UINT32, Kind.UINT64, Kind.STRING})
_CLIENT_KEYS_TEXT = "an integer or a string"
_TABLE = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PASCAL = re.compile(r"[A-Z][A-Za-z0-9]*")
# A client's methods have these beside the record; `google` would hide the types of google.protobuf in requests.
TAKEN_PARAMETERS = frozenset({"self", "mask", "google"})
_SINGLE_KEY = "`[(toolcrib.options.v1.field).key = true]`"


def component_problems(message: DeclaredMessage) -> Iterator[Problem]:
    """Everything that is wrong with a component."""
    option = message.option
    if option is None:
        return
    if len(message.path) > 1:
        yield option.place.problem(
            f"{message.full_name} is inside another message; move it to the top of the file to make it a component"
        )
    yield from _name_problems(message)
    yield from _option_problems(message, option)
    yield from _key_problems(message, option)
    yield from index_problems(message, option)
    for field in message.fields:
        yield from field_problems(message, field)


def _name_problems(message: DeclaredMessage) -> Iterator[Problem]:
    singular = snake_case(message.name)
    if not _PASCAL.fullmatch(message.name):
        yield message.place.problem(f"{message.name} is not in PascalCase; name the message like `ToolOffset`")
    elif iskeyword(singular) or singular in TAKEN_NAMES or singular in TAKEN_PARAMETERS:
        yield message.place.problem(
            f"requests would hold the record as `{singular}`, which they cannot; name the message otherwise, like "
            f"`Machine{message.name}`"
        )
    if snake_case(plural_name_of(message)) in TAKEN_NAMES:
        yield message.place.problem(
            f"answers have a field `{snake_case(plural_name_of(message))}` already; set another `plural` in the "
            "component option"
        )


def _option_problems(message: DeclaredMessage, option: ComponentOption) -> Iterator[Problem]:
    for number in option.unknown_options:
        yield option.place.problem(
            f"option number {number} of the component is unknown to this version; it needs a newer toolcrib"
        )
    table = table_of(message)
    if not _TABLE.fullmatch(table):
        yield option.place.problem(
            f"`{table}` cannot name an SQL table; use up to 63 small letters, digits and underscores, a letter first"
        )
    elif table.startswith(("toolcrib_", "sqlite_", "pg_")):
        yield option.place.problem(f"tables that begin like `{table}` are the system's own; set another `table`")
    if option.plural and not _PASCAL.fullmatch(option.plural):
        yield option.place.problem(
            f"the plural `{option.plural}` is not in PascalCase; write it like the message's name, such as `Axes`"
        )
    if option.history not in HISTORY:
        yield option.place.problem("the component's history is unknown to this version; it needs a newer toolcrib")
    if option.max_records < 0:
        yield option.place.problem(
            f"max_records is {option.max_records}; write the most records there may be, or leave it out for no limit"
        )


def _key_problems(message: DeclaredMessage, option: ComponentOption) -> Iterator[Problem]:
    marked = [field for field in message.fields if field.key]
    if option.key_fields:
        yield from _key_fields_problems(message, option, marked)
    elif not marked:
        yield message.place.problem(
            f"{message.name} has no key; mark one field with {_SINGLE_KEY}, or name several in the component option "
            'with `key_fields: ["a", "b"]`'
        )
    for field in marked[1:]:
        yield field.place.problem(
            f"`{field.name}` is a second key beside `{marked[0].name}`; for a key of several fields write "
            f'`key_fields: ["{marked[0].name}", "{field.name}"]` in the component option and mark none'
        )
    for field in key_of(message):
        yield from _key_field_problems(field, by_client=bool(option.key_fields))


def _key_fields_problems(
    message: DeclaredMessage, option: ComponentOption, marked: list[DeclaredField]
) -> Iterator[Problem]:
    known = [field.name for field in message.fields if field.name not in STANDARD_FIELDS]
    for name, count in Counter(option.key_fields).items():
        if name not in {field.name for field in message.fields}:
            yield option.place.problem(f"key_fields names `{name}`, which is no field{did_you_mean(name, known)}")
        if count > 1:
            yield option.place.problem(f"key_fields names `{name}` more than once; name each field once")
    if len(option.key_fields) == 1:
        yield option.place.problem(
            f"key_fields is for keys of several fields; mark `{option.key_fields[0]}` with "
            "`(toolcrib.options.v1.field) = {key: true key_source: KEY_SOURCE_CLIENT}` instead"
        )
    if len(option.key_fields) > KEY_FIELDS_MAX:
        yield option.place.problem(
            f"a key has at most {KEY_FIELDS_MAX} fields, this one {len(option.key_fields)}; leave some out"
        )
    for field in marked:
        yield field.place.problem(
            f"`{field.name}` is marked as the key and the component has key_fields; keep one of the two"
        )


def _key_field_problems(field: DeclaredField, *, by_client: bool) -> Iterator[Problem]:
    if field.shape is Shape.OPTIONAL:
        yield field.place.problem(f"the key `{field.name}` cannot be unset; leave out `optional`")
        return
    if field.name in STANDARD_FIELDS:
        yield field.place.problem(f"`{field.name}` is filled in by the server; use another field as the key")
        return
    if field.name in TAKEN_NAMES:
        yield field.place.problem(
            f"requests have a field `{field.name}` of their own beside the key; name the key otherwise, like "
            f"`{field.name}_id`"
        )
    if field.unique and not by_client:
        yield field.place.problem(f"the key `{field.name}` is unique anyway; leave out `unique`")
    if field.shape is not Shape.SINGLE:
        kind = {Shape.ONEOF: "member of a oneof"}.get(field.shape, f"{field.shape.value} field")
        yield field.place.problem(f"the key `{field.name}` is a {kind}; a key is a single value that is always set")
        return
    if by_client or field.key_source is KeySource.CLIENT:
        if field.kind not in _CLIENT_KEYS or field.wrapped:
            yield field.place.problem(f"{field.type} cannot be the key `{field.name}`; a key is {_CLIENT_KEYS_TEXT}")
    elif field.type not in _SERVER_KEYS:
        yield field.place.problem(
            f"the server cannot give `{field.name}` a key of type {field.type}; make it int64 (counts up) or string "
            "(UUIDv7), or let the caller give it with `key_source: KEY_SOURCE_CLIENT`"
        )
