"""The sample of a controller: its loop records every cycle, whatever becomes of the server meanwhile."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from plant.cycles.v1.machine_cycle_client import MachineCycleClient
from plant.tools.v1.tool_offset_client import ToolOffsetClient
from plant.tools.v1.tool_offset_pb2 import ToolOffset
from support.addresses import lasting_address
from support.cpp import sample
from support.killable import Killable, nursery
from support.plant import COMPONENTS
from toolcrib.client import Crib

# What is killed here is the process that writes to the file.
pytestmark = pytest.mark.sqlite

CYCLES = 8000
KILLS = 3
# Cycles are 1 ms; the rest is for a busy machine, and for what is written behind the last of them.
TIMEOUT_S = 120


def test_nothing_is_lost_or_doubled_where_the_server_is_killed(tmp_path: Path) -> None:
    with nursery(COMPONENTS) as servers:
        server = servers.serve(tmp_path / "plant.db", lasting_address())
        with Crib.connect(server.address, actor="ann") as crib:
            ToolOffsetClient(crib).create(ToolOffset(tool_number=1, z_offset_mm=10))
            with started(server) as controller:
                for _ in range(KILLS):
                    await_commits(crib, 3)
                    server.kill()
                    server = servers.serve(tmp_path / "plant.db", server.address)
                    crib.wait_ready()
                ToolOffsetClient(crib).update(ToolOffset(tool_number=1, z_offset_mm=11))
                report = report_of(controller)
            numbers = [int(cycle.product_id[1:]) for cycle in MachineCycleClient(crib).list(page_size=1000)]
    assert numbers == list(range(CYCLES))
    assert (report["cycles"], report["written"]) == (CYCLES, CYCLES)
    assert (report["turned_away"], report["refused"], report["unwritten"]) == (0, 0, 0)
    # It saw its tool as it was at the beginning, and as it was edited.
    assert report["tools"] == 1
    assert report["editions"] >= 2


def started(server: Killable) -> subprocess.Popen[str]:
    """The controller, once its loop runs."""
    command = [str(sample()), server.address, str(CYCLES)]
    controller = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert controller.stdout is not None
    assert controller.stdout.readline() == "running\n"
    return controller


def await_commits(crib: Crib, count: int) -> None:
    """Until so many batches were written."""
    with MachineCycleClient(crib).watch() as watch:
        for _, _ in zip(range(count), watch.commits(), strict=False):
            pass


def report_of(controller: subprocess.Popen[str]) -> Any:
    said, _ = controller.communicate(timeout=TIMEOUT_S)
    assert controller.returncode == 0, said
    return json.loads(said)
