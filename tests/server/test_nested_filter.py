"""Filters on what is kept as JSON: nested messages, entries of maps, elements of repeated fields."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from sqlalchemy import Column, Integer, MetaData, Table, Text
from sqlalchemy.dialects import sqlite

from toolcrib.query.v1 import query_pb2
from toolcrib.query.v1.query_pb2 import Comparison, Filter, Value
from toolcrib.server.columns import UnsignedBigInteger
from toolcrib.server.errors import InvalidRequest
from toolcrib.server.query.check import check
from toolcrib.server.query.fields import Field, FieldKind
from toolcrib.server.query.joins import Scope
from toolcrib.server.query.messages import read_message
from toolcrib.server.query.order import parse_order
from toolcrib.server.query.parser import parse
from toolcrib.server.query.plans import Plans
from toolcrib.server.query.shape import Checked

POINT = [Field("x", FieldKind.DOUBLE), Field("note", FieldKind.STRING, optional=True)]
PART = [
    Field("name", FieldKind.STRING),
    Field("count", FieldKind.INT32),
    Field("ready", FieldKind.BOOL),
    Field("state", FieldKind.ENUM, enum_values={"OFF": 0, "ON": 1}),
    Field("mark", FieldKind.BYTES),
    Field("made", FieldKind.TIMESTAMP, optional=True),
    Field("point", FieldKind.MESSAGE, optional=True, fields=POINT),
    Field("tags", FieldKind.STRING, repeated=True),
]
FIELDS = {
    field.name: field
    for field in [
        Field("id", FieldKind.INT32),
        Field("part", FieldKind.MESSAGE, optional=True, fields=PART),
        Field("parts", FieldKind.MESSAGE, repeated=True, fields=PART),
        Field("tags", FieldKind.STRING, repeated=True),
        Field("sizes", FieldKind.INT64, repeated=True),
        Field("total", FieldKind.UINT64),
        Field("took", FieldKind.DURATION),
        Field("labels", FieldKind.STRING, map_key=FieldKind.STRING),
        Field("places", FieldKind.MESSAGE, map_key=FieldKind.INT32, fields=POINT),
    ]
}


def part(name: str, **values: Any) -> dict[str, Any]:
    return {"name": name, "count": 0, "ready": False, "state": 0, "mark": "", "tags": [], **values}


RECORDS: list[dict[str, Any]] = [
    {"part": None, "parts": [], "tags": [], "sizes": [], "labels": {}, "places": {}},
    {
        "part": part("a", count=5, ready=True, state=1, mark="YWJj", made="2026-11-21 10:00:00.000000"),
        "parts": [part("x", count=1), part("y", count=2, tags=["t"])],
        "tags": ["red", "", 'it\'s "q" %_'],
        "sizes": [1, 2, 2**53 + 1],
        "labels": {"a": "1", 'odd key\'s "q" %': "2", "": "3"},
        "places": {"5": {"x": 1.5}, "-1": {"x": 0.0, "note": "n"}},
    },
    {
        "part": part("abc", count=-5, point={"x": 2.5}, tags=["red"]),
        "parts": [part("x", count=7, point={"x": 9.0, "note": "far"})],
        "tags": ["redder"],
        "sizes": [0],
        "labels": {"a": "", "b": "1"},
        "places": {"5": {"x": -1.5, "note": ""}},
    },
    {
        "part": part("", point={"x": 0.0, "note": "😀"}, made="2020-01-01 00:00:00.000000"),
        "parts": [],
        "tags": ["blue", "red"],
        "sizes": [2],
        "labels": {"A": "1"},
        "places": {},
    },
]

Record = dict[str, Any]
CASES: list[tuple[str, Callable[[Record], bool]]] = [
    ("part = null", lambda r: r["part"] is None),
    ("part:*", lambda r: r["part"] is not None),
    ('part.name = "a"', lambda r: inner(r, "part", "name") == "a"),
    ('part.name = "a*"', lambda r: (inner(r, "part", "name") or "").startswith("a")),
    ('part.name = "*c"', lambda r: (inner(r, "part", "name") or "").endswith("c")),
    ('part.name:"b"', lambda r: "b" in (inner(r, "part", "name") or "")),
    ('part.name = ""', lambda r: inner(r, "part", "name") == ""),
    ('part.name != "a"', lambda r: inner(r, "part", "name") != "a"),
    ("part.name = null", lambda r: r["part"] is None),
    ("part.count > -1", lambda r: r["part"] is not None and r["part"]["count"] > -1),
    ("NOT part.count > -1", lambda r: r["part"] is None or r["part"]["count"] <= -1),
    ("part.count in (5, 0)", lambda r: inner(r, "part", "count") in (5, 0)),
    ("part.count in (5, null)", lambda r: inner(r, "part", "count") in (5, None)),
    ("part.ready = true", lambda r: inner(r, "part", "ready") is True),
    ("part.ready = false", lambda r: inner(r, "part", "ready") is False),
    ("part.state = ON", lambda r: inner(r, "part", "state") == 1),
    ('part.mark = "YWJj"', lambda r: inner(r, "part", "mark") == "YWJj"),
    ('part.made < "2026-01-01T00:00:00Z"', lambda r: (inner(r, "part", "made") or "9") < "2026"),
    ('part.made = "2026-11-21T11:00:00+01:00"', lambda r: inner(r, "part", "made") == "2026-11-21 10:00:00.000000"),
    ("part.made = null", lambda r: inner(r, "part", "made") is None),
    ("part.point.x >= 0", lambda r: (inner(r, "part", "point", "x") or -1) >= 0 or inner(r, "part", "point", "x") == 0),
    ("part.point = null", lambda r: inner(r, "part", "point") is None),
    ('part.point.note = "😀"', lambda r: inner(r, "part", "point", "note") == "😀"),
    ("part.point.note = null", lambda r: inner(r, "part", "point", "note") is None),
    ("part.tags:red", lambda r: "red" in (inner(r, "part", "tags") or [])),
    ("tags:red", lambda r: "red" in r["tags"]),
    ('tags:""', lambda r: "" in r["tags"]),
    (r"""tags:"it's \"q\" %_" """, lambda r: 'it\'s "q" %_' in r["tags"]),
    ("NOT tags:red", lambda r: "red" not in r["tags"]),
    ("tags:*", lambda r: bool(r["tags"])),
    ("NOT tags:*", lambda r: not r["tags"]),
    ("sizes:2", lambda r: 2 in r["sizes"]),
    ("sizes:9007199254740993", lambda r: 2**53 + 1 in r["sizes"]),
    ("sizes:2 AND NOT sizes:1", lambda r: 2 in r["sizes"] and 1 not in r["sizes"]),
    ("parts.name:x", lambda r: any(p["name"] == "x" for p in r["parts"])),
    ("parts.count:7", lambda r: any(p["count"] == 7 for p in r["parts"])),
    ("NOT parts.name:y", lambda r: not any(p["name"] == "y" for p in r["parts"])),
    ("parts.tags:t", lambda r: any("t" in p["tags"] for p in r["parts"])),
    ("parts.point.note:far", lambda r: any(inner(p, "point", "note") == "far" for p in r["parts"])),
    ("parts.point:*", lambda r: any(p.get("point") for p in r["parts"])),
    ("parts:*", lambda r: bool(r["parts"])),
    ("parts = null", lambda r: not r["parts"]),
    ("tags != null", lambda r: bool(r["tags"])),
    ("labels = null", lambda r: not r["labels"]),
    ("parts.count > 1", lambda r: any(p["count"] > 1 for p in r["parts"])),
    ("NOT parts.count > 1", lambda r: not any(p["count"] > 1 for p in r["parts"])),
    ("parts.count in (1, 7)", lambda r: any(p["count"] in (1, 7) for p in r["parts"])),
    ('parts.name = "y*"', lambda r: any(p["name"].startswith("y") for p in r["parts"])),
    ("parts.point.x >= 9", lambda r: any((inner(p, "point", "x") or 0) >= 9 for p in r["parts"])),
    ('labels.a = "1"', lambda r: r["labels"].get("a") == "1"),
    ("labels.a = 1", lambda r: r["labels"].get("a") == "1"),
    ('labels.a != "1"', lambda r: r["labels"].get("a") != "1"),
    ("labels.a = null", lambda r: "a" not in r["labels"]),
    ("labels.a:*", lambda r: "a" in r["labels"]),
    ("labels:a", lambda r: "a" in r["labels"]),
    ("labels:A", lambda r: "A" in r["labels"]),
    ("NOT labels:a", lambda r: "a" not in r["labels"]),
    ('labels:""', lambda r: "" in r["labels"]),
    ("labels:*", lambda r: bool(r["labels"])),
    (r"""labels."odd key's \"q\" %" = "2" """, lambda r: r["labels"].get('odd key\'s "q" %') == "2"),
    (r"""labels:"odd key's \"q\" %" """, lambda r: 'odd key\'s "q" %' in r["labels"]),
    ("labels.b in (1, 2)", lambda r: r["labels"].get("b") in ("1", "2")),
    ('labels.a = "*"', lambda r: "a" in r["labels"]),
    ("places.5.x > 0", lambda r: inner(r, "places", "5", "x") is not None and r["places"]["5"]["x"] > 0),
    ("places.5.x < 0", lambda r: inner(r, "places", "5", "x") is not None and r["places"]["5"]["x"] < 0),
    ("NOT places.5.x > 0", lambda r: not (inner(r, "places", "5", "x") or 0) > 0),
    ("places:5", lambda r: "5" in r["places"]),
    ("places:-1", lambda r: "-1" in r["places"]),
    ('places."-1".note = n', lambda r: inner(r, "places", "-1", "note") == "n"),
    ("places.5.note = null", lambda r: inner(r, "places", "5", "note") is None),
    ("labels.a = 1 AND id > 0 AND labels.b = null AND sizes:2", lambda r: r is RECORDS[1]),
]


# Not in JSON, but kept otherwise than they are written.
TOTALS = ["00000000000000000000", "18446744073709551615", "00000000000000000009", "00000000000000000010"]
TOOK_US = [None, 1_500_000, -1, 0]
for each, total, took_us in zip(RECORDS, TOTALS, TOOK_US, strict=True):
    each.update(total=total, took=took_us)
CASES += [
    ("total = 18446744073709551615", lambda r: int(r["total"]) == 2**64 - 1),
    ("total > 9", lambda r: int(r["total"]) > 9),
    ("total <= 9", lambda r: int(r["total"]) <= 9),
    ("total in (0, 10)", lambda r: int(r["total"]) in (0, 10)),
    ('took = "1.5s"', lambda r: r["took"] == 1_500_000),
    ('took < "0s"', lambda r: r["took"] is not None and r["took"] < 0),
    ('took >= "-0.000001s"', lambda r: r["took"] is not None and r["took"] >= -1),
    ("took = null", lambda r: r["took"] is None),
]


def inner(record: Any, *names: str) -> Any:
    """What is inside, or None where something on the way is unset."""
    for name in names:
        record = None if record is None else record.get(name)
    return record


class Base:
    """The records in a table, and what a filter finds there."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        names = [name for name in FIELDS if name != "id"]
        types = {"took": Integer(), "total": UnsignedBigInteger()}
        columns = [Column(name, types.get(name, Text()), nullable=True) for name in names]
        table = Table("record", MetaData(), Column("id", Integer, primary_key=True), *columns)
        self.connection = connection
        self.plans = Plans(Scope("record", table), sqlite.dialect())
        connection.execute(f"CREATE TABLE record (id INTEGER PRIMARY KEY, {', '.join(names)})")
        for record in RECORDS:
            texts = [json.dumps(value) if isinstance(value := record[name], list | dict) else value for name in names]
            connection.execute(f"INSERT INTO record ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", texts)

    def count(self, checked: Checked) -> int:
        plan = self.plans.count(checked.shape, show_deleted=True, is_past=False)
        given = plan.statement.bind(plan.parameters(checked.values))
        found: int = self.connection.execute(plan.statement.sql, given).fetchone()[0]
        return found

    def found(self, text: str) -> list[int]:
        return [
            number
            for number in range(1, len(RECORDS) + 1)
            if self.count(check(parse(text), FIELDS).and_(check(parse(f"id = {number}"), FIELDS)))
        ]


