"""`toolcrib audit verify --records`: what somebody has written past the server."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from plant.cycles.v1.machine_cycle_service_pb2 import CreateMachineCycleRequest, DeleteMachineCycleRequest
from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import DeleteRecipeRequest, UndeleteRecipeRequest, UpdateRecipeRequest
from support.command import toolcrib
from support.lab import COMPONENTS as LAB
from support.lab import generated, served
from support.messages import messages
from support.plant import COMPONENTS, cycle, plant
from toolcrib.server.testing import serve

RECIPE = "plant.recipes.v1.Recipe"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records that were created, changed, deleted softly and for good, and created again."""
    database = tmp_path_factory.mktemp("records") / "plant.db"
    with serve(COMPONENTS, database=database) as server, plant(server.address) as crib:
        for name in ("a", "b", "c", "d"):
            crib.recipe(name)
        crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=1, speed_mm_s=2)))
        for key in (2, 3):
            crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=key))
        crib.recipes.UndeleteRecipe(UndeleteRecipeRequest(id=3))
        for _ in range(2):
            crib.cycles.CreateMachineCycle(CreateMachineCycleRequest(machine_cycle=cycle()))
        crib.cycles.DeleteMachineCycle(DeleteMachineCycleRequest(id=1))
    return database


@pytest.fixture
def database(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(written, tmp_path / "plant.db"))


def arguments(database: Path, components: Path = COMPONENTS) -> tuple[str, ...]:
    return ("audit", "verify", "--database", f"sqlite:///{database}", "--records", "--components", str(components))


def test_what_the_server_wrote_agrees(database: Path) -> None:
    done = toolcrib(*arguments(database))
    assert done.returncode == 0, done.stderr
    assert "records" in done.stdout
    found = json.loads(toolcrib(*arguments(database), "--json").stdout)
    assert found["records"]["compared"] >= 5
    assert found["records"]["finding"] is None


@pytest.mark.parametrize(
    ("statement", "key", "fault"),
    [
        ("UPDATE recipe SET speed_mm_s = 99 WHERE id = 1", f"{RECIPE} 1", "altered"),
        ("UPDATE recipe SET toolcrib_revision = 99 WHERE id = 4", f"{RECIPE} 4", "altered"),
        ("UPDATE recipe SET delete_time = NULL WHERE id = 2", f"{RECIPE} 2", "altered"),
        ("UPDATE recipe SET delete_time = update_time WHERE id = 3", f"{RECIPE} 3", "altered"),
        ("DELETE FROM recipe WHERE id = 2", f"{RECIPE} 2", "missing"),
        ("UPDATE recipe SET id = 77 WHERE id = 1", f"{RECIPE} 77", "extra"),
        ("UPDATE machine_cycle SET id = 1", "plant.cycles.v1.MachineCycle 1", "extra"),
        ("DELETE FROM machine_cycle", "plant.cycles.v1.MachineCycle 2", "missing"),
    ],
)
def test_what_was_written_past_the_server_is_named(database: Path, statement: str, key: str, fault: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        assert connection.execute(statement).rowcount == 1
    done = toolcrib(*arguments(database))
    assert done.returncode == 1
    assert f"{key}: {fault}" in done.stderr
    assert done.stderr.count("\n") == 1
    found = json.loads(toolcrib(*arguments(database), "--json").stdout)
    assert found["ok"] is False
    assert found["records"]["finding"]["fault"] == fault


def test_values_of_every_type_agree(tmp_path: Path) -> None:
    database = tmp_path / "lab.db"
    kind = generated("lab.robots.v1.robot_pb2", "Robot")
    with served(database=database) as lab:
        robots = lab.client("lab.robots.v1.robot", "Robot")

        @settings(max_examples=100, deadline=None)
        @given(messages(kind, without=frozenset({"id"})), messages(kind, without=frozenset({"id"})))
        def write(first: Any, second: Any) -> None:
            second.id = robots.create(first).id
            robots.update(second, mask="*")

        write()
    done = toolcrib(*arguments(database, LAB))
    assert done.returncode == 0, done.stderr


def test_it_needs_the_components(database: Path) -> None:
    done = toolcrib("audit", "verify", "--database", f"sqlite:///{database}", "--records", "--components", "nowhere")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "nowhere is no folder" in done.stderr
