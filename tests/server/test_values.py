"""Values without limits, and keys of several fields: a component of the tests' own."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolcrib.audit.v1.audit_pb2 import Operation
from toolcrib.client import AlreadyExists, AuditClient, Crib, InvalidArgument, NotFound, ResourceExhausted
from toolcrib.server.testing import serve

COMPONENTS = Path(__file__).parents[1] / "components"
NOTE = "lab.notes.v1.Note"
MEGABYTE = 2**20


class Lab:
    """The client of a served laboratory; its code is generated when it is served."""

    def __init__(self, crib: Crib) -> None:
        self.crib = crib
        self.Note: Any = importlib.import_module("lab.notes.v1.note_pb2").Note
        self.notes: Any = importlib.import_module("lab.notes.v1.note_client").NoteClient(crib)


@pytest.fixture
def lab() -> Iterator[Lab]:
    with serve(COMPONENTS) as server, Crib.connect(server.address, actor="ann") as crib:
        yield Lab(crib)


class TestLargeValues:
    def test_a_string_of_a_megabyte_is_stored_found_and_audited_exactly(self, lab: Lab) -> None:
        text = "é\0'%_\\😀"[:7] * (MEGABYTE // 12)
        stored = lab.notes.create(lab.Note(shelf="a", number=1, text=text, picture=b"\0\xff" * 1000))
        assert lab.notes.get("a", 1) == stored
        assert stored.text == text
        entry = next(AuditClient(lab.crib).entries(component=NOTE))
        image = lab.Note()
        assert entry.after.Unpack(image)
        assert image == stored

    def test_a_page_ends_before_it_is_too_large_for_a_client_and_none_is_lost(self, lab: Lab) -> None:
        for number in range(1, 8):
            lab.notes.create(lab.Note(shelf="a", number=number, text="x" * MEGABYTE))
        page = lab.notes.list_page()
        assert 1 <= len(page.notes) < 4
        assert page.next_page_token
        assert [note.number for note in lab.notes.list()] == list(range(1, 8))
        assert len(list(AuditClient(lab.crib).entries())) == 7

    def test_more_than_a_message_holds_is_refused(self, lab: Lab) -> None:
        with pytest.raises(ResourceExhausted) as failure:
            lab.notes.create(lab.Note(shelf="a", number=1, text="x" * (5 * MEGABYTE)))
        assert failure.value.reason == "MESSAGE_TOO_LARGE"


class TestKeysOfSeveralFields:
    def test_records_are_listed_in_their_order_over_all_pages(self, lab: Lab) -> None:
        keys = [(shelf, number) for shelf in ("a", "b/c", "b", "ä", "") for number in (-5, 0, 2, 10) if shelf or number]
        lab.notes.batch_create([lab.Note(shelf=shelf, number=number) for shelf, number in keys])
        listed = [(note.shelf, note.number) for note in lab.notes.list(page_size=3)]
        assert listed == sorted(keys, key=lambda key: (key[0].encode(), key[1]))

    def test_each_is_one_record(self, lab: Lab) -> None:
        lab.notes.create(lab.Note(shelf="a/b", number=1))
        lab.notes.create(lab.Note(shelf="a", number=1))
        with pytest.raises(AlreadyExists) as failure:
            lab.notes.create(lab.Note(shelf="a", number=1))
        assert failure.value.metadata["field"] == "shelf, number"
        lab.notes.update(lab.Note(shelf="a", number=1, text="new"))
        lab.notes.delete("a/b", 1)
        with pytest.raises(NotFound):
            lab.notes.get("a/b", 1)
        entries = list(AuditClient(lab.crib).entries(component=NOTE, record_key="a%2Fb/1"))
        assert [entry.operation for entry in entries] == [Operation.OPERATION_DELETE, Operation.OPERATION_CREATE]

    def test_a_mask_cannot_name_them(self, lab: Lab) -> None:
        lab.notes.create(lab.Note(shelf="a", number=1))
        with pytest.raises(InvalidArgument) as failure:
            lab.notes.update(lab.Note(shelf="a", number=1), mask="number")
        assert failure.value.reason == "KEY_IMMUTABLE"


class TestTimes:
    @pytest.mark.parametrize(
        "moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)]
    )
    def test_any_year_comes_back(self, lab: Lab, moment: datetime) -> None:
        taken = Timestamp()
        taken.FromDatetime(moment)
        lab.notes.create(lab.Note(shelf="a", number=1, taken=taken))
        assert lab.notes.get("a", 1).taken == taken

    def test_finer_than_a_microsecond_is_rounded_down_and_the_answer_shows_it(self, lab: Lab) -> None:
        note = lab.notes.create(lab.Note(shelf="a", number=1, taken=Timestamp(seconds=-1, nanos=999_999_999)))
        assert (note.taken.seconds, note.taken.nanos) == (-1, 999_999_000)
        assert lab.notes.get("a", 1) == note
        assert lab.notes.update(lab.Note(shelf="a", number=1, taken=Timestamp(seconds=-1, nanos=999_999_001))) == note

    def test_one_that_no_calendar_has_is_refused(self, lab: Lab) -> None:
        for taken in (Timestamp(seconds=253_402_300_800), Timestamp(nanos=-1), Timestamp(nanos=10**9)):
            with pytest.raises(InvalidArgument) as failure:
                lab.notes.create(lab.Note(shelf="a", number=1, taken=taken))
            assert [violation.field for violation in failure.value.violations] == ["note.taken"]


class TestNumbers:
    def test_infinities_come_back(self, lab: Lab) -> None:
        for number, value in enumerate((float("inf"), float("-inf")), 1):
            lab.notes.create(lab.Note(shelf="a", number=number, value=value))
            assert lab.notes.get("a", number).value == value


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shelf=st.text(min_size=1, max_size=20),
    number=st.integers(-(2**63), 2**63 - 1),
    text=st.text(max_size=100),
    picture=st.binary(max_size=50),
    value=st.floats(allow_nan=False) | st.just(float("nan")),
)
def test_any_note_comes_back_as_it_was_written(
    lab: Lab, shelf: str, number: int, text: str, picture: bytes, value: float
) -> None:
    note = lab.Note(shelf=shelf, number=number, text=text, picture=picture, value=value)
    written = lab.notes.update(note, allow_missing=True, mask="*")
    read = lab.notes.get(shelf, number)
    assert read.SerializeToString() == written.SerializeToString()
    read.ClearField("etag")
    assert read.SerializeToString() == note.SerializeToString()
