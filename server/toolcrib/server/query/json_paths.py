"""SQL for what is inside a column of JSON: fields of messages, entries of maps, elements of lists.

The one place that knows how databases read JSON. Names of fields come from the schema; keys of maps are bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from typing import Any, Protocol, TypeAlias

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    Dialect,
    Double,
    Select,
    Text,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
    try_cast,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeEngine

from toolcrib.server.columns import MSSQL_COLLATION, ExactText, JsonNumber
from toolcrib.server.exact_number import LARGE, LARGE_MOVE
from toolcrib.server.query.fields import FieldKind
from toolcrib.server.query.shape import Step, Way
from toolcrib.server.query.spelling import by_characters, infinity, json_rows, json_text

# What is asked of the value at the end of the way.
Asked: TypeAlias = Callable[[ColumnElement[Any]], ColumnElement[bool]]

_NUMBERS = (FieldKind.FLOAT, FieldKind.DOUBLE)
_INTEGERS = (FieldKind.INT32, FieldKind.INT64, FieldKind.UINT32, FieldKind.ENUM, FieldKind.DURATION)


def type_within(kind: FieldKind | None) -> TypeEngine[Any]:
    """The type that values of a field have within JSON (documents.py)."""
    if kind is FieldKind.BOOL:
        return Boolean()
    if kind in _NUMBERS:
        return JsonNumber()
    return BigInteger() if kind in _INTEGERS else ExactText()


def holds(
    column: ColumnElement[Any],
    steps: Sequence[Step],
    keys: Iterator[BindParameter[str]],
    kind: FieldKind | None,
    asked: Asked,
    dialect: Dialect,
) -> ColumnElement[bool]:
    """True where a value that `steps` lead to is there and is as it is `asked`; NULL or false elsewhere.

    `kind` is what the value is read as; None where nothing matters but that it is there.
    """
    json = _READERS[dialect.name]

    def there(source: ColumnElement[Any], steps: list[Step]) -> ColumnElement[bool]:
        names = [name for name in takewhile(lambda step: isinstance(step, str), steps) if isinstance(name, str)]
        rest = steps[len(names) :]
        if not rest:
            return asked(json.value(source, names, kind))
        found, value = json.each(source, names, rest[0], keys)
        inner = there(value, rest[1:])
        return inner if found is None else found.where(inner).exists()

    return there(json.document(column), list(steps))


class _Reader(Protocol):
    """How a kind of database reads JSON."""

    def document(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The document in a column of text."""

    def value(self, source: ColumnElement[Any], names: Sequence[str], kind: FieldKind | None) -> ColumnElement[Any]:
        """The value that `names` lead to, or NULL."""

    def each(
        self, source: ColumnElement[Any], names: Sequence[str], way: Step, keys: Iterator[BindParameter[str]]
    ) -> tuple[Select[Any] | None, ColumnElement[Any]]:
        """What `way` leads to behind `names`: a SELECT with a row each, unless it is one value, and the value."""


