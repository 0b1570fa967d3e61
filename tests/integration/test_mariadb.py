"""MariaDB below the server: restarts, lost connections, collisions. These tests have a MariaDB of their own."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pymysql
import pytest

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_record import RecipeRecord
from plant.recipes.v1.recipe_service_pb2 import (
    CreateRecipeRequest,
    DeleteRecipeRequest,
    ListRecipesRequest,
    UpdateRecipeRequest,
    WatchRecipesRequest,
)
from support.behind import behind
from support.chain import checked
from support.command import toolcrib
from support.failing import SECRET, costs_nobody_else
from support.lab import generated, served
from support.mariadb import Mariadb
from support.plant import COMPONENTS, plant, refused
from support.pools import limited_and_given_back, told_when_none_is_free
from support.restarts import once_under_load, revisions, unnoticed_while_idle
from support.watching import recording
from toolcrib.client import InvalidArgument
from toolcrib.server import Application, Change
from toolcrib.server.databases.mariadb_session import MariadbSession
from toolcrib.server.exact_number import LARGE
from toolcrib.server.testing import serve

ANN = (("x-actor", "ann"),)
TESTS = Path(__file__).parents[1]


def create(name: str, request_id: str = "") -> CreateRecipeRequest:
    return CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=1), request_id=request_id)


class TestARestart:
    def test_of_an_idle_database_is_noticed_by_nobody(self, own_mariadb: Mariadb, maria_database: str) -> None:
        unnoticed_while_idle(own_mariadb, maria_database)

    def test_while_it_is_down_calls_are_told_to_come_back(self, own_mariadb: Mariadb, maria_database: str) -> None:
        with serve(COMPONENTS, database=maria_database) as running, plant(running.address) as crib:
            crib.recipe("before")
            own_mariadb.stop()
            try:
                for attempt in (lambda: crib.recipe("lost"), lambda: crib.recipes.ListRecipes(ListRecipesRequest())):
                    with refused(grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE") as refusal:
                        attempt()
                    assert refusal.retry_delay_s == 1.0
                    assert "mysql" not in refusal.message.lower()
            finally:
                own_mariadb.start()
            assert crib.recipe("after").id == 2
        assert checked(maria_database).finding is None

    @pytest.mark.parametrize("how", ["fast", "immediate"])
    def test_under_load_each_write_is_there_once_and_watches_go_on(
        self, own_mariadb: Mariadb, maria_database: str, how: str
    ) -> None:
        once_under_load(own_mariadb, maria_database, how)


def lose(session: MariadbSession) -> None:
    """Cuts the session's connection, as a network does."""
    session.connection.connection.driver_connection._force_close()  # type: ignore[union-attr]  # noqa: SLF001
    raise pymysql.err.OperationalError(2013, "the connection was cut")


@pytest.mark.parametrize(("how", "runs"), [("cut behind", 1), ("cut before", 2)])
@pytest.mark.parametrize("request_id", ["", "r"])
def test_a_write_whose_connection_is_lost_in_the_commit_is_answered_and_done_once(
    maria_database: str, monkeypatch: pytest.MonkeyPatch, how: str, runs: int, request_id: str
) -> None:
    application, ran, commits, commit = Application(), [], [how], MariadbSession.commit

    def cutting(session: MariadbSession, *, has_news: bool) -> None:
        now = commits.pop() if commits else ""
        if now == "cut before":
            lose(session)
        commit(session, has_news=has_news)
        if now == "cut behind":
            lose(session)

    application.before_create(RecipeRecord)(lambda change: ran.append(change.after.name))
    with (
        serve(COMPONENTS, application=application, database=maria_database) as running,
        plant(running.address) as crib,
    ):
        monkeypatch.setattr(MariadbSession, "commit", cutting)
        made = crib.recipes.CreateRecipe(create("one", request_id))
        assert (made.id, made.etag) == (1, "1")
        assert len(ran) == runs
        assert crib.recipe("two").etag == "2"
    assert revisions(maria_database) == [1, 2]
    assert checked(maria_database).finding is None


