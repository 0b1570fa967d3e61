"""`toolcrib serve`: starts, says so, and stops in order."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from support.behind import behind
from support.command import Serving, serving, toolcrib, toolcrib_process
from support.plant import COMPONENTS, EXAMPLES, plant

SLOW_APPLICATION = """
import time
from plant.recipes.v1.recipe_record import RecipeRecord
from toolcrib.server import Application
app = Application()

@app.before_create(RecipeRecord)
def take_long(change):
    open({started!r}, "w").close()
    time.sleep(1.0)
"""


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that cannot do it says: one line on stderr, exit code 1, no traceback."""
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_in_order(example: Serving, number: signal.Signals) -> None:
    with plant(example.address) as crib:
        crib.recipe()
    code, errors = example.stop(number)
    assert code == 0
    assert errors.splitlines()[-1] == "stopped"
    assert "Traceback" not in errors


def test_one_that_does_not_start_leaves_the_signals_as_they_were(database: str) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert toolcrib("serve", COMPONENTS, "--database", database, "--address", f"127.0.0.1:{port}").returncode == 1
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_a_call_in_flight_is_finished_when_it_stops(tmp_path: Path, database: str) -> None:
    started = tmp_path / "started"
    (tmp_path / "app.py").write_text(SLOW_APPLICATION.format(started=str(started)))
    (tmp_path / "components").symlink_to(COMPONENTS)
    with serving("--database", database, cwd=tmp_path) as running, plant(running.address) as crib:
        answers: list[object] = []
        caller = threading.Thread(target=lambda: answers.append(crib.recipe("late")))
        caller.start()
        while not started.exists():
            time.sleep(0.01)
        assert running.stop()[0] == 0
        caller.join()
        assert len(answers) == 1
    with behind(database) as connection:
        assert connection.execute("SELECT name FROM recipe").fetchall() == [("late",)]


def test_for_people_it_says_where_and_how(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "toolcrib.cli", "serve", str(EXAMPLES / "app.py"), "--address", "127.0.0.1:0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.terminate()
        rest = process.stdout.read()
    address = first.removeprefix("serving on ").strip()
    assert int(address.removeprefix("127.0.0.1:")) > 0
    assert f"toolcrib audit --server {address}" in rest
    assert "x-actor of the call" in rest
    assert "plant.recipes.v1.Recipe" in rest


def test_for_scripts_it_is_one_line(example: Serving) -> None:
    assert set(example.announced) == {"address", "database", "components", "tls", "pid"}
    assert example.announced["pid"] == example.process.pid
    assert example.announced["tls"] is False


def test_a_port_in_use_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert f"cannot listen on {address}" in one_line(toolcrib("serve", COMPONENTS, "--address", address))


def test_a_database_of_another_kind_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database at all" * 100)
    line = one_line(toolcrib("serve", COMPONENTS, "--address", "127.0.0.1:0", "--database", tmp_path / "notes.txt"))
    assert "not a SQLite database" in line


def test_an_open_address_without_tls_is_one_line() -> None:
    assert "allow_insecure_bind" in one_line(toolcrib("serve", COMPONENTS, "--address", "0.0.0.0:0"))


def test_a_wrong_setting_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "toolcrib.toml").write_text("queue_max = 0\n")
    assert "toolcrib.toml: queue_max" in one_line(toolcrib("serve", COMPONENTS, cwd=tmp_path))


def test_nothing_to_serve_is_one_line(tmp_path: Path) -> None:
    assert "toolcrib init" in one_line(toolcrib("serve", cwd=tmp_path))


def test_an_app_without_an_application_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "components").symlink_to(COMPONENTS)
    (tmp_path / "app.py").write_text("application = 1\n")
    assert "no Application called 'app'" in one_line(toolcrib_process("serve", cwd=tmp_path))


def test_settings_reach_the_server(tmp_path: Path) -> None:
    (tmp_path / "toolcrib.toml").write_text('database = "other.db"\n')
    with serving(COMPONENTS, "--default-actor", "line 3", "--no-trust-metadata", cwd=tmp_path) as running:
        with plant(running.address) as crib:
            crib.recipe()
            assert [entry.actor for entry in crib.entries()] == ["line 3"]
        assert json.dumps(running.announced["database"]) == '"other.db"'
    assert (tmp_path / "other.db").is_file()