class _Sqlite:
    def document(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return column

    def value(self, source: ColumnElement[Any], names: Sequence[str], kind: FieldKind | None) -> ColumnElement[Any]:
        found = func.json_extract(source, _path(names)) if names else source
        if kind not in _NUMBERS:
            return found
        # The numbers that JSON has as text (documents.py); NaN is compared with nothing.
        special = (("NaN", null()), ("Infinity", infinity()), ("-Infinity", -infinity()))
        return case(*((found == literal_column(f"'{text}'", Text), number) for text, number in special), else_=found)

    def each(
        self, source: ColumnElement[Any], names: Sequence[str], way: Step, keys: Iterator[BindParameter[str]]
    ) -> tuple[Select[Any], ColumnElement[Any]]:
        each = func.json_each(source, _path(names)).table_valued("key", "value")
        found: Select[Any] = select(literal_column("1")).select_from(each)
        return (found.where(each.c.key == next(keys)) if way is Way.ENTRY else found), each.c.value


class _Postgresql:
    def document(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return cast(column, JSONB)

    def value(self, source: ColumnElement[Any], names: Sequence[str], kind: FieldKind | None) -> ColumnElement[Any]:
        # As text, which JSON's null has none of.
        found: ColumnElement[Any] = source.op("#>>")(_names(names))
        if kind is None:
            return found
        if kind in _NUMBERS:
            found = case((found == literal_column("'NaN'", Text), null()), else_=found)
        return cast(found, type_within(kind))

    def each(
        self, source: ColumnElement[Any], names: Sequence[str], way: Step, keys: Iterator[BindParameter[str]]
    ) -> tuple[Select[Any] | None, ColumnElement[Any]]:
        if way is Way.ENTRY:
            return None, source.op("#>")(_names(names)).op("->")(next(keys))
        # "Lax": what is not there has no elements, rather than being an error.
        inside = "[*]" if way is Way.ELEMENT else ".*"
        found = func.jsonb_path_query(source, _path(names, inside)).table_valued("value").render_derived()
        return select(literal_column("1")).select_from(found), found.c.value


class _Mysql:
    """MariaDB and MySQL."""

    def document(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return column

    def value(self, source: ColumnElement[Any], names: Sequence[str], kind: FieldKind | None) -> ColumnElement[Any]:
        found = func.json_extract(source, _path(names))
        is_null = func.json_type(found) == literal_column("'NULL'", Text)
        text: ColumnElement[Any] = case((is_null, null()), else_=by_characters(func.json_unquote(found)))
        if kind is FieldKind.BOOL:
            return text == literal_column("'true'", Text)
        if kind in _NUMBERS:
            return self._number(text)
        return cast(text, BigInteger) if kind in _INTEGERS else text

    def _number(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        special = (("NaN", null()), ("Infinity", infinity()), ("-Infinity", -infinity()))
        number: ColumnElement[Any] = text.op("+", return_type=JsonNumber())(literal_column("0e0"))
        # As columns have large numbers (exact_number.py).
        large = func.abs(number) >= literal_column(repr(LARGE), JsonNumber)
        moved = number - func.sign(number) * literal_column(repr(LARGE_MOVE), JsonNumber)
        known = [(text == literal_column(f"'{name}'", Text), value) for name, value in special]
        return case(*known, (large, moved), else_=number)

    def each(
        self, source: ColumnElement[Any], names: Sequence[str], way: Step, keys: Iterator[BindParameter[str]]
    ) -> tuple[Select[Any] | None, ColumnElement[Any]]:
        if way is Way.ENTRY:
            key = by_characters(func.json_quote(next(keys)))
            return None, func.json_extract(source, func.concat(_path(names, "."), key))
        found = json_rows(source, _path(names, "[*]" if way is Way.ELEMENT else ".*")).table_valued("value")
        return select(literal_column("1")).select_from(found), found.c.value


class _SqlServer:
    def document(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return column

    def value(self, source: ColumnElement[Any], names: Sequence[str], kind: FieldKind | None) -> ColumnElement[Any]:
        found: ColumnElement[Any] = json_text(source, _path(names)) if names else source
        if kind is None:
            # What is no scalar has another function.
            return func.coalesce(func.json_query(source, _path(names)), found) if names else found
        if kind is FieldKind.BOOL:
            return case((found == literal_column("'true'", Text), 1), (found == literal_column("'false'", Text), 0))
        if kind in _NUMBERS:
            bounds = (("Infinity", infinity()), ("-Infinity", -infinity()))
            number: ColumnElement[Any] = try_cast(found, Double())
            return case(*((found == literal_column(f"'{text}'", Text), bound) for text, bound in bounds), else_=number)
        return cast(found, BigInteger()) if kind in _INTEGERS else _ended(found)

    def each(
        self, source: ColumnElement[Any], names: Sequence[str], way: Step, keys: Iterator[BindParameter[str]]
    ) -> tuple[Select[Any], ColumnElement[Any]]:
        each = func.openjson(source, _path(names)).table_valued("key", "value")
        found: Select[Any] = select(literal_column("1")).select_from(each)
        return (found.where(_ended(each.c.key) == next(keys)) if way is Way.ENTRY else found), each.c.value


_READERS: dict[str, _Reader] = {
    "sqlite": _Sqlite(),
    "postgresql": _Postgresql(),
    "cockroachdb": _Postgresql(),
    "mysql": _Mysql(),
    "mssql": _SqlServer(),
}


def _ended(text: ColumnElement[Any]) -> ColumnElement[str]:
    """Text of a document as parameters have it (`exact_text.to_ended`)."""
    end = literal_column("nchar(1) + nchar(1)", Text)
    return type_coerce(text.collate(MSSQL_COLLATION).concat(end), ExactText())


def _names(names: Sequence[str]) -> ColumnElement[str]:
    return literal_column(f"'{{{','.join(names)}}}'", Text)


def _path(names: Sequence[str], inside: str = "") -> ColumnElement[str]:
    # Names of protobuf fields are letters, digits and underscores.
    return literal_column(f"'{'.'.join(['$', *names])}{inside}'", Text)
