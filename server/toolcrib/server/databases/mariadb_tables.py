"""Tables as MariaDB and MySQL can have them.

Their indexes hold 3072 bytes of a row, and no text without a limit. So text that is in a key or an index is VARCHAR, in
which a character counts for four bytes; what is longer is refused, never cut. All other text, and bytes, have room for
4 GiB. An index over part of the rows they do not have: what is unique among live records has a hidden column beside it
that is NULL in all others, which so collide with nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Table, UniqueConstraint
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.types import TypeEngine

from toolcrib.server.columns import ExactText
from toolcrib.server.system_tables import RECORD_KEY_CHARACTERS_MAX
from toolcrib.server.tenants import TENANT, TENANT_CHARACTERS_MAX

_DIALECT = "mysql"
_INDEX_BYTES_MAX = 3072
_CHARACTER_BYTES = 4
# What anything but text and bytes takes at most in an index, NULL included; and more than the length of these.
_OTHER_BYTES = 10
# A key stands in the audit too, whose index has the component's name and the tenant beside it.
_KEY_BYTES_MAX = RECORD_KEY_CHARACTERS_MAX * _CHARACTER_BYTES + _OTHER_BYTES

LIVE_COLUMN = "toolcrib_live"
_LIVE = f"`{LIVE_COLUMN}` TINYINT GENERATED ALWAYS AS (if(`delete_time` IS NULL, 1, NULL)) VIRTUAL INVISIBLE"
ADD_LIVE_COLUMN = f"ALTER TABLE {{table}} ADD COLUMN {_LIVE}"
# Whatever the server makes by default: transactions, indexes of this size, and text of any language.
_OPTIONS = "ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARSET=utf8mb4"


def fit(table: Table) -> None:
    """Gives the columns of a declared table types that hold what the others' do."""
    if TENANT in table.c:
        table.c[TENANT].type = ExactText(TENANT_CHARACTERS_MAX)
    shares: dict[str, int] = {}
    for columns, room in _indexed(table):
        for name, share in _shares(columns, room):
            shares[name] = min(share, shares.get(name, share))
    for column in table.columns:
        column.type = _fitted(column.type, shares.get(column.name, 0))


def is_unique_among_live(index: Index) -> bool:
    """Whether it keeps something unique among the records that are not deleted."""
    return bool(index.unique) and index.dialect_options["sqlite"]["where"] is not None


def _indexed(table: Table) -> Iterator[tuple[Sequence[Column[Any]], int]]:
    """The columns of the key, and of each index and unique constraint, and how many bytes these may take."""
    key = list(table.primary_key.columns)
    yield key, min(_KEY_BYTES_MAX + _limited(key), _INDEX_BYTES_MAX)
    # With room for a key of numbers behind the values: by such an index rows are read in an order that the key decides.
    room = _INDEX_BYTES_MAX - _OTHER_BYTES * len(key)
    for index in table.indexes:
        yield list(index.columns), room - _OTHER_BYTES * is_unique_among_live(index)
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield list(constraint.columns), room


def _shares(columns: Sequence[Column[Any]], room: int) -> Iterator[tuple[str, int]]:
    """How many bytes each column may take that has no limit of its own."""
    open_ended = [column for column in columns if _is_open_ended(column.type)]
    left = room - _OTHER_BYTES * len(columns) - _limited(columns)
    for column in open_ended:
        yield column.name, left // len(open_ended)


def _limited(columns: Sequence[Column[Any]]) -> int:
    """How many bytes the columns take that have a limit of their own."""
    limits = [column.type.characters_max for column in columns if isinstance(column.type, ExactText)]
    return sum(limits) * _CHARACTER_BYTES


def _is_open_ended(type_: TypeEngine[Any]) -> bool:
    return isinstance(type_, LargeBinary) or (isinstance(type_, ExactText) and not type_.characters_max)


def _fitted(type_: TypeEngine[Any], bytes_max: int) -> TypeEngine[Any]:
    if isinstance(type_, ExactText):
        return ExactText(bytes_max // _CHARACTER_BYTES) if _is_open_ended(type_) else type_
    if isinstance(type_, LargeBinary):
        return type_.with_variant(mysql.VARBINARY(bytes_max) if bytes_max else mysql.LONGBLOB(), _DIALECT)
    return type_


@compiles(CreateTable, _DIALECT)
def _(element: CreateTable, compiler: DDLCompiler, **kw: Any) -> str:
    text = str(compiler.visit_create_table(element, **kw)).rstrip()  # type: ignore[no-untyped-call]  # SQLAlchemy's
    if any(is_unique_among_live(index) for index in element.element.indexes):
        columns, end, rest = text.rpartition("\n)")
        text = f"{columns}, \n\t{_LIVE}{end}{rest}"
    return f"{text} {_OPTIONS}"


@compiles(CreateIndex, _DIALECT)
def _(element: CreateIndex, compiler: DDLCompiler, **kw: Any) -> str:
    text = str(compiler.visit_create_index(element, **kw)).rstrip()  # type: ignore[no-untyped-call]  # as above
    return f"{text[:-1]}, `{LIVE_COLUMN}`)" if is_unique_among_live(element.element) else text