@pytest.fixture(scope="module")
def base() -> Iterator[Base]:
    with closing(sqlite3.connect(":memory:")) as connection:
        yield Base(connection)


@pytest.mark.parametrize(("text", "holds"), CASES, ids=lambda given: given if isinstance(given, str) else "")
def test_sql_and_python_find_the_same(base: Base, text: str, holds: Callable[[Record], bool]) -> None:
    expected = [number for number, record in enumerate(RECORDS, start=1) if holds(record)]
    assert base.found(text) == expected
    everyone = list(range(1, len(RECORDS) + 1))
    assert base.found(f"NOT ({text})") == [number for number in everyone if number not in expected]


def test_a_message_says_contains_for_has(base: Base) -> None:
    comparison = Comparison(field="tags", operator=query_pb2.OPERATOR_CONTAINS, values=[Value(string_value="red")])
    assert base.count(check(read_message(Filter(comparison=comparison)), FIELDS)) == len(base.found("tags:red"))


def took(duration: Duration) -> Checked:
    comparison = Comparison(field="took", operator=query_pb2.OPERATOR_EQUAL, values=[Value(duration_value=duration)])
    return check(read_message(Filter(comparison=comparison)), FIELDS)


def test_a_message_has_durations_as_records_keep_them(base: Base) -> None:
    assert took(Duration(seconds=1, nanos=500_000_999)).values == (1_500_000,)
    assert took(Duration(nanos=-1_999)).values == (-1,)
    assert base.count(took(Duration(seconds=1, nanos=500_000_000))) == 1
    with pytest.raises(InvalidRequest) as failure:
        took(Duration(seconds=10**12))
    assert failure.value.violations[0].field == "query.comparison.values[0]"


