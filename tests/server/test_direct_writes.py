"""Writes that bypass the server, straight into the tables: they become revisions, in order with the server's."""

from __future__ import annotations

import logging
import math
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from support.behind import behind
from support.chain import checked
from support.direct.mill import COMPONENTS, Told, check_records, message, milling, stranger
from support.lab import generated
from toolcrib.client import Aborted, AuditClient, Crib, Unavailable
from toolcrib.server import Application, Commit

pytestmark = pytest.mark.postgresql

ETL = ("etl", "DATABASE_ROLE")
ANN = ("ann", "METADATA")


def blocked(database: str) -> None:
    """Returns when somebody waits for a lock."""
    with psycopg.connect(database, autocommit=True) as connection:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        while connection.execute(asked).fetchone() == (0,):
            time.sleep(0.005)


def sound(database: str) -> bool:
    """Whether the chain holds, and the records are what it says."""
    return checked(database).finding is None and not check_records(database)


class TestWhatIsAudited:
    def test_each_statement_with_the_role_the_application_and_what_was_before_and_after(self, database: str) -> None:
        with milling(database) as mill, stranger(database) as etl:
            made = mill.client("Recipe").create(message("Recipe")(name="a", speed_mm_s=1))
            etl.execute("UPDATE recipe SET speed_mm_s = 2 WHERE id = %s", [made.id])
            etl.execute("DELETE FROM recipe")
            create, update, delete = mill.entries()
            assert mill.told() == [
                Told("Recipe 1", "CREATE", *ANN),
                Told("Recipe 1", "UPDATE", *ETL),
                Told("Recipe 1", "DELETE", *ETL),
            ]
            before, after = (message("Recipe").FromString(side.value) for side in (update.before, update.after))
            assert before == made
            assert (after.speed_mm_s, after.etag) == (2, "2")
            assert list(update.changed_fields.paths) == ["speed_mm_s"]
            assert (update.method, update.peer, update.reason) == ("sql:nightly", "unix:", "")
            assert delete.before == update.after
            assert not delete.HasField("after")
            assert create.commit_time.ToDatetime() <= update.commit_time.ToDatetime() == after.update_time.ToDatetime()
        assert sound(database)

    def test_a_transaction_is_one_revision_in_the_order_of_its_statements(self, database: str) -> None:
        with milling(database) as mill, stranger(database) as etl:
            with etl.transaction():
                etl.execute("INSERT INTO recipe (name) VALUES ('a'), ('b')")
                with pytest.raises(psycopg.Error), etl.transaction():
                    etl.execute("DELETE FROM recipe; SELECT 1/0")
                etl.execute("""INSERT INTO "offset" (tool, axis) VALUES ('T/1', 3)""")
                etl.execute("UPDATE recipe SET name = name || '!' WHERE name = 'b'")
            assert [(entry.revision, entry.ordinal, entry.record_key) for entry in mill.entries()] == [
                (1, 0, "1"),
                (1, 1, "2"),
                (1, 2, "T%2F1/3"),
                (1, 3, "2"),
            ]
            assert [recipe.etag for recipe in mill.client("Recipe").list()] == ["1", "1"]
        assert sound(database)

    def test_what_is_rolled_back_or_changes_nothing_is_none(self, database: str) -> None:
        with milling(database) as mill, stranger(database) as etl:
            made = mill.client("Recipe").create(message("Recipe")(name="a"))
            with etl.transaction(force_rollback=True):
                etl.execute("DELETE FROM recipe")
            etl.execute("UPDATE recipe SET name = name")
            assert len(mill.entries()) == 1
            assert mill.client("Recipe").get(made.id) == made

    def test_a_key_that_changes_is_a_delete_and_a_create(self, database: str) -> None:
        with milling(database) as mill, stranger(database) as etl:
            etl.execute("INSERT INTO recipe (name) VALUES ('a')")
            etl.execute("UPDATE recipe SET id = 7")
            assert [(each.record, each.operation) for each in mill.told()] == [
                ("Recipe 1", "CREATE"),
                ("Recipe 1", "DELETE"),
                ("Recipe 7", "CREATE"),
            ]
        assert sound(database)

    def test_truncate_deletes_each_record(self, database: str) -> None:
        with milling(database) as mill, stranger(database) as etl:
            with etl.cursor() as cursor, cursor.copy("COPY sample (id, a_string) FROM STDIN") as copy:
                for key in "abc":
                    copy.write_row((key, key))
            etl.execute("TRUNCATE sample")
            assert [each.operation for each in mill.told()] == ["CREATE"] * 3 + ["DELETE"] * 3
            assert not list(mill.client("Sample").list())
        assert sound(database)

    def test_deleted_and_kept_undeleted_and_changed_meanwhile(self, database: str) -> None:
        with milling(database) as mill, stranger(database) as etl:
            etl.execute("INSERT INTO recipe (name) VALUES ('a')")
            etl.execute("UPDATE recipe SET delete_time = now()")
            etl.execute("UPDATE recipe SET name = 'b'")
            etl.execute("UPDATE recipe SET delete_time = NULL")
            etl.execute("UPDATE recipe SET delete_time = now()")
            etl.execute("DELETE FROM recipe")
            etl.execute("INSERT INTO recipe (name, delete_time) VALUES ('c', now())")
            operations: dict[int, list[str]] = {}
            for entry, each in zip(mill.entries(), mill.told(), strict=True):
                operations.setdefault(entry.revision, []).append(each.operation)
            assert list(operations.values()) == [
                ["CREATE"],
                ["DELETE"],
                ["UNDELETE", "DELETE"],
                ["UNDELETE"],
                ["DELETE"],
                ["UNDELETE", "DELETE"],
                ["CREATE", "DELETE"],
            ]
            recipes = mill.client("Recipe")
            assert [recipe.name for recipe in recipes.list(as_of=4)] == ["b"]
            assert [recipe.name for recipe in recipes.list(as_of=5)] == []
        assert sound(database)

    def test_every_kind_of_value_to_the_bit(self, database: str) -> None:
        values = {
            "a_bool": True,
            "a_uint32": 2**32 - 1,
            "a_uint64": 2**64 - 1,
            "a_float": 0.1,
            "a_double": -0.0,
            "a_string": "é/%'\"\\\x02",
            "some_bytes": b"\x00\xff",
            "state": 1,
            "a_time": datetime(1, 1, 1, 0, 0, 0, 1, UTC),
            "numbers": "[-9223372036854775808]",
            "readings": '{"x":NaN}',
        }
        columns, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        with milling(database) as mill, stranger(database) as etl:
            # As awkward as a session can be.
            etl.execute("SET extra_float_digits = -15; SET timezone = 'Asia/Kathmandu'; SET bytea_output = 'escape'")
            etl.execute("SET datestyle = 'SQL, DMY'")
            etl.execute(f"INSERT INTO sample ({columns}) VALUES ({marks})", [*values.values()])
            (entry,) = mill.entries()
            (stored,) = mill.client("Sample").list()
            image = message("Sample").FromString(entry.after.value)
            assert image.SerializeToString(deterministic=True) == stored.SerializeToString(deterministic=True)
            assert math.copysign(1, image.a_double) == -1
            assert math.isnan(image.readings["x"])
            assert (image.a_uint64, list(image.numbers)) == (2**64 - 1, [-(2**63)])
        assert sound(database)

    def test_who_writes_may_say_why(self, database: str) -> None:
        with milling(database) as mill, stranger(database) as etl:
            etl.execute("SET toolcrib.reason = 'ticket 4711'")
            etl.execute("INSERT INTO recipe (name) VALUES ('a')")
            assert [entry.reason for entry in mill.entries()] == ["ticket 4711"]

    def test_neither_components_without_the_option_nor_the_servers_own_writes(self, database: str) -> None:
        with milling(database) as mill, stranger(database) as etl:
            mill.client("Recipe").create(message("Recipe")(name="a"))
            etl.execute("INSERT INTO remark (id, text, toolcrib_revision) VALUES (1, 'x', 0)")
            assert [each.record for each in mill.told()] == ["Recipe 1"]


