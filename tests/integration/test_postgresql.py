"""PostgreSQL below the server: restarts, lost connections, collisions. These tests have a PostgreSQL of their own."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from typing import Any

import grpc
import psycopg
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, bindparam, make_url, select

from plant.recipes.v1.recipe_client import RecipeClient
from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_record import RecipeRecord
from plant.recipes.v1.recipe_service_pb2 import (
    CreateRecipeRequest,
    GetRecipeRequest,
    ListRecipesRequest,
    WatchRecipesRequest,
)
from support.behind import behind
from support.chain import checked
from support.failing import SECRET, costs_nobody_else
from support.lab import generated, served
from support.plant import COMPONENTS, health_stub, plant, refused
from support.pools import limited_and_given_back, told_when_none_is_free
from support.postgres import Postgres
from support.restarts import once_under_load, revisions, unnoticed_while_idle
from support.watching import recording
from toolcrib.client import Crib, InvalidArgument
from toolcrib.server import Application, Change, outcome
from toolcrib.server.columns import ExactText
from toolcrib.server.databases.choice import backend_for
from toolcrib.server.databases.limits import Limits
from toolcrib.server.databases.postgresql_session import PostgresqlSession
from toolcrib.server.exact_text import from_stored
from toolcrib.server.query.spelling import contains, ends_with
from toolcrib.server.statements import Prepared
from toolcrib.server.testing import serve

ANN = (("x-actor", "ann"),)
ODD_TEXT = st.text(alphabet="\0\1\2\3ab", max_size=6)


def create(name: str, request_id: str = "") -> CreateRecipeRequest:
    return CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=1), request_id=request_id)


class TestARestart:
    def test_of_an_idle_database_is_noticed_by_nobody(self, own_postgres: Postgres, own_database: str) -> None:
        unnoticed_while_idle(own_postgres, own_database)

    def test_while_it_is_down_calls_are_told_to_come_back_and_health_says_so(
        self, own_postgres: Postgres, own_database: str
    ) -> None:
        with (
            serve(COMPONENTS, database=own_database, health_interval_s=0.05) as running,
            plant(running.address) as crib,
        ):
            crib.recipe("before")
            own_postgres.stop()
            try:
                for attempt in (lambda: crib.recipe("lost"), lambda: crib.recipes.ListRecipes(ListRecipesRequest())):
                    with refused(grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE") as refusal:
                        attempt()
                    assert refusal.retry_delay_s == 1.0
                    assert "psycopg" not in refusal.message
                states = health_stub(crib.channel).Watch(HealthCheckRequest())
                assert HealthCheckResponse.NOT_SERVING in (answer.status for answer in states)
            finally:
                own_postgres.start()
            assert HealthCheckResponse.SERVING in (answer.status for answer in states)
            states.cancel()
            assert crib.recipe("after").id == 2
        assert checked(own_database).finding is None

    @pytest.mark.parametrize("how", ["fast", "immediate"])
    def test_under_load_each_write_is_there_once_and_watches_go_on(
        self, own_postgres: Postgres, own_database: str, how: str
    ) -> None:
        once_under_load(own_postgres, own_database, how)


def lose(session: PostgresqlSession) -> None:
    """Cuts the session's connection, as a network does."""
    session.connection.connection.driver_connection.close()  # type: ignore[union-attr]  # it is connected
    raise psycopg.OperationalError("the connection was cut")


class TestAConnectionLostInTheCommit:
    """Whether the commit was made is found out, and never by a second write."""

    @pytest.fixture
    def commits(self) -> list[str]:
        """What becomes of the next commits, the first first: "cut before", "cut behind"; then nothing does."""
        return []

    @pytest.fixture(autouse=True)
    def cut(self, monkeypatch: pytest.MonkeyPatch, commits: list[str]) -> None:
        commit = PostgresqlSession.commit

        def cutting(session: PostgresqlSession, *, has_news: bool) -> None:
            how = commits.pop(0) if commits else ""
            if how == "cut before":
                lose(session)
            commit(session, has_news=has_news)
            if how == "cut behind":
                lose(session)

        monkeypatch.setattr(PostgresqlSession, "commit", cutting)

    @pytest.mark.parametrize(("how", "runs"), [("cut behind", 1), ("cut before", 2)])
    @pytest.mark.parametrize("request_id", ["", "r"])
    def test_the_write_is_answered_and_done_once(
        self, own_database: str, commits: list[str], how: str, runs: int, request_id: str
    ) -> None:
        application, ran = Application(), []
        application.before_create(RecipeRecord)(lambda change: ran.append(change.after.name))
        with (
            serve(COMPONENTS, application=application, database=own_database) as running,
            plant(running.address) as crib,
        ):
            commits.append(how)
            made = crib.recipes.CreateRecipe(create("one", request_id))
            assert (made.id, made.etag) == (1, "1")
            assert len(ran) == runs
            assert crib.recipe("two").etag == "2"
        assert revisions(own_database) == [1, 2]
        assert checked(own_database).finding is None

    def test_where_the_database_cannot_be_asked_the_caller_is_told_and_the_request_id_finds_out(
        self, own_database: str, commits: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outcome, "_PAUSES_S", (0.0,))
        with serve(COMPONENTS, database=own_database) as running, plant(running.address) as crib:
            with monkeypatch.context() as unreachable:
                unreachable.setattr(outcome.OutcomeFinder, "_is_there", lambda *_: lose_without_a_session())
                commits.append("cut behind")
                with refused(grpc.StatusCode.UNAVAILABLE, "OUTCOME_UNKNOWN") as refusal:
                    crib.recipes.CreateRecipe(create("one", "r"))
            assert "request_id" in refusal.message
            assert crib.recipes.CreateRecipe(create("one", "r")).etag == "1"
        assert revisions(own_database) == [1]