def test_who_loses_a_deadlock_is_run_again(maria_database: str) -> None:
    application, ran = Application(), []
    held, waiting = threading.Event(), threading.Event()

    @application.before_create(RecipeRecord)
    def meet(change: Change[RecipeRecord]) -> None:
        ran.append(change.after.name)
        cursor = change.transaction.session.cursor
        cursor.execute("UPDATE shelf SET boxes = boxes + 1 WHERE id = 1")
        held.set()
        assert waiting.wait(20)
        cursor.execute("UPDATE shelf SET boxes = boxes + 1 WHERE id = 2")

    with (
        serve(COMPONENTS, application=application, database=maria_database) as running,
        plant(running.address) as crib,
        behind(maria_database) as connection,
    ):
        connection.execute("CREATE TABLE shelf (id INTEGER PRIMARY KEY, boxes INTEGER)")
        connection.execute("INSERT INTO shelf VALUES (1, 0), (2, 0)")
        # Who has written least is the one that loses.
        connection.execute("CREATE TABLE ballast (id INTEGER PRIMARY KEY)")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO ballast VALUES (?)", [(number,) for number in range(500)])
        connection.execute("UPDATE shelf SET boxes = boxes + 10 WHERE id = 2")
        call = crib.recipes.CreateRecipe.future(create("one"), metadata=ANN)
        assert held.wait(20)
        waiting.set()
        connection.execute("UPDATE shelf SET boxes = boxes + 10 WHERE id = 1")
        connection.execute("COMMIT")
        assert call.result(20).etag == "1"
        assert ran == ["one"] * 2
        boxes = connection.execute("SELECT boxes FROM shelf ORDER BY id").fetchall()
    # What the hook wrote the first time is gone with it.
    assert list(boxes) == [(11,), (11,)]


