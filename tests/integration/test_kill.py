"""kill -9 under concurrent writers: what was acknowledged is there with its audit entry, and nothing is half there."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from sqlalchemy import MetaData
from sqlalchemy.dialects import sqlite

from plant.cycles.v1.machine_cycle_mapping import machine_cycle_from_row
from plant.cycles.v1.machine_cycle_pb2 import MachineCycle
from plant.cycles.v1.machine_cycle_service_pb2 import BatchCreateMachineCyclesRequest, CreateMachineCycleRequest
from plant.cycles.v1.machine_cycle_table import machine_cycle_table
from plant.tools.v1.tool_offset_mapping import tool_offset_from_row
from plant.tools.v1.tool_offset_pb2 import ToolOffset
from plant.tools.v1.tool_offset_service_pb2 import (
    BatchCreateToolOffsetsRequest,
    CreateToolOffsetRequest,
    DeleteToolOffsetRequest,
    UpdateToolOffsetRequest,
)
from plant.tools.v1.tool_offset_table import tool_offset_table
from support.chain import checked
from support.killable import Nursery, nursery
from support.plant import COMPONENTS, Plant, cycle, plant
from toolcrib.server.statements import RowReader

# What is killed here is the process that writes to the file.
pytestmark = pytest.mark.sqlite

KILLS = 200
WRITERS = 6
BATCH = 5


@dataclass(frozen=True)
class Kind:
    """How a component's records are read behind the server's back."""

    message: type[Message]
    table: str
    columns: RowReader
    from_row: Callable[[Sequence[Any]], Message]


KINDS = {
    "plant.tools.v1.ToolOffset": Kind(
        ToolOffset,
        "tool_offset",
        RowReader(tool_offset_table(MetaData()).columns, sqlite.dialect()),
        tool_offset_from_row,
    ),
    "plant.cycles.v1.MachineCycle": Kind(
        MachineCycle,
        "machine_cycle",
        RowReader(machine_cycle_table(MetaData()).columns, sqlite.dialect()),
        machine_cycle_from_row,
    ),
}
TOOL, CYCLE = KINDS
# A component and a record's key in it.
Place = tuple[str, int]


@pytest.fixture(scope="module")
def servers() -> Iterator[Nursery]:
    with nursery(COMPONENTS) as started:
        yield started


class Writer(threading.Thread):
    """Writes until its server is gone, and remembers what was acknowledged: the etags of records."""

    def __init__(self, crib: Plant, first_key: int, acknowledged: dict[Place, int], seed: int) -> None:
        super().__init__()
        self._crib = crib
        self._next_key = first_key
        self._acknowledged = acknowledged
        self._random = random.Random(seed)
        self._mine: list[int] = []
        self.writes = 0

    def run(self) -> None:
        with suppress(grpc.RpcError):
            while True:
                self._write()
                self.writes += 1

    def _write(self) -> None:
        choice = self._random.random()
        if choice < 0.2:
            created = self._crib.cycles.CreateMachineCycle(CreateMachineCycleRequest(machine_cycle=cycle()))
            self._acknowledged[CYCLE, created.id] = int(created.etag)
        elif choice < 0.3:
            cycles = [CreateMachineCycleRequest(machine_cycle=cycle())] * BATCH
            for created in self._crib.cycles.BatchCreateMachineCycles(
                BatchCreateMachineCyclesRequest(requests=cycles)
            ).machine_cycles:
                self._acknowledged[CYCLE, created.id] = int(created.etag)
        elif choice < 0.5 or not self._mine:
            tool = ToolOffset(tool_number=self._take())
            self._note(self._crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=tool)))
        elif choice < 0.6:
            tools = [CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=self._take())) for _ in range(BATCH)]
            answer = self._crib.tools.BatchCreateToolOffsets(BatchCreateToolOffsetsRequest(requests=tools))
            for tool in answer.tool_offsets:
                self._note(tool)
        elif choice < 0.9:
            tool = ToolOffset(tool_number=self._random.choice(self._mine), z_offset_mm=self._random.random())
            self._note(self._crib.tools.UpdateToolOffset(UpdateToolOffsetRequest(tool_offset=tool)))
        else:
            key = self._mine.pop(self._random.randrange(len(self._mine)))
            deleted = self._crib.tools.DeleteToolOffset(DeleteToolOffsetRequest(tool_number=key))
            self._acknowledged[TOOL, key] = int(deleted.etag)

    def _take(self) -> int:
        self._next_key += 1
        return self._next_key

    def _note(self, tool: ToolOffset) -> None:
        self._mine.append(tool.tool_number)
        self._acknowledged[TOOL, tool.tool_number] = int(tool.etag)


def verify(database: Path, acknowledged: dict[Place, int]) -> None:
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = {
            (name, row[0]): row
            for name, kind in KINDS.items()
            for row in connection.execute(f"SELECT * FROM {kind.table}")
        }
        entries = connection.execute(
            "SELECT revision, component, record_key, before_image, after_image FROM toolcrib_audit "
            "ORDER BY revision, ordinal"
        ).fetchall()
        former = connection.execute(
            "SELECT tool_number, toolcrib_start_revision, toolcrib_end_revision FROM tool_offset_history"
        ).fetchall()
        commits = connection.execute("SELECT revision FROM toolcrib_transaction ORDER BY revision").fetchall()
        last = connection.execute("SELECT last_value FROM toolcrib_sequence WHERE name = 'revision'").fetchone()[0]
    # What was acknowledged is there, at that revision or at a later one whose answer was lost.
    assert all(rows[place][-1] >= revision for place, revision in acknowledged.items())
    # The audit trail, replayed, is the tables: no record without its entry, no entry without its record.
    replayed: dict[Place, bytes] = {}
    for _, name, key, before, after in entries:
        assert replayed.get((name, int(key))) == before
        replayed[name, int(key)] = after
    stored = {place: KINDS[place[0]].from_row(KINDS[place[0]].columns.read(row)) for place, row in rows.items()}
    assert stored == {place: KINDS[place[0]].message.FromString(image) for place, image in replayed.items()}
    # Revisions have no gaps, and each has its entries.
    revisions = [commit[0] for commit in commits]
    assert revisions == list(range(1, last + 1))
    assert {entry[0] for entry in entries} == set(revisions)
    # Each version is there once, from its own commit to that of the next.
    versions: dict[Place, list[int]] = {}
    for revision, name, key, _, _ in entries:
        versions.setdefault((name, int(key)), []).append(revision)
    tools = [(key, *both) for (name, key), at in versions.items() if name == TOOL for both in pairwise(at)]
    assert sorted(former) == sorted(tools)
    # They are one chain, to the last.
    chain = checked(database)
    assert chain.finding is None
    assert (chain.revision, chain.entries) == (last, len(entries))


def test_200_kills_under_concurrent_writers_lose_nothing_and_leave_nothing_half(
    servers: Nursery, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201  # to repeat a failure
    chance = random.Random(seed)
    written = 0
    for number in range(KILLS):
        # Several kills to a database, so that recovery meets what an earlier one left; a fresh one keeps checks quick.
        if number % 10 == 0:
            database, acknowledged, key = tmp_path / f"{number}.db", dict[Place, int](), 0
        server = servers.serve(database)
        with plant(server.address) as crib:
            writers = [
                Writer(crib, key + index * 15_000, acknowledged, chance.randrange(2**32)) for index in range(WRITERS)
            ]
            for writer in writers:
                writer.start()
            time.sleep(chance.uniform(0.0, 0.15))  # when the power goes is not an event one could await
            server.kill()
            for writer in writers:
                writer.join()
        written += sum(writer.writes for writer in writers)
        key += 700
        verify(database, acknowledged)
    assert written > KILLS * 5
