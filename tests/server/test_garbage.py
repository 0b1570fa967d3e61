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
from toolcrib.server import Application, Change, Veto
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


def refused_by_a_constraint(crib: Plant, _: int) -> None:
    with refused(grpc.StatusCode.ALREADY_EXISTS):
        crib.recipe("first")


def refused_by_a_rule(crib: Plant, _: int) -> None:
    with refused(grpc.StatusCode.INVALID_ARGUMENT):
        crib.recipe("")


def refused_by_a_hook(crib: Plant, _: int) -> None:
    with refused(grpc.StatusCode.FAILED_PRECONDITION):
        crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=1, name="vetoed", speed_mm_s=1)))


def read_in_vain(crib: Plant, _: int) -> None:
    with refused(grpc.StatusCode.NOT_FOUND):
        crib.recipes.GetRecipe(GetRecipeRequest(id=999))


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


# A call that gRPC has aborted knows its context, which knows why it was aborted, and where.
OF_GRPC = {"NetworkCall", "Caller"}

WRITES = [create, update, delete, create_three, dry_run, repeatable]
REFUSED = [refused_by_a_constraint, refused_by_a_rule, refused_by_a_hook, read_in_vain]


@pytest.mark.parametrize("call", [*WRITES, *REFUSED, read])
def test_calls_leave_nothing_to_the_garbage_collector(call: Callable[[Plant, int], None]) -> None:
    application = Application()

    @application.before_update(RecipeRecord)
    def keep_the_name(change: Change[RecipeRecord]) -> None:
        if change.before.name != change.after.name:
            raise Veto("it is what others call it")

    with serve(COMPONENTS, application=application) as server, plant(server.address) as crib:
        crib.recipe("first")
        call(crib, TIMES)
        with garbage() as found:
            for number in range(TIMES):
                call(crib, number)
    # What the last calls have made may still be on its way; but not that of most.
    left = {name for name, count in found.items() if count >= TIMES // 2}
    assert left - (OF_GRPC if call in REFUSED else set()) == set()