def test_keys_of_maps_are_values_of_a_shape() -> None:
    assert check(parse("labels.a = 1"), FIELDS).shape == check(parse('labels."x y" = 2'), FIELDS).shape


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("part = 1", "is a message"),
        ("part < 1", "cannot be compared"),
        ("part.nam = a", "did you mean 'name'?"),
        ("part.name.x = a", "no fields inside"),
        ("part.point.z = 1", "no field 'z'"),
        ("tags = red", "several values"),
        ("tags in (red)", "several values"),
        ("tags:null", "null is no value"),
        ("tags.x:red", "no fields inside"),
        ("parts.count != 1", "write NOT parts.count:5"),
        ("parts.count = null", "ask for parts.count:*"),
        ("parts.nam:x", "did you mean 'name'?"),
        ("labels = 1", "several values"),
        ("labels.a.b = 1", "no fields inside"),
        ("sizes:red", "whole number"),
        ("places.5 = 1", "is a message"),
        ("places.5.z = 1", "no field 'z'"),
        ("total = -1", "outside"),
        ("total = 18446744073709551616", "outside"),
        ("took = 5", "seconds, like 1.5s"),
        ('took = "5"', "seconds, like 1.5s"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidRequest) as failure:
        check(parse(text), FIELDS)
    assert failure.value.reason == "INVALID_FILTER"
    assert reason in failure.value.violations[0].description


@pytest.mark.parametrize("name", ["part", "tags", "labels"])
def test_several_values_and_messages_have_no_order(name: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_order(name, FIELDS, ["id"])
