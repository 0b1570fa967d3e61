"""What a watch is sent, from wherever it begins, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import grpc
import pytest

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_record import RecipeRecord
from plant.recipes.v1.recipe_service_pb2 import (
    BatchCreateRecipesRequest,
    CreateRecipeRequest,
    DeleteRecipeRequest,
    GetRecipeRequest,
    UndeleteRecipeRequest,
    UpdateRecipeRequest,
    WatchRecipesRequest,
)
from plant.tools.v1.tool_offset_pb2 import ToolOffset
from plant.tools.v1.tool_offset_record import ToolOffsetRecord
from plant.tools.v1.tool_offset_repository import ToolOffsetRepository
from plant.tools.v1.tool_offset_service_pb2 import CreateToolOffsetRequest
from support.behind import behind
from support.lab import generated
from support.lab import served as served_lab
from support.plant import COMPONENTS, Plant, plant, refusal_of
from support.watching import (
    COMMIT,
    HEARTBEAT,
    SNAPSHOT,
    SNAPSHOT_END,
    Recording,
    content,
    from_snapshot,
    kind_name,
    kind_of,
    recording,
    shown,
)
from toolcrib.audit.v1.audit_pb2 import ActorSource
from toolcrib.query.v1 import query_pb2
from toolcrib.query.v1.query_pb2 import Comparison, Filter, Value
from toolcrib.server import Application, Change
from toolcrib.server.errors import DatabaseUnavailable
from toolcrib.server.testing import RunningServer, serve
from toolcrib.server.watch import commits
from toolcrib.server.watch.backlog import Backlog
from toolcrib.transaction.v1.transaction_pb2 import CommitTransactionRequest
from toolcrib.transaction.v1.transaction_pb2_grpc import TransactionServiceStub
from toolcrib.watch.v1.watch_pb2 import Start, WatchedComponent, WatchRequest
from toolcrib.watch.v1.watch_pb2_grpc import WatchServiceStub

RECIPE, TOOL = "plant.recipes.v1.Recipe", "plant.tools.v1.ToolOffset"
FAST = "speed_mm_s > 100"


def watch(crib: Plant, **asked: Any) -> Any:
    return recording(crib.recipes.WatchRecipes, WatchRecipesRequest(**asked))


def watch_all(crib: Plant, *components: str, **asked: Any) -> Any:
    named = [WatchedComponent(name=name) for name in components]
    return recording(WatchServiceStub(crib.channel).Watch, WatchRequest(components=named, **asked))


def until_error(stream: Any) -> Iterator[Any]:
    with suppress(grpc.RpcError):
        yield from stream


def refusal(stream: Recording) -> Any:
    return refusal_of(stream.end())


def update(crib: Plant, **values: Any) -> Recipe:
    answer: Recipe = crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(**values)))
    return answer


@pytest.fixture
def lively() -> Iterator[RunningServer]:
    """A server that is never silent for long."""
    with serve(COMPONENTS, watch_heartbeat_s=0.05) as running:
        yield running


class Notes:
    """Notes of the laboratory: without limits, of a key of two fields, and gone for good when they are deleted."""

    def __init__(self, crib: Any) -> None:
        self.crib = crib
        self.client: Any = generated("lab.notes.v1.note_client", "NoteClient")(crib)
        self.stub: Any = generated("lab.notes.v1.note_service_pb2_grpc", "NoteServiceStub")(crib.channel)
        self.request: Any = generated("lab.notes.v1.note_service_pb2", "WatchNotesRequest")
        self.note_type: Any = generated("lab.notes.v1.note_pb2", "Note")

    def note(self, shelf: str, number: int = 1, text: str = "") -> Any:
        return self.note_type(shelf=shelf, number=number, text=text)

    def create(self, shelf: str, number: int = 1, text: str = "") -> Any:
        return self.client.create(self.note(shelf, number, text))

    def watch(self, **asked: Any) -> Any:
        return recording(self.stub.WatchNotes, self.request(**asked))

    def watch_all(self) -> Any:
        return recording(WatchServiceStub(self.crib.channel).Watch, WatchRequest())


@contextmanager
def served_notes(**settings: Any) -> Iterator[Notes]:
    with served_lab(**settings) as lab:
        yield Notes(lab.crib)


@pytest.fixture
def notes() -> Iterator[Notes]:
    with served_notes() as served:
        yield served


class TestWhatIsSent:
    def test_each_commit_with_who_when_why_and_by_which_call(self, crib: Plant) -> None:
        with watch(crib) as stream:
            stream.live()
            metadata = (("x-actor", "bob"), ("x-change-reason", "trial"))
            made = crib.recipes.CreateRecipe(
                CreateRecipeRequest(recipe=Recipe(name="axle", speed_mm_s=5)), metadata=metadata
            )
            stream.until(1)
        (message,) = stream.commits()
        (entry,) = crib.entries()
        assert message.commit.revision == message.revision == entry.revision
        assert (message.commit.actor, message.commit.reason) == ("bob", "trial")
        assert message.commit.actor_source == ActorSource.ACTOR_SOURCE_METADATA
        assert message.commit.commit_time == entry.commit_time
        assert message.commit.method == "/plant.recipes.v1.RecipeService/CreateRecipe"
        assert shown([message]) == [(1, [("CREATED", "1")])]
        assert message.changes[0].record == made
        assert not message.changes[0].HasField("previous")

    def test_every_kind_of_change_and_what_was_before_where_asked(self, crib: Plant) -> None:
        with watch(crib, include_previous=True) as stream, watch(crib) as plain:
            stream.live()
            plain.live()
            created = crib.recipe()
            updated = update(crib, id=1, speed_mm_s=7)
            deleted = crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=1))
            undeleted = crib.recipes.UndeleteRecipe(UndeleteRecipeRequest(id=1))
            stream.until(4)
            plain.until(4)
        assert shown(stream.messages) == [
            (1, [("CREATED", "1")]),
            (2, [("UPDATED", "1")]),
            (3, [("DELETED", "1")]),
            (4, [("UNDELETED", "1")]),
        ]
        changes = [message.changes[0] for message in stream.commits()]
        assert [change.record for change in changes] == [created, updated, deleted, undeleted]
        assert [change.previous for change in changes[1:]] == [created, updated, deleted]
        assert deleted.HasField("delete_time")
        assert shown(plain.messages) == shown(stream.messages)
        assert not any(message.changes[0].HasField("previous") for message in plain.commits())

    def test_a_record_that_is_gone_for_good_is_removed_and_shown_as_it_last_was(self, notes: Notes) -> None:
        with notes.watch(include_previous=True) as stream, notes.watch_all() as everything:
            stream.live()
            everything.live()
            made = notes.create("a/b")
            notes.client.delete("a/b", 1)
            stream.until(2)
            everything.until(2)
        removed = stream.commits()[1].changes[0]
        assert kind_of(removed) == "REMOVED"
        assert removed.record == removed.previous == made
        assert shown(everything.messages) == [(1, [("CREATED", "a%2Fb/1")]), (2, [("REMOVED", "a%2Fb/1")])]
        record = type(made)()
        assert everything.commits()[1].changes[0].record.Unpack(record)
        assert record == made

    def test_what_changes_nothing_is_refused_or_dry_sends_nothing(self, crib: Plant) -> None:
        recipe = crib.recipe()
        with watch(crib) as stream:
            stream.live()
            update(crib, id=1, speed_mm_s=recipe.speed_mm_s)
            with pytest.raises(grpc.RpcError):
                update(crib, id=1, speed_mm_s=-1)
            crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=1, validate_only=True))
            crib.recipe("second")
            stream.until(2)
        assert shown(stream.messages) == [(2, [("CREATED", "2")])]

    def test_a_batch_is_one_message(self, crib: Plant) -> None:
        requests = [CreateRecipeRequest(recipe=Recipe(name=f"{n}", speed_mm_s=1)) for n in range(300)]
        with watch(crib) as stream:
            stream.live()
            crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=requests))
            stream.until(1)
        assert shown(stream.messages) == [(1, [("CREATED", str(n)) for n in range(1, 301)])]

    def test_a_commit_too_large_for_one_message_continues_in_the_next(self, notes: Notes) -> None:
        with notes.watch() as stream:
            stream.live()
            with notes.crib.transaction() as transaction:
                writes = generated("lab.notes.v1.note_writes", "NoteWrites")(transaction)
                for number in range(17):
                    writes.create(notes.note("a", number, "x" * 190_000))
            # Another commit of the same records, which are deleted one by one by what refers to none: as large again.
            notes.client.batch_delete([("a", number) for number in range(17)])
            stream.until(2)
            stream.wait(lambda messages: not messages[-1].continues)
        parts = stream.commits()
        first = [part for part in parts if part.revision == 1]
        assert [part.continues for part in first] == [True] * (len(first) - 1) + [False]
        assert len(first) == 2
        assert all(part.ByteSize() < 4 * 1024 * 1024 for part in parts)
        assert [bool(part.resume_token) for part in parts] == [not part.continues for part in parts]
        for revision in (1, 2):
            changes = [change for part in parts if part.revision == revision for change in part.changes]
            assert [change.record.number for change in changes] == list(range(17))

    def test_a_transaction_over_components_is_one_message(self, crib: Plant) -> None:
        request = CommitTransactionRequest()
        request.requests.add().Pack(CreateRecipeRequest(recipe=Recipe(name="axle", speed_mm_s=5)))
        request.requests.add().Pack(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=4)))
        request.requests.add().Pack(UpdateRecipeRequest(recipe=Recipe(id=1, speed_mm_s=6)))
        with watch_all(crib) as everything, watch_all(crib, TOOL) as tools, watch(crib) as recipes:
            for stream in (everything, tools, recipes):
                stream.live()
            TransactionServiceStub(crib.channel).CommitTransaction(request)
            for stream in (everything, tools, recipes):
                stream.until(1)
        assert shown(everything.messages) == [(1, [("CREATED", "1"), ("CREATED", "4"), ("UPDATED", "1")])]
        assert [change.component for change in everything.commits()[0].changes] == [RECIPE, TOOL, RECIPE]
        assert shown(tools.messages) == [(1, [("CREATED", "4")])]
        assert shown(recipes.messages) == [(1, [("CREATED", "1"), ("UPDATED", "1")])]

    def test_what_hooks_write_elsewhere_is_in_the_same_message(self) -> None:
        application = Application()

        @application.after_create(RecipeRecord)
        def make_a_tool(change: Change[RecipeRecord]) -> None:
            change.repository(ToolOffsetRepository).create(ToolOffsetRecord(tool_number=change.after.id + 10))

        with (
            serve(COMPONENTS, application=application) as server,
            plant(server.address) as crib,
            watch_all(crib) as stream,
        ):
            stream.live()
            crib.recipe()
            stream.until(1)
        ((revision, changes),) = shown(stream.messages)
        assert revision == 1
        assert sorted(changes) == [("CREATED", "1"), ("CREATED", "11")]


class TestFilters:
    def test_a_record_enters_and_leaves(self, crib: Plant) -> None:
        with watch(crib, filter=FAST, include_previous=True) as stream:
            stream.live()
            crib.recipe("slow", speed_mm_s=50)
            crib.recipe("fast", speed_mm_s=150)
            update(crib, id=1, speed_mm_s=151)
            update(crib, id=1, speed_mm_s=152)
            update(crib, id=2, speed_mm_s=10)
            update(crib, id=2, speed_mm_s=11)
            crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=2))
            crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=1))
            crib.recipes.UndeleteRecipe(UndeleteRecipeRequest(id=2))
            crib.recipes.UndeleteRecipe(UndeleteRecipeRequest(id=1))
            stream.until(10)
        assert shown(stream.messages) == [
            (2, [("CREATED", "2")]),
            (3, [("ENTERED", "1")]),
            (4, [("UPDATED", "1")]),
            (5, [("LEFT", "2")]),
            (8, [("DELETED", "1")]),
            (10, [("UNDELETED", "1")]),
        ]
        entered, left = (stream.commits()[index].changes[0] for index in (1, 3))
        assert (entered.previous.speed_mm_s, entered.record.speed_mm_s) == (50, 151)
        assert (left.previous.speed_mm_s, left.record.speed_mm_s) == (150, 10)

    def test_text_and_message_have_both_to_hold(self, crib: Plant) -> None:
        name = Filter(
            comparison=Comparison(field="name", operator=query_pb2.OPERATOR_PREFIX, values=[Value(string_value="a")])
        )
        with watch(crib, filter=FAST, query=name) as stream:
            stream.live()
            crib.recipe("axle", speed_mm_s=120)
            crib.recipe("arm", speed_mm_s=20)
            crib.recipe("bolt", speed_mm_s=120)
            crib.recipe("arch", speed_mm_s=120)
            stream.until(4)
        assert shown(stream.messages) == [(1, [("CREATED", "1")]), (4, [("CREATED", "4")])]

    def test_components_have_filters_of_their_own(self, crib: Plant) -> None:
        components = [WatchedComponent(name=TOOL), WatchedComponent(name=RECIPE, filter=FAST)]
        with recording(WatchServiceStub(crib.channel).Watch, WatchRequest(components=components)) as stream:
            stream.live()
            crib.recipe("slow", speed_mm_s=50)
            crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=4)))
            crib.recipe("fast", speed_mm_s=150)
            stream.until(3)
        assert shown(stream.messages) == [(2, [("CREATED", "4")]), (3, [("CREATED", "2")])]

    @pytest.mark.parametrize("asked", [{"filter": "sped_mm_s > 1"}, {"filter": "speed_mm_s >"}])
    def test_a_wrong_one_is_refused(self, crib: Plant, asked: Any) -> None:
        with watch(crib, **asked) as stream:
            error = refusal(stream)
        assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FILTER")

    def test_one_through_a_relation_is_refused(self, crib: Plant) -> None:
        with watch(crib, filter="speed_mm_s > 1 AND NOT tools.diameter_mm > 20") as stream:
            error = refusal(stream)
        assert error.reason == "INVALID_FILTER"
        assert "goes through a relation" in error.message

    def test_a_wrong_one_of_a_component_says_of_which(self, crib: Plant) -> None:
        components = [WatchedComponent(name=TOOL), WatchedComponent(name=RECIPE, filter="x = 1")]
        with recording(WatchServiceStub(crib.channel).Watch, WatchRequest(components=components)) as stream:
            error = refusal(stream)
        assert error.fields == ["components[1].filter"]

    @pytest.mark.parametrize(
        ("names", "reason"), [(["plant.recipes.v1.Recipes"], "UNKNOWN_COMPONENT"), ([TOOL, TOOL], "COMPONENT_REPEATED")]
    )
    def test_components_that_cannot_be_meant_are_refused(self, crib: Plant, names: list[str], reason: str) -> None:
        with watch_all(crib, *names) as stream:
            assert refusal(stream).reason == reason


class TestWhereItBegins:
    def test_now(self, crib: Plant) -> None:
        crib.recipe("before")
        with watch(crib) as stream:
            stream.live()
            crib.recipe("after")
            stream.until(2)
        assert [(kind_name(message), message.revision) for message in stream.messages] == [
            ("HEARTBEAT", 1),
            ("COMMIT", 2),
        ]

    @pytest.mark.parametrize(("revision", "seen"), [(1, [1, 3]), (2, [3]), (3, [3]), (4, [])])
    def test_at_a_revision(self, crib: Plant, revision: int, seen: list[int]) -> None:
        crib.recipe("first")
        crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=4)))
        crib.recipe("second")
        with watch(crib, start=Start(revision=revision)) as stream:
            messages = stream.live().messages
        assert [message.revision for message in messages if message.kind == COMMIT] == seen
        assert (messages[-1].kind, messages[-1].revision) == (HEARTBEAT, 3)

    def test_behind_any_message_by_its_token(self, crib: Plant) -> None:
        for number in range(6):
            crib.recipe(f"{number}", speed_mm_s=150 if number % 2 else 50)
        with watch(crib, start=Start(revision=1), filter=FAST) as stream:
            whole = stream.live().messages
        for index, message in enumerate(whole):
            with watch(crib, start=Start(resume_token=message.resume_token), filter=FAST) as resumed:
                # The last one is the heartbeat itself, which comes again.
                assert resumed.live().messages == (whole[index + 1 :] or whole[-1:])

    def test_with_a_snapshot_that_ends_with_a_marker(self, crib: Plant) -> None:
        recipes = [crib.recipe(f"{number}", speed_mm_s=90 + number) for number in range(20)]
        crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=15))
        with watch(crib, start=from_snapshot(), filter=FAST) as stream:
            stream.live()
            crib.recipe("later")
            stream.until(22)
        kinds = [message.kind for message in stream.messages]
        assert kinds == [SNAPSHOT, SNAPSHOT_END, HEARTBEAT, COMMIT]
        found = [record for message in stream.messages for record in message.records]
        assert found == [recipe for recipe in recipes if recipe.speed_mm_s > 100 and recipe.id != 15]
        assert [message.revision for message in stream.messages] == [21, 21, 21, 22]
        assert [bool(message.resume_token) for message in stream.messages] == [False, True, True, True]

    def test_a_large_snapshot_comes_in_many_messages_and_by_a_file(self, notes: Notes) -> None:
        for shelf in "abc":
            notes.client.batch_create([notes.note(shelf, number, "x" * 500) for number in range(1000)])
        with notes.watch(start=from_snapshot()) as stream:
            stream.live()
        snapshot = [message for message in stream.messages if message.kind == SNAPSHOT]
        assert len(snapshot) > 4
        found = [(record.shelf, record.number) for message in snapshot for record in message.records]
        assert found == [(shelf, number) for shelf in "abc" for number in range(1000)]

    def test_a_snapshot_of_several_components_and_of_none(self, crib: Plant) -> None:
        with watch_all(crib, start=from_snapshot()) as empty:
            assert [kind_name(message) for message in empty.live().messages] == ["SNAPSHOT_END", "HEARTBEAT"]
        crib.recipe()
        crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=4)))
        with watch_all(crib, start=from_snapshot()) as stream:
            messages = stream.live().messages
        types = [record.TypeName() for message in messages for record in message.records]
        assert sorted(types) == [RECIPE, TOOL]

    def test_ahead_of_what_there_is_is_refused_with_the_newest_revision(self, crib: Plant) -> None:
        crib.recipe()
        with watch(crib, start=Start(revision=3)) as stream:
            error = refusal(stream)
        assert (error.code, error.reason) == (grpc.StatusCode.OUT_OF_RANGE, "REVISION_AHEAD")
        assert error.metadata["newest_revision"] == "1"

    @pytest.mark.parametrize("revision", [0, -1])
    def test_no_revision_is_refused(self, crib: Plant, revision: int) -> None:
        with watch(crib, start=Start(revision=revision)) as stream:
            assert refusal(stream).reason == "INVALID_REVISION"

    @pytest.mark.parametrize("token", ["", "x", "é", "AAAA", "A" * 33, "A" * 400])
    def test_a_token_that_is_none_is_refused(self, crib: Plant, token: str) -> None:
        with watch(crib, start=Start(resume_token=token)) as stream:
            assert refusal(stream).reason == "INVALID_RESUME_TOKEN"

    def test_a_token_outlives_a_restart_but_not_another_history(self, database: str) -> None:
        with serve(COMPONENTS, database=database) as server, plant(server.address) as crib, watch(crib) as stream:
            crib.recipe()
            token = stream.until(1)[-1].resume_token
        with serve(COMPONENTS, database=database) as server, plant(server.address) as crib:
            crib.recipe("second")
            with watch(crib, start=Start(resume_token=token)) as stream:
                assert [revision for revision, _ in shown(stream.live().messages)] == [2]
        with behind(database) as connection:
            connection.execute("UPDATE toolcrib_meta SET value = ? WHERE name = 'history'", (b"another history.",))
        with (
            serve(COMPONENTS, database=database) as server,
            plant(server.address) as crib,
            watch(crib, start=Start(resume_token=token)) as stream,
        ):
            error = refusal(stream)
        assert (error.code, error.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "HISTORY_CHANGED")


class TestHeartbeats:
    def test_they_come_while_nothing_else_does_and_say_how_far_all_was_sent(self, lively: RunningServer) -> None:
        with plant(lively.address) as crib, watch(crib, filter=FAST) as stream:
            stream.wait(lambda messages: len(messages) >= 3)
            crib.recipe("slow", speed_mm_s=1)
            crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=4)))
            stream.until(2)
            assert {message.kind for message in stream.messages} == {HEARTBEAT}
            token = stream.messages[-1].resume_token
            crib.recipe("fast", speed_mm_s=150)
            stream.until(3)
            with watch(crib, filter=FAST, start=Start(resume_token=token)) as resumed:
                assert shown(resumed.live().messages) == [(3, [("CREATED", "2")])]


class TestHowItEnds:
    def test_when_the_server_stops_it_is_unavailable_and_the_stop_does_not_wait(self) -> None:
        with ExitStack() as clients:
            with serve(COMPONENTS, stop_grace_s=600) as server:
                crib = clients.enter_context(plant(server.address))
                streams = [clients.enter_context(watch(crib)).live() for _ in range(20)]
                # One who reads nothing, of which there is more than is on its way.
                idle = crib.recipes.WatchRecipes(WatchRecipesRequest(start=from_snapshot()))
                assert next(iter(idle)) is not None
            errors = [refusal_of(stream.end()) for stream in streams]
        assert {(error.code, error.reason) for error in errors} == {
            (grpc.StatusCode.UNAVAILABLE, "SERVER_SHUTTING_DOWN")
        }

    def test_a_stop_does_not_wait_for_one_who_reads_nothing(self) -> None:
        with ExitStack() as clients:
            with served_notes(stop_grace_s=600) as notes:
                for number in range(20):
                    notes.client.batch_create([notes.note(f"{number}", n, "x" * 10_000) for n in range(100)])
                channel = clients.enter_context(grpc.insecure_channel(notes.crib.address))
                stub = generated("lab.notes.v1.note_service_pb2_grpc", "NoteServiceStub")(channel)
                stuck = stub.WatchNotes(notes.request(start=Start(revision=1)))
                assert next(iter(stuck)).revision == 1
            assert sum(1 for _ in until_error(stuck)) < 20

    def test_one_who_reads_too_slowly_is_told_where_to_resume_and_hinders_nobody(self) -> None:
        with served_notes(watch_buffer_bytes=200_000) as notes:
            slow = notes.stub.WatchNotes(notes.request())
            seen = [next(iter(slow))]
            with notes.watch() as quick:
                quick.live()
                # gRPC itself takes some for one who reads nothing; all the rest is more than the buffer holds.
                for number in range(1, 601):
                    notes.create("a", number, "x" * 20_000)
                    quick.until(number)
            assert [message.revision for message in quick.commits()] == list(range(1, 601))
            with pytest.raises(grpc.RpcError) as failure:
                seen.extend(slow)
            error = refusal_of(failure.value)
            assert (error.code, error.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "WATCH_TOO_SLOW")
            assert 1 < len(seen) < 600
            assert error.metadata["resume_token"] == seen[-1].resume_token
            with notes.watch(start=Start(resume_token=error.metadata["resume_token"])) as resumed:
                resumed.until(600)
        revisions = [message.revision for message in [*seen, *resumed.messages] if message.kind == COMMIT]
        assert revisions == list(range(1, 601))

    def test_a_client_that_goes_away_leaves_nothing_behind(self, crib: Plant, caplog: pytest.LogCaptureFixture) -> None:
        for start in (None, from_snapshot(), Start(revision=1)):
            streams = [Recording(crib.recipes.WatchRecipes(WatchRecipesRequest(start=start))) for _ in range(20)]
            for stream in streams:
                stream.start()
            crib.recipe(f"{start}")
            for stream in streams:
                stream.cancel()
        crib.recipe("last")
        assert crib.recipes.GetRecipe(GetRecipeRequest(id=4)).name == "last"
        assert [record for record in caplog.records if record.levelname in {"ERROR", "WARNING"}] == []

    def test_a_deadline_ends_it(self, crib: Plant) -> None:
        stream = Recording(crib.recipes.WatchRecipes(WatchRecipesRequest(), timeout=0.3))
        stream.start()
        assert stream.end().code() == grpc.StatusCode.DEADLINE_EXCEEDED


class TestHowMuchIsRead:
    @pytest.mark.parametrize(
        "limits", [{"_BYTES_MAX": 1}, {"_REVISIONS_MAX": 2}, {"_BYTES_MAX": 1, "_REVISIONS_MAX": 1}]
    )
    def test_what_is_far_behind_is_read_in_parts_that_end_between_commits(
        self, crib: Plant, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int]
    ) -> None:
        for name, value in limits.items():
            monkeypatch.setattr(commits, name, value)
        for number in range(12):
            requests = [CreateRecipeRequest(recipe=Recipe(name=f"{number} {n}", speed_mm_s=5)) for n in range(3)]
            crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=requests))
            tool = ToolOffset(tool_number=number + 1)
            crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=tool))
        with watch(crib, start=Start(revision=2)) as stream:
            stream.until(24)
            crib.recipe("live")
            stream.until(25)
        batches = [(2 * n + 1, [("CREATED", str(3 * n + each)) for each in (1, 2, 3)]) for n in range(1, 12)]
        assert shown(stream.messages) == [*batches, (25, [("CREATED", "37")])]

    def test_heartbeats_say_how_far_it_is_while_nothing_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(commits, "_REVISIONS_MAX", 1)
        with serve(COMPONENTS, watch_heartbeat_s=0.05) as server, plant(server.address) as crib:
            for number in range(300):
                crib.recipe(f"{number}", speed_mm_s=50)
            with watch(crib, start=Start(revision=1), filter=FAST) as stream:
                messages = stream.until(300)
        assert {message.kind for message in messages} == {HEARTBEAT}
        assert 0 < messages[0].revision < 300

    def test_what_nobody_watches_is_not_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        reads: list[int] = []
        read = Backlog.read

        def counted(*given: Any, **named: Any) -> Any:
            reads.append(named["position"])
            return read(*given, **named)

        monkeypatch.setattr(Backlog, "read", counted)
        with serve(COMPONENTS, watch_poll_s=3600) as server, plant(server.address) as crib, watch(crib) as stream:
            stream.live()
            crib.recipe("first")
            stream.until(1)
            before = len(reads)
            for number in range(30):
                crib.tools.CreateToolOffset(CreateToolOffsetRequest(tool_offset=ToolOffset(tool_number=number + 1)))
            assert len(reads) == before
            crib.recipe("second")
            stream.until(32)
            assert reads[before:] == [31]


class TestWhenTheDatabaseCannotBeRead:
    @pytest.fixture
    def failing(self, monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
        """What the next reads for those who watch raise."""
        errors: list[Exception] = []
        read = Backlog.read

        def read_or_fail(*given: Any, **named: Any) -> Any:
            if errors:
                raise errors.pop()
            return read(*given, **named)

        monkeypatch.setattr(Backlog, "read", read_or_fail)
        return errors

    def test_watches_wait_until_it_can(self, crib: Plant, failing: list[Exception]) -> None:
        with watch(crib) as stream:
            stream.live()
            failing += [DatabaseUnavailable("locked")] * 2
            crib.recipe("first")
            crib.recipe("second")
            stream.until(2)
        assert shown(stream.messages) == [(1, [("CREATED", "1")]), (2, [("CREATED", "2")])]

    def test_a_defect_ends_them_and_they_resume_where_they_were(self, crib: Plant, failing: list[Exception]) -> None:
        with watch(crib) as stream:
            token = stream.live().messages[-1].resume_token
            failing.append(ValueError("secret"))
            crib.recipe()
            error = refusal(stream)
        assert (error.code, error.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
        assert "secret" not in error.message
        with watch(crib, start=Start(resume_token=token)) as resumed:
            assert shown(resumed.live().messages) == [(1, [("CREATED", "1")])]


def test_those_who_want_the_same_are_sent_the_same_bytes(crib: Plant) -> None:
    with watch(crib, filter=FAST) as one, watch(crib, filter=FAST) as other, watch(crib) as third:
        for stream in (one, other, third):
            stream.live()
        crib.recipe()
        for stream in (one, other, third):
            stream.until(1)
    assert content(one.commits()[0]) == content(other.commits()[0]) == content(third.commits()[0])
