"""An error of the database in the middle of a group of calls: what its caller is told, and what others notice."""

from __future__ import annotations

import grpc

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_record import RecipeRecord
from plant.recipes.v1.recipe_service_pb2 import CreateRecipeRequest
from support.gate import Doorkeeper, Gate, later
from support.plant import COMPONENTS, plant, refused
from support.restarts import revisions
from toolcrib.server import Application, Change
from toolcrib.server.testing import serve

SECRET = "SELECT secret"


def costs_nobody_else(database: str, statement: str, code: grpc.StatusCode, reason: str) -> None:
    """Of three calls that share a commit, the one that runs `statement`, which says SECRET, is told this alone."""
    application, doorkeeper = Application(), Doorkeeper()
    doorkeeper.stand_in(application)

    @application.before_create(RecipeRecord)
    def fail(change: Change[RecipeRecord]) -> None:
        if change.after.name == "bad":
            change.transaction.session.cursor.execute(statement)

    with serve(COMPONENTS, application=application, database=database) as running, plant(running.address) as crib:
        gate = Gate(crib, running.database, doorkeeper)
        gate.close()
        requests = [CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=1)) for name in ("one", "bad", "two")]
        calls = [later(crib.recipes.CreateRecipe, request) for request in requests]
        gate.open()
        assert [calls[0].result(20).name, calls[2].result(20).name] == ["one", "two"]
        with refused(code, reason) as refusal:
            calls[1].result(20)
        assert SECRET not in refusal.message
        newest = crib.revision()
    assert revisions(database) == list(range(1, newest + 1))
