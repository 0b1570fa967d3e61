"""What calls leave behind is freed when they are over: collections of garbage would keep all callers waiting."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc
import pytest

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_record import RecipeRecord
from plant.recipes.v1.recipe_service_pb2 import (
    BatchCreateRecipesRequest,
    CreateRecipeRequest,
    DeleteRecipeRequest,
    GetRecipeRequest,
    ListRecipesRequest,
    UpdateRecipeRequest,
)
from support.plant import COMPONENTS, Plant, plant, refused
from toolcrib.server import Application, Change
from toolcrib.server.testing import serve

TIMES = 20


def create(crib: Plant, number: int) -> None:
    crib.recipe(f"created {number}")


def update(crib: Plant, number: int) -> None:
    crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=1, name="first", speed_mm_s=number + 2)))


def delete(crib: Plant, number: int) -> None:
    crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=crib.recipe(f"deleted {number}").id))


def create_three(crib: Plant, number: int) -> None:
    requests = [CreateRecipeRequest(recipe=Recipe(name=f"{number}, {each}", speed_mm_s=1)) for each in range(3)]
    crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=requests))


def dry_run(crib: Plant, number: int) -> None:
    recipe = Recipe(name=f"tried {number}", speed_mm_s=1)
    crib.recipes.CreateRecipe(CreateRecipeRequest(recipe=recipe, validate_only=True))


def repeatable(crib: Plant, number: int) -> None:
    recipe = Recipe(name=f"repeatable {number}", speed_mm_s=1)
    crib.recipes.CreateRecipe(CreateRecipeRequest(recipe=recipe, request_id=f"request-{number}"))


def read(crib: Plant, _: int) -> None:
    crib.recipes.GetRecipe(GetRecipeRequest(id=1))
    crib.recipes.ListRecipes(ListRecipesRequest())


@contextmanager
def garbage() -> Iterator[Counter[str]]:
    """What is not freed within unless a collection does it, of Toolcrib's own types."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found.update(type(one).__qualname__ for one in gc.garbage if type(one).__module__.startswith("toolcrib."))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("call", [create, update, delete, create_three, dry_run, repeatable, read])
def test_calls_leave_nothing_to_the_garbage_collector(call: Callable[[Plant, int], None]) -> None:
    application = Application()

    @application.before_update(RecipeRecord)
    def look(change: Change[RecipeRecord]) -> None:
        assert change.before.name == change.after.name

    with serve(COMPONENTS, application=application) as server, plant(server.address) as crib:
        crib.recipe("first")
        call(crib, TIMES)
        with garbage() as found:
            for number in range(TIMES):
                call(crib, number)
    # Something may lie about by chance, once; but not for each call.
    assert {name: count for name, count in found.items() if count >= TIMES} == {}


def test_a_refused_write_leaves_no_records_to_the_garbage_collector() -> None:
    with serve(COMPONENTS) as server, plant(server.address) as crib:
        crib.recipe("first")
        with garbage() as found:
            for _ in range(TIMES):
                with refused(grpc.StatusCode.ALREADY_EXISTS):
                    crib.recipe("first")
    assert found["Transaction"] < TIMES
