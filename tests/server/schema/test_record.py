"""What was applied, by whom and when; databases that are ahead, backups, policies, components by another name."""

from __future__ import annotations

import json
import re

import pytest

from support.evolving import Evolving, Failed, part
from support.schema_spellings import Spellings

NAME = "string name = 2"
BEFORE, AFTER = part(NAME), part(NAME, "optional int32 level = 3")


class TestTheRecord:
    def test_has_each_plan_with_who_and_when(self, shop: Evolving) -> None:
        shop.declare(BEFORE)
        shop.serve(("create", {"name": "a"}))
        shop.declare(AFTER)
        applied = shop.apply()
        assert (applied["schema_version"], applied["applied_version"]) == (1, 2)
        first, second = map(json.loads, shop.versions("--json").splitlines())
        assert (first["version"], first["method"], first["revision"]) == (1, "serve", 0)
        assert (second["version"], second["actor"], second["method"], second["revision"]) == (
            2,
            "bob",
            "schema apply",
            1,
        )
        assert "+ add part.level, optional int32, unset" in second["plan"]
        assert "schema 2, 20" in shop.versions()

    def test_is_as_it_was_where_there_is_nothing_to_do(self, shop: Evolving) -> None:
        shop.declare(BEFORE)
        shop.serve()
        shop.serve()
        assert shop.apply()["applied_version"] == 1
        assert len(shop.sql("SELECT version FROM toolcrib_schema")) == 1


class TestADatabaseThatIsAhead:
    def test_is_refused_by_a_server_of_the_former_components(self, shop: Evolving) -> None:
        shop.declare(BEFORE)
        shop.serve()
        shop.declare(AFTER)
        shop.serve()
        shop.declare(BEFORE)
        with pytest.raises(
            Failed, match=r"go back to the components of schema 1: the database is at schema 2, .* ahead"
        ):
            shop.serve()
        with pytest.raises(Failed, match=r"drop part\.level"):
            shop.apply("older")
        shop.apply("older", "drop:part.level")
        assert shop.plan()["schema_version"] == 3
        shop.serve(("create", {"name": "a"}))
        shop.declare(AFTER)
        with pytest.raises(Failed, match="ahead"):
            shop.serve()

    def test_is_refused_to_a_server_that_runs_already(self, shop: Evolving) -> None:
        shop.declare(BEFORE)
        with pytest.raises(Failed, match="SCHEMA_CHANGED"):
            shop.serve(
                ("create", {"name": "a"}),
                (
                    "sql",
                    "INSERT INTO toolcrib_schema SELECT 2, apply_time, actor, method, revision, '', '', components "
                    "FROM toolcrib_schema",
                ),
                ("create", {"name": "b"}),
            )
        assert shop.sql("SELECT name FROM part") == [("a",)]


@pytest.mark.sqlite
class TestTheBackup:
    def test_is_the_database_as_it_was(self, shop: Evolving) -> None:
        shop.declare(BEFORE)
        shop.serve(("create", {"name": "a"}))
        shop.file.chmod(0o640)
        shop.declare(AFTER)
        backup = shop.file.with_name("test.db.schema-1.backup")
        assert shop.apply()["backup"] == str(backup)
        assert backup.stat().st_mode & 0o777 == 0o640
        shop.serve(("update", {"id": 1, "name": "b", "level": 1}))
        shop.database = backup
        shop.declare(BEFORE)
        assert shop.steps() == []
        assert shop.serve(("get", 1)) == [{"id": "1", "name": "a"}]

    def test_that_cannot_be_written_leaves_all_as_it_was(self, shop: Evolving) -> None:
        shop.declare(BEFORE)
        shop.serve(("create", {"name": "a"}))
        shop.file.with_name("test.db.schema-1.backup").mkdir()
        shop.declare(AFTER)
        with pytest.raises(Failed, match=r"the schema is not changed: the backup .* cannot be written"):
            shop.serve()
        assert shop.plan()["schema_version"] == 1

    def test_is_not_made_for_new_tables(self, shop: Evolving) -> None:
        shop.declare(BEFORE)
        shop.serve()
        shop.declare(BEFORE + part(NAME).replace("message Part", "message Other"))
        assert shop.apply()["backup"] is None


