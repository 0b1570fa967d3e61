"""Optimistic locking (AIP-154): an etag that is named must be the record's current one, on every path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import (
    BatchDeleteRecipesRequest,
    BatchUpdateRecipesRequest,
    DeleteRecipeRequest,
    UndeleteRecipeRequest,
    UpdateRecipeRequest,
)
from plant.tools.v1.tool_offset_pb2 import ToolOffset
from plant.tools.v1.tool_offset_service_pb2 import UpdateToolOffsetRequest
from support.plant import Plant, refused


def change(key: int, etag: str, mask: str = "speed_mm_s") -> UpdateRecipeRequest:
    return UpdateRecipeRequest(
        recipe=Recipe(id=key, name="bracket", speed_mm_s=7, etag=etag), update_mask=FieldMask(paths=[mask])
    )


PATHS: dict[str, Callable[[Plant, int, str], Any]] = {
    "update": lambda crib, key, etag: crib.recipes.UpdateRecipe(change(key, etag)),
    "replace": lambda crib, key, etag: crib.recipes.UpdateRecipe(change(key, etag, "*")),
    "batch update": lambda crib, key, etag: crib.recipes.BatchUpdateRecipes(
        BatchUpdateRecipesRequest(requests=[change(crib.recipe("other").id, ""), change(key, etag)])
    ),
    "delete": lambda crib, key, etag: crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=key, etag=etag)),
    "batch delete": lambda crib, key, etag: crib.recipes.BatchDeleteRecipes(
        BatchDeleteRecipesRequest(
            requests=[DeleteRecipeRequest(id=crib.recipe("other").id), DeleteRecipeRequest(id=key, etag=etag)]
        )
    ),
}


@pytest.mark.parametrize("path", PATHS)
def test_a_stale_one_is_refused_and_nothing_is_written(crib: Plant, path: str) -> None:
    recipe = crib.recipe()
    current = crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=recipe.id, speed_mm_s=2)))
    with refused(grpc.StatusCode.ABORTED, "ETAG_MISMATCH") as refusal:
        PATHS[path](crib, recipe.id, recipe.etag)
    assert refusal.metadata["etag"] == current.etag
    assert refusal.metadata.get("index") == ("1" if path.startswith("batch") else None)
    assert len(crib.entries(component="plant.recipes.v1.Recipe", record_key="1")) == 2


@pytest.mark.parametrize("path", PATHS)
def test_the_current_one_is_taken(crib: Plant, path: str) -> None:
    recipe = crib.recipe()
    PATHS[path](crib, recipe.id, recipe.etag)
    assert crib.entries(component="plant.recipes.v1.Recipe", record_key="1")[-1].revision > int(recipe.etag)


def test_an_undelete_asks_for_that_of_the_deleted_record(crib: Plant) -> None:
    recipe = crib.recipe()
    deleted = crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=recipe.id))
    with refused(grpc.StatusCode.ABORTED, "ETAG_MISMATCH"):
        crib.recipes.UndeleteRecipe(UndeleteRecipeRequest(id=recipe.id, etag=recipe.etag))
    crib.recipes.UndeleteRecipe(UndeleteRecipeRequest(id=recipe.id, etag=deleted.etag))


def test_a_stale_one_is_refused_also_where_nothing_would_change(crib: Plant) -> None:
    recipe = crib.recipe()
    with refused(grpc.StatusCode.ABORTED, "ETAG_MISMATCH"):
        crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=recipe.id, name=recipe.name, etag="99")))


def test_an_upsert_with_one_means_a_record_that_is_there(crib: Plant) -> None:
    tool = ToolOffset(tool_number=4, pocket=1, etag="7")
    with refused(grpc.StatusCode.ABORTED, "ETAG_MISMATCH") as refusal:
        crib.tools.UpdateToolOffset(UpdateToolOffsetRequest(tool_offset=tool, allow_missing=True))
    assert refusal.metadata["etag"] == ""
    assert crib.entries() == []
