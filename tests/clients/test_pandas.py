"""Lists as tables: each value as it is, in a column of a type that keeps it."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import DoubleValue
from hypothesis import given, settings
from hypothesis import strategies as st

from support.both_clients import KINDS, Client, connected
from support.lab import generated
from support.messages import messages
from toolcrib.client import Records
from toolcrib.server.testing import serve

COMPONENTS = Path(__file__).parents[1] / "conformance" / "components"
SPECIMENS = "conformance.specimens.v1.specimen"


def of_specimens(part: str, name: str) -> Any:
    return generated(f"{SPECIMENS}_{part}", name, COMPONENTS)


Specimen, Pose = of_specimens("pb2", "Specimen"), of_specimens("pb2", "Pose")
SpecimenFields = of_specimens("fields", "SpecimenFields")


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with serve(COMPONENTS) as server, connected(request.param, server.address, actor="ann") as connection:
        yield connection


def specimens(client: Client) -> Any:
    return of_specimens("client", "AsyncSpecimenClient" if client.is_asyncio else "SpecimenClient")(client.crib)


def table_of(*records: Any) -> pd.DataFrame:
    """What a list of one page makes of records."""

    class Page:
        specimens = records
        next_page_token = ""

    return Records(Specimen, lambda page_token: Page(), "specimens").to_pandas()


def test_a_list_is_a_table_with_a_row_for_each_record_of_all_pages(client: Client) -> None:
    made = [Specimen(name=f"s{number}", an_int32=number) for number in range(5)]
    client.run(lambda _: specimens(client).batch_create(made))
    table = client.run(settled(lambda: specimens(client).list(page_size=2).to_pandas(), client))
    assert list(table["name"]) == ["s0", "s1", "s2", "s3", "s4"]
    assert list(table["id"]) == [1, 2, 3, 4, 5]
    assert table["an_int32"].sum() == 10
    assert table["create_time"].max() <= pd.Timestamp.now("UTC") + pd.Timedelta(minutes=1)


def test_so_is_a_query(client: Client) -> None:
    client.run(lambda _: specimens(client).batch_create([Specimen(name=name) for name in ("a", "b", "c")]))
    query = specimens(client).where(SpecimenFields.name > "a").order_by(SpecimenFields.name.desc())
    table = client.run(settled(query.to_pandas, client))
    assert list(table["name"]) == ["c", "b"]


def settled(action: Callable[[], Any], client: Client) -> Callable[[Any], Any]:
    """An action that need not know its connection, for `Client.run`."""

    async def awaited(_: Any) -> Any:
        return await action()

    return awaited if client.is_asyncio else lambda _: action()


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [
        ("id", 2**63 - 1, "Int64"),
        ("a_sint64", -(2**63), "Int64"),
        ("a_uint64", 2**64 - 1, "UInt64"),
        ("an_int32", -(2**31), "Int32"),
        ("a_fixed32", 2**32 - 1, "UInt32"),
        ("a_bool", True, "boolean"),
        ("a_double", 5e-324, "float64"),
        ("maybe_int64", 2**53 + 1, "Int64"),
        ("maybe_string", "ü", "string"),
    ],
)
def test_a_value_is_what_it_was_also_beside_one_that_is_absent(column: str, value: Any, kind: str) -> None:
    table = table_of(Specimen(**{column: value}), Specimen())
    assert str(table[column].dtype) == kind
    assert table[column].iloc[0] == value
    assert bool(pd.isna(table[column].iloc[1])) == column.startswith("maybe")


def test_times_are_utc_in_all_years_and_durations_are_durations() -> None:
    early, late = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    rows = []
    for time, took in ((early, timedelta(days=-3_652_500)), (late, timedelta(microseconds=1))):
        rows.append(Specimen(calibration_time=timestamp(time), took=duration(took)))
    table = table_of(*rows, Specimen())
    assert str(table["calibration_time"].dtype) == "datetime64[us, UTC]"
    assert str(table["took"].dtype) == "timedelta64[us]"
    assert list(table["calibration_time"].iloc[:2].dt.to_pydatetime()) == [early, late]
    assert table["took"].iloc[0] == pd.Timedelta(days=-3_652_500)
    assert pd.isna(table["calibration_time"].iloc[2])
    assert pd.isna(table["took"].iloc[2])


def timestamp(time: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(time)
    return message


def duration(span: timedelta) -> Duration:
    message = Duration()
    message.FromTimedelta(span)
    return message


def test_enums_are_their_names() -> None:
    table = table_of(Specimen(state=-1), Specimen(state=1), Specimen(state=77))
    assert list(table["state"]) == ["STATE_OFF", "STATE_ON", "77"]


def test_a_message_is_a_column_for_each_of_its_fields_and_one_within_itself_is_a_dictionary() -> None:
    table = table_of(Specimen(pose=Pose(x=1.5, children=[Pose(y=2.0)])), Specimen())
    assert table["pose.x"].iloc[0] == 1.5
    assert math.isnan(table["pose.x"].iloc[1])
    assert table["pose.children"].iloc[0] == [{"x": 0.0, "y": 2.0, "children": []}]
    assert table["pose.children"].iloc[1] is None


def test_lists_maps_and_documents_are_pythons_own() -> None:
    record = Specimen(tags=["a"], numbers=[1, 2], poses_by_id={2**62: Pose(x=1.0)}, some_bytes=b"\0")
    record.extra["a"] = 1.5
    record.payload.Pack(Pose(x=1.0))
    (row,) = table_of(record).to_dict("records")
    assert row["tags"] == ["a"]
    assert row["numbers"] == [1, 2]
    assert row["poses_by_id"] == {2**62: {"x": 1.0, "children": []}}
    assert row["some_bytes"] == b"\0"
    assert row["extra"] == {"a": 1.5}
    assert row["payload"]["type_url"].endswith("conformance.specimens.v1.Pose")


def test_a_document_may_hold_numbers_that_json_has_no_word_for() -> None:
    record = Specimen()
    record.extra.fields["far"].number_value = math.inf
    record.extra.fields["all"].list_value.values.add().number_value = -math.inf
    record.extra.fields["inner"].struct_value.fields["none"].number_value = math.nan
    (extra,) = table_of(record)["extra"]
    assert math.isnan(extra["inner"].pop("none"))
    assert extra == {"far": math.inf, "all": [-math.inf], "inner": {}}


def test_a_wrapped_value_is_the_value() -> None:
    table = table_of(Specimen(wrapped=DoubleValue(value=2.5)), Specimen())
    assert table["wrapped"].iloc[0] == 2.5
    assert math.isnan(table["wrapped"].iloc[1])


def test_a_list_of_nothing_has_its_columns() -> None:
    table = table_of()
    assert len(table) == 0
    assert str(table["id"].dtype) == "Int64"
    assert "pose.x" in table.columns


@settings(max_examples=60, deadline=None)
@given(st.lists(messages(Specimen), max_size=4))
def test_every_record_has_a_row_and_numbers_are_exact(records: list[Any]) -> None:
    table = table_of(*records)
    assert len(table) == len(records)
    for name in ("id", "an_int32", "a_sint64", "a_fixed32", "a_uint64", "a_bool", "name", "some_bytes"):
        assert table[name].tolist() == [getattr(record, name) for record in records]
    for name in ("maybe_int64", "maybe_string", "drill"):
        absent = [pd.NA if not record.HasField(name) else getattr(record, name) for record in records]
        assert [each is pd.NA for each in table[name]] == [each is pd.NA for each in absent]
        assert [each for each in table[name] if each is not pd.NA] == [each for each in absent if each is not pd.NA]


def test_without_pandas_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'toolcrib\[pandas\]'"):
        table_of()