class TestPolicies:
    def test_check_refuses_what_differs_and_serves_what_does_not(self, shop: Evolving) -> None:
        shop.declare(BEFORE)
        with pytest.raises(Failed, match=r"differs from the components in 2 steps, .* run `toolcrib schema apply`"):
            shop.serve(schema_policy="check")
        shop.apply()
        assert shop.serve(("create", {"name": "a"}), schema_policy="check") == [{"id": "1", "name": "a"}]
        shop.declare(AFTER)
        with pytest.raises(Failed, match=r"add part\.level"):
            shop.serve(schema_policy="check")

    def test_off_does_not_look(self, shop: Evolving) -> None:
        shop.declare(BEFORE)
        with pytest.raises(Failed, match="lacks the table part, and schema_policy is off"):
            shop.serve(schema_policy="off")
        shop.apply()
        shop.sql("ALTER TABLE part ADD COLUMN theirs TEXT")
        assert shop.serve(("create", {"name": "a"}), schema_policy="off") == [{"id": "1", "name": "a"}]


class TestTheCommands:
    def test_plan_says_what_a_field_costs_that_is_always_set_and_one_that_is_unique_no_longer(
        self, shop: Evolving, spellings: Spellings
    ) -> None:
        shop.declare(part("int32 slot = 2 [(toolcrib.options.v1.field).unique = true]"))
        shop.serve(("create", {"slot": 1}), ("create", {"slot": 2}))
        shop.declare(part("int32 slot = 2", "repeated int32 sizes = 3"))
        costs = re.findall(r"^      cost    (.+)$", shop.command("schema", "plan").out, re.MULTILINE)
        assert costs == [spellings.add_constant, spellings.drop_unique]

    def test_plan_is_text_that_can_be_reviewed(self, shop: Evolving, spellings: Spellings) -> None:
        shop.declare(part("int32 slot = 2", "string note = 3"))
        shop.serve(("create", {"slot": 1, "note": "n"}), ("create", {"slot": 2}))
        shop.declare(part("int32 slot = 2 [(toolcrib.options.v1.field).unique = true]", "optional int32 level = 4"))
        expected = (
            f"{shop.database}: 2 to add, 0 to change, 1 to drop\n\n"
            "shop.v1.Part\n"
            "  + add part.level, optional int32, unset\n"
            f"      cost    {spellings.add_column}\n"
            "  - drop part.note\n"
            f"      cost    {spellings.drop_column}\n"
            "      loss    2 values in part, and 0 values in former versions, would go; "
            "the audit trail keeps what it has\n"
            "      allow   --allow drop:part.note\n"
            "  + add the unique constraint over slot\n"
            f"      cost    {spellings.add_unique}\n\n"
            "1 step needs a decision; nothing is applied before that\n"
        )
        for _ in range(2):
            done = shop.command("schema", "plan", "--detailed-exitcode")
            assert (done.code, done.out) == (2, expected)
        assert shop.command("schema", "plan").code == 0
        refused = shop.command("schema", "apply")
        assert (refused.code, refused.out) == (1, expected)
        assert refused.errors.startswith("toolcrib: the schema of ")
        allowed = shop.command("schema", "apply", "--allow", "drop:part.note")
        assert (allowed.code, allowed.errors) == (0, "")
        assert "      allowed\n" in allowed.out
        assert "applied as schema 2" in allowed.out
        assert ("before it: " in allowed.out) is bool(shop.backups())
        assert shop.command("schema", "plan", "--detailed-exitcode").code == 0

    @pytest.mark.sqlite
    def test_plan_makes_no_database_where_there_is_none(self, shop: Evolving) -> None:
        shop.declare(BEFORE)
        assert shop.steps() == [
            "+ create the table part with 4 columns",
            "+ create the table part_history for former versions",
        ]
        assert not shop.file.exists()

    def test_plan_refuses_the_database_of_another_application(self, shop: Evolving) -> None:
        shop.sql("CREATE TABLE invoices (id INTEGER)")
        shop.declare(BEFORE)
        done = shop.command("schema", "plan")
        assert done.code == 1
        assert "another application" in done.errors