@pytest.mark.parametrize(
    ("number", "code", "reason"),
    [
        (1213, grpc.StatusCode.UNAVAILABLE, "WRITE_CONFLICT"),
        (1021, grpc.StatusCode.RESOURCE_EXHAUSTED, "DISK_FULL"),
        (1034, grpc.StatusCode.DATA_LOSS, "DATABASE_CORRUPT"),
        (1205, grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE"),
        (1290, grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE"),
        (1365, grpc.StatusCode.INTERNAL, "INTERNAL"),
    ],
)
def test_errors_have_their_status_and_cost_nobody_else_anything(
    maria_database: str, number: int, code: grpc.StatusCode, reason: str
) -> None:
    error = f"SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = '{SECRET}'"
    costs_nobody_else(maria_database, error, code, reason)


class TestValues:
    def test_that_have_no_place_are_refused_and_never_cut(self, maria_database: str) -> None:
        with served(database=maria_database) as lab:
            orders = lab.client("lab.orders.v1.work_order", "WorkOrder")
            order = generated("lab.orders.v1.work_order_pb2", "WorkOrder")
            with pytest.raises(InvalidArgument) as refusal:
                orders.create(order(customer="x" * 3000))
            assert refusal.value.reason == "VALUE_TOO_LONG"
            assert orders.get(orders.create(order(note="é😀" * 100_000)).id).note == "é😀" * 100_000
            with pytest.raises(InvalidArgument) as refusal:
                lab.client("lab.robots.v1.robot", "Robot").create(
                    generated("lab.robots.v1.robot_pb2", "Robot")(d=math.nextafter(LARGE, 0))
                )
            assert refusal.value.reason == "VALUE_NOT_STORABLE"

    def test_of_more_than_a_packet_are_refused_without_a_lost_connection(
        self, own_mariadb: Mariadb, maria_database: str
    ) -> None:
        with behind(maria_database) as connection:
            connection.execute("SET GLOBAL max_allowed_packet = 1048576")
        try:
            with served(database=maria_database) as lab:
                orders = lab.client("lab.orders.v1.work_order", "WorkOrder")
                order = generated("lab.orders.v1.work_order_pb2", "WorkOrder")
                with pytest.raises(InvalidArgument) as refusal:
                    orders.create(order(note="x" * 1_100_000))
                assert refusal.value.reason == "VALUE_TOO_LONG"
                assert orders.create(order(note="x" * 100_000)).etag == "1"
        finally:
            with behind(maria_database) as connection:
                connection.execute("SET GLOBAL max_allowed_packet = 16777216")


class TestTwoServers:
    def test_watches_of_one_show_the_commits_of_the_other_and_a_repeated_write_is_done_once(
        self, maria_database: str
    ) -> None:
        with (
            serve(COMPONENTS, database=maria_database, watch_poll_s=0.05) as one,
            serve(COMPONENTS, database=maria_database) as other,
            plant(one.address) as here,
            plant(other.address) as there,
            recording(here.recipes.WatchRecipes, WatchRecipesRequest()) as stream,
        ):
            stream.live()
            for number in range(10):
                request = create(f"r{number}", f"id-{number}")
                calls = [crib.recipes.CreateRecipe.future(request, metadata=ANN) for crib in (here, there, here)]
                first, *others = [call.result(20) for call in calls]
                assert others == [first] * 2
            stream.until(10)
        assert revisions(maria_database) == list(range(1, 11))

    def test_they_may_begin_at_the_same_moment(self, maria_database: str) -> None:
        def run(number: int) -> Any:
            with serve(COMPONENTS, database=maria_database) as running, plant(running.address) as crib:
                return crib.recipe(f"of {number}").id

        with ThreadPoolExecutor(3) as pool:
            assert sorted(pool.map(run, range(3))) == [1, 2, 3]


def test_connections_are_limited_and_given_back(own_mariadb: Mariadb, maria_database: str) -> None:
    count = "SELECT count(*) FROM information_schema.processlist WHERE db = ?"
    limited_and_given_back(maria_database, own_mariadb.url, count)


def test_who_finds_no_connection_free_is_told_in_time_and_the_log_says_so_once(
    maria_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    told_when_none_is_free(maria_database, caplog)


@pytest.mark.parametrize("folder", [COMPONENTS, *(TESTS / name for name in ("components", "tenancy"))])
def test_a_second_plan_has_nothing_to_do(maria_database: str, folder: Path) -> None:
    with serve(folder, database=maria_database):
        pass
    done = toolcrib("schema", "plan", folder, "--database", maria_database, "--detailed-exitcode")
    assert done.returncode == 0, done.stdout


def test_everything_moves_there_and_back_and_is_the_same(maria_database: str, tmp_path: Path) -> None:
    first, last = (f"sqlite:///{tmp_path / name}" for name in ("first.db", "last.db"))
    with serve(COMPONENTS, database=first) as running, plant(running.address) as crib:
        made = [crib.recipe(name) for name in ("a", "A", "a ", "z\0\x1b", "\U0001f529")]
        crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=made[0].id, speed_mm_s=7)))
        crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=made[1].id))
        told, listed = crib.entries(), crib.recipes.ListRecipes(ListRecipesRequest(show_deleted=True))
    for source, target in ((first, maria_database), (maria_database, last)):
        done = toolcrib("migrate", COMPONENTS, "--from", source, "--to", target)
        assert done.returncode == 0, done.stderr
        verified = toolcrib("audit", "verify", "--database", target, "--records", "--components", COMPONENTS)
        assert verified.returncode == 0, verified.stdout
        with serve(COMPONENTS, database=target) as running, plant(running.address) as crib:
            assert crib.entries() == told
            assert crib.recipes.ListRecipes(ListRecipesRequest(show_deleted=True)) == listed
    with serve(COMPONENTS, database=last) as running, plant(running.address) as crib:
        assert crib.recipe("next").id == made[-1].id + 1
