"""Checkpoints and evidence bundles: made, verified, and tampered with."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import DeleteRecipeRequest, UpdateRecipeRequest
from plant.tools.v1.tool_offset_pb2 import ToolOffset
from plant.tools.v1.tool_offset_service_pb2 import CreateToolOffsetRequest
from support.command import toolcrib
from support.plant import COMPONENTS, plant
from toolcrib.server.testing import serve

RECIPE = "plant.recipes.v1.Recipe"
NASTY = '=1+1"><script>alert(1)</script>\u202e'


@pytest.fixture(scope="module")
def plant_database(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A database with six revisions, and the folder of a key."""
    folder = tmp_path_factory.mktemp("evidence")
    database = folder / "plant.db"
    with serve(COMPONENTS, database=database) as server, plant(server.address) as crib:
        crib.recipe("bracket")
        crib.recipe(NASTY)
        crib.recipes.UpdateRecipe(
            UpdateRecipeRequest(recipe=Recipe(id=1, speed_mm_s=99.5)),
            metadata=(("x-actor", "bob"), ("x-change-reason-bin", NASTY.encode())),
        )
        crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=2)))
        crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=2))
        crib.recipe("axle")
    assert toolcrib("audit", "key", "--out", folder / "audit.key").returncode == 0
    return database, folder


@pytest.fixture
def database(plant_database: tuple[Path, Path], tmp_path: Path) -> Path:
    return Path(shutil.copy(plant_database[0], tmp_path / "plant.db"))


@pytest.fixture
def key(plant_database: tuple[Path, Path]) -> Path:
    return plant_database[1] / "audit.key"


def url(database: Path) -> str:
    return f"sqlite:///{database}"