class TestWhatTheDatabaseFillsIn:
    def test_a_plain_insert_is_a_whole_record(self, database: str) -> None:
        with milling(database) as mill, stranger(database) as etl:
            etl.execute("INSERT INTO recipe (name) VALUES ('a')")
            etl.execute("INSERT INTO sample DEFAULT VALUES")
            mill.settle()
            (recipe,), (sample,) = mill.client("Recipe").list(), mill.client("Sample").list()
            assert (recipe.id, recipe.speed_mm_s, recipe.tries, recipe.etag) == (1, 0, 3, "1")
            assert recipe.create_time.ToDatetime() <= recipe.update_time.ToDatetime()
            assert sample.id[14] == "7"
        assert sound(database)

    def test_keys_are_given_once_whoever_asks(self, database: str) -> None:
        with milling(database) as mill, stranger(database) as etl:
            recipes, recipe = mill.client("Recipe"), message("Recipe")
            for name in "ab":
                recipes.create(recipe(name=name))
            etl.execute("INSERT INTO recipe (name) VALUES ('c')")
            etl.execute("INSERT INTO recipe (id, name) VALUES (50, 'd')")
            with etl.transaction():
                etl.execute("INSERT INTO recipe (name) VALUES ('e')")
                # While it is not committed yet.
                assert recipes.create(recipe(name="f")).id == 52
            assert sorted(found.id for found in recipes.list()) == [1, 2, 3, 50, 51, 52]
        with milling(database) as mill:
            assert mill.client("Recipe").create(message("Recipe")(name="g")).id == 53

    def test_a_key_that_others_choose_or_change_to_is_given_to_nobody(self, database: str) -> None:
        with milling(database) as mill, stranger(database) as etl:
            recipes, recipe = mill.client("Recipe"), message("Recipe")
            recipes.create(recipe(name="a"))
            etl.execute("UPDATE recipe SET id = %s WHERE name = 'a'", [-(2**63)])
            for number, far in enumerate((2, 5000)):
                etl.execute("UPDATE recipe SET id = %s WHERE name = 'a'", [far])
                assert recipes.create(recipe(name=f"b{number}")).id == far + 1
                etl.execute("INSERT INTO recipe (id, name) VALUES (%s, %s)", [far + 2, f"c{number}"])
                assert recipes.create(recipe(name=f"d{number}")).id == far + 3
        assert sound(database)

    def test_nobody_writes_revisions(self, database: str) -> None:
        with milling(database) as mill, stranger(database) as etl:
            etl.execute("INSERT INTO recipe (name, toolcrib_revision) VALUES ('a', 77)")
            etl.execute("UPDATE recipe SET toolcrib_revision = 99, name = 'b'")
            mill.settle()
            assert mill.client("Recipe").get(1).etag == "2"
        assert sound(database)