def lose_without_a_session() -> None:
    raise psycopg.OperationalError("the database is away")


class TestCollisions:
    def test_what_cannot_be_serialized_is_run_again_with_its_hooks(self, own_database: str) -> None:
        application, ran = Application(), []

        @application.before_create(RecipeRecord)
        def collide(change: Change[RecipeRecord]) -> None:
            ran.append(change.after.name)
            if len(ran) <= 3:
                change.transaction.session.cursor.execute(
                    "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'serialization_failure'; END $$"
                )

        with (
            serve(COMPONENTS, application=application, database=own_database) as running,
            plant(running.address) as crib,
        ):
            assert crib.recipe("one").etag == "1"
            assert ran == ["one"] * 4
        assert revisions(own_database) == [1]

    def test_who_loses_a_deadlock_is_run_again(self, own_database: str) -> None:
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
            serve(COMPONENTS, application=application, database=own_database) as running,
            plant(running.address) as crib,
            behind(own_database) as connection,
        ):
            connection.execute("CREATE TABLE shelf (id INTEGER PRIMARY KEY, boxes INTEGER)")
            connection.execute("INSERT INTO shelf VALUES (1, 0), (2, 0)")
            # The server is to be the one that notices, and loses.
            connection.execute("SET deadlock_timeout = '60s'")
            connection.execute("BEGIN")
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
        assert boxes == [(11,), (11,)]

    def test_what_always_collides_is_unavailable_in_the_end(self, own_database: str) -> None:
        application = Application()

        @application.before_create(RecipeRecord)
        def collide(change: Change[RecipeRecord]) -> None:
            change.transaction.session.cursor.execute(
                "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END $$"
            )

        with (
            serve(COMPONENTS, application=application, database=own_database) as running,
            plant(running.address) as crib,
        ):
            with refused(grpc.StatusCode.UNAVAILABLE, "WRITE_CONFLICT") as refusal:
                crib.recipe("one")
            assert refusal.retry_delay_s == 1.0
        assert revisions(own_database) == []


