"""Orders of several fields, pages that go on where they ended, and fields by mask."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from support.samples import Laboratory, Row, laboratory
from toolcrib.client import InvalidArgument
from toolcrib.server.exact_number import to_stored
from toolcrib.server.statements import Prepared
from toolcrib.server.testing import TEST_DATABASE_VARIABLE

ORDERS = [
    "",
    "id",
    "id desc",
    "small",
    "small desc",
    "big",
    "big desc",
    "big desc, id desc",
    "note, big desc",
    "note desc, big, id desc",
    "text",
    "text desc, small asc",
    "limit desc, level",
    "level, limit desc, taken",
    "taken desc",
    "ratio, taken",
    "ready desc, checked, state",
    "former_state desc, checked desc",
    "counter, create_time desc, update_time",
    "delete_time, note desc",
    "delete_time desc, taken",
    " small  desc ,text ",
]


class Filled:
    def __init__(self, lab: Laboratory, rows: list[Row]) -> None:
        self.lab = lab
        self.rows = rows


@pytest.fixture(scope="module")
def filled() -> Iterator[Filled]:
    with laboratory() as lab:
        yield Filled(lab, lab.fill(60))


def sort_key(value: Any) -> tuple[bool, Any]:
    """Unset is greater than every value; text is ordered by its characters."""
    value = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    return (True, 0) if value is None else (False, value)


def ordered(rows: list[Row], order_by: str) -> list[int]:
    """The keys in the order that is asked for, as Python sorts them."""
    terms = [part.split() for part in order_by.split(",") if part.strip()]
    is_mariadb = os.environ.get(TEST_DATABASE_VARIABLE, "").startswith(("mariadb", "mysql"))
    found = sorted(rows, key=lambda row: row["id"])
    for name, *direction in reversed(terms):

        def key(row: Row, name: str = name) -> tuple[bool, Any]:
            value = row[name]
            # There -0.0 comes right before 0.0 (docs/types.md).
            return sort_key(to_stored(value) if is_mariadb and isinstance(value, float) else value)

        found.sort(key=key, reverse=direction == ["desc"])
    return [row["id"] for row in found]


@pytest.mark.parametrize("order_by", ORDERS)
def test_pages_of_any_size_have_the_order_that_python_sorts(filled: Filled, order_by: str) -> None:
    for size in (1, 7, 1000):
        assert filled.lab.ids(order_by=order_by, page_size=size) == ordered(filled.rows, order_by)


def test_a_filter_an_order_and_pages_go_together(filled: Filled) -> None:
    rows = [row for row in filled.rows if row["big"] is not None and row["small"] > 0]
    for size in (1, 3, 50):
        found = filled.lab.ids(filter="big != null AND small > 0", order_by="note desc, big", page_size=size)
        assert found == ordered(rows, "note desc, big")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("order_by", ["", "note, big desc", "big desc", "text desc, id desc"])
def test_records_written_between_pages_neither_hide_nor_repeat_others(order_by: str, seed: int) -> None:
    chance = random.Random(seed)
    with laboratory() as lab:
        kept = lab.fill(40)
        others = [row["id"] for row in lab.fill(20)]
        seen: list[int] = []
        token = ""
        while True:
            page = lab.list(order_by=order_by, page_size=3, page_token=token)
            seen += [sample.id for sample in page.samples]
            token = page.next_page_token
            if not token:
                break
            lab.client.create(lab.sample({"text": "new", "big": chance.choice([None, 3]), "note": "abc"}))
            if others:
                lab.client.delete(others.pop(chance.randrange(len(others))))
    assert len(seen) == len(set(seen))
    expected = ordered(kept, order_by)
    assert [key for key in seen if key in set(expected)] == expected


class TestTokens:
    def test_a_token_is_of_its_filter_query_and_order_only(self, filled: Filled) -> None:
        asked = {"filter": "small >= 0", "order_by": "text", "page_size": 2}
        token = filled.lab.list(**asked).next_page_token
        assert filled.lab.list(**{**asked, "page_size": 5, "read_mask": {"paths": ["id"]}}, page_token=token).samples
        for other in ({"filter": "small >= 1"}, {"order_by": "text desc"}, {"order_by": ""}, {"show_deleted": True}):
            with pytest.raises(InvalidArgument) as failure:
                filled.lab.list(**{**asked, **other}, page_token=token)
            assert failure.value.reason == "INVALID_PAGE_TOKEN"

    def test_a_token_of_a_plain_list_is_none_of_a_query(self, filled: Filled) -> None:
        token = filled.lab.list(page_size=2).next_page_token
        with pytest.raises(InvalidArgument) as failure:
            filled.lab.list(page_size=2, filter="id > 0", page_token=token)
        assert failure.value.reason == "INVALID_PAGE_TOKEN"


class TestDeleted:
    def test_they_are_filtered_ordered_and_counted_where_they_are_asked_for(self) -> None:
        with laboratory() as lab:
            rows = lab.fill(6)
            lab.client.delete(rows[1]["id"])
            lab.client.delete(rows[4]["id"])
            assert lab.count() == 4
            assert lab.count(show_deleted=True) == 6
            assert lab.ids(filter="delete_time != null") == []
            assert lab.ids(filter="delete_time != null", show_deleted=True) == [rows[1]["id"], rows[4]["id"]]
            newest_first = lab.ids(order_by="delete_time desc", show_deleted=True, page_size=1)
            assert newest_first[-2:] == [rows[4]["id"], rows[1]["id"]]


class TestMasks:
    def test_a_list_and_a_get_answer_the_fields_that_are_asked_for(self, filled: Filled) -> None:
        row = next(row for row in filled.rows if row["big"] is None and row["taken"])
        mask = {"paths": ["text", "big", "taken"]}
        listed = filled.lab.list(filter=f"id = {row['id']}", read_mask=mask).samples[0]
        request = filled.lab.messages.GetSampleRequest(id=row["id"], read_mask=mask)
        got = filled.lab.crib.read(filled.lab.stub.GetSample, request)
        assert listed == got
        assert {field.name for field, _ in listed.ListFields()} <= {"text", "big", "taken"}
        assert not listed.HasField("big")
        assert listed.text == row["text"]
        assert filled.lab.row(listed)["taken"] == row["taken"]

    def test_pages_go_on_without_the_fields_that_order_them(self, filled: Filled) -> None:
        token, texts = "", []
        while True:
            page = filled.lab.list(order_by="small", read_mask={"paths": ["text"]}, page_token=token, page_size=7)
            texts += [sample.text for sample in page.samples]
            assert not any(sample.id for sample in page.samples)
            if not (token := page.next_page_token):
                break
        by_id = {row["id"]: row["text"] for row in filled.rows}
        assert texts == [by_id[key] for key in ordered(filled.rows, "small")]

    def test_a_star_is_all_fields(self, filled: Filled) -> None:
        assert filled.lab.list(read_mask={"paths": ["*"]}) == filled.lab.list()


def test_the_count_says_the_revision_it_was_read_at(filled: Filled) -> None:
    lab = filled.lab
    answer = lab.crib.read(lab.stub.CountSamples, lab.messages.CountSamplesRequest(filter="id > 2"))
    assert (answer.count, answer.revision) == (58, lab.list(page_size=1).revision)


def test_a_list_compiles_a_statement_once_for_each_shape(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[object] = []

    def counted(*given: Any) -> Prepared:
        compiled.append(given)
        return Prepared(*given)

    monkeypatch.setattr("toolcrib.server.query.plans.Prepared", counted)
    for number in range(5):
        filled.lab.ids(filter=f"small > {number} AND counter in ({number}, 8)", order_by="ratio, small")
        filled.lab.count(filter=f"counter < {number} AND small in ({number}, 8)")
    assert len(compiled) == 2
