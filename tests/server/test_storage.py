"""What happens when the database cannot: locked, full, gone, broken, somebody else's."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from sqlalchemy import event
from sqlalchemy.pool import Pool

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_record import RecipeRecord
from plant.recipes.v1.recipe_service_pb2 import (
    BatchCreateRecipesRequest,
    CreateRecipeRequest,
    ListRecipesRequest,
    UpdateRecipeRequest,
)
from support.behind import behind, locked, path_of
from support.chain import checked
from support.direct.mill import COMPONENTS as MILL
from support.plant import COMPONENTS, Plant, health_stub, plant, refused
from toolcrib.server import Application, Change, StartError
from toolcrib.server.health import Health
from toolcrib.server.system_tables import LAYOUT_VERSION
from toolcrib.server.testing import serve

NOT_SERVING, SERVING = HealthCheckResponse.NOT_SERVING, HealthCheckResponse.SERVING


def create_later(crib: Plant, name: str) -> grpc.Future[Recipe]:
    request = CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=1))
    return crib.recipes.CreateRecipe.future(request, metadata=(("x-actor", "ann"),))


class TestALockedDatabase:
    def test_writes_are_unavailable_with_a_delay_to_retry_after_and_reads_go_on(self) -> None:
        with serve(COMPONENTS, busy_timeout_s=0.1) as server, plant(server.address) as crib:
            crib.recipe("before")
            with locked(server.database):
                calls = [create_later(crib, f"r{number}") for number in range(3)]
                for call in calls:
                    with refused(grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE") as refusal:
                        call.result(20)
                    assert refusal.retry_delay_s == 1.0
                    assert "sql" not in refusal.message.lower()
                assert len(crib.recipes.ListRecipes(ListRecipesRequest()).recipes) == 1
            assert crib.recipe("after").id == 2
            assert crib.revision() == 2


class Disk:
    """Makes databases that are opened from now on full, or gives them room again."""

    pages_max: int | None = None


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()

    def limit(driver: sqlite3.Connection, _record: object) -> None:
        if disk.pages_max is not None:
            driver.execute(f"PRAGMA max_page_count={disk.pages_max}")

    event.listen(Pool, "connect", limit)
    yield disk
    event.remove(Pool, "connect", limit)


@pytest.mark.sqlite
class TestAFullDisk:
    def test_each_call_is_told_nothing_is_written_reads_go_on_and_room_mends_it(self, disk: Disk) -> None:
        with serve(COMPONENTS) as server, plant(server.address) as crib:
            crib.recipe("before")
            # The writer opens a new connection after any failure of the database: the lock makes it do so now.
            disk.pages_max = 1
            other = sqlite3.connect(path_of(server.database))
            other.execute("BEGIN IMMEDIATE")
            with refused(grpc.StatusCode.UNAVAILABLE):
                crib.recipe("locked")
            other.rollback()
            other.close()
            fitted = 0
            with refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "DISK_FULL") as refusal:
                while True:
                    crib.recipe(f"{fitted:090}")
                    fitted += 1
            assert "sql" not in refusal.message.lower()
            listed = crib.recipes.ListRecipes(ListRecipesRequest(page_size=1000))
            assert len(listed.recipes) == 1 + fitted
            assert crib.revision() == 1 + fitted
            calls = [create_later(crib, f"full {number:090}") for number in range(5)]
            for call in calls:
                with refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "DISK_FULL"):
                    call.result(20)
            disk.pages_max = 1_000_000
            assert crib.recipe("after").id == fitted + 2
            assert [entry.revision for entry in crib.entries()] == list(range(1, fitted + 3))


def health(crib: Plant, service: str = "") -> int:
    status: int = health_stub(crib.channel).Check(HealthCheckRequest(service=service)).status
    return status


@pytest.mark.sqlite
class TestADatabaseThatIsGone:
    def test_writes_and_reads_are_unavailable_and_health_says_so(self) -> None:
        with serve(COMPONENTS, health_interval_s=0.05) as server, plant(server.address) as crib:
            crib.recipe()
            assert health(crib) == SERVING
            file = path_of(server.database)
            moved = file.rename(file.with_suffix(".moved"))
            with refused(grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE"):
                crib.recipe("lost")
            watch = health_stub(crib.channel).Watch(HealthCheckRequest(service="plant.recipes.v1.RecipeService"))
            assert NOT_SERVING in (answer.status for answer in watch)
            watch.cancel()
            moved.rename(file)
            assert crib.recipe("back").id == 2


@pytest.mark.sqlite
class TestABrokenDatabase:
    def test_health_says_not_serving(self) -> None:
        with serve(COMPONENTS, health_interval_s=0.05) as server, plant(server.address) as crib:
            crib.recipe()
            # Without a log beside it the file itself is what is read.
            with sqlite3.connect(path_of(server.database)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
            file = path_of(server.database)
            size = file.stat().st_size
            file.write_bytes(b"\xde\xad" * (size // 2))
            watch = health_stub(crib.channel).Watch(HealthCheckRequest())
            assert NOT_SERVING in (answer.status for answer in watch)
            watch.cancel()


class TestHealth:
    def test_each_service_and_the_whole_are_serving(self, crib: Plant) -> None:
        for service in ("", "plant.recipes.v1.RecipeService", "toolcrib.audit.v1.AuditService"):
            assert health(crib, service) == SERVING

    def test_an_unknown_service_is_not_found_and_unknown_to_watchers(self, crib: Plant) -> None:
        with pytest.raises(grpc.RpcError) as failure:
            health(crib, "plant.Nothing")
        assert isinstance(failure.value, grpc.Call)
        assert failure.value.code() == grpc.StatusCode.NOT_FOUND
        watch = health_stub(crib.channel).Watch(HealthCheckRequest(service="plant.Nothing"))
        assert next(watch).status == HealthCheckResponse.SERVICE_UNKNOWN
        watch.cancel()

    def test_watchers_are_told_when_the_server_stops(self) -> None:
        with serve(COMPONENTS) as server:
            channel = grpc.insecure_channel(server.address)
            watch = health_stub(channel).Watch(HealthCheckRequest())
            assert next(watch).status == SERVING
        assert next(watch).status == NOT_SERVING
        channel.close()

    def test_watchers_are_told_of_a_stop_in_the_middle_of_a_question(self) -> None:
        asked, answered = threading.Event(), threading.Event()

        class SlowDatabase:
            def probe(self, _tables: object) -> None:
                asked.set()
                assert answered.wait(20)

        async def watch() -> list[int]:
            health: Any = Health(cast(Any, SlowDatabase()), {}, interval_s=0.001)
            states = health.Watch(HealthCheckRequest(), cast(Any, None))
            answered.set()
            seen = [(await anext(states)).status]
            answered.clear()
            asked.clear()
            following = asyncio.ensure_future(anext(states))
            await asyncio.to_thread(asked.wait, 20)
            health.stop()
            answered.set()
            seen.append((await following).status)
            return seen

        assert asyncio.run(watch()) == [SERVING, NOT_SERVING]


class TestDatabasesThatCannotBeServed:
    def refused(self, database: str | Path) -> str:
        with pytest.raises(StartError) as failure, serve(COMPONENTS, database=database):
            pass
        message = str(failure.value)
        assert "\n" not in message
        return message

    @pytest.mark.sqlite
    def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        (tmp_path / "x.db").write_text("hello " * 1000)
        assert "not a SQLite database" in self.refused(tmp_path / "x.db")
        assert (tmp_path / "x.db").read_text() == "hello " * 1000

    def test_the_database_of_another_application(self, database: str) -> None:
        with behind(database) as connection:
            connection.execute("CREATE TABLE invoices (id INTEGER)")
        assert "another application" in self.refused(database)

    def test_one_of_a_newer_version(self, database: str) -> None:
        with serve(COMPONENTS, database=database):
            pass
        with behind(database) as connection:
            connection.execute("UPDATE toolcrib_meta SET value = ? WHERE name = 'layout_version'", (b"999",))
        assert "newer Toolcrib" in self.refused(database)

    @pytest.mark.sqlite
    @pytest.mark.parametrize("layout", [1, 2, 5])
    def test_one_of_an_older_version_is_brought_up_to_this_one(self, tmp_path: Path, layout: int) -> None:
        database = tmp_path / "x.db"
        with serve(COMPONENTS, database=database) as running, plant(running.address) as crib:
            kept = crib.recipe()
            items = [CreateRecipeRequest(recipe=Recipe(name=f"r{number}", speed_mm_s=1)) for number in range(600)]
            for call in [
                crib.recipes.CreateRecipe.future(item, metadata=(("x-actor", "ann"),)) for item in items[:550]
            ]:
                call.result(20)
            crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=items[550:]))
        before = checked(database)
        bring_down(database, layout)
        with serve(COMPONENTS, database=database) as running, plant(running.address) as crib:
            assert checked(database).finding is None
            assert checked(database).head == before.head
            request = UpdateRecipeRequest(recipe=Recipe(id=kept.id, speed_mm_s=7), request_id="r")
            assert crib.recipes.UpdateRecipe(request) == crib.recipes.UpdateRecipe(request)
        after = checked(database)
        assert (after.finding, after.revision) == (None, before.revision + 1)
        with behind(database) as connection:
            stored = connection.execute("SELECT value FROM toolcrib_meta WHERE name = 'layout_version'").fetchone()
        assert int(stored[0]) == LAYOUT_VERSION

    def test_one_that_has_lost_an_index_of_a_system_table_is_given_it_again(self, database: str) -> None:
        with serve(COMPONENTS, database=database):
            pass
        with behind(database) as connection:
            made = connection.forms()
            connection.execute("DROP INDEX toolcrib_audit_record")
            assert connection.forms() != made
        with serve(COMPONENTS, database=database):
            pass
        with behind(database) as connection:
            assert connection.forms() == made

    def test_one_whose_table_is_another(self, database: str) -> None:
        with serve(COMPONENTS, database=database):
            pass
        with behind(database) as connection:
            connection.execute("ALTER TABLE recipe ADD COLUMN weight_kg REAL")
        message = self.refused(database)
        assert "recipe" in message
        assert "weight_kg" in message

    @pytest.mark.sqlite
    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        assert "cannot create the folder" in self.refused(tmp_path / "file" / "deeper" / "x.db")

    @pytest.mark.sqlite
    def test_a_folder_in_the_place_of_the_file(self, tmp_path: Path) -> None:
        assert "cannot" in self.refused(tmp_path)


def bring_down(database: Path, layout: int) -> None:
    """Makes of the database what a server of an older layout would have made."""
    with behind(database) as connection:
        bring_down_tenants(connection)
        for column in () if layout == 5 else ("request_id", "refusal", "refused_calls", "entry_count", "hash"):
            connection.execute(f"ALTER TABLE toolcrib_transaction DROP COLUMN {column}")
        if layout < 3:
            connection.execute("ALTER TABLE toolcrib_audit DROP COLUMN hash")
        if layout == 1:
            connection.execute("DROP TABLE toolcrib_answer")
        version = str(layout).encode()
        connection.execute("UPDATE toolcrib_meta SET value = ? WHERE name = 'layout_version'", (version,))


def bring_down_tenants(connection: Any) -> None:
    for index in ("toolcrib_audit_record", "toolcrib_answer_request"):
        connection.execute(f"DROP INDEX {index}")
    for table in ("toolcrib_transaction", "toolcrib_audit", "toolcrib_answer"):
        connection.execute(f"ALTER TABLE {table} DROP COLUMN tenant")
    connection.execute("CREATE INDEX toolcrib_audit_record ON toolcrib_audit (component, record_key, revision)")
    connection.execute("CREATE UNIQUE INDEX toolcrib_answer_request ON toolcrib_answer (actor, request_id)")


class TestStopping:
    def test_calls_in_flight_are_finished_and_the_others_are_not_executed(self, database: str) -> None:
        with serve(COMPONENTS, database=database) as server:
            channel = grpc.insecure_channel(server.address)
            crib = Plant(channel)
            crib.recipe("first")
            calls = {f"r{number}": create_later(crib, f"r{number}") for number in range(200)}
        answered = {name for name, call in calls.items() if call.exception(20) is None}
        channel.close()
        with serve(COMPONENTS, database=database) as server, plant(server.address) as crib:
            stored = {recipe.name for recipe in crib.recipes.ListRecipes(ListRecipesRequest(page_size=1000)).recipes}
        assert stored == {"first", *answered}

    def test_a_call_that_runs_is_answered(self) -> None:
        application, entered, gate = Application(), threading.Event(), threading.Event()

        @application.before_create(RecipeRecord)
        def wait(_: Change[RecipeRecord]) -> None:
            entered.set()
            assert gate.wait(20)

        with serve(COMPONENTS, application=application) as server:
            channel = grpc.insecure_channel(server.address)
            call = create_later(Plant(channel), "slow")
            assert entered.wait(20)
            threading.Timer(0.2, gate.set).start()
        assert call.result(20).id == 1
        channel.close()

    def test_what_was_answered_is_there_after_the_next_start(self, database: str) -> None:
        with serve(COMPONENTS, database=database) as server, plant(server.address) as crib:
            created = crib.recipe()
        with serve(COMPONENTS, database=database) as server, plant(server.address) as crib:
            assert list(crib.recipes.ListRecipes(ListRecipesRequest()).recipes) == [created]
            assert crib.recipe("next").id == created.id + 1


@pytest.mark.sqlite
def test_a_database_without_triggers_says_that_direct_writes_are_not_audited(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serve(MILL, database=database):
        assert "not audited (audit_direct_writes of press.v1.Offset, press.v1.Recipe, press.v1.Sample)" in caplog.text
