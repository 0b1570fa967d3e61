"""`toolcrib serve --schema-wait`, and `toolcrib schema` over gRPC: a server that waits for its schema, as processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.behind import behind
from support.command import Serving, serving, toolcrib
from support.evolving import part, write_components

PACKAGE = "waiting.v1"
ALLOW = ["--allow", "drop:part.note"]
WAIT = ["--schema-wait", "--health-interval-s", "0.05"]


@pytest.fixture
def components(tmp_path: Path, database: str) -> Path:
    """Components that the database has more fields than."""
    write_components(tmp_path / "before", {PACKAGE: part("string name = 2", "string note = 3")})
    write_components(tmp_path / "after", {PACKAGE: part("string name = 2")})
    with serving(tmp_path / "before", "--database", database) as running:
        running.stop()
    return tmp_path / "after"


def next_line(running: Serving) -> Any:
    assert running.process.stdout is not None
    return json.loads(running.process.stdout.readline())


def test_a_plan_is_read_and_applied_over_grpc_as_without_a_server(components: Path, database: str) -> None:
    with serving(components, "--database", database, *WAIT) as running:
        assert "--allow drop:part.note" in running.announced["waiting"]
        here, there = [components, "--database", database], ["--server", running.address]
        for words in ([], ["--json"], ["--detailed-exitcode"], ALLOW):
            planned = [toolcrib("schema", "plan", *where, *words) for where in (here, there)]
            assert planned[0].stdout == planned[1].stdout
            assert [done.returncode for done in planned] == [2 if "--detailed-exitcode" in words else 0] * 2
        for words in ([], ["--json"], ["--etag", "of another"], ["--allow", "drop:part"]):
            refused = [toolcrib("schema", "apply", *where, *words) for where in (here, there)]
            assert (refused[0].stdout, refused[0].stderr) == (refused[1].stdout, refused[1].stderr)
            assert [done.returncode for done in refused] == [1, 1]
        assert "SCHEMA_PENDING" in toolcrib("audit", *there).stderr
        etag = json.loads(toolcrib("schema", "plan", *there, "--json").stdout)["etag"]
        words = [*ALLOW, "--etag", etag, "--actor", "bob", "--reason", "ECN-1183"]
        applied = toolcrib("schema", "apply", *there, *words)
        assert (applied.returncode, applied.stderr) == (0, "")
        assert "applied as schema 2" in applied.stdout
        assert next_line(running)["address"] == running.address
        again = toolcrib("schema", "apply", *there, *words)
        assert (again.returncode, again.stdout.count("there is nothing to do")) == (0, 1)
        assert toolcrib("audit", *there).returncode == 0
        versions = toolcrib("schema", "versions", *there).stdout
        assert "by bob (/toolcrib.schema.v1.SchemaService/ApplySchema)" in versions
        assert versions == toolcrib("schema", "versions", "--database", database).stdout
        assert running.stop()[0] == 0


def test_workers_begin_once_the_plan_was_applied_without_them(components: Path, database: str) -> None:
    with serving(components, "--database", database, "--workers", "2", *WAIT) as running:
        assert "waiting" in running.announced
        assert toolcrib("schema", "apply", components, "--database", database, *ALLOW).returncode == 0
        assert next_line(running)["address"] == running.address
        assert toolcrib("audit", "--server", running.address).returncode == 0
        assert running.stop()[0] == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_stops_in_order_while_it_waits(components: Path, database: str, workers: str) -> None:
    with serving(components, "--database", database, "--workers", workers, *WAIT) as running:
        code, errors = running.stop()
        assert (code, errors.splitlines()[-1]) == (0, "stopped")
        assert "Traceback" not in errors
    with behind(database) as connection:
        assert connection.execute("SELECT note FROM part").fetchall() == []


def test_a_server_and_a_target_are_not_mixed(components: Path) -> None:
    done = toolcrib("schema", "plan", components, "--server", "127.0.0.1:1")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "a server knows its components" in done.stderr
