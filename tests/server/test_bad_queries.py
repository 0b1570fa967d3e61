"""Filters, queries, orders, masks and tokens that cannot be meant: each is refused, with where and why."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from support.samples import Laboratory, comparison, laboratory
from toolcrib.client import InvalidArgument
from toolcrib.query.v1 import query_pb2
from toolcrib.query.v1.query_pb2 import Comparison, Filter, FilterList, Value
from toolcrib.server.errors import InvalidRequest
from toolcrib.server.query.check import check
from toolcrib.server.query.fields import Field, FieldKind
from toolcrib.server.query.parser import parse

FORMS = """\
(
)
()
((small = 1)
(small = 1))
small = 1)
small
-
- small
NOT
NOT small
NOT NOT
NOT = 1
AND
OR
AND small = 1
small = 1 AND
small = 1 OR
small = 1 AND AND small = 2
small = 1 AND OR small = 2
small = 1 OR AND small = 2
small = 1 NOT small = 2
small = 1 small = 2
small = 1, small = 2
small = 1 && small = 2
small = 1 || small = 2
small = 1; small = 2
!small = 1
small
small =
small !=
small <
small :
= 1
= small
5 = small
1 = 1
"small" = 1
"text"
'text'
5
*
small == 1
small === 1
small =< 1
small => 1
small <> 1
small ! = 1
small < = 1
small ~ 1
small LIKE 1
small BETWEEN 1 AND 2
small IS NULL
small is null
small = = 1
small = < 1
small = (1)
small = ()
small = (small = 1)
small = -
small = --1
small = - 1
small = +1
small = 1.
small = .5
small = 1e
small = 0x10
small = 1_000
small = 1abc
small = 1 2
small in
small in 1
small in (
small in (1
small in (1,
small in (,)
small in (1,)
small in (1,,2)
small in (1 2)
small in [1]
small in {1}
small in (1))
small in ((1))
small in (small = 1)
small in in (1)
NOT in (1)
small not in (1)
small.
small. = 1
.small = 1
small..x = 1
small.x = 1
small."x" = 1
text.length = 1
create_time.seconds > 5
id.id = 1
state.name = 1
unknown = 1
Small = 1
SMALL = 1
smal = 1
sample.small = 1
toolcrib_revision = 1
toolcrib_revision > 0
rowid = 1
sqlite_master = 1
"toolcrib_revision" = 1
small* = 1
*small = 1
small = 1 AND unknown = 1
unknown in ()
unknown = null
unknown:*
text = "abc
text = 'abc
text = "abc'
text = "abc\\"
text = "a\\x"
text = "a\\u0041"
text = "a\\0"
text = "\\"
text = "a*b"
text = "*a*b*"
text = "a**"
text = "**a"
text != "a*b"
text = a*b
text = **
text = abc def
text = é
text = 😀
text = “abc”
text = `abc`
text = $1
text = ?
text = :name
text = a;b
text = a/b
text = a@b
text = #1
text = "a" + "b"
text = "a" || "b"
text = lower("A")
text = lower(A)
text in (SELECT text)
text = 1 -- comment
text = 1 /* comment */
text < null
text > null
note >= null
small <= null
taken < null
state < STATE_NEW
state > 1
state >= STATE_NEW
ready < true
ready >= false
checked > true
picture < "YWJj"
picture >= "YWJj"
thumbnail > "eA=="
etag < "2"
etag >= "1"
""".splitlines()

WRONG_VALUES = {
    "small": ["abc", '"5"', "1.5", "1e3", "true", "2147483648", "-2147483649", "inf", "*", "9" * 30, "1*", "STATE_NEW"],
    "big": ["abc", '"5"', "1.5", "false", "9223372036854775808", "-9223372036854775809", "99999999999999999999"],
    "counter": ["abc", "-1", "4294967296", '"1"', "0.5", "nan"],
    "ratio": ["abc", '"0.1"', "true", "1e39", "-3.5e38", "1e999", "nan", "*"],
    "level": ["abc", '"1"', "true", "1e309", "-1e999", "nan", "NaN", "1,5", "infinite", "*"],
    "ready": ["1", "0", "yes", '"true"', "True", "TRUE", "*", '"*"'],
    "state": ["STATE_OLD", "new", "state_new", '"NEW"', "1.5", "2147483648", '""', "*", "true"],
    "picture": ["abc", "5", '"a"', '"YWJj*"', '"***="', '"é"', '"YW Jj"', "*"],
    "taken": [
        "5",
        "today",
        '""',
        '"today"',
        '"2026-11-21"',
        '"2026-11-21T10:00:00"',
        '"2026-11-21 10:00:00Z"',
        '"2026-11-21T10:00Z"',
        '"2026-13-01T00:00:00Z"',
        '"2026-02-30T00:00:00Z"',
        '"2026-11-21T24:00:01Z"',
        '"2026-11-21T23:59:60Z"',
        '"2026-11-21T10:00:00.Z"',
        '"2026-11-21T10:00:00.0000000001Z"',
        '"2026-11-21T10:00:00+25:00"',
        '"0000-01-01T00:00:00Z"',
        '"0001-01-01T00:00:00+01:00"',
        '"9999-12-31T23:59:59-01:00"',
        '"10000-01-01T00:00:00Z"',
        '"-2026-11-21T10:00:00Z"',
        '"٢٠٢٦-11-21T10:00:00Z"',
        "2026-11-21",
        "2026-11-21T10:00:00Z",
    ],
}
LARGE = {
    "long": 'text = "' + "x" * 20_000 + '"',
    "deep parentheses": "(" * 40 + "small = 1" + ")" * 40,
    "very deep parentheses": "(" * 8000 + "small = 1",
    "many negations": "NOT " * 40 + "small = 1",
    "very many negations": "-" * 16_000 + "small = 1",
    "many terms": " AND ".join(["small = 1"] * 300),
    "many values": f"small in ({', '.join(['1'] * 2001)})",
    "a number of many digits": "small = " + "9" * 10_000,
    "a double of many digits": "level = " + "9" * 10_000,
}
FILTERS = [
    *FORMS,
    *(f"{name} = {value}" for name, values in WRONG_VALUES.items() for value in values),
    *(f"{name} in ({value})" for name, values in WRONG_VALUES.items() for value in values[:3]),
]
ORDERS = """\
unknown
unknown desc
Small
small descending
small DESC
small Asc
small desc desc
small asc desc
small,
,small
small,,text
,
small text
small; text
small, small
small, small desc
id, id
-small
+small
small.x
text.length
"small"
picture
thumbnail desc
etag
toolcrib_revision
rowid
1
*
random()
small COLLATE NOCASE
small NULLS FIRST
small desc, unknown
""".splitlines()
MASKS = [
    ["unknown"],
    ["Small"],
    [""],
    ["*", "small"],
    ["small", "*"],
    ["small.x"],
    ["toolcrib_revision"],
    ["small,text"],
]
MASKS += [["sample.small"], [" small"], ["small", "unknown"], ["%"], ["$.small"]]


def time(seconds: int) -> Value:
    return Value(timestamp_value=Timestamp(seconds=seconds))


def compared(field: str, operator: int, *values: Value) -> Filter:
    kind = query_pb2.Operator.ValueType(operator)
    return Filter(comparison=Comparison(field=field, operator=kind, values=values))


def nested(depth: int) -> Filter:
    inner = comparison("small", query_pb2.OPERATOR_EQUAL, 1)
    for _ in range(depth):
        fields: dict[str, Any] = {"not": inner}
        inner = Filter(**fields)
    return inner


ONE = Value(int64_value=1)
EQUAL, LESS, IN, PREFIX = (
    query_pb2.OPERATOR_EQUAL,
    query_pb2.OPERATOR_LESS,
    query_pb2.OPERATOR_IN,
    query_pb2.OPERATOR_PREFIX,
)
QUERIES = [
    (Filter(all=FilterList(filters=[Filter()])), "query.all.filters[0]"),
    (Filter(any=FilterList(filters=[compared("small", EQUAL, ONE), Filter()])), "query.any.filters[1]"),
    (Filter(comparison=Comparison()), "query.comparison.operator"),
    (compared("small", 0, ONE), "query.comparison.operator"),
    (compared("small", 99, ONE), "query.comparison.operator"),
    (compared("small", EQUAL), "query.comparison.values"),
    (compared("small", EQUAL, ONE, ONE), "query.comparison.values"),
    (compared("small", EQUAL, Value()), "query.comparison.values[0]"),
    (compared("small", IN, ONE, Value()), "query.comparison.values[1]"),
    (compared("", EQUAL, ONE), "query.comparison.field"),
    (compared("unknown", EQUAL, ONE), "query.comparison.field"),
    (compared("toolcrib_revision", EQUAL, ONE), "query.comparison.field"),
    (compared("small.x", EQUAL, ONE), "query.comparison.field"),
    (compared("small", EQUAL, Value(string_value="1")), "query.comparison.values[0]"),
    (compared("small", EQUAL, Value(double_value=1)), "query.comparison.values[0]"),
    (compared("small", EQUAL, Value(bool_value=True)), "query.comparison.values[0]"),
    (compared("small", EQUAL, Value(int64_value=2**31)), "query.comparison.values[0]"),
    (compared("big", EQUAL, Value(uint64_value=2**63)), "query.comparison.values[0]"),
    (compared("small", LESS, Value(null_value=0)), "query.comparison.values[0]"),  # type: ignore[arg-type]  # it is 0
    (compared("small", PREFIX, ONE), "query.comparison.operator"),
    (compared("text", PREFIX, ONE), "query.comparison.values[0]"),
    (compared("text", EQUAL, Value(bytes_value=b"a")), "query.comparison.values[0]"),
    (compared("picture", LESS, Value(bytes_value=b"a")), "query.comparison.operator"),
    (compared("picture", PREFIX, Value(bytes_value=b"a")), "query.comparison.operator"),
    (compared("state", LESS, ONE), "query.comparison.operator"),
    (compared("state", EQUAL, Value(string_value="NEW")), "query.comparison.values[0]"),
    (compared("level", EQUAL, Value(double_value=float("nan"))), "query.comparison.values[0]"),
    (compared("ratio", EQUAL, Value(double_value=1e39)), "query.comparison.values[0]"),
    (compared("taken", EQUAL, Value(string_value="today")), "query.comparison.values[0]"),
    (compared("taken", EQUAL, time(2**60)), "query.comparison.values[0]"),
    (compared("taken", EQUAL, time(-(10**12))), "query.comparison.values[0]"),
    (compared("small", IN, *[ONE] * 2001), "query.comparison.values[2000]"),
    (Filter(any=FilterList(filters=[compared("small", EQUAL, ONE)] * 257)), "query.any.filters[256].comparison"),
    (nested(33), "query" + ".not" * 33),
]


@pytest.fixture(scope="module")
def lab() -> Iterator[Laboratory]:
    with laboratory() as opened:
        opened.fill(5)
        yield opened


def refused(lab: Laboratory, reason: str, field: str, **asked: Any) -> InvalidArgument:
    with pytest.raises(InvalidArgument) as failure:
        lab.list(**asked)
    error = failure.value
    assert (error.reason, [violation.field for violation in error.violations]) == (reason, [field])
    assert len(error.violations[0].description) > 10
    for word in ("WHERE", "sqlite3", "Traceback", "given_"):
        assert word not in str(error)
    return error


def test_there_are_300_of_them() -> None:
    assert len(FILTERS) + len(LARGE) + len(ORDERS) + len(MASKS) + len(QUERIES) >= 300
    assert len(set(FILTERS)) >= len(FILTERS) - 1


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_is_refused_with_its_position(lab: Laboratory, text: str) -> None:
    error = refused(lab, "INVALID_FILTER", "filter", filter=text)
    assert 1 <= int(error.metadata["position"]) <= len(text) + 1
    assert f"at position {error.metadata['position']}: " in str(error)


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_a_large_filter_is_refused(lab: Laboratory, text: str) -> None:
    refused(lab, "INVALID_FILTER", "filter", filter=text)


@pytest.mark.parametrize(("query", "field"), QUERIES, ids=lambda given: given if isinstance(given, str) else "")
def test_a_query_is_refused_with_its_path(lab: Laboratory, query: Filter, field: str) -> None:
    refused(lab, "INVALID_FILTER", field, query=query)


@pytest.mark.parametrize("text", [*ORDERS, "small, " * 3000, ",".join(["small"] * 17)], ids=lambda text: text[:40])
def test_an_order_is_refused(lab: Laboratory, text: str) -> None:
    refused(lab, "INVALID_ORDER_BY", "order_by", order_by=text)


@pytest.mark.parametrize("paths", MASKS, ids=str)
def test_a_mask_is_refused_on_a_list_and_on_a_get(lab: Laboratory, paths: list[str]) -> None:
    refused(lab, "INVALID_MASK", "read_mask", read_mask={"paths": paths})
    request = lab.messages.GetSampleRequest(id=1, read_mask={"paths": paths})
    with pytest.raises(InvalidArgument) as failure:
        lab.crib.read(lab.stub.GetSample, request)
    assert failure.value.reason == "INVALID_MASK"


@pytest.mark.parametrize(
    ("text", "position", "hint"),
    [
        ("smal = 1", 1, "did you mean 'small'?"),
        ("small = 1 AND notes = x", 15, "did you mean 'note'?"),
        ("state = STATE_NWE", 9, "did you mean 'STATE_NEW'?"),
        ("small in (1, 2, x)", 17, "a whole number, without quotes"),
        ("small == 1", 8, "a value"),
        ("small = 1 ready = true", 11, "AND, OR or the end"),
        ('taken > "2026-11-21"', 9, '"2026-11-21T10:00:00Z"'),
        ("taken > 2026-11-21", 13, "put text, times and bytes into quotes"),
        ("small", 6, "small = 1"),
        ('text = "a', 8, "does not end"),
        ("text = é", 8, "outside of quotes"),
    ],
)
def test_a_refusal_says_where_and_what_instead(lab: Laboratory, text: str, position: int, hint: str) -> None:
    error = refused(lab, "INVALID_FILTER", "filter", filter=text)
    assert error.metadata["position"] == str(position)
    assert hint in error.violations[0].description


@pytest.mark.parametrize("text", FILTERS[:20])
def test_a_count_refuses_what_a_list_refuses(lab: Laboratory, text: str) -> None:
    with pytest.raises(InvalidArgument):
        lab.count(filter=text)


class TestTokens:
    def test_each_changed_byte_is_refused(self, lab: Laboratory) -> None:
        asked = {"order_by": "small", "page_size": 2}
        raw = base64.urlsafe_b64decode(lab.list(**asked).next_page_token)
        for index in range(len(raw)):
            changed = raw[:index] + bytes([raw[index] ^ 1]) + raw[index + 1 :]
            token = base64.urlsafe_b64encode(changed).decode()
            refused(lab, "INVALID_PAGE_TOKEN", "page_token", page_token=token, **asked)

    def test_a_position_of_ones_own_is_refused(self, lab: Laboratory) -> None:
        positions: list[Any] = [[], [1], [1, 2], [None, None], ["'"], {}, "x", [[1], 2]]
        for position in positions:
            token = base64.urlsafe_b64encode(b"\0" * 16 + json.dumps(position).encode()).decode()
            refused(lab, "INVALID_PAGE_TOKEN", "page_token", page_token=token, order_by="small")

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(token=st.text(min_size=1, max_size=60, alphabet=st.characters(codec="utf-8")))
    def test_any_text_is_refused(self, lab: Laboratory, token: str) -> None:
        refused(lab, "INVALID_PAGE_TOKEN", "page_token", page_token=token, order_by="small", filter="small > 0")


FIELDS = {
    field.name: field
    for field in [
        Field("n", FieldKind.INT32, optional=True),
        Field("t", FieldKind.STRING),
        Field("d", FieldKind.DOUBLE),
        Field("e", FieldKind.ENUM, enum_values={"E_A": 0, "E_B": 1}),
        Field("b", FieldKind.BYTES),
        Field("f", FieldKind.BOOL),
        Field("m", FieldKind.TIMESTAMP, optional=True),
    ]
}
PIECES = ["n", "t", "d", "e", "b", "f", "m", "x", "=", "!=", "<", ">=", ":", "(", ")", ",", ".", "-", "*", "in", "IN"]
PIECES += ["AND", "OR", "NOT", "and", "null", "true", "E_A", "5", "-5", "1.5", '"a"', "'*'", '"', "\\", "a*", " ", "é"]
PIECES += ['"2026-11-21T10:00:00Z"', '"YQ=="', "1e400", "n = 1", 't = "x*"', "(n < 5)"]


class TestAnyText:
    """What is read, is; all else is an InvalidRequest, and nothing is anything else."""

    @settings(max_examples=1500, deadline=None)
    @given(
        st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join) | st.lists(st.sampled_from(PIECES)).map("".join)
    )
    @example("NOT (n = 1 AND (t = 'a*' OR - m:*))")
    def test_of_pieces(self, text: str) -> None:
        self.read(text)

    @settings(max_examples=500, deadline=None)
    @given(st.text(max_size=100))
    def test_of_characters(self, text: str) -> None:
        self.read(text)

    @staticmethod
    def read(text: str) -> None:
        refusal: InvalidRequest | None = None
        try:
            check(parse(text), FIELDS)
        except InvalidRequest as error:
            refusal = error
        if refusal is not None:
            assert refusal.reason == "INVALID_FILTER"
            assert 1 <= int(refusal.metadata["position"]) <= len(text) + 1

    @settings(max_examples=300, deadline=None)
    @given(st.text(max_size=30, alphabet=st.characters(exclude_categories=["Cs"])))
    def test_any_text_can_be_quoted(self, value: str) -> None:
        quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("*", "\\*")
        assert check(parse(f't = "{quoted}"'), FIELDS).values == (value,)
