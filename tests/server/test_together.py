"""Records that are created together: prepared while others may write, and stored as those that are created alone."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.behind import behind
from toolcrib.client import Crib
from toolcrib.server.testing import serve
from toolcrib.server.together import prepare_together

# A record of each way to give keys; all that the server fills in, and all that is of a revision.
_PROTO = """
syntax = "proto3";

package lab.visits.v1;

import "google/protobuf/timestamp.proto";
import "toolcrib/options/v1/options.proto";

message Visit {
  option (toolcrib.options.v1.component) = {soft_delete: true history: HISTORY_VERSIONS};

  string id = 1 [(toolcrib.options.v1.field).key = true];
  string guest = 2;
  optional double weight_kg = 3;
  google.protobuf.Timestamp create_time = 4;
  google.protobuf.Timestamp arrived = 5;
  optional int32 badge = 6 [(toolcrib.options.v1.field).default_value = "7"];
  google.protobuf.Timestamp update_time = 7;
  google.protobuf.Timestamp delete_time = 8;
  int32 seen = 9 [(toolcrib.options.v1.field).history_excluded = true];
  string etag = 10;
}

message Door {
  option (toolcrib.options.v1.component) = {};

  google.protobuf.Timestamp update_time = 1;
  int64 number = 2 [(toolcrib.options.v1.field).key = true];
  string text = 3;
}
"""


@pytest.fixture(scope="module")
def components(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("components")
    file = folder / "lab" / "visits" / "v1" / "visit.proto"
    file.parent.mkdir(parents=True)
    file.write_text(_PROTO)
    return folder


class Lab:
    """The clients of a served laboratory, and what stands behind its server."""

    def __init__(self, crib: Crib, database: str) -> None:
        self.messages: Any = importlib.import_module("lab.visits.v1.visit_pb2")
        self.visits: Any = importlib.import_module("lab.visits.v1.visit_client").VisitClient(crib)
        self.doors: Any = importlib.import_module("lab.visits.v1.door_client").DoorClient(crib)
        self._database = database

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Those of a table, in the order of their revisions."""
        with behind(self._database) as connection:
            cursor = connection.execute(f"SELECT * FROM {table} ORDER BY toolcrib_revision")
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def write_beside(self) -> None:
        """Writes what each commit of a server does, as another server would."""
        with behind(self._database) as connection:
            connection.execute("UPDATE toolcrib_sequence SET last_value = last_value")

    def times(self) -> list[Any]:
        """When each revision was committed."""
        with behind(self._database) as connection:
            found = connection.execute("SELECT commit_time FROM toolcrib_transaction ORDER BY revision")
            return [row[0] for row in found.fetchall()]


@pytest.fixture(params=[True, False], ids=["with request ids", "without request ids"])
def lab(components: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    with (
        serve(components) as server,
        Crib.connect(server.address, actor="ann", retry_writes=request.param) as crib,
    ):
        yield Lab(crib, server.database)


def test_every_column_is_as_it_is_for_a_record_that_is_created_alone(lab: Lab) -> None:
    visit = lab.messages.Visit(guest="Ann", weight_kg=-0.0, seen=3)
    visit.arrived.FromJsonString("2026-02-03T04:05:06.000007Z")
    made = [lab.visits.create(visit), *lab.visits.batch_create([visit, visit])]
    rows, times = lab.rows("visit"), lab.times()
    assert [row["toolcrib_revision"] for row in rows] == [1, 2, 2]
    assert sorted(row["id"] for row in rows) == sorted(record.id for record in made)
    for row in rows:
        of_commit = times[row.pop("toolcrib_revision") - 1]
        assert row.pop("create_time") == row.pop("update_time") == of_commit
        assert len(row.pop("id")) == 36
    assert rows[0].pop("toolcrib_start_revision") == 1
    assert [row.pop("toolcrib_start_revision") for row in rows[1:]] == [2, 2]
    assert rows[1:] == [rows[0]] * 2
    assert (rows[0]["badge"], rows[0]["seen"], rows[0]["delete_time"]) == (7, 3, None)
    assert [lab.visits.get(record.id) for record in made] == made


def test_what_has_no_time_of_its_creation_has_that_of_its_change(lab: Lab) -> None:
    door = lab.messages.Door(text="oak")
    made = [lab.doors.create(door), *lab.doors.batch_create([door, door])]
    assert [record.number for record in made] == [1, 2, 3]
    rows, times = lab.rows("door"), lab.times()
    assert [row["update_time"] for row in rows] == [times[0], times[1], times[1]]
    assert [lab.doors.get(record.number) for record in made] == made


def test_others_may_write_while_they_are_prepared(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared, others_are_done = threading.Event(), threading.Event()

    def prepare_and_wait(*given: Any) -> None:
        prepare_together(*given)
        prepared.set()
        assert others_are_done.wait(20)

    monkeypatch.setattr("toolcrib.server.lanes.prepare_together", prepare_and_wait)
    creating = threading.Thread(target=lab.doors.batch_create, args=([lab.messages.Door()] * 2,))
    creating.start()
    assert prepared.wait(20)
    lab.write_beside()
    others_are_done.set()
    creating.join(20)
    assert [row["number"] for row in lab.rows("door")] == [1, 2]