class TestWhoIsTheServer:
    @pytest.mark.parametrize("guess", ["", "true", "postgres"])
    def test_nobody_else_whatever_a_session_says_of_itself(self, database: str, guess: str) -> None:
        with milling(database) as mill, stranger(database) as etl:
            etl.execute(f"SET toolcrib.writer = '{guess}'")
            etl.execute("INSERT INTO recipe (name) VALUES ('a')")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                etl.execute("SELECT * FROM toolcrib_meta")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                etl.execute("DELETE FROM toolcrib_direct_write")
            assert len(mill.entries()) == 1

    def test_nobody_makes_the_audit_tell_of_a_table_of_their_own(self, database: str) -> None:
        with milling(database), stranger(database) as etl:
            etl.execute("CREATE TEMP TABLE recipe AS SELECT * FROM recipe")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                etl.execute(
                    "CREATE TRIGGER forged AFTER INSERT ON pg_temp.recipe FOR EACH ROW "
                    "EXECUTE FUNCTION toolcrib_note_direct_write('id')"
                )

    def test_not_even_the_role_that_it_logs_in_with(self, database: str) -> None:
        with milling(database) as mill, psycopg.connect(database, autocommit=True) as owner:
            owner.execute("SET session_replication_role = replica")
            owner.execute("INSERT INTO recipe (name) VALUES ('a')")
            assert [each[2:] for each in mill.told()] == [("postgres", "DATABASE_ROLE")]


