"""The generated clients: which method each call is, with which request, and what it answers."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from plant.cycles.v1 import machine_cycle_client
from plant.cycles.v1 import machine_cycle_service_pb2 as cycle_service
from plant.recipes.v1 import recipe_client
from plant.recipes.v1 import recipe_service_pb2 as recipe_service
from plant.recipes.v1.recipe_pb2 import Recipe
from support.both_clients import Client
from support.fake_server import FakeServer, Received, failure
from toolcrib.client import NotFound
from toolcrib.codegen import Target, generate

BRACKET = Recipe(id=7, name="bracket")
FLANGE = Recipe(id=8, name="flange")

COMPOSITE = """
syntax = "proto3";
package shop.racks.v1;
import "toolcrib/options/v1/options.proto";
message Slot {
  option (toolcrib.options.v1.component) = {key_fields: ["rack", "place"]};
  string rack = 1;
  int32 place = 2;
  string tool = 3;
}
"""


def of(module: ModuleType, name: str, client: Client) -> Any:
    """The generated client of this kind."""
    return getattr(module, f"Async{name}Client" if client.is_asyncio else f"{name}Client")(client.crib)


def recipes(client: Client) -> Any:
    """The client of recipes."""
    return of(recipe_client, "Recipe", client)


def assert_sent(server: FakeServer, method: str, request: Message) -> None:
    """The last call was this one; a write has an id besides, unless the test says which."""
    received = server.received[-1]
    assert received.method.rpartition("/")[2] == method
    seen: Any = type(request).FromString(received.request)
    if "request_id" in seen.DESCRIPTOR.fields_by_name and not getattr(request, "request_id", ""):
        assert seen.request_id
        seen.ClearField("request_id")
    assert seen == request


def test_create(client: Client, server: FakeServer) -> None:
    server.will_answer(BRACKET)
    assert client.run(lambda _: recipes(client).create(Recipe(name="bracket"))) == BRACKET
    assert_sent(server, "CreateRecipe", recipe_service.CreateRecipeRequest(recipe=Recipe(name="bracket")))
    assert server.received[-1].method == "/plant.recipes.v1.RecipeService/CreateRecipe"


def test_get(client: Client, server: FakeServer) -> None:
    server.will_answer(BRACKET)
    assert client.run(lambda _: recipes(client).get(7, show_deleted=True)) == BRACKET
    assert_sent(server, "GetRecipe", recipe_service.GetRecipeRequest(id=7, show_deleted=True))


def test_list_goes_through_all_pages(client: Client, server: FakeServer) -> None:
    first = recipe_service.ListRecipesResponse(recipes=[BRACKET], next_page_token="more")
    server.will_answer(first, recipe_service.ListRecipesResponse(recipes=[FLANGE]))
    assert client.every(lambda _: recipes(client).list(page_size=1, show_deleted=True)) == [BRACKET, FLANGE]
    second = recipe_service.ListRecipesRequest(page_size=1, page_token="more", show_deleted=True)
    assert_sent(server, "ListRecipes", second)
    assert len(server.received) == 2


def test_list_page_is_one_page(client: Client, server: FakeServer) -> None:
    page = recipe_service.ListRecipesResponse(recipes=[BRACKET], next_page_token="more", revision=3)
    server.will_answer(page)
    assert client.run(lambda _: recipes(client).list_page(page_token="token")) == page
    assert_sent(server, "ListRecipes", recipe_service.ListRecipesRequest(page_token="token"))


@pytest.mark.parametrize(
    ("mask", "paths"),
    [
        (["name", "approved"], ["name", "approved"]),
        (("name",), ["name"]),
        ("name", ["name"]),
        ("name, approved", ["name", "approved"]),
        ("*", ["*"]),
    ],
)
def test_update_with_a_mask(client: Client, server: FakeServer, mask: Any, paths: list[str]) -> None:
    server.will_answer(BRACKET)
    client.run(lambda _: recipes(client).update(BRACKET, mask=mask))
    request = recipe_service.UpdateRecipeRequest(recipe=BRACKET, update_mask=FieldMask(paths=paths))
    assert_sent(server, "UpdateRecipe", request)


def test_update_without_a_mask(client: Client, server: FakeServer) -> None:
    server.will_answer(BRACKET)
    assert client.run(lambda _: recipes(client).update(BRACKET, allow_missing=True)) == BRACKET
    request = recipe_service.UpdateRecipeRequest(recipe=BRACKET, allow_missing=True)
    assert_sent(server, "UpdateRecipe", request)


def test_delete_and_undelete(client: Client, server: FakeServer) -> None:
    server.will_answer(BRACKET)
    assert client.run(lambda _: recipes(client).delete(7, etag="a", allow_missing=True)) == BRACKET
    assert_sent(server, "DeleteRecipe", recipe_service.DeleteRecipeRequest(id=7, etag="a", allow_missing=True))
    assert client.run(lambda _: recipes(client).undelete(7, etag="a")) == BRACKET
    assert_sent(server, "UndeleteRecipe", recipe_service.UndeleteRecipeRequest(id=7, etag="a"))


def test_batch_create(client: Client, server: FakeServer) -> None:
    server.will_answer(recipe_service.BatchCreateRecipesResponse(recipes=[BRACKET, FLANGE]))
    assert client.run(lambda _: recipes(client).batch_create(iter([BRACKET, FLANGE]))) == [BRACKET, FLANGE]
    requests = [recipe_service.CreateRecipeRequest(recipe=recipe) for recipe in (BRACKET, FLANGE)]
    assert_sent(server, "BatchCreateRecipes", recipe_service.BatchCreateRecipesRequest(requests=requests))


def test_batch_get(client: Client, server: FakeServer) -> None:
    server.will_answer(recipe_service.BatchGetRecipesResponse(recipes=[BRACKET, FLANGE]))
    assert client.run(lambda _: recipes(client).batch_get([7, 8], show_deleted=True)) == [BRACKET, FLANGE]
    requests = [recipe_service.GetRecipeRequest(id=key, show_deleted=True) for key in (7, 8)]
    assert_sent(server, "BatchGetRecipes", recipe_service.BatchGetRecipesRequest(requests=requests))


def test_batch_update_with_and_without_masks(client: Client, server: FakeServer) -> None:
    server.will_answer(recipe_service.BatchUpdateRecipesResponse(recipes=[BRACKET, FLANGE]))
    changes = [BRACKET, (FLANGE, "name")]
    assert client.run(lambda _: recipes(client).batch_update(changes, allow_missing=True)) == [BRACKET, FLANGE]
    requests = [
        recipe_service.UpdateRecipeRequest(recipe=BRACKET, allow_missing=True),
        recipe_service.UpdateRecipeRequest(recipe=FLANGE, update_mask=FieldMask(paths=["name"]), allow_missing=True),
    ]
    assert_sent(server, "BatchUpdateRecipes", recipe_service.BatchUpdateRecipesRequest(requests=requests))


def test_batch_delete(client: Client, server: FakeServer) -> None:
    server.will_answer(recipe_service.BatchDeleteRecipesResponse(recipes=[BRACKET]))
    assert client.run(lambda _: recipes(client).batch_delete([7])) == [BRACKET]
    requests = [recipe_service.DeleteRecipeRequest(id=7)]
    assert_sent(server, "BatchDeleteRecipes", recipe_service.BatchDeleteRecipesRequest(requests=requests))


def test_what_is_deleted_for_good_is_not_answered(client: Client, server: FakeServer) -> None:
    server.will_answer(Empty())
    cycles = of(machine_cycle_client, "MachineCycle", client)
    assert client.run(lambda _: cycles.delete(7)) is None
    assert_sent(server, "DeleteMachineCycle", cycle_service.DeleteMachineCycleRequest(id=7))
    assert client.run(lambda _: cycles.batch_delete([7, 8], allow_missing=True)) is None
    assert not hasattr(cycles, "undelete")


READS: list[tuple[str, list[Any]]] = [("get", [7]), ("list_page", []), ("batch_get", [[7]])]
WRITES: list[tuple[str, list[Any]]] = [
    ("create", [BRACKET]),
    ("update", [BRACKET]),
    ("delete", [7]),
    ("undelete", [7]),
    ("batch_create", [[BRACKET]]),
    ("batch_update", [[BRACKET]]),
    ("batch_delete", [[7]]),
]


@pytest.mark.parametrize(("call", "arguments"), READS, ids=lambda value: value if isinstance(value, str) else "")
def test_reads_are_tried_again(client: Client, server: FakeServer, call: str, arguments: list[Any]) -> None:
    server.will_answer(failure(grpc.StatusCode.UNAVAILABLE), Empty())
    client.run(lambda _: getattr(recipes(client), call)(*arguments))
    assert len(server.received) == 2


@pytest.mark.parametrize(("call", "arguments"), WRITES, ids=lambda value: value if isinstance(value, str) else "")
def test_writes_are_tried_again_under_their_id(
    client: Client, server: FakeServer, call: str, arguments: list[Any]
) -> None:
    server.will_answer(failure(grpc.StatusCode.UNAVAILABLE), Empty())
    client.run(lambda _: getattr(recipes(client), call)(*arguments))
    first, second = map(written, server.received)
    assert first.request_id
    assert first == second


@pytest.mark.parametrize(("call", "arguments"), WRITES, ids=lambda value: value if isinstance(value, str) else "")
def test_every_write_takes_an_id_and_can_be_a_dry_run(
    client: Client, server: FakeServer, call: str, arguments: list[Any]
) -> None:
    server.will_answer(Empty())
    client.run(lambda _: getattr(recipes(client), call)(*arguments, request_id="r", validate_only=True))
    request = written(server.received[-1])
    assert (request.request_id, request.validate_only) == ("r", True)


def written(received: Received) -> Any:
    """The request of a write."""
    name = received.method.rpartition("/")[2]
    return getattr(recipe_service, f"{name}Request").FromString(received.request)


def test_errors_are_those_of_toolcrib(client: Client, server: FakeServer) -> None:
    server.will_answer(failure(grpc.StatusCode.NOT_FOUND, "there is no recipe 7"))
    with pytest.raises(NotFound, match="there is no recipe 7"):
        client.run(lambda _: recipes(client).get(7))
    with pytest.raises(NotFound):
        client.every(lambda _: recipes(client).list())


@pytest.fixture(scope="module")
def composite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The client of a component whose key has two fields."""
    folder, out = tmp_path_factory.mktemp("components"), tmp_path_factory.mktemp("gen")
    proto = folder / "shop/racks/v1/slot.proto"
    proto.parent.mkdir(parents=True)
    proto.write_text(COMPOSITE, encoding="utf-8")
    generate(Path(folder), Path(out), {Target.PYTHON})
    sys.path.append(str(out))
    yield importlib.import_module("shop.racks.v1.slot_client")
    sys.path.remove(str(out))


def test_a_key_of_several_fields(client: Client, server: FakeServer, composite: ModuleType) -> None:
    service = importlib.import_module("shop.racks.v1.slot_service_pb2")
    server.will_answer(Empty())
    slots = of(composite, "Slot", client)
    client.run(lambda _: slots.get("A", 1))
    assert_sent(server, "GetSlot", service.GetSlotRequest(rack="A", place=1))
    client.run(lambda _: slots.delete("A", 1, allow_missing=True))
    assert_sent(server, "DeleteSlot", service.DeleteSlotRequest(rack="A", place=1, allow_missing=True))
    client.run(lambda _: slots.batch_get([("A", 1), ("B", 2)]))
    requests = [service.GetSlotRequest(rack="A", place=1), service.GetSlotRequest(rack="B", place=2)]
    assert_sent(server, "BatchGetSlots", service.BatchGetSlotsRequest(requests=requests))
