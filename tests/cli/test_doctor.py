"""`toolcrib doctor`: finds what is wrong, says the remedy, and harms nothing."""

from __future__ import annotations

import json
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement as Specification
from sqlalchemy import make_url

from support.command import Serving, toolcrib
from support.plant import COMPONENTS
from toolcrib.cli import checks
from toolcrib.cli.check_server import check_database
from toolcrib.cli.requirements import Requirement, requirements
from toolcrib.server.databases.backend import Backend
from toolcrib.server.databases.choice import backend_for
from toolcrib.server.databases.limits import Limits

FREE = ("--address", "127.0.0.1:0")


def examined(*arguments: str | Path, cwd: Path, **environment: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and the checks by their names."""
    done = toolcrib("doctor", "--json", *arguments, cwd=cwd, **environment)
    answer = json.loads(done.stdout)
    assert answer["ok"] is (done.returncode == 0)
    return done.returncode, {check["name"]: check for check in answer["checks"]}


def test_a_sound_project(tmp_path: Path) -> None:
    toolcrib("init", ".", cwd=tmp_path)
    code, found = examined(*FREE, cwd=tmp_path)
    assert code == 0, found
    names = ["python", "libraries", "protoc", "cache", "settings", "components", "database", "disk", "address"]
    assert list(found) == names
    assert not (tmp_path / "toolcrib.db").exists()


def test_for_people_each_line_is_marked(tmp_path: Path) -> None:
    (tmp_path / "toolcrib.toml").write_text("queue_max = 0\n")
    done = toolcrib("doctor", cwd=tmp_path)
    assert done.returncode == 1
    marks = [line[0] for line in done.stdout.splitlines()]
    assert marks == ["✓", "✓", "✓", "✓", "✗", " "]
    assert "→ toolcrib.toml: queue_max must be" in done.stdout


def test_a_folder_without_a_project_is_nothing_wrong(tmp_path: Path) -> None:
    code, found = examined(*FREE, cwd=tmp_path)
    assert code == 0
    assert "components" not in found


def test_components_that_cannot_be_served(tmp_path: Path) -> None:
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "x.proto").write_text("nonsense\n")
    code, found = examined(*FREE, cwd=tmp_path)
    assert code == 1
    assert "x.proto:1:1" in found["components"]["remedy"]


def test_a_misspelt_variable(tmp_path: Path) -> None:
    code, found = examined(*FREE, cwd=tmp_path, TOOLCRIB_ADRESS="127.0.0.1:1")
    assert code == 1
    assert "TOOLCRIB_ADDRESS" in found["environment"]["remedy"]


def test_a_port_that_another_program_has(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, found = examined("--address", f"127.0.0.1:{taken.getsockname()[1]}", cwd=tmp_path)
    assert code == 1
    assert "another program has" in found["address"]["found"]


def test_an_address_of_another_machine(tmp_path: Path) -> None:
    code, found = examined("--address", "192.0.2.1:50051", cwd=tmp_path)
    assert code == 1
    assert "--address" in found["address"]["remedy"]


def test_a_server_that_runs_is_well(example: Serving, tmp_path: Path) -> None:
    code, found = examined(
        COMPONENTS, "--address", example.address, "--database", example.announced["database"], cwd=tmp_path
    )
    assert code == 0, found
    assert found["address"]["found"] == f"a Toolcrib answers at {example.address}"
    assert "is sound, revision 0" in found["database"]["found"]


def found_at(path: Path) -> Backend:
    return backend_for(str(path), Limits())


class TestDatabase:
    def test_another_applications(self, tmp_path: Path) -> None:
        path = tmp_path / "other.db"
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE notes (text)")
        assert "belongs to another application (it has the table notes)" in check_database(found_at(path)).found

    def test_no_database(self, tmp_path: Path) -> None:
        path = tmp_path / "notes.txt"
        path.write_text("no database " * 1000)
        check = check_database(found_at(path))
        assert "not a database" in check.found
        assert not check.is_ok

    def test_an_empty_file(self, tmp_path: Path) -> None:
        path = tmp_path / "empty.db"
        path.touch()
        assert check_database(found_at(path)).is_ok

    def test_one_whose_first_start_did_not_come_to_its_end(self, tmp_path: Path) -> None:
        path = tmp_path / "begun.db"
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE toolcrib_meta (name TEXT PRIMARY KEY, value BLOB)")
        check = check_database(found_at(path))
        assert check.is_ok
        assert "the next one will" in check.found

    def test_a_newer_one(self, example: Serving) -> None:
        path = Path(str(make_url(example.announced["database"]).database))
        example.stop()
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE toolcrib_meta SET value = '99' WHERE name = 'layout_version'")
        assert "newer" in check_database(found_at(path)).found

    def test_a_damaged_one(self, example: Serving) -> None:
        path = Path(str(make_url(example.announced["database"]).database))
        example.stop()
        content = bytearray(path.read_bytes())
        content[4096 : 4096 * 6] = b"\xaa" * (4096 * 5)
        path.write_bytes(content)
        assert not check_database(found_at(path)).is_ok

    def test_a_url_that_is_none(self, tmp_path: Path) -> None:
        code, found = examined(*FREE, "--database", "oracle://plant", cwd=tmp_path)
        assert code == 1
        assert "sqlite" in found["database"]["remedy"]

    def test_a_folder_in_its_place(self, tmp_path: Path) -> None:
        assert not check_database(found_at(tmp_path)).is_ok


class TestLibraries:
    def test_those_of_this_environment_will_do(self) -> None:
        names = {requirement.specification.name for requirement in requirements()}
        assert {"grpcio", "sqlalchemy", "typer", "grpcio-tools"} <= names
        assert "pytest" not in names
        assert all(requirement.is_met() for requirement in requirements())

    def test_one_that_is_missing_or_old_is_named_with_the_command(self, monkeypatch: pytest.MonkeyPatch) -> None:
        wanted = Specification("sqlalchemy>=2.1,<2.2")
        monkeypatch.setattr(checks, "requirements", lambda: [Requirement(wanted, "2.0.1"), Requirement(wanted, None)])
        old, missing = checks.check_libraries()
        assert old.found == "sqlalchemy 2.0.1"
        assert missing.found == "sqlalchemy is missing"
        assert old.remedy == missing.remedy == "pip install 'sqlalchemy<2.2,>=2.1'"
