"""What may be typed for times and revisions."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolcrib.cli.conditions import OperationName, parse_moment, parse_revisions
from toolcrib.cli.console import CommandError
from toolcrib.client.audit import Operation


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("2h", timedelta(hours=2)),
        ("1.5 H", timedelta(hours=1.5)),
        ("3d", timedelta(days=3)),
        ("1w", timedelta(weeks=1)),
    ],
)
def test_how_long_ago(text: str, ago: timedelta) -> None:
    assert abs(datetime.now(UTC) - ago - parse_moment("--since", text)) < timedelta(seconds=5)


def test_an_iso_time_is_local_unless_it_names_a_zone() -> None:
    assert parse_moment("--since", "2026-07-30T14:00:00Z") == datetime(2026, 7, 30, 14, tzinfo=UTC)
    assert parse_moment("--since", "2026-07-30T14:00+02:00") == datetime(2026, 7, 30, 12, tzinfo=UTC)
    assert parse_moment("--since", "2026-07-30 14:00") == datetime(2026, 7, 30, 14).astimezone()  # local
    assert parse_moment("--since", "2026-07-30") == datetime(2026, 7, 30).astimezone()  # local


@pytest.mark.parametrize("text", ["", "yesterday", "2", "h", "-2h", "2y", "2026-13-01", "999999w"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="--until"):
        parse_moment("--until", text)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [("7", 7, 7), ("2..5", 2, 5), ("5..5", 5, 5), ("2..", 2, 0), ("..5", 0, 5), (" 7 ", 7, 7)],
)
def test_revisions(text: str, first: int, last: int) -> None:
    assert parse_revisions(text) == (first, last)


@pytest.mark.parametrize("text", ["", "..", "x", "5..2", "-1", "0", "1...2", "1..2..3", "9223372036854775808"])
def test_what_is_no_revision_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="--revision"):
        parse_revisions(text)


@given(st.text(alphabet="0123456789.smhdw:-TZ+ ²"))
def test_whatever_is_typed_is_understood_or_refused(text: str) -> None:
    with suppress(CommandError):
        assert parse_moment("--since", text).utcoffset() is not None
    with suppress(CommandError):
        first, last = parse_revisions(text)
        assert 0 <= first <= (last or first)


def test_every_operation_has_a_name() -> None:
    assert {name.number() for name in OperationName} == set(Operation.values()) - {Operation.OPERATION_UNSPECIFIED}
