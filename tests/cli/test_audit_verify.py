"""`toolcrib audit verify`: says of a database, without a server, whether its audit is as it was written."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support.chain import checked
from support.command import toolcrib
from support.plant import COMPONENTS, plant
from toolcrib.server.testing import serve


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "plant.db"
    with serve(COMPONENTS, database=path) as server, plant(server.address) as crib:
        for name in "abc":
            crib.recipe(name)
    return path


def test_a_sound_database(database: Path) -> None:
    done = toolcrib("audit", "verify", "--database", f"sqlite:///{database}")
    assert done.returncode == 0, done.stderr
    assert "3 transactions with 3 entries, up to revision 3" in done.stdout
    assert checked(database).head.hex() in done.stdout


def test_a_database_that_is_being_written_to(database: Path) -> None:
    with serve(COMPONENTS, database=database) as server, plant(server.address) as crib:
        crib.recipe("d")
        done = toolcrib("audit", "verify", "--database", f"sqlite:///{database}", "--json")
    assert json.loads(done.stdout) == {
        "ok": True,
        "revision": 4,
        "head": checked(database).head.hex(),
        "transactions": 4,
        "entries": 4,
        "pruned_transactions": 0,
        "pruned_entries": 0,
        "pruned_signed_by": None,
        "finding": None,
        "checkpoints": [],
    }


def test_a_row_that_is_altered(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE toolcrib_audit SET after_image = x'00' WHERE revision = 2")
    done = toolcrib("audit", "verify", "--database", f"sqlite:///{database}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "revision 2, entry 0: altered" in done.stderr
    found = json.loads(toolcrib("audit", "verify", "--database", f"sqlite:///{database}", "--json").stdout)
    assert (found["ok"], found["revision"]) == (False, 2)
    assert (found["finding"]["revision"], found["finding"]["ordinal"], found["finding"]["fault"]) == (2, 0, "altered")


def test_nothing_is_written(database: Path) -> None:
    before = database.read_bytes()
    toolcrib("audit", "verify", "--database", f"sqlite:///{database}")
    assert database.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "says"), [(None, "is no file"), (b"no database", "cannot be read"), (b"", "is no database of Toolcrib")]
)
def test_what_cannot_be_verified_is_one_line(tmp_path: Path, content: bytes | None, says: str) -> None:
    if content is not None:
        (tmp_path / "x.db").write_bytes(content)
    done = toolcrib("audit", "verify", "--database", f"sqlite:///{tmp_path / 'x.db'}")
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_older_layout_says_what_to_do(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE toolcrib_meta SET value = x'32' WHERE name = 'layout_version'")
    assert "serve it once" in toolcrib("audit", "verify", "--database", f"sqlite:///{database}").stderr
