"""Filters: the same as text, as a message and in plain Python, over the same records."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import pytest

from support.samples import (
    Expression,
    Laboratory,
    Row,
    all_of,
    any_of,
    begins,
    comparison,
    contains,
    ends,
    eq,
    ge,
    gt,
    laboratory,
    le,
    lt,
    moment,
    ne,
    no,
    not_null,
    null,
    one_of,
)
from toolcrib.query.v1 import query_pb2
from toolcrib.query.v1.query_pb2 import Filter, FilterList

INF = float("inf")
TEN = moment("2026-11-21T10:00:00Z")
TENTH = struct.unpack("<f", struct.pack("<f", 0.1))[0]

CASES: list[tuple[str, Expression]] = [
    # Equality of each kind.
    ('text = "abc"', eq("text", "abc")),
    ("text = abc", eq("text", "abc")),
    ("text = 'abc'", eq("text", "abc")),
    ('text = ""', eq("text", "")),
    ('text = "ABC"', eq("text", "ABC")),
    ("text = 5", eq("text", "5")),
    ("text = true", eq("text", "true")),
    ('text = "null"', eq("text", "null")),
    ('text = "a%c"', eq("text", "a%c")),
    ('text = "a_c"', eq("text", "a_c")),
    (r'text = "a\\c"', eq("text", "a\\c")),
    (r'text = "a\"c"', eq("text", 'a"c')),
    ("text = 'a\"c'", eq("text", 'a"c')),
    ('text = "a\'c"', eq("text", "a'c")),
    (r"text = 'a\'c'", eq("text", "a'c")),
    (r'text = "a\*c"', eq("text", "a*c")),
    (r'text = "\*"', eq("text", "*")),
    (r'text = "a\nb"', eq("text", "a\nb")),
    ('text = "a\nb"', eq("text", "a\nb")),
    ('text = "abc\0def"', eq("text", "abc\0def")),
    ('text = " abc "', eq("text", " abc ")),
    ('text = "😀"', eq("text", "😀")),
    ('text = "é"', eq("text", "é")),
    ('text = "e\u0301"', eq("text", "e\u0301")),
    ('text = "\'; DROP TABLE sample; --"', eq("text", "'; DROP TABLE sample; --")),
    ("id = 1", eq("id", 1)),
    ("small = 5", eq("small", 5)),
    ("small = -1", eq("small", -1)),
    ("small = 2147483647", eq("small", 2**31 - 1)),
    ("small=-2147483648", eq("small", -(2**31))),
    ("big = 9223372036854775807", eq("big", 2**63 - 1)),
    ("big = -9223372036854775808", eq("big", -(2**63))),
    ("big = 9007199254740993", eq("big", 2**53 + 1)),
    ("big = 9007199254740992", eq("big", 2**53)),
    ("counter = 4294967295", eq("counter", 2**32 - 1)),
    ("ratio = 0.1", eq("ratio", 0.1, TENTH)),
    ("ratio = inf", eq("ratio", INF)),
    ("level = 1.5", eq("level", 1.5)),
    ("level = 15e-1", eq("level", 1.5)),
    ("level = 100", eq("level", 100)),
    ("level = 0", eq("level", 0.0)),
    ("level = -0.0", eq("level", -0.0)),
    ("level = -inf", eq("level", -INF)),
    ("level = Infinity", eq("level", INF)),
    ("level = 5e-324", eq("level", 5e-324)),
    ("ready = true", eq("ready", True)),
    ("ready = false", eq("ready", False)),
    ("checked = false", eq("checked", False)),
    ("state = STATE_NEW", eq("state", "STATE_NEW", 1)),
    ('state = "STATE_LOST"', eq("state", "STATE_LOST", -1)),
    ("state = STATE_UNSPECIFIED", eq("state", 0)),
    ("state = 9", eq("state", 9)),
    ("former_state = STATE_UNSPECIFIED", eq("former_state", 0)),
    ('picture = "YWJj"', eq("picture", b"abc")),
    ('picture = ""', eq("picture", b"")),
    ('thumbnail = ""', eq("thumbnail", b"")),
    ('picture = "AP8="', eq("picture", b"\0\xff")),
    ('taken = "2026-11-21T10:00:00Z"', eq("taken", TEN)),
    ('taken = "2026-11-21T11:00:00+01:00"', eq("taken", TEN)),
    ('taken = "2026-11-21t10:00:00.0000009z"', eq("taken", TEN)),
    ('taken = "2026-11-21T10:00:00.000001Z"', eq("taken", moment("2026-11-21T10:00:00.000001Z"))),
    ('taken = "0001-01-01T00:00:00Z"', eq("taken", moment("0001-01-01T00:00:00Z"))),
    ('etag = "1"', eq("etag", "1")),
    ('etag = "2"', eq("etag", "2")),
    ('etag = "01"', eq("etag", "01")),
    ('etag = ""', eq("etag", "")),
    # Not equal, and null: what is unset equals nothing.
    ('text != "abc"', ne("text", "abc")),
    ("big != 7", ne("big", 7)),
    ("limit != 1.5", ne("limit", 1.5)),
    ("checked != true", ne("checked", True)),
    ("former_state != STATE_NEW", ne("former_state", "STATE_NEW", 1)),
    ('thumbnail != "eA=="', ne("thumbnail", b"x")),
    ('etag != "1"', ne("etag", "1")),
    ("big = null", null("big")),
    ("big != null", not_null("big")),
    ("note = null", null("note")),
    ("taken = null", null("taken")),
    ("thumbnail = null", null("thumbnail")),
    ("former_state = null", null("former_state")),
    ("text = null", null("text")),
    ("id != null", not_null("id")),
    ("delete_time = null", null("delete_time")),
    ('note = ""', eq("note", "")),
    ("note:*", not_null("note")),
    ("NOT limit:*", null("limit")),
    ("big:7", eq("big", 7)),
    ("ready:true", eq("ready", True)),
    ("note:null", null("note")),
    # Order.
    ("small < 5", lt("small", 5)),
    ("small <= 5", le("small", 5)),
    ("small > 5", gt("small", 5)),
    ("small >= 5", ge("small", 5)),
    ("big > 0", gt("big", 0)),
    ("big <= 0", le("big", 0)),
    ("counter > 2147483647", gt("counter", 2**31 - 1)),
    ("ratio < 0.1", Expression(lt("ratio", 0.1).message, lt("ratio", TENTH).holds)),
    ("ratio <= 0.1", Expression(le("ratio", 0.1).message, le("ratio", TENTH).holds)),
    ("level > 1e307", gt("level", 1e307)),
    ("level < 0", lt("level", 0.0)),
    ("level >= inf", ge("level", INF)),
    ("level < inf", lt("level", INF)),
    ("limit > 2", gt("limit", 2)),
    ('text < "abc"', lt("text", "abc")),
    ('text >= "abc"', ge("text", "abc")),
    ('text > "a"', gt("text", "a")),
    ('text > "é"', gt("text", "é")),
    ('text < "\ue000"', lt("text", "\ue000")),
    ('text > "a*"', gt("text", "a*")),
    ('taken < "2026-11-21T10:00:00Z"', lt("taken", TEN)),
    ('taken >= "2026-11-21T10:00:00Z"', ge("taken", TEN)),
    ('taken > "1969-12-31T23:59:59.4Z"', gt("taken", moment("1969-12-31T23:59:59.4Z"))),
    ('create_time > "2020-01-01T00:00:00Z"', gt("create_time", moment("2020-01-01T00:00:00Z"))),
    ('update_time < "2020-01-01T00:00:00-05:00"', lt("update_time", moment("2020-01-01T05:00:00Z"))),
    # Parts of text.
    ('text = "abc*"', begins("text", "abc")),
    ("text = abc*", begins("text", "abc")),
    ('text = "a*"', begins("text", "a")),
    ('text = "*"', begins("text", "")),
    ("text = *", begins("text", "")),
    ('text = "a%*"', begins("text", "a%")),
    ('text = "a_*"', begins("text", "a_")),
    (r'text = "a\\*"', begins("text", "a\\")),
    (r'text = "a\**"', begins("text", "a*")),
    ('text = "😀*"', begins("text", "😀")),
    ('text = "\U0010ffff*"', begins("text", "\U0010ffff")),
    ('text = "a\U0010ffff*"', begins("text", "a\U0010ffff")),
    ('text = "\ud7fb*"', begins("text", "\ud7fb")),
    ('text = "abc\0*"', begins("text", "abc\0")),
    ('note = "ab*"', begins("note", "ab")),
    ('note != "ab*"', no(begins("note", "ab"))),
    ('text = "*c"', ends("text", "c")),
    ("text = *bc", ends("text", "bc")),
    ('text = "*😀"', ends("text", "😀")),
    ('text = "*def"', ends("text", "def")),
    ('text = "*\0def"', ends("text", "\0def")),
    ('note = "*bc"', ends("note", "bc")),
    ('NOT note = "*bc"', no(ends("note", "bc"))),
    ('text = "*b*"', contains("text", "b")),
    ('text = "**"', contains("text", "")),
    ('text:"b"', contains("text", "b")),
    ('text:"%"', contains("text", "%")),
    ('text:"_"', contains("text", "_")),
    (r'text:"\\"', contains("text", "\\")),
    ('text:"*"', contains("text", "*")),
    ("text:'\"'", contains("text", '"')),
    ('text:"B"', contains("text", "B")),
    ('text:""', contains("text", "")),
    ('text:"c\0d"', contains("text", "c\0d")),
    ('text:"😀"', contains("text", "😀")),
    ('note:"b"', contains("note", "b")),
    ('NOT note:"b"', no(contains("note", "b"))),
    # Lists.
    ("small in (1, 5, 7)", one_of("small", [1, 5, 7])),
    ("small IN (1)", one_of("small", [1])),
    ("small in ()", one_of("small", [])),
    ("NOT small in ()", no(one_of("small", []))),
    ('text in ("abc", "a%c", ghi)', one_of("text", ["abc", "a%c", "ghi"])),
    ('text in ("a*", "*")', one_of("text", ["a*", "*"])),
    ("big in (7, null)", one_of("big", [7, None])),
    ("NOT big in (7, null)", no(one_of("big", [7, None]))),
    ("big in (null)", one_of("big", [None])),
    ("NOT big in (7, 0)", no(one_of("big", [7, 0]))),
    ("state in (STATE_NEW, STATE_LOST, 9)", one_of("state", ["STATE_NEW", "STATE_LOST", 9], [1, -1, 9])),
    ('picture in ("YWJj", "")', one_of("picture", [b"abc", b""])),
    ('taken in ("2026-11-21T10:00:00Z")', one_of("taken", [TEN])),
    ('etag in ("1", "x")', one_of("etag", ["1", "x"])),
    ("level in (1.5, 100, inf, -1.5, 0.1)", one_of("level", [1.5, 100, INF, -1.5, 0.1])),
    # And, or, not: OR binds more tightly than AND.
    ("small = 5 AND ready = true", all_of(eq("small", 5), eq("ready", True))),
    ("small = 5 and ready = true", all_of(eq("small", 5), eq("ready", True))),
    ("small = 5 OR small = 7", any_of(eq("small", 5), eq("small", 7))),
    ("small = 5 or small = 7 or small = 0", any_of(eq("small", 5), eq("small", 7), eq("small", 0))),
    (
        "ready = true AND small = 5 OR small = 7",
        all_of(eq("ready", True), any_of(eq("small", 5), eq("small", 7))),
    ),
    (
        "small = 5 OR small = 7 AND ready = true",
        all_of(any_of(eq("small", 5), eq("small", 7)), eq("ready", True)),
    ),
    (
        "(ready = true AND small = 5) OR small = 7",
        any_of(all_of(eq("ready", True), eq("small", 5)), eq("small", 7)),
    ),
    ("NOT small = 5", no(eq("small", 5))),
    ("-small = 5", no(eq("small", 5))),
    ("not small = 5", no(eq("small", 5))),
    ("NOT NOT small = 5", eq("small", 5)),
    ("NOT big = 7", no(eq("big", 7))),
    ("NOT big != 7", no(ne("big", 7))),
    ("NOT big > 0", no(gt("big", 0))),
    ("NOT big <= 0", no(le("big", 0))),
    ("NOT limit < 2", no(lt("limit", 2))),
    ("NOT checked = true", no(eq("checked", True))),
    ("NOT (big = 7 OR limit = 1.5)", no(any_of(eq("big", 7), eq("limit", 1.5)))),
    ("NOT (big > 0 AND limit > 0)", no(all_of(gt("big", 0), gt("limit", 0)))),
    ("NOT (big = null OR NOT limit = null)", no(any_of(null("big"), no(null("limit"))))),
    (
        "NOT (small > 0 AND (big > 0 OR NOT note = abc))",
        no(all_of(gt("small", 0), any_of(gt("big", 0), no(eq("note", "abc"))))),
    ),
    ("small = 5 AND NOT (ready = true)", all_of(eq("small", 5), no(eq("ready", True)))),
    ("((((small = 5))))", eq("small", 5)),
    ("(small=5)AND(ready=true)", all_of(eq("small", 5), eq("ready", True))),
    ("\n small\t=\r\n5 ", eq("small", 5)),
    ("small > 0 AND small < 6 AND big != null", all_of(gt("small", 0), lt("small", 6), not_null("big"))),
    ("small in () OR small = 5", any_of(one_of("small", []), eq("small", 5))),
    ("small in () AND small = 5", all_of(one_of("small", []), eq("small", 5))),
]


class Filled:
    def __init__(self, lab: Laboratory, rows: list[Row]) -> None:
        self.lab = lab
        self.rows = rows

    def expected(self, expression: Expression) -> list[int]:
        return [row["id"] for row in self.rows if expression.holds(row)]


@pytest.fixture(scope="module")
def filled() -> Iterator[Filled]:
    with laboratory() as lab:
        yield Filled(lab, lab.fill())


def shown(value: Any) -> str | None:
    return value if isinstance(value, str) and value.isascii() and value.isprintable() else None


@pytest.mark.parametrize(("text", "expression"), CASES, ids=shown)
def test_text_message_and_python_find_the_same(filled: Filled, text: str, expression: Expression) -> None:
    expected = filled.expected(expression)
    assert filled.lab.ids(filter=text) == expected
    assert filled.lab.ids(query=expression.message) == expected
    assert filled.lab.count(filter=text) == filled.lab.count(query=expression.message) == len(expected)


def test_the_cases_tell_records_apart(filled: Filled) -> None:
    """A table of conditions that are always or never true would show nothing."""
    telling = [text for text, expression in CASES if 0 < len(filled.expected(expression)) < len(filled.rows)]
    assert len(CASES) >= 150
    assert len(telling) >= 150


class TestBothSpellings:
    def test_together_have_both_to_hold(self, filled: Filled) -> None:
        both = filled.lab.ids(filter="small > 0", query=eq("ready", True).message)
        assert both == filled.expected(all_of(gt("small", 0), eq("ready", True)))
        assert both == filled.lab.ids(filter="small > 0 AND ready = true")

    def test_without_conditions_find_everything(self, filled: Filled) -> None:
        everything = [row["id"] for row in filled.rows]
        for asked in ({"filter": "  "}, {"query": Filter()}, {"query": Filter(all=FilterList())}):
            assert filled.lab.ids(**asked) == everything
        assert filled.lab.ids(query=Filter(any=FilterList())) == []

    def test_an_unset_field_makes_either_a_comparison_or_its_negation_true_never_both(self, filled: Filled) -> None:
        for text in ("big = 7", "big < 7", "big in (7)", 'note = "a*"', 'note:"a"', 'note = "*a"', "limit >= 1"):
            found, others = filled.lab.ids(filter=text), filled.lab.ids(filter=f"NOT {text}")
            assert sorted(found + others) == [row["id"] for row in filled.rows]

    def test_a_message_reads_text_as_it_is(self, filled: Filled) -> None:
        assert filled.lab.ids(query=comparison("text", query_pb2.OPERATOR_EQUAL, "a*")) == []
        assert filled.lab.ids(query=comparison("text", query_pb2.OPERATOR_EQUAL, "*")) == filled.lab.ids(
            filter=r'text = "\*"'
        )


class TestShapes:
    def test_a_call_with_other_values_compiles_nothing(self) -> None:
        """The plan is kept by the tree without its values."""
        from toolcrib.server.query.check import check
        from toolcrib.server.query.fields import Field, FieldKind
        from toolcrib.server.query.parser import parse

        fields = {"a": Field("a", FieldKind.INT32), "b": Field("b", FieldKind.STRING, optional=True)}

        def shape(text: str) -> object:
            return check(parse(text), fields).shape

        assert shape('a = 1 AND b = "x*"') == shape('a = 2 AND b = "yy*"')
        assert shape("a in (1, 2, 3)") == shape("a in (4)")
        assert shape("a = 1") != shape("a > 1")
        assert shape("a = 1") != shape("NOT a = 1")
