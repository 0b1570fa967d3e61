"""SQL types as protobuf's, with the rules that go with them: lengths, and how text in a type's place is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import types as sql
from sqlalchemy.dialects import mysql, postgresql

from toolcrib.server.adoption.drafts import DURATION, JSON, TIMESTAMP, Value, word
from toolcrib.server.adoption.tables import SourceColumn

# Numbers of so many digits fit into 64 bits.
_INT64_DIGITS = 18
_DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_TIME_PATTERN = r"^[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([+-][0-9:]+)?$"
_AS_TEXT = (postgresql.INET, postgresql.CIDR, postgresql.MACADDR, postgresql.MACADDR8)


@dataclass(frozen=True, slots=True)
class FieldType:
    """What a column's type becomes; `labels` are those of an enum, `remark` says what is lost."""

    type: str
    rules: dict[str, Value] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    repeated: bool = False
    remark: str = ""
    is_time: bool = False


def field_type(column: SourceColumn, dialect: str) -> FieldType | None:
    """What holds the values of a column; None where nothing does."""
    return _of(column.type, dialect)


def _of(type_: sql.TypeEngine[Any], dialect: str) -> FieldType | None:
    if isinstance(type_, sql.ARRAY):
        return _array(type_, dialect)
    return _number(type_, dialect) or _text(type_) or _time(type_)


def _number(type_: sql.TypeEngine[Any], dialect: str) -> FieldType | None:
    match type_:
        case sql.Boolean() | mysql.TINYINT(display_width=1):
            return FieldType("bool")
        case sql.Integer():
            return FieldType(_integer(type_, dialect))
        case sql.Float():
            is_single = isinstance(type_, sql.REAL) and dialect == "postgresql"
            return FieldType("float" if is_single else "double")
        case sql.Numeric():
            return _decimal(type_)
        case _:
            return None


def _text(type_: sql.TypeEngine[Any]) -> FieldType | None:
    if isinstance(type_, _AS_TEXT):
        return FieldType("string", remark=f"{type_} is text")
    match type_:
        case sql.Enum():
            return FieldType("enum", labels=tuple(type_.enums))
        case sql.Uuid():
            return FieldType("string", {"uuid": word(True)})
        case sql.JSON():
            return FieldType(JSON, remark="numbers in JSON become double, as they are in google.protobuf.Value")
        case sql.String() | sql.LargeBinary() | sql.BINARY() | sql.VARBINARY():
            rules = {"max_len": word(type_.length)} if type_.length else {}
            return FieldType("string" if isinstance(type_, sql.String) else "bytes", rules)
        case _:
            return None


def _time(type_: sql.TypeEngine[Any]) -> FieldType | None:
    match type_:
        case sql.DateTime():
            remark = "" if type_.timezone else "it has no time zone; taken as UTC, or as --time-zone"
            return FieldType(TIMESTAMP, remark=remark, is_time=True)
        case sql.Date():
            remark = "a date is text, YYYY-MM-DD, whose order is its own"
            return FieldType("string", {"pattern": _DATE_PATTERN}, remark=remark, is_time=True)
        case sql.Time():
            return FieldType("string", {"pattern": _TIME_PATTERN}, remark="a time of day is text, HH:MM:SS")
        case sql.Interval() | postgresql.INTERVAL():
            return FieldType(DURATION, is_time=True)
        case _:
            return None


def _integer(type_: sql.Integer, dialect: str) -> str:
    is_long = isinstance(type_, sql.BigInteger) or (dialect == "sqlite" and not isinstance(type_, sql.SmallInteger))
    if getattr(type_, "unsigned", False):
        return "uint64" if is_long else "uint32"
    return "int64" if is_long else "int32"


def _decimal(type_: sql.Numeric[Any]) -> FieldType:
    digits, scale = type_.precision, type_.scale
    if digits is not None and not scale and digits <= _INT64_DIGITS:
        return FieldType("int64")
    pattern = r"^-?[0-9]+(\.[0-9]+)?$"
    if digits is not None and scale:
        pattern = rf"^-?[0-9]{{1,{max(digits - scale, 1)}}}(\.[0-9]{{1,{scale}}})?$"
    remark = f"{type_} is kept exactly, as text, which does not sort as numbers do; write double where that will do"
    return FieldType("string", {"pattern": pattern}, remark=remark)


def _array(type_: sql.ARRAY[Any], dialect: str) -> FieldType | None:
    inner = None if (type_.dimensions or 1) > 1 else _of(type_.item_type, dialect)
    if inner is None or inner.repeated:
        return None
    remarks = ["NULL and an empty array are the same", *([inner.remark] if inner.remark else [])]
    # A rule of a value inside is not one of the list.
    return FieldType(inner.type, labels=inner.labels, repeated=True, remark="; ".join(remarks))
