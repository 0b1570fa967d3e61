"""Both kinds of generated client against a server as it is."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from plant.recipes.v1.recipe_client import AsyncRecipeClient, RecipeClient
from plant.recipes.v1.recipe_pb2 import Recipe
from support.both_clients import KINDS, Client, connected
from support.cutting_proxy import cutting_proxy
from support.plant import COMPONENTS
from toolcrib.audit.v1.audit_pb2 import Operation
from toolcrib.client import (
    Aborted,
    AlreadyExists,
    AsyncAuditClient,
    AuditClient,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    Unauthenticated,
)
from toolcrib.server.testing import serve


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of a server of its own."""
    with serve(COMPONENTS) as server, connected(request.param, server.address, actor="Jürgen") as connection:
        connection.run(lambda crib: crib.wait_ready())
        yield connection


def recipes(client: Client) -> Any:
    """The client of recipes."""
    return (AsyncRecipeClient if client.is_asyncio else RecipeClient)(client.crib)


def create(client: Client, name: str = "bracket") -> Recipe:
    """A recipe that is there."""
    recipe = client.run(lambda _: recipes(client).create(Recipe(name=name, speed_mm_s=120)))
    assert isinstance(recipe, Recipe)
    return recipe


def test_a_record_from_create_to_undelete(client: Client) -> None:
    recipe = create(client)
    assert client.run(lambda _: recipes(client).get(recipe.id)) == recipe
    changed = client.run(lambda _: recipes(client).update(Recipe(id=recipe.id, name="flange"), mask="name"))
    assert (changed.name, changed.speed_mm_s) == ("flange", 120)
    assert client.run(lambda _: recipes(client).delete(recipe.id, etag=changed.etag)).HasField("delete_time")
    with pytest.raises(NotFound):
        client.run(lambda _: recipes(client).get(recipe.id))
    assert client.run(lambda _: recipes(client).undelete(recipe.id)).name == "flange"


@pytest.mark.parametrize("kind", KINDS)
def test_a_write_whose_answer_is_lost_is_done_once(kind: str) -> None:
    with (
        serve(COMPONENTS) as server,
        cutting_proxy(server.address, lambda number: (1, 2)[min(number, 1)]) as proxy,
        connected(kind, proxy.address, actor="ann") as client,
    ):
        made = [create(client, name) for name in ("one", "two")]
        assert [(recipe.id, recipe.etag) for recipe in made] == [(1, "1"), (2, "2")]
        assert proxy.cuts == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_closed_client_leaves_no_connection_to_a_collection_of_garbage(kind: str) -> None:
    gc.disable()
    try:
        with serve(COMPONENTS) as server, cutting_proxy(server.address, lambda number: 1 + number) as proxy:
            with connected(kind, proxy.address, actor="ann") as client:
                create(client)
            ended = proxy.has_ended(within_s=5)
            # Else it would be waited for.
            proxy.cut_all()
    finally:
        gc.enable()
    assert ended


def test_batches_and_pages(client: Client) -> None:
    made = client.run(
        lambda _: recipes(client).batch_create(Recipe(name=f"part {number}", speed_mm_s=1) for number in range(25))
    )
    assert client.every(lambda _: recipes(client).list(page_size=7)) == list(made)
    keys = [recipe.id for recipe in made[:3]]
    assert client.run(lambda _: recipes(client).batch_get(keys)) == list(made[:3])
    changes = [(Recipe(id=keys[0], speed_mm_s=2), "speed_mm_s"), Recipe(id=keys[1], speed_mm_s=3)]
    changed = client.run(lambda _: recipes(client).batch_update(changes))
    assert [(recipe.name, recipe.speed_mm_s) for recipe in changed] == [("part 0", 2), ("part 1", 3)]
    client.run(lambda _: recipes(client).batch_delete(keys))
    assert len(client.every(lambda _: recipes(client).list())) == 22


def test_the_audit_trail_names_actor_and_reason(client: Client) -> None:
    recipe = create(client)
    other = client.viewed(lambda crib: crib.as_actor("bob").with_reason("worn insert"))
    client_of_bob = recipes(other)
    client.run(lambda _: client_of_bob.delete(recipe.id))
    audit = (AsyncAuditClient if client.is_asyncio else AuditClient)(client.crib)
    entries = client.every(lambda _: audit.entries(component="plant.recipes.v1.Recipe", record_key=str(recipe.id)))
    assert [(entry.actor, entry.reason, entry.operation) for entry in entries] == [
        ("bob", "worn insert", Operation.OPERATION_DELETE),
        ("Jürgen", "", Operation.OPERATION_CREATE),
    ]


def test_refusals_say_what_is_wrong(client: Client) -> None:
    recipe = create(client)
    with pytest.raises(InvalidArgument) as invalid:
        client.run(lambda _: recipes(client).create(Recipe(speed_mm_s=-1)))
    assert {violation.field for violation in invalid.value.violations} == {"recipe.name", "recipe.speed_mm_s"}
    with pytest.raises(AlreadyExists) as exists:
        create(client)
    assert exists.value.metadata["field"] == "name"
    with pytest.raises(Aborted):
        client.run(lambda _: recipes(client).delete(recipe.id, etag="another"))
    with pytest.raises(Unauthenticated):
        create(client.viewed(lambda crib: crib.as_actor(None)), "flange")
    client.run(lambda _: recipes(client).delete(recipe.id))
    with pytest.raises(FailedPrecondition) as deleted:
        client.run(lambda _: recipes(client).update(recipe, mask=["approved"]))
    assert deleted.value.reason == "RECORD_DELETED"