class TestErrors:
    @pytest.mark.parametrize(
        ("state", "code", "reason"),
        [
            ("disk_full", grpc.StatusCode.RESOURCE_EXHAUSTED, "DISK_FULL"),
            ("data_corrupted", grpc.StatusCode.DATA_LOSS, "DATABASE_CORRUPT"),
            ("lock_not_available", grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE"),
            ("read_only_sql_transaction", grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE"),
            ("query_canceled", grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE"),
            ("division_by_zero", grpc.StatusCode.INTERNAL, "INTERNAL"),
        ],
    )
    def test_have_their_status_and_cost_nobody_else_anything(
        self, own_database: str, state: str, code: grpc.StatusCode, reason: str
    ) -> None:
        error = f"DO $$ BEGIN RAISE EXCEPTION '{SECRET}' USING ERRCODE = '{state}'; END $$"
        costs_nobody_else(own_database, error, code, reason)

    def test_a_value_that_no_index_holds_is_refused(self, own_database: str) -> None:
        # Not even compressed.
        long = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=20_000))
        with served(database=own_database) as lab:
            orders = lab.client("lab.orders.v1.work_order", "WorkOrder")
            order = generated("lab.orders.v1.work_order_pb2", "WorkOrder")
            with pytest.raises(InvalidArgument) as refusal:
                orders.create(order(customer=long))
            assert refusal.value.reason == "VALUE_TOO_LONG"
            assert orders.create(order(note=long)).etag == "1"


class TestExactText:
    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(text=ODD_TEXT, part=ODD_TEXT)
    def test_is_searched_and_ordered_like_the_text_that_it_stands_for(
        self, own_postgres: Postgres, text: str, part: str
    ) -> None:
        """With the characters that it is written with, and whatever comes before and behind them."""
        given_text, given_part = bindparam("text", type_=ExactText), bindparam("part", type_=ExactText)
        asked = (contains(given_text, given_part), ends_with(given_text, given_part), given_text < given_part)
        engine = engine_of(own_postgres.url)
        prepared = Prepared(select(*asked, given_text), engine.dialect)
        values = {"text": text, "part": part}
        with engine.connect() as connection:
            cursor = connection.connection.cursor()
            cursor.execute(prepared.sql, prepared.bind([values[name] for name in prepared.parameters]))
            row = cursor.fetchone()
        assert row is not None
        assert row[:3] == (part in text, text.endswith(part), text < part)
        assert from_stored(row[3]) == text


@lru_cache
def engine_of(url: str) -> Engine:
    return backend_for(url, Limits()).engine


class TestTwoServers:
    def test_a_watch_hears_at_once_what_the_other_commits(self, own_database: str) -> None:
        # Asking would find it in an hour.
        with (
            serve(COMPONENTS, database=own_database, watch_poll_s=3600) as one,
            serve(COMPONENTS, database=own_database) as other,
            plant(one.address) as here,
            plant(other.address) as there,
            recording(here.recipes.WatchRecipes, WatchRecipesRequest()) as stream,
        ):
            stream.live()
            for number in range(1, 6):
                there.recipe(f"r{number}")
                stream.until(number)
            here.recipe("own")
            stream.until(6)

    def test_a_write_that_is_repeated_to_the_other_is_done_once(self, own_database: str) -> None:
        with (
            serve(COMPONENTS, database=own_database) as one,
            serve(COMPONENTS, database=own_database) as other,
            plant(one.address) as here,
            plant(other.address) as there,
        ):
            for number in range(20):
                request = create(f"r{number}", f"id-{number}")
                calls = [crib.recipes.CreateRecipe.future(request, metadata=ANN) for crib in (here, there, here)]
                first, *others = [call.result(20) for call in calls]
                assert others == [first] * 2
        assert revisions(own_database) == list(range(1, 21))

    def test_etags_hold_across_them(self, own_database: str) -> None:
        with (
            serve(COMPONENTS, database=own_database) as one,
            serve(COMPONENTS, database=own_database) as other,
            Crib.connect(one.address, actor="ann") as here,
            Crib.connect(other.address, actor="bob") as there,
        ):
            made = RecipeClient(here).create(Recipe(name="r", speed_mm_s=1))
            applied = []

            def count_up(crib: Crib) -> None:
                recipes = RecipeClient(crib)
                for _ in range(15):
                    while True:
                        current = recipes.get(made.id)
                        current.speed_mm_s += 1
                        with suppress(Exception):
                            applied.append(recipes.update(current, mask="speed_mm_s").etag)
                            break

            threads = [threading.Thread(target=count_up, args=(crib,)) for crib in (here, there)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert RecipeClient(here).get(made.id).speed_mm_s == 31
            assert len(set(applied)) == 30

    def test_they_may_begin_at_the_same_moment(self, own_database: str) -> None:
        def run(number: int) -> Any:
            with serve(COMPONENTS, database=own_database) as running, plant(running.address) as crib:
                return crib.recipe(f"of {number}").id

        with ThreadPoolExecutor(3) as pool:
            assert sorted(pool.map(run, range(3))) == [1, 2, 3]


def test_a_watch_goes_on_where_the_news_are_cut(own_database: str) -> None:
    with (
        serve(COMPONENTS, database=own_database, watch_poll_s=0.05) as one,
        serve(COMPONENTS, database=own_database) as other,
        plant(one.address) as here,
        plant(other.address) as there,
        recording(here.recipes.WatchRecipes, WatchRecipesRequest()) as stream,
    ):
        stream.live()
        with behind(own_database) as connection:
            cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE starts_with(query, 'LISTEN')"
            assert connection.execute(cut).fetchone() == (2,)
        there.recipe("r")
        stream.until(1)


class TestConnections:
    def test_are_limited_and_given_back(self, own_postgres: Postgres, own_database: str) -> None:
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = ?"
        limited_and_given_back(own_database, own_postgres.url, count)

    def test_who_finds_none_free_is_told_in_time_and_the_next_one_has_one(
        self, own_database: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        told_when_none_is_free(own_database, caplog)

    def test_that_the_database_refuses_are_asked_for_again(self, own_postgres: Postgres, own_database: str) -> None:
        with psycopg.connect(own_postgres.url, autocommit=True) as administrator, behind(own_database) as inside:
            administrator.execute("CREATE ROLE few LOGIN")
            inside.execute("GRANT ALL ON SCHEMA public TO few")
            few = make_url(own_database).set(username="few").render_as_string(hide_password=False)
            with serve(COMPONENTS, database=few) as running, plant(running.address) as crib:
                kept = crib.recipe("before")
                administrator.execute("ALTER ROLE few CONNECTION LIMIT 0")
                administrator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'few'")
                for attempt in (lambda: crib.recipe("lost"), lambda: crib.recipes.ListRecipes(ListRecipesRequest())):
                    with refused(grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE") as refusal:
                        attempt()
                    assert "few" not in refusal.message
                administrator.execute("ALTER ROLE few CONNECTION LIMIT -1")
                assert crib.recipe("after").id == 2
                assert crib.recipes.GetRecipe(GetRecipeRequest(id=kept.id)) == kept
