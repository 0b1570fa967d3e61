"""`toolcrib migrate`: what it says, what it refuses, and what scripts are told."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import UpdateRecipeRequest
from support.behind import behind
from support.command import toolcrib
from support.evolving import Evolving, forge, part
from support.plant import COMPONENTS, plant
from toolcrib.server.migration import migration
from toolcrib.server.migration.copying import copy_rows
from toolcrib.server.testing import serve


@pytest.fixture
def source(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'plant.db'}"
    with serve(COMPONENTS, database=url) as running, plant(running.address) as crib:
        for number in range(5):
            crib.recipe(f"recipe {number}")
        crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=1, speed_mm_s=7)))
    return url


@pytest.fixture
def target(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'moved' / 'plant.db'}"


def migrate(source: str, target: str, *words: str) -> subprocess.CompletedProcess[str]:
    return toolcrib("migrate", COMPONENTS, "--from", source, "--to", target, *words)


def refusal(source: str, target: str, *words: str) -> str:
    """The one line that it is refused with."""
    done = migrate(source, target, *words)
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def doctor(database: str, folder: Path) -> dict[str, Any]:
    """What doctor says of a database."""
    told = toolcrib("doctor", "--address", "127.0.0.1:0", "--database", database, "--json", cwd=folder)
    return next(check for check in json.loads(told.stdout)["checks"] if check["name"] == "database")


def write_to(database: str, name: str) -> None:
    with serve(COMPONENTS, database=database) as running, plant(running.address) as crib:
        crib.recipe(name)


class TestMoving:
    def test_tells_what_was_done_and_the_records_are_there(self, source: str, own_database: str) -> None:
        done = migrate(source, own_database)
        assert done.returncode == 0, done.stderr
        first, *others = done.stdout.splitlines()
        assert "up to revision 6" in first
        assert others[0] == "all of them were compared, and the chain of the audit is the same"
        verified = toolcrib("audit", "verify", "--database", own_database, "--records", "--components", COMPONENTS)
        assert "5 records are as the audit says" in verified.stdout
        with serve(COMPONENTS, database=own_database) as running, plant(running.address) as crib:
            assert crib.recipe("next").id == 6

    def test_tells_scripts_the_count_and_the_content_of_each_table(self, source: str, target: str) -> None:
        done = json.loads(migrate(source, target, "--json").stdout)
        assert (done["from"], done["to"], done["finished"], done["revision"]) == (source, target, True, 6)
        tables = {table.pop("name"): table for table in done["tables"]}
        assert {name: tables["recipe"][name] for name in ("rows", "written", "removed")} == {
            "rows": 5,
            "written": 5,
            "removed": 0,
        }
        assert len(tables["recipe"]["sha256"]) == 64
        again = json.loads(migrate(source, target, "--json").stdout)
        assert again["head"] == done["head"]
        assert [table["sha256"] for table in again["tables"]] == [table["sha256"] for table in tables.values()]
        assert {table["written"] for table in again["tables"]} == {0}

    def test_passes_the_checkpoints_that_were_signed_before(self, source: str, target: str, tmp_path: Path) -> None:
        toolcrib("audit", "key", "--out", tmp_path / "key")
        signed = ("--key", tmp_path / "key", "--out", tmp_path / "signed.json")
        toolcrib("audit", "checkpoint", "--database", source, *signed)
        migrate(source, target)
        verified = toolcrib("audit", "verify", "--database", target, "--checkpoint", tmp_path / "signed.json")
        assert "passed the checkpoint at revision 6" in verified.stdout

    def test_only_says_what_it_would_do_when_dry(self, source: str, target: str) -> None:
        done = migrate(source, target, "--dry-run")
        assert done.returncode == 0, done.stderr
        assert "           5  recipe\n" in done.stdout
        assert "would be filled" in done.stdout
        assert "nothing was changed" in done.stdout
        assert not Path(target.removeprefix("sqlite:///")).exists()
        told = json.loads(migrate(source, target, "--dry-run", "--json").stdout)
        assert (told["dry_run"], told["resumed"], told["revision"]) == (True, False, 6)
        assert told["bytes"] > 0
        assert {"name": "recipe", "rows": 5} in told["tables"]
        migrate(source, target)
        assert json.loads(migrate(source, target, "--dry-run", "--json").stdout)["resumed"]

    def test_fills_a_database_that_was_served_but_never_written_to(self, source: str, own_database: str) -> None:
        with serve(COMPONENTS, database=own_database):
            pass
        assert migrate(source, own_database).returncode == 0

    def test_shows_no_password(self, source: str) -> None:
        told = refusal(source, "postgresql://ann:hush@127.0.0.1:1/plant")
        assert "cannot connect to postgresql://ann:***@127.0.0.1:1/plant" in told
        assert "hush" not in told


class TestACopyThatIsNotFinished:
    def test_is_no_sound_database_to_doctor_which_says_how_to_go_on(
        self, source: str, own_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(*_: Any) -> Any:
            raise KeyboardInterrupt

        monkeypatch.setattr(migration, "check_rows", interrupted)
        assert migrate(source, own_database).returncode != 0
        monkeypatch.undo()
        found = doctor(own_database, tmp_path)
        assert not found["ok"]
        assert f"is an unfinished copy of {tmp_path / 'plant.db'}" in found["found"]
        assert f"run `toolcrib migrate --from {tmp_path / 'plant.db'} --to " in found["remedy"]
        assert migrate(source, own_database).returncode == 0
        assert " is sound, revision 6" in doctor(own_database, tmp_path)["found"]


class TestASourceThatIsWrittenTo:
    def test_leaves_a_copy_that_is_not_served_until_the_same_is_run_again(
        self, source: str, target: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def copied_meanwhile(*given: Any) -> Any:
            done = copy_rows(*given)
            write_to(source, "new")
            return done

        monkeypatch.setattr(migration, "copy_rows", copied_meanwhile)
        done = migrate(source, target)
        assert done.returncode == 3
        assert done.stderr == (
            f"toolcrib: {source} was written to meanwhile: stop its servers, and run the same again for what is new\n"
        )
        monkeypatch.undo()
        served = toolcrib("serve", COMPONENTS, "--address", "127.0.0.1:0", "--database", target)
        assert served.returncode == 1
        assert "is an unfinished copy of" in served.stderr
        assert migrate(source, target).returncode == 0
        write_to(target, "next")


class TestRefusals:
    def test_a_target_with_a_past_of_its_own(self, source: str, target: str) -> None:
        write_to(target, "mine")
        assert "has a past of its own, up to revision 1; name an empty database" in refusal(source, target)
        assert "has a past of its own" in refusal(source, source)

    def test_a_target_of_another_application(self, source: str, own_database: str) -> None:
        with behind(own_database) as connection:
            connection.execute("CREATE TABLE notes (text TEXT)")
        assert "belongs to another application (it has the table notes" in refusal(source, own_database)

    def test_a_source_that_is_not_there_or_is_none(self, target: str, tmp_path: Path) -> None:
        assert "there is no database at" in refusal(str(tmp_path / "none.db"), target)
        (tmp_path / "empty.db").touch()
        assert "is no database of Toolcrib" in refusal(str(tmp_path / "empty.db"), target)

    def test_a_source_of_an_older_layout(self, source: str, target: str) -> None:
        with behind(source) as connection:
            connection.execute("UPDATE toolcrib_meta SET value = x'34' WHERE name = 'layout_version'")
        assert "is of layout 4" in refusal(source, target)

    def test_an_unfinished_copy_as_a_source(self, source: str, target: str, tmp_path: Path) -> None:
        migrate(source, target)
        with behind(target) as connection:
            marker = "CAST(replace(CAST(value AS TEXT), 'true', 'false') AS BLOB)"
            connection.execute(f"UPDATE toolcrib_meta SET value = {marker} WHERE name = 'migration'")
        assert "is an unfinished copy of" in refusal(target, str(tmp_path / "third.db"))

    def test_tables_of_no_component_unless_they_are_left_behind(self, source: str, target: str) -> None:
        with behind(source) as connection:
            connection.execute("CREATE TABLE notes (text TEXT)")
        told = refusal(source, target)
        assert "has the table notes, which belongs to none of the components" in told
        assert told.endswith("--leave-behind notes\n")
        assert "there is no table note " in refusal(source, target, "--leave-behind", "note")
        assert "there is no table recipe " in refusal(
            source, target, "--leave-behind", "recipe", "--leave-behind", "notes"
        )
        assert migrate(source, target, "--leave-behind", "notes").returncode == 0

    def test_a_disk_without_room(self, source: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
        class Usage(NamedTuple):
            free: int

        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free=1000))
        assert "has room for 0; free some, or name a place that has more" in refusal(source, target)


@pytest.fixture(scope="module")
def forged() -> Iterator[subprocess.Popen[str]]:
    with forge() as process:
        yield process


@pytest.fixture
def shop(forged: subprocess.Popen[str], tmp_path: Path) -> Evolving:
    return Evolving(forged, tmp_path, tmp_path / "shop.db")


class TestASourceWhoseSchemaIsBehind:
    def test_is_refused_until_it_is_applied_there(self, shop: Evolving, tmp_path: Path) -> None:
        target = str(tmp_path / "moved.db")
        shop.declare(part("string name = 2"))
        shop.serve(("create", {"name": "a"}))
        shop.declare(part("string name = 2", "optional int32 size = 3"))
        told = shop.migrate(target)
        assert told.code == 1
        assert "is not what the components declare: add part.size" in told.errors
        assert "see `toolcrib schema plan`" in told.errors
        shop.apply()
        assert shop.migrate(target).code == 0
        shop.declare(part("string name = 2", "optional int32 size = 3", "optional int32 grade = 4"))
        shop.apply()
        assert "the components have changed since" in shop.migrate(target).errors


class TestAProcess:
    @pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
    def test_that_is_killed_anywhere_leaves_what_the_next_one_finishes(
        self, shop: Evolving, kind: str, request: pytest.FixtureRequest, tmp_path: Path
    ) -> None:
        shop.declare(part("string name = 2"))
        shop.serve(*[("create", {"name": str(number)}) for number in range(4)], ("update", {"id": 2, "name": "x"}))
        target = str(tmp_path / "moved.db") if kind == "sqlite" else request.getfixturevalue("own_database")
        # The same copy again and again: each is killed somewhat later than where the one before it was.
        number = 1
        while shop.migrate_killed_at(target, number):
            number += 11
        assert number > 30
        done = shop.migrate(target)
        assert done.code == 0, done.errors
        assert "; 0 were written" in done.out
        assert json.loads(toolcrib("audit", "verify", "--database", target, "--json").stdout)["ok"]
