"""The one file that reads descriptors: from what protoc says to what the user declared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FieldOptions,
    FileDescriptorProto,
    FileDescriptorSet,
    SourceCodeInfo,
)
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from toolcrib.codegen.declared import (
    ComponentOption,
    DeclaredField,
    DeclaredFile,
    DeclaredIndex,
    DeclaredMessage,
    DeclaredRelation,
    KeySource,
    Place,
    Shape,
)
from toolcrib.codegen.model import EnumType, EnumValue, Kind, MessageName
from toolcrib.codegen.writer import HEADER
from toolcrib.options.v1 import options_pb2

# The field numbers within descriptor.proto that the paths of source positions are made of.
_SYNTAX = 12
_PACKAGE, _FILE_MESSAGE, _FILE_ENUM, _FILE_SERVICE = 2, 4, 5, 6
_FIELD, _NESTED_MESSAGE, _NESTED_ENUM, _MESSAGE_OPTIONS = 2, 3, 4, 7
_ENUM_VALUE = 2

# The number of the option (buf.validate.field), and those within it that say what type the rules are for.
_RULES = 1159
_RULE_SCALARS = (
    *("float", "double", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64"),
    *("sfixed32", "sfixed64", "bool", "string", "bytes", "enum"),
)
_RULE_TYPES: Mapping[int, str] = {
    **dict(enumerate(_RULE_SCALARS, start=1)),
    18: "repeated",
    19: "map",
    20: "any",
    21: "duration",
    22: "timestamp",
}

_Type = FieldDescriptorProto
_KINDS: Mapping[int, Kind] = {
    _Type.TYPE_BOOL: Kind.BOOL,
    _Type.TYPE_INT32: Kind.INT32,
    _Type.TYPE_SINT32: Kind.INT32,
    _Type.TYPE_SFIXED32: Kind.INT32,
    _Type.TYPE_INT64: Kind.INT64,
    _Type.TYPE_SINT64: Kind.INT64,
    _Type.TYPE_SFIXED64: Kind.INT64,
    _Type.TYPE_UINT32: Kind.UINT32,
    _Type.TYPE_FIXED32: Kind.UINT32,
    _Type.TYPE_UINT64: Kind.UINT64,
    _Type.TYPE_FIXED64: Kind.UINT64,
    _Type.TYPE_FLOAT: Kind.FLOAT,
    _Type.TYPE_DOUBLE: Kind.DOUBLE,
    _Type.TYPE_STRING: Kind.STRING,
    _Type.TYPE_BYTES: Kind.BYTES,
    _Type.TYPE_ENUM: Kind.ENUM,
    _Type.TYPE_MESSAGE: Kind.MESSAGE,
}
_WELL_KNOWN = {
    "google.protobuf.Timestamp": Kind.TIMESTAMP,
    "google.protobuf.Duration": Kind.DURATION,
}
_WRAPPED = {
    "google.protobuf.BoolValue": Kind.BOOL,
    "google.protobuf.Int32Value": Kind.INT32,
    "google.protobuf.Int64Value": Kind.INT64,
    "google.protobuf.UInt32Value": Kind.UINT32,
    "google.protobuf.UInt64Value": Kind.UINT64,
    "google.protobuf.FloatValue": Kind.FLOAT,
    "google.protobuf.DoubleValue": Kind.DOUBLE,
    "google.protobuf.StringValue": Kind.STRING,
    "google.protobuf.BytesValue": Kind.BYTES,
}
# The files of protobuf itself whose messages a component may hold.
_LIBRARY = frozenset(f"google/protobuf/{name}.proto" for name in ("any", "empty", "field_mask", "struct"))


def read_files(descriptors: FileDescriptorSet, targets: Iterable[str]) -> tuple[DeclaredFile, ...]:
    """The declared content of the files named by `targets`, in their order, and of the library that they import."""
    files = {file.name: file for file in descriptors.file}
    types = {name: found for file in files.values() for name, found in _FileReader(file).types()}
    library = [replace(_FileReader(files[name], types).read(), is_target=False) for name in sorted(_LIBRARY & {*files})]
    return (*(_FileReader(files[target], types).read() for target in targets), *library)


def is_generated(file: FileDescriptorProto) -> bool:
    """Whether the file is a service that an earlier run wrote."""
    return any(
        comment.strip().startswith(HEADER)
        for location in file.source_code_info.location
        if tuple(location.path) == (_SYNTAX,)
        for comment in (*location.leading_detached_comments, location.leading_comments)
    )


class _FileReader:
    """Reads one file. `types` holds the enums and messages of all files by their full names with a leading dot."""

    def __init__(self, file: FileDescriptorProto, types: Mapping[str, EnumType | MessageName] | None = None) -> None:
        self._file = file
        self._types = types or {}
        self._locations = {tuple(location.path): location for location in reversed(file.source_code_info.location)}

    def read(self) -> DeclaredFile:
        file = self._file
        messages = [
            self._message(message, path, names)
            for index, top in enumerate(file.message_type)
            for message, path, names in _nested(top, (_FILE_MESSAGE, index), (top.name,))
        ]
        tops: list[tuple[int, Sequence[str]]] = [
            (_FILE_MESSAGE, [message.name for message in file.message_type]),
            (_FILE_ENUM, [enum.name for enum in file.enum_type]),
            (_FILE_SERVICE, [service.name for service in file.service]),
        ]
        names = {name: self._place((kind, index)) for kind, all_ in tops for index, name in enumerate(all_)}
        place = self._place((_PACKAGE,))
        return DeclaredFile(file.name, file.package, file.syntax or "proto2", place, tuple(messages), names)

    def types(self) -> Iterator[tuple[str, EnumType | MessageName]]:
        """All enums and messages of the file."""
        for index, enum in enumerate(self._file.enum_type):
            yield self._enum(enum, (_FILE_ENUM, index), (enum.name,))
        for index, top in enumerate(self._file.message_type):
            for message, path, names in _nested(top, (_FILE_MESSAGE, index), (top.name,)):
                name = self._global_name(names)
                yield name, MessageName(name[1:], names, self._file.name)
                for place, enum in enumerate(message.enum_type):
                    yield self._enum(enum, (*path, _NESTED_ENUM, place), (*names, enum.name))

    def _enum(self, enum: EnumDescriptorProto, path: tuple[int, ...], names: tuple[str, ...]) -> tuple[str, EnumType]:
        values = tuple(
            EnumValue(value.name, value.number, self._comment((*path, _ENUM_VALUE, index)))
            for index, value in enumerate(enum.value)
        )
        name = self._global_name(names)
        return name, EnumType(name[1:], names, self._file.name, self._comment(path), values)

    def _message(self, message: DescriptorProto, path: tuple[int, ...], names: tuple[str, ...]) -> DeclaredMessage:
        fields = tuple(self._field(message, field, (*path, _FIELD, index)) for index, field in enumerate(message.field))
        option = None
        if message.options.HasExtension(options_pb2.component):
            declared = message.options.Extensions[options_pb2.component]
            option = ComponentOption(
                place=self._place((*path, _MESSAGE_OPTIONS, options_pb2.component.number)),
                table=declared.table,
                plural=declared.plural,
                key_fields=tuple(declared.key_fields),
                soft_delete=declared.soft_delete,
                max_records=declared.max_records,
                reason_required=declared.reason_required,
                audit_refusals=declared.audit_refusals,
                audit_direct_writes=declared.audit_direct_writes,
                unknown_options=(
                    *_unknown(declared),
                    *(number for each in declared.indexes for number in _unknown(each)),
                ),
                history=declared.history,
                multi_tenant=declared.multi_tenant,
                renamed_from=declared.renamed_from,
                indexes=tuple(
                    DeclaredIndex(tuple(each.fields), each.unique, each.live_only, each.name)
                    for each in declared.indexes
                ),
            )
        comment = self._comment(path)
        return DeclaredMessage(self._place(path), names, self._file.package, comment, fields, option)

    def _field(self, message: DescriptorProto, field: FieldDescriptorProto, path: tuple[int, ...]) -> DeclaredField:
        shape, map_key, value = _shape(message, field), None, field
        entry = _map_entry(message, field)
        if entry is not None:
            key, value = entry.field
            map_key = _KINDS[key.type]
        found = self._types.get(value.type_name)
        type_ = value.type_name[1:]
        options = field.options.Extensions[options_pb2.field]
        return DeclaredField(
            place=self._place(path),
            name=field.name,
            number=field.number,
            type=type_ or _Type.Type.Name(value.type).removeprefix("TYPE_").lower(),
            kind=_WELL_KNOWN.get(type_) or _WRAPPED.get(type_) or _KINDS.get(value.type),
            shape=shape,
            comment=self._comment(path),
            enum=found if isinstance(found, EnumType) else None,
            message=found if isinstance(found, MessageName) else None,
            map_key=map_key,
            wrapped=type_ in _WRAPPED,
            oneof=message.oneof_decl[field.oneof_index].name if shape is Shape.ONEOF else "",
            has_options=field.options.HasExtension(options_pb2.field),
            key=options.key,
            key_source=_known_source(options.key_source),
            unique=options.unique,
            unique_live=options.unique_live,
            immutable=options.immutable,
            output_only=options.output_only,
            history_excluded=options.history_excluded,
            references=options.references,
            on_delete=options.on_delete,
            relation=_relation(options) if options.HasField("relation") else None,
            default_value=options.default_value if options.HasField("default_value") else None,
            renamed_from=options.renamed_from,
            backfill=options.backfill if options.HasField("backfill") else None,
            rules=_rules(field.options),
            has_rules=bool(_all_rules(field.options)),
            unknown_options=(*_unknown(options), *_unknown(options.relation)),
        )

    def _global_name(self, names: Sequence[str]) -> str:
        return ".".join(["", *([self._file.package] if self._file.package else []), *names])

    def _place(self, path: tuple[int, ...]) -> Place:
        """Where the thing at `path` begins; an option set piece by piece begins at its first piece."""
        inside = (found for found in self._locations if found[: len(path)] == path)
        location = self._locations.get(path) or self._locations.get(min(inside, default=()))
        if location is None or not location.span:
            return Place(self._file.name)
        return Place(self._file.name, location.span[0] + 1, location.span[1] + 1)

    def _comment(self, path: tuple[int, ...]) -> str:
        location = self._locations.get(path, SourceCodeInfo.Location())
        lines = (location.leading_comments or location.trailing_comments).splitlines()
        return "\n".join(line.strip() for line in lines).strip()


def _nested(
    message: DescriptorProto, path: tuple[int, ...], names: tuple[str, ...]
) -> Iterator[tuple[DescriptorProto, tuple[int, ...], tuple[str, ...]]]:
    """The message and all those within it, but for the entries of maps, which nobody wrote."""
    yield message, path, names
    for index, inner in enumerate(message.nested_type):
        if not inner.options.map_entry:
            yield from _nested(inner, (*path, _NESTED_MESSAGE, index), (*names, inner.name))


def _shape(message: DescriptorProto, field: FieldDescriptorProto) -> Shape:
    if field.label == _Type.LABEL_REPEATED:
        return Shape.REPEATED if _map_entry(message, field) is None else Shape.MAP
    if field.proto3_optional:
        return Shape.OPTIONAL
    return Shape.ONEOF if field.HasField("oneof_index") else Shape.SINGLE


def _map_entry(message: DescriptorProto, field: FieldDescriptorProto) -> DescriptorProto | None:
    """The message that a map is made of, with its key and its value."""
    if field.label != _Type.LABEL_REPEATED:
        return None
    return next(
        (
            inner
            for inner in message.nested_type
            if inner.options.map_entry and field.type_name.endswith(f".{inner.name}")
        ),
        None,
    )


def _relation(options: options_pb2.FieldOptions) -> DeclaredRelation:
    declared = options.relation
    return DeclaredRelation(declared.by, declared.through, declared.to)


def _known_source(number: int) -> KeySource | None:
    return KeySource(number) if number in {source.value for source in KeySource} else None


def _rules(options: FieldOptions) -> tuple[str, ...]:
    """The types that a field's buf.validate rules are for.

    Their numbers say it, and a message without fields shows numbers, whether this process knows the rules or not.
    """
    numbers = {number for rule in _all_rules(options) for number in _unknown(Empty.FromString(rule))}
    return tuple(name for number, name in _RULE_TYPES.items() if number in numbers)


def _all_rules(options: FieldOptions) -> list[bytes]:
    unknown = UnknownFieldSet(Empty.FromString(options.SerializeToString()))
    return [unknown[index].data for index in range(len(unknown)) if unknown[index].field_number == _RULES]


def _unknown(options: Message) -> tuple[int, ...]:
    """The numbers of options that this version does not know."""
    unknown = UnknownFieldSet(options)
    return tuple(sorted({unknown[index].field_number for index in range(len(unknown))}))
