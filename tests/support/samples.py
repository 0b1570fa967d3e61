"""Records to filter, and expressions that say the same three times: as text, as a message and in plain Python."""

from __future__ import annotations

import importlib
import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from toolcrib.client import Crib
from toolcrib.query.v1 import query_pb2
from toolcrib.query.v1.query_pb2 import Comparison, Filter, FilterList, Value
from toolcrib.server.testing import serve

COMPONENTS = Path(__file__).parents[1] / "components"
RECORDS = 120

Row = dict[str, Any]

TEXTS = ["", "abc", "abcd", "ab", "ABC", "a%c", "a_c", "a\\c", 'a"c', "a'c", "a*c", "*", "null", "true", "5", "é", "😀"]
TEXTS += ["😀abc", "abc\0def", "\U0010ffff", "\U0010ffffa", "a\U0010ffff", "\ud7ff", "\ue000", "a\nb", " abc ", "zabc"]
MAYBE_TEXTS = [None, "", "abc", "abd", None, "x"]
SMALLS = [0, 1, -1, 5, 7, 2**31 - 1, -(2**31), 100]
BIGS = [None, 0, 2**63 - 1, -(2**63), 7, None, 2**53 + 1]
COUNTERS = [0, 3, 2**32 - 1, 2**31]
RATIOS = [0.0, 0.1, -0.5, float("inf"), 1e-40, 3.4e38]
LEVELS = [0.0, -0.0, 0.1, 1.5, -1.5, float("inf"), float("-inf"), 5e-324, 1e308, 100.0]
LIMITS = [None, 1.5, 2.5, None, -3.0]
STATES = [0, 1, 2, -1, 9]
MAYBE_STATES = [None, 1, 0, 2]
BYTES = [b"", b"\0\xff", b"abc", b"abcd"]
MAYBE_BYTES = [None, b"", b"x"]
TIMES = [None, "2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000001Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
TIMES += ["1969-12-31T23:59:59.5Z", "2026-11-21T09:59:59.999999Z"]


def moment(text: str) -> datetime:
    """The time that RFC 3339 text names."""
    return datetime.fromisoformat(text).astimezone(UTC)


class Laboratory:
    """Samples on a server, and what Python knows of them."""

    def __init__(self, crib: Crib) -> None:
        self.crib = crib
        self.messages: Any = importlib.import_module("lab.samples.v1.sample_service_pb2")
        self.Sample: Any = importlib.import_module("lab.samples.v1.sample_pb2").Sample
        self.client: Any = importlib.import_module("lab.samples.v1.sample_client").SampleClient(crib)
        self.stub: Any = importlib.import_module("lab.samples.v1.sample_service_pb2_grpc").SampleServiceStub(
            crib.channel
        )

    def fill(self, count: int = RECORDS) -> list[Row]:
        """Creates samples with all kinds of values; answers the rows that they should be."""
        columns: dict[str, list[Any]] = {
            "text": TEXTS,
            "note": MAYBE_TEXTS,
            "small": SMALLS,
            "big": BIGS,
            "counter": COUNTERS,
            "ratio": RATIOS,
            "level": LEVELS,
            "limit": LIMITS,
            "ready": [True, False, False],
            "checked": [None, True, False, True],
            "state": STATES,
            "former_state": MAYBE_STATES,
            "picture": BYTES,
            "thumbnail": MAYBE_BYTES,
            "taken": TIMES,
        }
        values = [
            dict(zip(columns, row, strict=True))
            for row in islice(zip(*map(cycle, columns.values()), strict=True), count)
        ]
        created = self.client.batch_create([self.sample(row) for row in values])
        return [self.row(sample) for sample in created]

    def sample(self, row: Row) -> Any:
        """The message of a row; None is unset."""
        taken = {"taken": _timestamp(row["taken"])} if row.get("taken") else {}
        given = {name: value for name, value in row.items() if value is not None and name != "taken"}
        return self.Sample(**given, **taken)

    def row(self, sample: Any) -> Row:
        """The values of a sample; None is unset."""
        row: Row = {}
        for field in sample.DESCRIPTOR.fields:
            value = getattr(sample, field.name)
            if field.has_presence and not sample.HasField(field.name):
                value = None
            elif field.message_type is not None:
                value = value.ToDatetime(UTC)
            row[field.name] = value
        return row

    def ids(self, **asked: Any) -> list[int]:
        """The keys of all records that a request lists, page after page."""
        found: list[int] = []
        token = ""
        while True:
            page = self.list(page_token=token, **{"page_size": 50, **asked})
            found += [sample.id for sample in page.samples]
            token = page.next_page_token
            if not token:
                return found

    def list(self, **asked: Any) -> Any:
        """One page."""
        return self.crib.read(self.stub.ListSamples, self.messages.ListSamplesRequest(**asked))

    def count(self, **asked: Any) -> int:
        """The number of records."""
        answer = self.crib.read(self.stub.CountSamples, self.messages.CountSamplesRequest(**asked))
        return int(answer.count)


@contextmanager
def laboratory() -> Iterator[Laboratory]:
    """A served laboratory without samples."""
    with serve(COMPONENTS) as server, Crib.connect(server.address, actor="ann") as crib:
        yield Laboratory(crib)


def _timestamp(text: str) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment(text))
    return timestamp


