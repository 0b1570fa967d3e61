"""A gate before the writer lane: calls wait behind it until all of a test are there, and then share a commit."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_record import RecipeRecord
from plant.recipes.v1.recipe_service_pb2 import CreateRecipeRequest, ListRecipesRequest
from support.plant import Plant
from toolcrib.server import Application, Change

ANN = (("x-actor", "ann"),)


def later(method: Any, request: Any) -> Any:
    """Sends a call and goes on; the future has its answer."""
    return method.future(request, metadata=ANN)


@dataclass
class Doorkeeper:
    """The hook of an application that holds the lane."""

    entered: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def stand_in(self, application: Application) -> None:
        """Holds the create of the recipe `gate`."""

        @application.before_create(RecipeRecord)
        def hold(change: Change[RecipeRecord]) -> None:
            if change.after.name == "gate":
                self.entered.set()
                assert self.opened.wait(20)


@dataclass
class Gate:
    """Holds the writer lane until all calls of a test wait behind it."""

    crib: Plant
    database: str
    doorkeeper: Doorkeeper

    def close(self) -> None:
        """Sends the call that holds the lane, and waits until it does."""
        self.held = later(self.crib.recipes.CreateRecipe, CreateRecipeRequest(recipe=Recipe(name="gate", speed_mm_s=1)))
        assert self.doorkeeper.entered.wait(20)

    def open(self) -> None:
        """Lets the calls that wait go, all in one group."""
        # Answered by the event loop that hands calls to the lane: those that were sent before are there.
        for _ in range(3):
            self.crib.recipes.ListRecipes(ListRecipesRequest())
        self.doorkeeper.opened.set()
        self.held.result(20)
