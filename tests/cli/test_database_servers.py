"""The commands that need no server, on PostgreSQL and on MariaDB: what they find, and what they say of the rest."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import (
    BatchCreateRecipesRequest,
    CreateRecipeRequest,
    DeleteRecipeRequest,
    UpdateRecipeRequest,
)
from support.behind import behind
from support.command import toolcrib
from support.mariadb import is_left_out
from support.plant import COMPONENTS, plant
from toolcrib.server.databases import postgresql_audit
from toolcrib.server.testing import serve

FREE = ("--address", "127.0.0.1:0")
# Where nobody listens, with a password.
UNREACHABLE = ["postgresql://ann:hush@127.0.0.1:1/plant", "mariadb://ann:hush@127.0.0.1:1/plant"]


@pytest.fixture(params=["postgresql", "mariadb"])
def own(request: pytest.FixtureRequest) -> str:
    """An empty database of each."""
    if request.param == "mariadb" and is_left_out():
        pytest.skip("MariaDB is not installed: .ci/mariadb does it")
    return str(request.getfixturevalue({"postgresql": "own_database", "mariadb": "maria_database"}[request.param]))


@pytest.fixture
def written(own: str) -> str:
    with serve(COMPONENTS, database=own) as running, plant(running.address) as crib:
        # Of more than one page of the cursor, and with what PostgreSQL cannot hold as it is.
        recipes = [Recipe(name=f"recipe {number}", speed_mm_s=1) for number in range(600)]
        items = [CreateRecipeRequest(recipe=recipe) for recipe in recipes]
        crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=items))
        odd = crib.recipe("\0\1\2 odd")
        crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=odd.id, speed_mm_s=7)))
        crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=odd.id))
    return own


class TestAudit:
    def test_is_verified_with_its_records_and_exported(self, written: str, tmp_path: Path) -> None:
        done = toolcrib("audit", "verify", "--database", written, "--records", "--components", COMPONENTS, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        found = json.loads(done.stdout)
        assert (found["ok"], found["revision"], found["records"]["compared"]) == (True, 4, 601)
        assert toolcrib("audit", "export", "--database", written, "--out", tmp_path / "evidence").returncode == 0
        assert toolcrib("audit", "verify", "--bundle", tmp_path / "evidence").returncode == 0

    def test_is_signed_and_held_to_its_checkpoint(self, written: str, tmp_path: Path) -> None:
        toolcrib("audit", "key", "--out", tmp_path / "key")
        signed = ("--key", tmp_path / "key", "--out", tmp_path / "signed.json")
        assert toolcrib("audit", "checkpoint", "--database", written, *signed).returncode == 0
        verified = toolcrib("audit", "verify", "--database", written, "--checkpoint", tmp_path / "signed.json")
        assert "passed the checkpoint at revision 4" in verified.stdout

    @pytest.mark.parametrize(
        ("tampering", "place"),
        [
            ("UPDATE toolcrib_transaction SET actor = 'eve' WHERE revision = 3", (3, None)),
            (
                "UPDATE toolcrib_transaction SET commit_time = commit_time + INTERVAL '0.000001' SECOND "
                "WHERE revision = 3",
                (3, None),
            ),
            ("UPDATE toolcrib_audit SET after_image = x'00' WHERE revision = 3", (3, 0)),
            ("DELETE FROM toolcrib_audit WHERE revision = 3", (3, None)),
        ],
    )
    def test_that_was_tampered_with_is_found(self, written: str, tampering: str, place: tuple[int, int | None]) -> None:
        with behind(written) as connection:
            connection.execute(tampering)
        done = toolcrib("audit", "verify", "--database", written, "--json")
        finding = json.loads(done.stdout)["finding"]
        assert done.returncode == 1
        assert finding["revision"] == place[0]

    def test_of_a_record_that_was_written_past_the_server_is_found(self, written: str) -> None:
        with behind(written) as connection:
            connection.execute("UPDATE recipe SET speed_mm_s = 2 WHERE id = 5")
        done = toolcrib("audit", "verify", "--database", written, "--records", "--components", COMPONENTS, "--json")
        assert json.loads(done.stdout)["records"]["finding"]["record_key"] == "5"

    def test_of_a_database_that_is_not_toolcribs_is_told(self, own: str) -> None:
        done = toolcrib("audit", "verify", "--database", own)
        assert done.returncode == 1
        assert "is no database of Toolcrib" in done.stderr


def found_by_doctor(database: str, folder: Path) -> dict[str, str]:
    done = toolcrib("doctor", *FREE, "--database", database, "--json", cwd=folder)
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert "disk" not in checks
    found: dict[str, str] = checks["database"]
    return found


class TestDoctor:
    def test_an_empty_database_and_one_that_loses_commits_in_a_power_cut(self, own: str, tmp_path: Path) -> None:
        assert "will be filled by the first start" in found_by_doctor(own, tmp_path)["found"]
        with serve(COMPONENTS, database=own) as running, plant(running.address) as crib:
            crib.recipe()
        # What is tested on waits for no disk, which nobody should have elsewhere.
        setting = "fsync" if own.startswith("postgresql") else "innodb_flush_log_at_trx_commit"
        assert setting in found_by_doctor(own, tmp_path)["remedy"]

    def test_the_connections_to_one_in_use(self, own_database: str, tmp_path: Path) -> None:
        with serve(COMPONENTS, database=own_database) as running, plant(running.address) as crib:
            crib.recipe()
            used = found_by_doctor(own_database, tmp_path)
            # The one that writes and the one that listens; others come with what needs them.
            assert re.search(r"of 397 connections Toolcrib has [2-7], 0 of them busy, and others have 0", used["found"])

    def test_one_that_has_hardly_any_connections_left(
        self, own_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(postgresql_audit, "_CONNECTIONS_LEFT_MIN", 397)
        with serve(COMPONENTS, database=own_database), behind(own_database):
            found = found_by_doctor(own_database, tmp_path)
        assert found["found"].count("and others have 1") == 1
        assert "raise max_connections" in found["remedy"]

    def test_another_applications(self, own: str, tmp_path: Path) -> None:
        with behind(own) as connection:
            connection.execute("CREATE TABLE notes (text TEXT)")
        found = found_by_doctor(own, tmp_path)["found"]
        assert "belongs to another application (it has the table notes)" in found

    @pytest.mark.parametrize("url", UNREACHABLE)
    def test_one_that_cannot_be_reached_without_its_password(self, tmp_path: Path, url: str) -> None:
        found = found_by_doctor(url, tmp_path)
        assert "cannot be read" in found["found"]
        assert found["remedy"]
        assert "hush" not in str(found)


class TestServe:
    @pytest.mark.parametrize("url", UNREACHABLE)
    def test_says_in_a_line_why_a_database_cannot_be_opened(self, url: str) -> None:
        done = toolcrib("serve", COMPONENTS, *FREE, "--database", url)
        assert done.returncode == 1
        assert f"cannot connect to {url.replace('hush', '***')}" in done.stderr
        assert done.stderr.count("\n") == 1
        assert "hush" not in done.stderr

    @pytest.mark.parametrize(("kind", "driver"), [("postgresql", "psycopg"), ("mariadb", "pymysql")])
    def test_names_the_command_that_installs_the_driver(
        self, monkeypatch: pytest.MonkeyPatch, kind: str, driver: str
    ) -> None:
        monkeypatch.delitem(sys.modules, f"toolcrib.server.databases.{kind}", raising=False)
        monkeypatch.setitem(sys.modules, driver, None)
        done = toolcrib("serve", COMPONENTS, *FREE, "--database", f"{kind}://localhost/plant")
        assert done.returncode == 1
        assert f"pip install 'toolcrib[{kind}]'" in done.stderr

    def test_asks_for_connections_for_its_lanes(self, own: str) -> None:
        done = toolcrib("serve", COMPONENTS, *FREE, "--database", own, "--reader-lanes", "20")
        assert done.returncode == 1
        assert "raise it to 26, or lower reader_lanes" in done.stderr