@dataclass(frozen=True)
class Expression:
    """A condition as a message, and in Python."""

    message: Filter
    holds: Callable[[Row], bool]


def all_of(*parts: Expression) -> Expression:
    """And."""
    message = Filter(all=FilterList(filters=[part.message for part in parts]))
    return Expression(message, lambda row: all(part.holds(row) for part in parts))


def any_of(*parts: Expression) -> Expression:
    """Or."""
    message = Filter(any=FilterList(filters=[part.message for part in parts]))
    return Expression(message, lambda row: any(part.holds(row) for part in parts))


def no(part: Expression) -> Expression:
    """Not."""
    # A keyword of Python.
    fields: dict[str, Any] = {"not": part.message}
    return Expression(Filter(**fields), lambda row: not part.holds(row))


def _compared(name: str, kind: int, given: Any, test: Callable[[Any], bool]) -> Expression:
    message = comparison(name, kind, given)
    return Expression(message, lambda row: row[name] is not None and test(row[name]))


def comparison(name: str, kind: int, *given: Any) -> Filter:
    """A comparison as a message."""
    values = [value(item) for item in given]
    return Filter(comparison=Comparison(field=name, operator=query_pb2.Operator.ValueType(kind), values=values))


def value(given: Any) -> Value:
    """A value as a message."""
    if given is None:
        return Value(null_value=0)  # type: ignore[arg-type]  # the stubs want NullValue.ValueType, which is 0
    if isinstance(given, datetime):
        timestamp = Timestamp()
        timestamp.FromDatetime(given)
        return Value(timestamp_value=timestamp)
    kind = {bool: "bool", int: "int64", float: "double", str: "string", bytes: "bytes"}[type(given)]
    fields: dict[str, Any] = {f"{kind}_value": given}
    return Value(**fields)


def eq(name: str, given: Any, meant: Any = None) -> Expression:
    """Equal to what is given; where Python has it in another way, to what is meant."""
    meant = given if meant is None else meant
    return _compared(name, query_pb2.OPERATOR_EQUAL, given, lambda found: found == meant)


def ne(name: str, given: Any, meant: Any = None) -> Expression:
    """Not equal; true for what is unset."""
    holds = eq(name, given, meant).holds
    return Expression(comparison(name, query_pb2.OPERATOR_NOT_EQUAL, given), lambda row: not holds(row))


def null(name: str) -> Expression:
    """Unset."""
    return Expression(comparison(name, query_pb2.OPERATOR_EQUAL, None), lambda row: row[name] is None)


def not_null(name: str) -> Expression:
    """Set."""
    return Expression(comparison(name, query_pb2.OPERATOR_NOT_EQUAL, None), lambda row: row[name] is not None)


def _ordering(kind: int, compare: Callable[[Any, Any], bool]) -> Callable[[str, Any], Expression]:
    return lambda name, given: _compared(name, kind, given, lambda found: compare(_key(found), _key(given)))


def _key(given: Any) -> Any:
    return given.encode("utf-8", "surrogatepass") if isinstance(given, str) else given


lt = _ordering(query_pb2.OPERATOR_LESS, operator.lt)
le = _ordering(query_pb2.OPERATOR_LESS_OR_EQUAL, operator.le)
gt = _ordering(query_pb2.OPERATOR_GREATER, operator.gt)
ge = _ordering(query_pb2.OPERATOR_GREATER_OR_EQUAL, operator.ge)


def begins(name: str, given: str) -> Expression:
    """Text that begins with it."""
    return _compared(name, query_pb2.OPERATOR_PREFIX, given, lambda found: found.startswith(given))


def ends(name: str, given: str) -> Expression:
    """Text that ends with it."""
    return _compared(name, query_pb2.OPERATOR_SUFFIX, given, lambda found: found.endswith(given))


def contains(name: str, given: str) -> Expression:
    """Text that contains it."""
    return _compared(name, query_pb2.OPERATOR_CONTAINS, given, lambda found: given in found)


def one_of(name: str, given: Sequence[Any], meant: Sequence[Any] | None = None) -> Expression:
    """Any of them; None is unset."""
    wanted = given if meant is None else meant
    return Expression(comparison(name, query_pb2.OPERATOR_IN, *given), lambda row: row[name] in wanted)