class TestOrderWithTheServersOwn:
    def test_an_etag_that_was_read_before_is_stale_at_once(self, database: str) -> None:
        with milling(database) as mill, stranger(database) as etl:
            recipes = mill.client("Recipe")
            known = recipes.create(message("Recipe")(name="a"))
            etl.execute("UPDATE recipe SET speed_mm_s = 5")
            known.name = "b"
            with pytest.raises(Aborted):
                recipes.update(known, mask="name")
            known = recipes.get(known.id)
            known.name = "b"
            assert recipes.update(known, mask="name").speed_mm_s == 5
            assert [each.operation for each in mill.told()] == ["CREATE", "UPDATE", "UPDATE"]
        assert sound(database)

    def test_a_hook_that_comes_upon_a_direct_write_is_run_again_behind_it(self, database: str) -> None:
        application, runs = Application(), []

        @application.before_update(generated("press.v1.recipe_record", "RecipeRecord", COMPONENTS))
        def meddle(change: Any) -> None:
            runs.append(change.before.speed_mm_s)
            if len(runs) == 1:
                with psycopg.connect(database, user="etl", autocommit=True) as etl:
                    etl.execute("UPDATE recipe SET speed_mm_s = 5 WHERE name = 'other'")

        with milling(database) as mill, stranger(database):
            for name in ("a", "other"):
                mill.client("Recipe").create(message("Recipe")(name=name))
        with milling(database, application) as mill:
            recipes = mill.client("Recipe")
            recipes.update(message("Recipe")(id=1, name="b"), mask="name")
            assert [(each.record, each.actor) for each in mill.told()[2:]] == [("Recipe 2", "etl"), ("Recipe 1", "ann")]
        assert len(runs) == 2
        assert sound(database)

    def test_a_key_that_is_brought_along_is_given_to_nobody_again(self, database: str) -> None:
        application = Application()

        @application.after_create(generated("press.v1.remark_record", "RemarkRecord", COMPONENTS))
        def bring(change: Any) -> None:
            repository = generated("press.v1.recipe_repository", "RecipeRepository", COMPONENTS)
            change.repository(repository).create_kept([message("Recipe")(id=7, name="brought")])

        with milling(database, application) as mill, stranger(database) as etl:
            mill.client("Remark").create(message("Remark")(text="a"))
            etl.execute("INSERT INTO recipe (name) VALUES ('theirs')")
            mill.client("Recipe").create(message("Recipe")(name="ours"))
            assert [each.record for each in mill.told()] == ["Remark 1", "Recipe 7", "Recipe 8", "Recipe 9"]
        assert sound(database)

    def test_records_that_somebody_has_locked_wait_and_others_do_not(self, database: str) -> None:
        with milling(database, busy_timeout_s=0.2) as mill, stranger(database) as etl, stranger(database) as slow:
            recipes, recipe = mill.client("Recipe"), message("Recipe")
            first, second = (recipes.create(recipe(name=name)) for name in "ab")
            etl.autocommit = False
            etl.execute("UPDATE recipe SET speed_mm_s = 5")
            with ThreadPoolExecutor(1) as pool:
                # Waits for the first to commit, and has the record from then on.
                waits = pool.submit(slow.execute, "BEGIN; UPDATE recipe SET speed_mm_s = 6 WHERE id = 1")
                blocked(database)
                etl.commit()
                waits.result(20)
            assert recipes.create(recipe(name="c")).id == 3
            # Only what was changed past the server has to wait for that to be absorbed.
            # Though it would change nothing: its etag is of before.
            second.speed_mm_s = 5
            with (
                Crib.connect(mill.address, actor="ann", retry_writes=False) as impatient,
                pytest.raises(Unavailable) as refusal,
            ):
                generated("press.v1.recipe_client", "RecipeClient", COMPONENTS)(impatient).update(
                    second, mask="speed_mm_s"
                )
            assert refusal.value.reason == "WRITE_CONFLICT"
            slow.execute("ROLLBACK")
            assert recipes.update(recipe(id=second.id, name="x"), mask="name").speed_mm_s == 5
            assert [(each.record[-1], each.actor) for each in mill.told()] == [
                ("1", "ann"),
                ("2", "ann"),
                ("3", "ann"),
                ("1", "etl"),
                ("2", "etl"),
                ("2", "ann"),
            ]
            assert first.id == 1
        assert sound(database)


