"""Spells values as JSON and back: what has no SQL type of its own is kept as a JSON document.

The functions for the messages inside a component are written into its mapping, field by field, as the rows are.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolcrib.codegen.layout import Each, Group, Node, call, quoted
from toolcrib.codegen.model import Cardinality, Component, Field, Kind, MessageName, MessageType
from toolcrib.codegen.names import snake_case, stub_module
from toolcrib.codegen.writer import CodeWriter

_DOCUMENTS = "toolcrib.server.documents"
_PLAIN = frozenset({Kind.BOOL, Kind.INT32, Kind.INT64, Kind.UINT32, Kind.STRING, Kind.ENUM})
# Other kinds: the functions to JSON and back.
_FUNCTIONS = {
    Kind.UINT64: ("uint64_to_json", "int"),
    Kind.FLOAT: ("number_to_json", "float"),
    Kind.DOUBLE: ("number_to_json", "float"),
    Kind.BYTES: ("bytes_to_json", "bytes_from_json"),
    Kind.TIMESTAMP: ("timestamp_to_json", "timestamp_from_json"),
    Kind.DURATION: ("duration_to_json", "duration_from_json"),
}
_BUILTINS = frozenset({"int", "float"})
# Messages that are JSON by nature.
_JSON_TYPES = {
    "google.protobuf.Struct": "struct",
    "google.protobuf.Value": "value",
    "google.protobuf.ListValue": "list_value",
}


def has_own_json(name: str) -> bool:
    """Whether the message is JSON by nature, and so not taken apart."""
    return name in _JSON_TYPES


def use_class(writer: CodeWriter, name: MessageName) -> str:
    """Imports a message class, or the one around it; answers its name."""
    first, *inner = name.path
    return ".".join([writer.use(stub_module(name.file), first), *inner])


@dataclass(frozen=True, slots=True)
class Documents:
    """The JSON of one component's values, in the module that `writer` writes. `names` are the functions' stems."""

    writer: CodeWriter
    names: dict[str, str]

    @classmethod
    def of(cls, writer: CodeWriter, component: Component) -> Documents:
        """Names the functions of all messages inside the component; equal names get a line behind them."""
        names: dict[str, str] = {}
        for message in component.messages:
            stem = snake_case("_".join(message.name.path))
            while stem in names.values():
                stem += "_"
            names[message.name.full_name] = stem
        return cls(writer, names)

    def to_json(self, field: Field, expression: str) -> Node:
        """The JSON of all that a field holds, given the expression that reads it."""
        if field.cardinality is Cardinality.REPEATED:
            value = self._value_to_json(field, "item")
            return f"list({expression})" if value == "item" else Each("[", value, f"for item in {expression}", "]")
        if field.cardinality is Cardinality.MAP:
            key = call(self._use("key_to_json"), "key") if field.map_key is not Kind.STRING else "key"
            value = self._value_to_json(field, "item")
            if (key, value) == ("key", "item"):
                return call("dict", expression)
            return Each("{", f"{_text(key)}: {_text(value)}", f"for key, item in {expression}.items()", "}")
        return self._value_to_json(field, expression)

    def read_into(self, field: Field, found: str) -> None:
        """Writes the statements that set a field of `message` from its JSON, the expression `found`."""
        writer, target = self.writer, f"message.{field.name}"
        if field.cardinality is Cardinality.REPEATED:
            value = self._value_from_json(field, "item")
            items: Node = found if value == "item" else Each(f"{target}.extend(", value, f"for item in {found}", ")")
            writer.statement(call(f"{target}.extend", items) if isinstance(items, str) else items)
        elif field.cardinality is Cardinality.MAP:
            with writer.block(f"for key, item in {found}.items():"):
                key = {Kind.STRING: "key", Kind.BOOL: 'key == "true"'}.get(field.map_key or Kind.STRING, "int(key)")
                self._set(field, f"{target}[{key}]", "item")
        else:
            self._set(field, target, found)

    def functions(self, message: MessageType) -> None:
        """Writes the two functions of a message."""
        stem, class_ = self.names[message.name.full_name], use_class(self.writer, message.name)
        writer, any_ = self.writer, self.writer.use("typing", "Any")
        writer.top()
        with writer.function(f"def _{stem}_to_json", [f"message: {class_}"], f"dict[str, {any_}]"):
            always = [field for field in message.fields if not field.optional]
            pairs = [_pair(field.name, self.to_json(field, f"message.{field.name}")) for field in always]
            entries = Group("{", tuple(pairs), "}")
            optional = [field for field in message.fields if field.optional]
            if not optional:
                self._document(entries, before="return ")
            else:
                self._document(entries, before=f"value: dict[str, {any_}] = ")
                for field in optional:
                    with writer.block(f'if message.HasField("{field.name}"):'):
                        json = self.to_json(field, f"message.{field.name}")
                        writer.statement(json, before=f'value["{field.name}"] = ')
                writer.line("return value")
        writer.top()
        with writer.function(f"def _{stem}_from_json", [f"value: dict[str, {any_}]"], class_):
            if not message.fields:
                writer.line(f"return {class_}()")
                return
            writer.line(f"message = {class_}()")
            for field in message.fields:
                with writer.block(f'if "{field.name}" in value:'):
                    self.read_into(field, f'value["{field.name}"]')
            writer.line("return message")

    def _document(self, entries: Group, before: str) -> None:
        if entries.items:
            self.writer.exploded(entries, before=before)
        else:
            self.writer.line(before + "{}")

    def _value_to_json(self, field: Field, expression: str) -> Node:
        if field.wrapped:
            expression += ".value"
        if field.kind in _PLAIN:
            return expression
        if field.kind is Kind.MESSAGE:
            return call(self._function(field, "to"), expression)
        return call(self._use(_FUNCTIONS[field.kind][0]), expression)

    def _value_from_json(self, field: Field, expression: str) -> Node:
        """The value itself; of a wrapped one, the message around it."""
        if field.kind is Kind.MESSAGE:
            return call(self._function(field, "from"), expression)
        if field.kind not in _PLAIN:
            name = _FUNCTIONS[field.kind][1]
            expression = _text(call(name if name in _BUILTINS else self._use(name), expression))
        if field.wrapped:
            wrapper = self.writer.use("google.protobuf.wrappers_pb2", field.type.rpartition(".")[2])
            return call(wrapper, f"value={expression}")
        return expression

    def _set(self, field: Field, target: str, expression: str) -> None:
        value = self._value_from_json(field, expression)
        if field.kind.is_message or field.wrapped:
            self.writer.statement(call(f"{target}.CopyFrom", value))
        else:
            self.writer.statement(value, before=f"{target} = ")

    def _function(self, field: Field, way: str) -> str:
        if own := _JSON_TYPES.get(field.type):
            return self._use(f"{own}_{way}_json")
        return f"_{self.names[field.type]}_{way}_json"

    def _use(self, function: str) -> str:
        return self.writer.use(_DOCUMENTS, function)


def _pair(name: str, value: Node) -> Node:
    match value:
        case Group(open=opening, items=items, close=close, bracket=bracket):
            return Group(f"{quoted(name)}: {opening}", items, close, bracket)
        case Each(open=opening, element=element, clause=clause, close=close):
            return Each(f"{quoted(name)}: {opening}", element, clause, close)
        case _:
            return f"{quoted(name)}: {value}"


def _text(node: Node) -> str:
    """A short expression as one line."""
    match node:
        case Group(open=opening, items=items, close=close):
            return opening + ", ".join(map(_text, items)) + close
        case str():
            return node
        case _:
            raise TypeError(f"{node} is not a short expression")
