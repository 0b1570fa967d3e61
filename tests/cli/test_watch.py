"""`toolcrib watch`: shows what is committed, as it is committed."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import DeleteRecipeRequest, UpdateRecipeRequest
from support.command import COMMAND, toolcrib
from support.plant import COMPONENTS, plant
from toolcrib.server.testing import RunningServer, serve

RECIPE = "plant.recipes.v1.Recipe"


@contextmanager
def watching(address: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [*COMMAND, "watch", "--server", address, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest, errors) == (130, "", "")


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.fixture
def served() -> Iterator[RunningServer]:
    with serve(COMPONENTS) as running:
        yield running


def test_each_change_in_json_for_scripts(served: RunningServer) -> None:
    with plant(served.address) as crib:
        first = crib.recipe("first")
        with watching(served.address, RECIPE, "--json", "--filter", "speed_mm_s > 100", "--revision", "1") as process:
            seen = [json.loads(line(process))]
            metadata = (("x-actor", "bob"), ("x-change-reason", "too fast"))
            slower = UpdateRecipeRequest(recipe=Recipe(id=first.id, speed_mm_s=50))
            crib.recipes.UpdateRecipe(slower, metadata=metadata)
            seen.append(json.loads(line(process)))
    created, left = seen
    assert (created["kind"], created["component"], created["record"], created["before"]) == (
        "created",
        RECIPE,
        "1",
        None,
    )
    assert (left["kind"], left["revision"], left["actor"], left["reason"]) == ("left", 2, "bob", "too fast")
    assert left["actor_source"] == "metadata"
    assert (left["before"]["speed_mm_s"], left["after"]["speed_mm_s"]) == (120, 50)
    assert left["method"] == "/plant.recipes.v1.RecipeService/UpdateRecipe"
    assert left["time"].endswith("+00:00")


def test_a_snapshot_and_lines_for_people(served: RunningServer) -> None:
    with plant(served.address) as crib:
        crib.recipe("[red]first\x1b[2J")
        with watching(served.address, "--snapshot") as process:
            existing = line(process)
            crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=1, speed_mm_s=50)))
            updated = line(process)
            crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=1))
            deleted = line(process)
    assert existing.startswith(f'existing  {RECIPE}  id: 1, name: "[red]first')
    assert "\x1b" not in existing
    assert "speed_mm_s: 120.0 → 50.0" in updated
    assert f"delete  {RECIPE}  1" in deleted


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--filter", "id = 1"], "--filter"),
        ([RECIPE, "plant.tools.v1.ToolOffset", "--filter", "id = 1"], "--filter"),
        (["--snapshot", "--revision", "1"], "--snapshot"),
        (["plant.recipes.v1.Recipes"], "did you mean"),
        ([RECIPE, "--filter", "x = 1"], "there is no field 'x'"),
        (["--revision", "7"], "the newest is 0"),
    ],
)
def test_a_refusal_is_one_line(served: RunningServer, arguments: list[str], says: str) -> None:
    done = toolcrib("watch", "--server", served.address, *arguments)
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
