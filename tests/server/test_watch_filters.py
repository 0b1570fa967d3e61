"""A filter means to a watch, of a record that no table has, what it means to a list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import samples
from support.lab import generated
from support.lab import served as served_lab
from support.samples import COMPONENTS, Expression, Laboratory, laboratory
from toolcrib.server import Application
from toolcrib.server.database import Database
from toolcrib.server.loading import import_components
from toolcrib.server.session import Session
from toolcrib.server.store import Store
from toolcrib.server.testing import new_database
from toolcrib.server.watch.matching import Matching
from toolcrib.server.watch.wanted import checked_filter

SAMPLE, ROBOT = "lab.samples.v1.Sample", "lab.robots.v1.Robot"

# What each field is compared with, beside what the samples have.
VALUES: dict[str, list[Any]] = {
    "text": [*samples.TEXTS, "b", "\0"],
    "note": [value for value in samples.MAYBE_TEXTS if value is not None],
    "small": [*samples.SMALLS, 6],
    "big": [value for value in samples.BIGS if value is not None],
    "counter": samples.COUNTERS,
    "level": samples.LEVELS,
    "limit": [1.5, 2.0, -3.0],
    "taken": [samples.moment(text) for text in samples.TIMES if text],
}
ORDERED = (samples.lt, samples.le, samples.gt, samples.ge)
OF_TEXT = (samples.begins, samples.ends, samples.contains)


@st.composite
def comparisons(draw: st.DrawFn) -> Expression:
    name = draw(st.sampled_from(sorted(VALUES)))
    value = draw(st.sampled_from(VALUES[name]))
    kinds = [samples.eq, samples.ne, *ORDERED, *(OF_TEXT if isinstance(value, str) else ())]
    simple = st.sampled_from(kinds).map(lambda kind: kind(name, value))
    some = st.lists(st.sampled_from([*VALUES[name], None]), max_size=6).map(lambda values: samples.one_of(name, values))
    return draw(simple | some | st.sampled_from([samples.null(name), samples.not_null(name)]))


EXPRESSIONS = st.recursive(
    comparisons(),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: samples.all_of(*parts))
        | st.lists(inner, max_size=3).map(lambda parts: samples.any_of(*parts))
        | inner.map(samples.no)
    ),
    max_leaves=6,
)


@contextmanager
def matching(database: str) -> Iterator[tuple[Store, Session, Matching]]:
    """What watches ask of the laboratory's records, without any of them in the database."""
    store = Store(
        Database(database),
        [item.repository for item in import_components(COMPONENTS)],
        Application(),
    )
    store.open()
    session = store.database.backend.session(read_only=True, waits=True)
    yield store, session, Matching(store)
    session.close()


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Laboratory, list[tuple[samples.Row, bytes]]]]:
    with laboratory() as lab:
        rows = lab.fill()
        yield lab, [(row, lab.client.get(row["id"]).SerializeToString()) for row in rows]


@pytest.fixture(scope="module")
def asked() -> Iterator[tuple[Store, Session, Matching]]:
    with new_database() as database, matching(database) as ready:
        yield ready


@settings(max_examples=150, deadline=None)
@given(expression=EXPRESSIONS)
def test_of_plain_fields(served: Any, asked: Any, expression: Expression) -> None:
    lab, rows = served
    store, session, filters = asked
    checked = checked_filter(store[SAMPLE].fields, "", expression.message)
    found = [row["id"] for row, image in rows if filters.holds(session, SAMPLE, checked, image)]
    assert found == [row["id"] for row, _ in rows if expression.holds(row)]
    assert found == lab.ids(query=expression.message)


@pytest.mark.parametrize("text", ['etag = "3"', 'etag in ("1", "7")', "etag != null", 'NOT etag = "5"'])
def test_of_the_etag(served: Any, asked: Any, text: str) -> None:
    lab, rows = served
    store, session, filters = asked
    checked = checked_filter(store[SAMPLE].fields, text, None)
    assert [row["id"] for row, image in rows if filters.holds(session, SAMPLE, checked, image)] == lab.ids(filter=text)


ROBOTS = [
    {},
    {"big": 2**64 - 1, "d": float("nan"), "tags": ["a", "b"], "pose": {"x": 1.5, "name": "home"}},
    {"big": 5, "d": -0.0, "tags": ["c"], "pose": {"x": float("-inf"), "y": 0.0}, "modes": [1, 0]},
    {"maybe_big": 0, "named": {"a": {"x": 2.0}, "b/c": {"number": 7}}, "ratios": {4: 0.5}},
    {"took": "1.500s", "poses": [{"x": 1.0}, {"x": 9.0}], "gripper": "soft", "yes": True},
    {"poses": [{"children": [{"x": 4.0}]}], "drill": 0, "laps": ["0.5s", "2s"]},
]


@pytest.mark.parametrize(
    "text",
    [
        "big > 5",
        "maybe_big = null",
        "maybe_big = 0",
        "d = 0",
        "d > -1",
        "NOT d > -1",
        "tags:a",
        "NOT tags:a",
        "tags:*",
        "pose.x > 1",
        "pose.x = -inf",
        "pose.y = null",
        'pose.name = "h*"',
        "poses.x > 8",
        "NOT poses.x > 8",
        "poses.children.x = 4",
        "named.a.x = 2",
        "named:a",
        "ratios:4",
        "ratios.4 = 0.5",
        "took > 1s",
        "laps:2s",
        "modes:MODE_AUTO",
        "yes = true",
        'gripper = "soft"',
        "drill = 0",
        "drill = null",
        "pose = null",
        'tags:a AND big > 1 OR gripper:"of"',
    ],
)
def test_of_what_is_inside_fields(robots: Any, asked: Any, text: str) -> None:
    client, images = robots
    store, session, filters = asked
    checked = checked_filter(store[ROBOT].fields, text, None)
    found = [key for key, image in images.items() if filters.holds(session, ROBOT, checked, image)]
    assert found == [robot.id for robot in client.list(filter=text)]


@pytest.fixture(scope="module")
def robots() -> Iterator[tuple[Any, dict[int, bytes]]]:
    from google.protobuf.json_format import ParseDict

    robot = generated("lab.robots.v1.robot_pb2", "Robot")
    with served_lab() as lab:
        client = lab.client("lab.robots.v1.robot", "Robot")
        made = client.batch_create([ParseDict(_json(values), robot()) for values in ROBOTS])
        yield client, {each.id: each.SerializeToString() for each in made}


def _json(values: Any) -> Any:
    """As protobuf's JSON has it: numbers that are none are text there."""
    if isinstance(values, dict):
        return {str(name): _json(value) for name, value in values.items()}
    if isinstance(values, list):
        return [_json(value) for value in values]
    if isinstance(values, float):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(str(values), values)
    return values
