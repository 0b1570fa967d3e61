"""A model of what the server promises, in plain Python, and any sequence of calls compared with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import (
    BatchCreateRecipesRequest,
    BatchCreateRecipesResponse,
    CreateRecipeRequest,
    DeleteRecipeRequest,
    GetRecipeRequest,
    ListRecipesRequest,
    UndeleteRecipeRequest,
    UpdateRecipeRequest,
)
from support.plant import COMPONENTS, Plant, plant
from toolcrib.audit.v1.audit_pb2 import Operation
from toolcrib.server.testing import new_database, serve

KEYS = st.integers(1, 6)
NAMES = st.sampled_from(["a", "b", "c", "d", ""])
SPEEDS = st.sampled_from([-1.0, 0.5, 100.0, 500.0, 501.0])
MASKS = st.sampled_from([None, ["name"], ["speed_mm_s"], ["name", "speed_mm_s"], ["*"], ["nmae"], ["id"]])


@dataclass
class Kept:
    """A record as the model has it."""

    name: str
    speed: float
    revision: int
    deleted: bool = False


@dataclass
class Model:
    """The promises about recipes, as far as they can be said in a page."""

    records: dict[int, Kept] = field(default_factory=dict)
    revision: int = 0
    last_key: int = 0
    audit: list[tuple[int, int, str]] = field(default_factory=list)

    def create(self, values: list[tuple[str, float]]) -> str | list[int]:
        if any(not _valid(*value) for value in values):
            return "INVALID_RECORD"
        names = [name for name, _ in values]
        if len(set(names)) < len(names) or any(self._taken(name, None) for name in names):
            return "RECORD_EXISTS"
        if not values:
            return []
        self.revision += 1
        keys = list(range(self.last_key + 1, self.last_key + 1 + len(values)))
        self.last_key = keys[-1]
        for key, (name, speed) in zip(keys, values, strict=True):
            self.records[key] = Kept(name, speed, self.revision)
            self.audit.append((self.revision, key, "OPERATION_CREATE"))
        return keys

    def update(  # noqa: PLR0911  # one for each refusal, in their order
        self, key: int, name: str, speed: float, mask: list[str] | None, etag: str
    ) -> str:
        if mask in (["nmae"], ["id"]):
            return "INVALID_MASK" if mask == ["nmae"] else "KEY_IMMUTABLE"
        record = self.records.get(key)
        if record is None:
            return "RECORD_NOT_FOUND"
        if record.deleted:
            return "RECORD_DELETED"
        if etag and etag != str(record.revision):
            return "ETAG_MISMATCH"
        paths = ["name", "speed_mm_s"] if mask == ["*"] else mask
        new_name = name if ("name" in paths if paths else bool(name)) else record.name
        new_speed = speed if ("speed_mm_s" in paths if paths else bool(speed)) else record.speed
        if (new_name, new_speed) == (record.name, record.speed):
            return ""
        if not _valid(new_name, new_speed):
            return "INVALID_RECORD"
        if self._taken(new_name, key):
            return "RECORD_EXISTS"
        self._write(key, "OPERATION_UPDATE")
        record.name, record.speed = new_name, new_speed
        return ""

    def delete(self, key: int) -> str:
        record = self.records.get(key)
        if record is None or record.deleted:
            return "RECORD_NOT_FOUND"
        self._write(key, "OPERATION_DELETE")
        record.deleted = True
        return ""

    def undelete(self, key: int) -> str:
        record = self.records.get(key)
        if record is None:
            return "RECORD_NOT_FOUND"
        if not record.deleted:
            return "RECORD_NOT_DELETED"
        self._write(key, "OPERATION_UNDELETE")
        record.deleted = False
        return ""

    def _write(self, key: int, operation: str) -> None:
        self.revision += 1
        self.records[key].revision = self.revision
        self.audit.append((self.revision, key, operation))

    def _taken(self, name: str, key: int | None) -> bool:
        return any(record.name == name for other, record in self.records.items() if other != key)


def _valid(name: str, speed: float) -> bool:
    return bool(name) and 0 < speed <= 500


class Recipes(RuleBasedStateMachine):
    """Calls the server and the model alike."""

    ids = 0

    @initialize()
    def start(self) -> None:
        self.model = Model()
        self.done: list[tuple[str, Message, Message]] = []
        self.stack = ExitStack()
        self.database = self.stack.enter_context(new_database())
        self.open()

    def open(self) -> None:
        self.running = ExitStack()
        server = self.running.enter_context(serve(COMPONENTS, database=self.database))
        self.crib: Plant = self.running.enter_context(plant(server.address))

    @rule()
    def restart(self) -> None:
        self.running.close()
        self.open()

    @rule(name=NAMES, speed=SPEEDS)
    def create(self, name: str, speed: float) -> None:
        request = CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=speed))
        reason, answer = self.write("CreateRecipe", request)
        expected = self.model.create([(name, speed)])
        assert (reason or [answer.id]) == expected

    @rule(values=st.lists(st.tuples(NAMES, SPEEDS), max_size=3))
    def batch_create(self, values: list[tuple[str, float]]) -> None:
        requests = [CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=speed)) for name, speed in values]
        reason, answer = self.write("BatchCreateRecipes", BatchCreateRecipesRequest(requests=requests))
        expected = self.model.create(values)
        assert (reason or [recipe.id for recipe in answer.recipes]) == expected

    @rule(key=KEYS, name=NAMES, speed=SPEEDS, mask=MASKS, etag=st.sampled_from(["", "", "current", "0"]))
    def update(self, key: int, name: str, speed: float, mask: list[str] | None, etag: str) -> None:
        if etag == "current":
            etag = str(self.model.records[key].revision) if key in self.model.records else ""
        request = UpdateRecipeRequest(
            recipe=Recipe(id=key, name=name, speed_mm_s=speed, etag=etag),
            update_mask=None if mask is None else FieldMask(paths=mask),
        )
        reason, _ = self.write("UpdateRecipe", request)
        assert reason == self.model.update(key, name, speed, mask, etag)

    @rule(key=KEYS)
    def delete(self, key: int) -> None:
        reason, _ = self.write("DeleteRecipe", DeleteRecipeRequest(id=key))
        assert reason == self.model.delete(key)

    @rule(key=KEYS)
    def undelete(self, key: int) -> None:
        reason, _ = self.write("UndeleteRecipe", UndeleteRecipeRequest(id=key))
        assert reason == self.model.undelete(key)

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        method, request, answer = data.draw(st.sampled_from(self.done))
        assert self.ask(method, request) == ("", answer)

    def write(self, method: str, request: Any) -> tuple[str, Any]:
        """Tries it first; then writes under an id of its own, so that it may be repeated at any time."""
        tried, preview = self.ask(method, request, validate_only=True)
        self.ids += 1
        request.request_id = str(self.ids)
        reason, answer = self.ask(method, request)
        assert tried == reason
        if not reason:
            assert foreseen(preview) == foreseen(answer)
            self.done.append((method, request, answer))
        return reason, answer

    def ask(self, method: str, request: Any, *, validate_only: bool = False) -> tuple[str, Any]:
        request.validate_only = validate_only
        return outcome(lambda: getattr(self.crib.recipes, method)(request))

    @rule(key=KEYS, show_deleted=st.booleans())
    def get(self, key: int, show_deleted: bool) -> None:
        request = GetRecipeRequest(id=key, show_deleted=show_deleted)
        reason, answer = outcome(lambda: self.crib.recipes.GetRecipe(request))
        record = self.model.records.get(key)
        if record is None or (record.deleted and not show_deleted):
            assert reason == "RECORD_NOT_FOUND"
        else:
            assert seen(answer) == record

    @invariant()
    def lists_show_what_the_model_holds(self) -> None:
        if not hasattr(self, "model"):
            return
        for show_deleted in (False, True):
            page = self.crib.recipes.ListRecipes(ListRecipesRequest(page_size=1000, show_deleted=show_deleted))
            expected = {key: record for key, record in self.model.records.items() if show_deleted or not record.deleted}
            assert {recipe.id: seen(recipe) for recipe in page.recipes} == expected
            assert page.revision == self.model.revision

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        entries = self.crib.entries()
        told = [(entry.revision, int(entry.record_key), Operation.Name(entry.operation)) for entry in entries]
        assert told == self.model.audit
        self.running.close()
        self.stack.close()


def seen(recipe: Recipe) -> Kept:
    return Kept(recipe.name, recipe.speed_mm_s, int(recipe.etag), recipe.HasField("delete_time"))


def foreseen(answer: Recipe | BatchCreateRecipesResponse) -> list[tuple[str, float, bool]]:
    """What a dry run can tell of its answer."""
    recipes = [answer] if isinstance(answer, Recipe) else answer.recipes
    return [(recipe.name, recipe.speed_mm_s, recipe.HasField("delete_time")) for recipe in recipes]


def outcome(call: Callable[[], Any]) -> tuple[str, Any]:
    """The reason of a refusal, or nothing and the answer."""
    try:
        return "", call()
    except grpc.RpcError as error:
        failed: Any = error
        status = Status.FromString(dict(failed.trailing_metadata())["grpc-status-details-bin"])
        info = ErrorInfo()
        assert status.details[0].Unpack(info)
        return info.reason, None


TestRecipes = Recipes.TestCase
TestRecipes.settings = settings(
    max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
