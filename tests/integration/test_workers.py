"""`toolcrib serve --workers`: several processes on one port and one database, with the promises of one."""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plant.recipes.v1.recipe_client import RecipeClient
from plant.recipes.v1.recipe_pb2 import Recipe
from support.chain import checked
from support.command import Serving, serving, toolcrib_process
from support.plant import COMPONENTS, EXAMPLES
from toolcrib.client import AuditClient, Crib

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found by /proc")

WORKERS, WRITERS, WRITES, KILLS = 3, 6, 40, 4
TIMEOUT_S = 30.0


def children(pid: int) -> set[int]:
    """The workers of a serve."""
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def still_running(workers: set[int]) -> list[int]:
    """Those of them that there are."""
    return [pid for pid in workers if Path(f"/proc/{pid}").exists()]


@pytest.fixture
def served(database: str) -> Iterator[Serving]:
    with serving(EXAMPLES / "app.py", "--database", database, "--workers", str(WORKERS)) as running:
        yield running


def test_each_write_is_done_once_and_seen_in_order_whichever_worker_is_killed(served: Serving, database: str) -> None:
    chance = random.Random(5)
    created: list[int] = []
    seen: list[int] = []

    def write(number: int) -> None:
        # A connection of its own, which goes to one worker or another.
        with Crib.connect(served.address, actor=f"writer {number}", timeout_s=TIMEOUT_S) as crib:
            recipes = [Recipe(name=f"{number}-{count}", speed_mm_s=5) for count in range(WRITES)]
            created.extend(RecipeClient(crib).create(recipe).id for recipe in recipes)

    def follow() -> None:
        with (
            Crib.connect(served.address, timeout_s=TIMEOUT_S) as crib,
            RecipeClient(crib).watch(revision=1) as watch,
        ):
            for commit in watch.commits():
                seen.append(commit.revision)
                if len(seen) == WRITERS * WRITES + 1:
                    return

    with Crib.connect(served.address, actor="ann") as crib:
        RecipeClient(crib).create(Recipe(name="first", speed_mm_s=5))
    threads = [threading.Thread(target=write, args=(number,), daemon=True) for number in range(WRITERS)]
    threads.append(threading.Thread(target=follow, daemon=True))
    for thread in threads:
        thread.start()
    assert served.process.stderr is not None
    for _ in range(KILLS):
        os.kill(chance.choice(sorted(children(served.process.pid))), signal.SIGKILL)
        assert "ended: exit code -9" in served.process.stderr.readline()
        assert "serves in its place" in served.process.stderr.readline()
    for thread in threads:
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()
    assert len(set(created)) == WRITERS * WRITES
    assert seen == list(range(1, WRITERS * WRITES + 2))
    with Crib.connect(served.address) as crib:
        entries = list(AuditClient(crib).entries())
        assert len(entries) == len({entry.record_key for entry in entries}) == WRITERS * WRITES + 1
    assert served.stop()[0] == 0
    check = checked(database)
    assert (check.finding, check.transactions) == (None, WRITERS * WRITES + 1)


def test_all_of_them_stop_in_order_and_give_back_the_port(served: Serving) -> None:
    workers = children(served.process.pid)
    assert len(workers) == WORKERS
    code, errors = served.stop()
    assert (code, errors.splitlines()[-1]) == (0, "stopped")
    assert not still_running(workers)
    with socket.socket() as free:
        host, _, port = served.address.rpartition(":")
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind((host, int(port)))


def test_none_outlives_the_process_that_started_them(served: Serving) -> None:
    workers = children(served.process.pid)
    served.process.kill()
    end = time.monotonic() + TIMEOUT_S
    # No event tells of the end of somebody else's process.
    while still_running(workers):
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.sqlite
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_that_they_share_is_shared_with_nobody_else(served: Serving, tmp_path: Path, workers: str) -> None:
    asked = ("--address", served.address, "--database", tmp_path / "other.db", "--workers", workers)
    done = toolcrib_process("serve", COMPONENTS, *asked)
    assert done.returncode == 1
    assert f"cannot listen on {served.address}" in done.stderr


@pytest.mark.sqlite
def test_a_unix_address_cannot_be_shared(tmp_path: Path) -> None:
    done = toolcrib_process("serve", COMPONENTS, "--address", f"unix:{tmp_path}/s", "--workers", "2")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "toolcrib: several workers cannot share a unix: address; set workers to 1\n"


@pytest.mark.sqlite
def test_what_stops_the_first_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database at all" * 100)
    asked = ("--address", "127.0.0.1:0", "--database", tmp_path / "notes.txt", "--workers", "2")
    done = toolcrib_process("serve", COMPONENTS, *asked)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not a SQLite database" in done.stderr
    assert done.stderr.count("\n") == 1