def run(*arguments: str | Path) -> str:
    done = toolcrib("audit", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def fails(*arguments: str | Path) -> str:
    """What a command says that ends with exit code 1, and one line."""
    done = toolcrib("audit", *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    return done.stderr


@pytest.fixture
def checkpoint(database: Path, key: Path, tmp_path: Path) -> Path:
    out = tmp_path / "checkpoint.json"
    run("checkpoint", "--database", url(database), "--key", key, "--out", out)
    return out


def change(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


class TestAKey:
    def test_is_readable_by_its_owner_only_and_never_overwritten(self, tmp_path: Path) -> None:
        run("key", "--out", tmp_path / "k")
        content = (tmp_path / "k").read_bytes()
        if sys.platform != "win32":
            assert (tmp_path / "k").stat().st_mode & 0o077 == 0
        assert b"PRIVATE" in content
        assert b"PRIVATE" not in (tmp_path / "k.pub").read_bytes()
        assert "exists" in fails("key", "--out", tmp_path / "k")
        assert (tmp_path / "k").read_bytes() == content


class TestACheckpoint:
    def test_is_passed_by_what_it_was_made_of_also_when_more_was_written(
        self, database: Path, checkpoint: Path, key: Path
    ) -> None:
        with serve(COMPONENTS, database=database) as server, plant(server.address) as crib:
            crib.recipe("later")
        arguments = ("verify", "--database", url(database), "--checkpoint", checkpoint, "--key", f"{key}.pub")
        assert "passed the checkpoint at revision 6" in run(*arguments)

    def test_of_a_server_is_that_of_its_database(self, database: Path, key: Path, tmp_path: Path) -> None:
        out = tmp_path / "c.json"
        with serve(COMPONENTS, database=database) as server:
            run("checkpoint", "--server", server.address, "--key", key, "--out", out)
        run("verify", "--database", url(database), "--checkpoint", out)
        assert json.loads(out.read_text())["revision"] == 6

    def test_finds_a_tail_that_is_cut(self, database: Path, checkpoint: Path) -> None:
        change(
            database,
            "DELETE FROM toolcrib_audit WHERE revision > 4",
            "DELETE FROM toolcrib_transaction WHERE revision > 4",
            "UPDATE toolcrib_sequence SET last_value = 4 WHERE name = 'revision'",
        )
        run("verify", "--database", url(database))
        said = fails("verify", "--database", url(database), "--checkpoint", checkpoint)
        assert "revision 5, the transaction: missing" in said

    def test_finds_another_chain(self, database: Path, checkpoint: Path, tmp_path: Path) -> None:
        with serve(COMPONENTS, database=tmp_path / "other.db") as server, plant(server.address) as crib:
            for number in range(7):
                crib.recipe(f"r{number}")
        said = fails("verify", "--database", url(tmp_path / "other.db"), "--checkpoint", checkpoint)
        assert "revision 6, the transaction: altered" in said

    @pytest.mark.parametrize("field", ["revision", "hash", "time", "public_key", "signature", "format"])
    def test_that_is_altered_is_refused(self, database: Path, checkpoint: Path, field: str) -> None:
        values = json.loads(checkpoint.read_text())
        for value in (1, "00" * 32, "", None):
            checkpoint.write_text(json.dumps(values | {field: value}))
            fails("verify", "--database", url(database), "--checkpoint", checkpoint)
        del values[field]
        checkpoint.write_text(json.dumps(values))
        assert "no checkpoint" in fails("verify", "--database", url(database), "--checkpoint", checkpoint)

    def test_of_another_key_is_refused_where_one_is_trusted(
        self, database: Path, checkpoint: Path, tmp_path: Path
    ) -> None:
        run("key", "--out", tmp_path / "mine")
        said = fails("verify", "--database", url(database), "--checkpoint", checkpoint, "--key", tmp_path / "mine.pub")
        assert "was signed with the key" in said

    def test_is_not_made_of_a_broken_chain(self, database: Path, key: Path, tmp_path: Path) -> None:
        change(database, "UPDATE toolcrib_transaction SET actor = 'x' WHERE revision = 2")
        said = fails("checkpoint", "--database", url(database), "--key", key, "--out", tmp_path / "c.json")
        assert "revision 2" in said
        assert not (tmp_path / "c.json").exists()

    @pytest.mark.parametrize("content", [None, b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
    def test_needs_a_key(self, database: Path, tmp_path: Path, content: bytes | None) -> None:
        if content is not None:
            (tmp_path / "k").write_bytes(content)
        fails("checkpoint", "--database", url(database), "--key", tmp_path / "k", "--out", tmp_path / "c.json")


@pytest.fixture
def bundle(database: Path, tmp_path: Path) -> Path:
    """The whole audit, not signed."""
    out = tmp_path / "bundle"
    run("export", "--database", url(database), "--components", COMPONENTS, "--out", out)
    return out


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


class Cells(HTMLParser):
    """The tags and the texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


class TestABundle:
    def test_is_sound_without_the_database(self, database: Path, bundle: Path) -> None:
        database.unlink()
        said = run("verify", "--bundle", bundle)
        assert "6 transactions with 6 entries, up to revision 6" in said
        assert "All transactions and entries" in said
        assert "not signed" in said

    def test_is_read_by_people_in_tables(self, bundle: Path) -> None:
        transactions, entries = rows_of(bundle / "transactions.csv"), rows_of(bundle / "entries.csv")
        assert [row["revision"] for row in transactions] == ["1", "2", "3", "4", "5", "6"]
        assert transactions[2]["actor"] == "bob"
        assert transactions[2]["actor_source"] == "metadata"
        assert entries[2]["changes"] == "speed_mm_s: 120.0 → 99.5"
        assert (entries[2]["component"], entries[2]["operation"]) == (RECIPE, "update")

    def test_holds_no_formulas_and_no_markup_of_somebody_elses(self, bundle: Path) -> None:
        assert rows_of(bundle / "transactions.csv")[2]["reason"] == f"'{NASTY}"
        text = (bundle / "report.html").read_text("utf-8")
        page = Cells(text)
        assert "script" not in page.tags
        assert NASTY.replace("\u202e", "�") in page.texts
        assert "\u202e" not in text
        assert "counter(page)" in text
        assert "sound: 6 transactions with 6 entries, up to revision 6" in page.texts

    def test_without_components_tells_how_large_records_are(self, database: Path, tmp_path: Path) -> None:
        run("export", "--database", url(database), "--out", tmp_path / "b")
        assert rows_of(tmp_path / "b" / "entries.csv")[0]["changes"].startswith("after: ")

    def test_that_is_signed_says_by_whom(self, database: Path, key: Path, tmp_path: Path, checkpoint: Path) -> None:
        out = tmp_path / "signed"
        run("export", "--database", url(database), "--out", out, "--key", key)
        said = run("verify", "--bundle", out, "--key", f"{key}.pub", "--checkpoint", checkpoint)
        assert "the bundle is signed with the key" in said
        run("key", "--out", tmp_path / "mine")
        assert "was signed with" in fails("verify", "--bundle", out, "--key", tmp_path / "mine.pub")
        manifest = json.loads((out / "manifest.json").read_text())
        (out / "manifest.json").write_text(json.dumps(manifest | {"proves": "everything"}))
        assert "signature does not hold" in fails("verify", "--bundle", out)

    def test_that_is_not_signed_is_refused_where_a_key_is_trusted(self, bundle: Path, key: Path) -> None:
        assert "is not signed" in fails("verify", "--bundle", bundle, "--key", f"{key}.pub")

    @pytest.mark.parametrize("name", ["chain.jsonl", "entries.csv", "transactions.csv", "report.html"])
    def test_names_a_file_that_is_altered_missing_or_extra(self, bundle: Path, name: str) -> None:
        content = (bundle / name).read_bytes()
        (bundle / name).write_bytes(content + b"\n")
        assert f"{name} was altered" in fails("verify", "--bundle", bundle)
        (bundle / name).unlink()
        assert f"{name} is missing" in fails("verify", "--bundle", bundle)
        (bundle / name).write_bytes(content)
        (bundle / "more.txt").write_text("x")
        assert "more.txt is extra" in fails("verify", "--bundle", bundle)

    def test_of_a_broken_chain_is_not_made(self, database: Path, tmp_path: Path) -> None:
        change(database, "UPDATE toolcrib_transaction SET actor = 'x' WHERE revision = 2")
        assert "revision 2" in fails("export", "--database", url(database), "--out", tmp_path / "b")
        assert not (tmp_path / "b").exists()

    def test_goes_into_a_new_folder(self, database: Path, bundle: Path) -> None:
        assert "is not empty" in fails("export", "--database", url(database), "--out", bundle)


class TestAPart:
    @pytest.mark.parametrize(
        ("arguments", "revisions", "entries"),
        [
            (["--component", RECIPE], [1, 2, 3, 5, 6], 5),
            (["--component", RECIPE, "--record", "1"], [1, 3], 2),
            (["--actor", "bob"], [3], 1),
            (["--revision", "2..4"], [2, 3, 4], 3),
            (["--since", "1h"], [1, 2, 3, 4, 5, 6], 6),
            (["--until", "1h"], [], 0),
        ],
    )
    def test_shows_what_it_was_asked_for_and_proves_its_place(
        self, database: Path, tmp_path: Path, arguments: list[str], revisions: list[int], entries: int
    ) -> None:
        out = tmp_path / "part"
        run("export", "--database", url(database), "--out", out, *arguments)
        assert [int(row["revision"]) for row in rows_of(out / "transactions.csv")] == revisions
        assert len(rows_of(out / "entries.csv")) == entries
        found = json.loads(run("verify", "--bundle", out, "--json"))
        assert (found["ok"], found["transactions"], found["entries"]) == (True, 6, 6)
        assert found["bundle"]["is_part"]
        assert found["bundle"]["proves"].startswith("A part")
        shown = [line for line in map(json.loads, (out / "chain.jsonl").open()) if "digest" not in line]
        assert len(shown) == len(revisions) + entries

    def test_keeps_back_what_it_does_not_show(self, database: Path, tmp_path: Path) -> None:
        run("export", "--database", url(database), "--out", tmp_path / "part", "--actor", "bob")
        everything = b"".join(path.read_bytes() for path in (tmp_path / "part").iterdir())
        assert b"ToolOffset" not in everything
        assert b"axle" not in everything


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("filters", [(), ("--component", RECIPE)], ids=["whole", "part"])
def test_a_chain_that_is_tampered_with_is_found_though_the_manifest_is_made_to_fit(
    plant_database: tuple[Path, Path], tmp_path: Path, filters: tuple[str, ...], data: st.DataObject
) -> None:
    original = tmp_path / "original"
    if not original.exists():
        run("export", "--database", url(plant_database[0]), "--out", original, *filters)
    lines = [json.loads(line) for line in (original / "chain.jsonl").open()]
    index = data.draw(st.integers(0, len(lines) - 1))
    kind = data.draw(st.sampled_from(["alter", "remove", "swap", "repeat", "cut"]))
    if kind == "alter":
        name = data.draw(st.sampled_from(sorted(set(lines[index]) - {"kind"})))
        old = lines[index][name]
        # Of what has no wrong form.
        lines[index][name] = old + 1 if isinstance(old, int) else ("00" * 32 if name in ("hash", "digest") else "eA==")
    elif kind == "remove":
        del lines[index]
    elif kind == "swap":
        other = data.draw(st.integers(0, len(lines) - 1).filter(lambda each: each != index))
        lines[index], lines[other] = lines[other], lines[index]
    elif kind == "repeat":
        lines.insert(index, lines[index])
    else:
        del lines[index:]
    copy = tmp_path / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(original, copy)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (copy / "chain.jsonl").write_text(text)
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"]["chain.jsonl"] = sha256(text.encode()).hexdigest()
    (copy / "manifest.json").write_text(json.dumps(manifest))
    done = toolcrib("audit", "verify", "--bundle", copy)
    assert done.returncode == 1, (kind, index, lines[index] if index < len(lines) else None)
    assert done.stderr.count("\n") == 1


def test_verifying_needs_no_grpc_server(bundle: Path) -> None:
    """In a process of its own, as an auditor would."""
    done = subprocess.run(
        [sys.executable, "-m", "toolcrib.cli", "audit", "verify", "--bundle", str(bundle)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