class TestComponentsByAnotherName:
    def test_keep_their_records_keys_versions_audit_and_watches(self, shop: Evolving) -> None:
        shop.declare(BEFORE)
        shop.serve(("create", {"name": "a"}), ("create", {"name": "b"}), ("update", {"id": 1, "name": "c"}))
        shop.serve(("delete", 2))
        options = 'history: HISTORY_VERSIONS soft_delete: true renamed_from: "shop.v1.Part"'
        piece = part(NAME, options=options).replace("message Part", "message Piece")
        shop.declare(piece, package="store.v2")
        assert shop.steps()[:2] == [
            "~ rename the component shop.v1.Part to store.v2.Piece; its audit and history stay its own",
            "~ rename the table part to piece",
        ]
        answers = shop.serve(
            ("get", 1),
            ("get", 1, {"with": {"as_of": 2}}),
            ("revisions", 1),
            ("diffs", 1),
            ("create", {"name": "d"}),
            ("rollback", 2, 2),
            component="store.v2.Piece",
        )
        record, past, revisions, diffs, created, restored = answers
        assert (record, past) == ({"id": "1", "name": "c"}, {"id": "1", "name": "a"})
        assert [one["revision"] for one in revisions] == ["3", "1"]
        assert [one["changed_fields"] for one in diffs] == ["name"]
        assert (created, restored) == ({"id": "3", "name": "d"}, {"id": "2", "name": "b"})
        names = [
            row[0] for row in shop.sql("SELECT component FROM toolcrib_audit GROUP BY component ORDER BY min(revision)")
        ]
        assert names == ["shop.v1.Part", "store.v2.Piece"]
        verified = shop.verify()["records"]
        assert (verified["compared"], verified["finding"]) == (3, None)
        (changes,) = shop.serve(("watch", 4, {"with": {"revision": 1}}), component="store.v2.Piece")
        assert changes == [
            ["created", {"id": "1", "name": "a"}],
            ["created", {"id": "2", "name": "b"}],
            ["updated", {"id": "1", "name": "c"}],
            ["deleted", {"id": "2", "name": "b"}],
        ]
        # The option may go once it was applied: the record knows.
        shop.declare(piece.replace(' renamed_from: "shop.v1.Part"', ""), package="store.v2")
        assert shop.steps() == []
        (again,) = shop.serve(("revisions", 1), component="store.v2.Piece")
        assert [one["revision"] for one in again] == ["3", "1"]

    def test_may_have_another_table(self, shop: Evolving) -> None:
        shop.declare(BEFORE)
        shop.serve(("create", {"name": "a"}))
        shop.declare(part(NAME, options='history: HISTORY_VERSIONS soft_delete: true table: "shop_part"'))
        assert shop.steps()[0] == "~ rename the table part to shop_part"
        assert shop.serve(("create", {"name": "b"})) == [{"id": "2", "name": "b"}]

    def test_that_are_no_longer_served_stay_until_they_are_again(self, shop: Evolving) -> None:
        other = part(NAME).replace("message Part", "message Other")
        shop.declare(BEFORE + other)
        shop.serve(("create", {"name": "a"}))
        shop.declare(other)
        with pytest.raises(
            Failed, match=r"serve shop\.v1\.Part no longer: it is not among the components; its table part"
        ):
            shop.serve()
        shop.apply("retire:shop.v1.Part")
        assert shop.steps() == []
        shop.declare(AFTER + other)
        assert shop.serve(("get", 1)) == [{"id": "1", "name": "a"}]