class TestRulesThatTheDatabaseDoesNotKnow:
    def test_what_breaks_them_is_audited_and_says_so(self, database: str, caplog: pytest.LogCaptureFixture) -> None:
        with milling(database) as mill, stranger(database) as etl, caplog.at_level(logging.WARNING):
            etl.execute("INSERT INTO recipe (name, speed_mm_s) VALUES ('', 9999)")
            (entry,) = mill.entries()
            assert "recipe 1: name" in entry.reason
            assert "recipe 1: speed_mm_s" in entry.reason
            assert message("Recipe").FromString(entry.after.value).speed_mm_s == 9999
        assert "bypassed the server" in caplog.text
        assert sound(database)

    def test_what_no_record_can_hold_is_named_and_stops_nothing(self, database: str) -> None:
        with milling(database) as mill, stranger(database) as etl:
            etl.execute("INSERT INTO sample (id, a_uint32, numbers, a_string) VALUES ('x', -5, 'no JSON', 'kept')")
            (entry,) = mill.entries()
            assert entry.reason == "sample x: a_uint32 cannot be read: -5; sample x: numbers cannot be read: no JSON"
            assert message("Sample").FromString(entry.after.value).a_string == "kept"
            etl.execute("UPDATE sample SET a_uint32 = 5, numbers = '[]'")
            assert [each.operation for each in mill.told()] == ["CREATE", "UPDATE"]
            assert mill.client("Sample").get("x").a_uint32 == 5
        assert sound(database)

    def test_of_what_no_revision_can_be_made_is_set_aside_and_all_else_goes_on(
        self, database: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        with milling(database) as mill, stranger(database) as etl, behind(database) as owner:
            etl.execute("INSERT INTO recipe (name) VALUES ('a')")
            mill.settle()
            # A defect: what no trigger writes.
            owner.execute(
                "INSERT INTO toolcrib_direct_write (transaction_id, table_name, record_key, operation, before_row, "
                "write_time, role, reason, application, peer) VALUES (1, 'recipe', '1', 3, '{', now(), '', '', '', '')"
            )
            assert mill.client("Recipe").create(message("Recipe")(name="b")).etag == "2"
            etl.execute("INSERT INTO recipe (name) VALUES ('c')")
            assert [each.record for each in mill.told()] == ["Recipe 1", "Recipe 2", "Recipe 3"]
            (failure,) = owner.execute("SELECT failure FROM toolcrib_direct_write").fetchone()
            assert failure.startswith("JSONDecodeError")
        assert caplog.text.count("no revision can be made of the transaction 1,") == 1
        assert checked(database).finding is None


class TestWhoHears:
    def test_watches_and_listeners_do_though_nobody_writes_through_the_server(self, database: str) -> None:
        application, heard = Application(), []

        @application.after_commit
        def hear(commit: Commit) -> None:
            heard.append((commit.actor, commit.method, len(commit.changes)))

        with milling(database, application) as mill, stranger(database) as etl:
            watch = mill.client("Recipe").watch(snapshot=True)
            # It has begun, and misses nothing from here on.
            assert watch.snapshot() == []
            etl.execute("INSERT INTO recipe (name) VALUES ('a')")
            assert next(iter(watch)).record.name == "a"
        assert heard == [("etl", "sql:nightly", 1)]

    def test_what_was_written_while_no_server_ran_is_absorbed_at_the_start(self, database: str) -> None:
        with milling(database), stranger(database):
            pass
        with stranger(database) as etl:
            etl.execute("INSERT INTO recipe (name) VALUES ('a')")
            (wrote,) = etl.execute("SELECT now()").fetchone() or ()
        with milling(database) as mill:
            (entry,) = mill.entries()
            assert abs((entry.commit_time.ToDatetime(UTC) - wrote).total_seconds()) < 0.5
            assert AuditClient(mill.crib).transaction(1).actor == "etl"
        assert sound(database)
