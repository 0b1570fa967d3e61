"""A database's server that is started anew beneath a Toolcrib: what nobody may notice, and what is gone on with."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from plant.recipes.v1.recipe_client import RecipeClient
from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import ListRecipesRequest, WatchRecipesRequest
from support.behind import behind
from support.chain import checked
from support.plant import COMPONENTS, plant
from support.watching import recording, shown
from toolcrib.client import Crib
from toolcrib.server.testing import serve

_WRITERS, _WRITES = 4, 30


class DatabaseServer(Protocol):
    """What can be stopped, "fast" or "immediate", and started again."""

    def start(self) -> None:
        """Starts it, and returns when it answers."""

    def stop(self, how: str = "fast") -> None:
        """Stops it."""


def revisions(database: str) -> list[int]:
    """Those of all transactions, in their order."""
    with behind(database) as connection:
        return [number for (number,) in connection.execute("SELECT revision FROM toolcrib_transaction ORDER BY 1")]


def unnoticed_while_idle(server: DatabaseServer, database: str) -> None:
    """Between two calls nobody notices it."""
    with serve(COMPONENTS, database=database) as running, plant(running.address) as crib:
        kept = crib.recipe("before")
        server.stop()
        server.start()
        assert list(crib.recipes.ListRecipes(ListRecipesRequest()).recipes) == [kept]
        assert crib.recipe("after").id == 2
        assert crib.revision() == 2


def once_under_load(server: DatabaseServer, database: str, how: str) -> None:
    """Each write of several clients is there once, and a watch tells of all of them in order."""
    total = _WRITERS * _WRITES
    with (
        serve(COMPONENTS, database=database) as running,
        Crib.connect(running.address, actor="ann", timeout_s=60) as crib,
        plant(running.address) as stubs,
        recording(stubs.recipes.WatchRecipes, WatchRecipesRequest()) as stream,
    ):
        recipes, written = RecipeClient(crib), threading.Semaphore(0)
        stream.live()

        def write(writer: int) -> None:
            for number in range(_WRITES):
                recipes.create(Recipe(name=f"{writer}-{number}", speed_mm_s=1))
                written.release()

        with ThreadPoolExecutor(_WRITERS) as pool:
            writers = [pool.submit(write, writer) for writer in range(_WRITERS)]
            for _ in range(_WRITES):
                assert written.acquire(timeout=60)
            server.stop(how)
            server.start()
            for writer in writers:
                writer.result(120)
        names = sorted(recipe.name for recipe in recipes.list(page_size=1000))
        assert names == sorted(f"{writer}-{number}" for writer in range(_WRITERS) for number in range(_WRITES))
        stream.until(total)
        assert [revision for revision, _ in shown(stream.messages)] == list(range(1, total + 1))
    assert revisions(database) == list(range(1, total + 1))
    assert checked(database).finding is None
