"""Changes of a component with records in it: what is applied, and what records, versions and audit are behind it."""

from __future__ import annotations

from typing import Any

import pytest

from support.evolving import Evolving, Failed, moment, option, part
from support.schema_spellings import Spellings


@pytest.fixture(autouse=True)
def sound(shop: Evolving) -> Any:
    """Behind each test nothing is left to do, and records, chain and audit agree."""
    yield
    assert shop.steps() == []
    verified = shop.verify()
    assert verified["ok"], verified


class TestAddedFields:
    def test_that_are_optional_are_unset_in_records_and_versions(self, shop: Evolving) -> None:
        shop.declare(part("string name = 2"))
        shop.serve(("create", {"name": "a"}), ("update", {"id": 1, "name": "b"}))
        shop.declare(part("string name = 2", "optional double weight_kg = 3"))
        assert shop.steps() == ["+ add part.weight_kg, optional double, unset"]
        (record, past) = shop.serve(("get", 1), ("get", 1, {"with": {"as_of": 1}}))
        assert (record, past) == ({"id": "1", "name": "b"}, {"id": "1", "name": "a"})

    def test_with_a_backfill_are_updates_of_each_record(self, shop: Evolving) -> None:
        shop.declare(part("string name = 2", "string etag = 9"))
        shop.serve(("create", {"name": "a"}), ("create", {"name": "b"}), ("delete", 2))
        shop.declare(part("string name = 2", "int32 slots = 3" + option(backfill='"4"'), "string etag = 9"))
        assert shop.steps() == ["+ add part.slots, int32, and 4 in 2 records, each audited"]
        record, past, revisions = shop.serve(("get", 1), ("get", 1, {"with": {"as_of": 1}}), ("revisions", 1))
        assert record == {"id": "1", "name": "a", "slots": 4, "etag": "4"}
        assert past == {"id": "1", "name": "a", "etag": "1"}
        assert [(one["revision"], one["changed_fields"]) for one in revisions] == [("4", "slots"), ("1", "name")]
        assert revisions[0]["reason"] == "backfill of new fields"
        # A deleted record is as it was left, and has zero once it is back.
        (undeleted,) = shop.serve(("undelete", 2))
        assert undeleted == {"id": "2", "name": "b", "etag": "5"}

    def test_that_are_lists_and_maps_are_empty(self, shop: Evolving) -> None:
        shop.declare(part("string name = 2"))
        shop.serve(("create", {"name": "a"}), ("update", {"id": 1, "name": "b"}))
        shop.declare(part("string name = 2", "repeated int32 sizes = 3", "map<string, bool> flags = 4"))
        (record, past) = shop.serve(("get", 1), ("get", 1, {"with": {"as_of": 1}}))
        assert (record, past) == ({"id": "1", "name": "b"}, {"id": "1", "name": "a"})

    def test_that_the_server_fills_in_are_known_from_the_audit(self, shop: Evolving) -> None:
        shop.declare(part("string name = 2"))
        shop.serve(("create", {"name": "a"}), ("update", {"id": 1, "name": "b"}))
        created, updated = (
            row[0] for row in shop.sql("SELECT commit_time FROM toolcrib_transaction ORDER BY revision")
        )
        times = ["google.protobuf.Timestamp create_time = 7", "google.protobuf.Timestamp update_time = 8"]
        shop.declare(part("string name = 2", *times, "string etag = 9"))
        (record,) = shop.serve(("get", 1))
        assert record.pop("create_time") == moment(created)
        assert record.pop("update_time") == moment(updated)
        assert record == {"id": "1", "name": "b", "etag": "2"}

    def test_that_the_server_fills_in_are_known_also_where_keys_are_named_as_the_audit_names_its_own(
        self, shop: Evolving
    ) -> None:
        body = """message Part {{
          option (toolcrib.options.v1.component) = {{key_fields: ["record_key", "component"]}};
          string record_key = 1; string component = 2; {0}
        }}"""
        shop.declare(body.format("double x = 3;"))
        key = {"record_key": "a", "component": "b"}
        shop.serve(("create", key), ("update", {**key, "x": 1.0}))
        (created,) = shop.sql("SELECT commit_time FROM toolcrib_transaction WHERE revision = 1")[0]
        shop.declare(body.format("double x = 3; google.protobuf.Timestamp create_time = 5;"))
        (record,) = shop.serve(("get", "a", "b"))
        assert record["create_time"] == moment(created)

    def test_of_an_empty_table_need_no_value(self, shop: Evolving) -> None:
        shop.declare(part("string name = 2"))
        shop.serve()
        shop.declare(part("string name = 2", "int32 slots = 3"))
        assert shop.serve(("create", {"slots": 3})) == [{"id": "1", "slots": 3}]

    def test_of_a_component_with_a_key_of_several_fields_and_without_contents_in_its_audit(
        self, shop: Evolving
    ) -> None:
        body = """message Part {{
          option (toolcrib.options.v1.component) = {{{0} key_fields: ["line", "place"]}};
          string line = 1; uint32 place = 2; {1}
        }}"""
        shop.declare(body.format("history: HISTORY_NONE", "double x = 3;"))
        shop.serve(("create", {"line": "a/b%", "place": 7}), ("create", {"line": "c", "place": 8, "x": 2}))
        (created,) = shop.sql("SELECT commit_time FROM toolcrib_transaction WHERE revision = 1")[0]
        fields = "double x = 3; bool y = 4" + option(backfill='"true"') + "; google.protobuf.Timestamp create_time = 5;"
        shop.declare(body.format("history: HISTORY_NONE", fields))
        first, second = shop.serve(("get", "a/b%", 7), ("get", "c", 8))
        assert first.pop("create_time") == moment(created)
        assert first == {"line": "a/b%", "place": 7, "y": True}
        assert (second["x"], second["y"]) == (2.0, True)
        keys = shop.sql("SELECT record_key, after_image FROM toolcrib_audit WHERE revision = 3 ORDER BY ordinal")
        assert keys == [("a%2Fb%25/7", None), ("c/8", None)]


class TestRenamedFields:
    def test_keep_their_values_in_records_versions_and_audit(self, shop: Evolving) -> None:
        shop.declare(part("string name = 2 [(toolcrib.options.v1.field).unique = true]", "double speed = 3"))
        shop.serve(("create", {"name": "a", "speed": 1.5}), ("update", {"id": 1, "name": "a", "speed": -0.0}))
        title = "string title = 2" + option(unique="true", renamed_from='"name"')
        shop.declare(part(title, "double speed_mm_s = 3" + option(renamed_from='"speed"')))
        assert shop.steps() == ["~ rename part.name to title", "~ rename part.speed to speed_mm_s"]
        record, past, revisions = shop.serve(("get", 1), ("get", 1, {"with": {"as_of": 1}}), ("revisions", 1))
        assert record == {"id": "1", "title": "a", "speed_mm_s": -0.0}
        assert past == revisions[-1]["after"] == {"id": "1", "title": "a", "speed_mm_s": 1.5}
        with pytest.raises(Failed, match="AlreadyExists"):
            shop.serve(("create", {"title": "a"}))

    def test_may_be_the_key_and_in_indexes(self, shop: Evolving, spellings: Spellings) -> None:
        indexes = 'indexes: [{fields: ["%s", "code desc"] unique: true live_only: true}] soft_delete: true'
        shop.declare(part("string line = 2", "bytes code = 3", options=indexes % "line"))
        shop.serve(("create", {"line": "a"}))
        row = "string row = 2" + option(renamed_from='"line"')
        body = part(row, "bytes code = 3", options=indexes % "row")
        shop.declare(
            body.replace(
                "int64 id = 1 [(toolcrib.options.v1.field).key = true]",
                "int64 part_id = 1" + option(key="true", renamed_from='"id"'),
            )
        )
        steps = shop.steps()
        assert "~ rename part.id to part_id" in steps
        anew = {
            "+ add the unique index part_row_code_live_key over row, code",
            "- drop the unique index part_line_code_live_key over line, code",
        }
        assert anew & {*steps} == (set() if spellings.renames_indexes else anew)
        (record, new) = shop.serve(("get", 1), ("create", {"row": "b"}))
        assert (record, new) == ({"part_id": "1", "row": "a"}, {"part_id": "2", "row": "b"})
        names = {row[0] for row in shop.sql(spellings.made)}
        assert "part_row_code_live_key" in names
        assert "part_line_code_live_key" not in names

    def test_leave_their_former_names_to_others(self, shop: Evolving) -> None:
        unique = {"unique": "true"}
        shop.declare(part("string name = 2" + option(**unique), options='indexes: {fields: "name desc"}'))
        shop.serve(("create", {"name": "a"}))
        title = "string title = 2" + option(**unique, renamed_from='"name"')
        shop.declare(part(title, options='indexes: {fields: "title desc"}'))
        shop.serve()
        title, name = "string title = 2" + option(**unique), "optional string name = 3" + option(**unique)
        shop.declare(part(title, name, options='indexes: [{fields: "title desc"}, {fields: "name desc"}]'))
        shop.apply()
        shop.serve(("create", {"title": "c", "name": "d"}))
        for record in ({"title": "a", "name": "b"}, {"title": "e", "name": "d"}):
            with pytest.raises(Failed, match="AlreadyExists"):
                shop.serve(("create", record))


class TestDroppedFields:
    def test_go_only_when_it_is_allowed_and_the_audit_keeps_them(self, shop: Evolving) -> None:
        shop.declare(part("string name = 2", "string note = 3", "int32 level = 4"))
        shop.serve(("create", {"name": "a", "note": "n", "level": 3}), ("update", {"id": 1, "name": "b", "level": 3}))
        shop.declare(part("string name = 2", "int32 level = 4"))
        with pytest.raises(Failed, match=r"drop part\.note: 1 value in part, and 1 value in former versions, would go"):
            shop.serve()
        shop.apply("drop:part.note")
        record, past, revisions = shop.serve(("get", 1), ("get", 1, {"with": {"as_of": 1}}), ("revisions", 1))
        assert record == {"id": "1", "name": "b", "level": 3}
        assert past == {"id": "1", "name": "a", "level": 3}
        assert revisions[0]["changed_fields"] == "name"
        (image,) = shop.sql("SELECT after_image FROM toolcrib_audit WHERE revision = 1")[0]
        assert b"\x1a\x01n" in image
        assert shop.serve(("rollback", 1, 1))[0] == past

    def test_leave_what_others_have_made_on_the_table(self, shop: Evolving, spellings: Spellings) -> None:
        shop.declare(part("string name = 2", "string note = 3"))
        shop.serve(("create", {"name": "a"}))
        for statement in spellings.theirs:
            shop.sql(statement)
        shop.declare(part("string name = 2"))
        shop.apply("drop:part.note")
        assert {"by_hand", "theirs"} <= {row[0] for row in shop.sql(spellings.made)}


class TestAlteredFields:
    def test_that_come_to_be_always_set_have_the_backfill_where_they_were_unset(self, shop: Evolving) -> None:
        shop.declare(part("optional int32 level = 2", "optional double ratio = 3"))
        shop.serve(("create", {"level": 3}), ("create", {"ratio": 0}), ("update", {"id": 1, "level": 5}))
        shop.declare(part("int32 level = 2" + option(backfill='"7"'), "double ratio = 3" + option(backfill='"0"')))
        assert shop.steps() == [
            "~ let part.level be always set, to 7 in 1 record, each audited",
            "~ let part.ratio be always set, to 0.0 in 1 record",
        ]
        first, second, past = shop.serve(("get", 1), ("get", 2), ("get", 1, {"with": {"as_of": 1}}))
        assert (first, second) == ({"id": "1", "level": 5}, {"id": "2", "level": 7})
        assert past == {"id": "1", "level": 3}

    def test_that_come_to_be_optional_are_unset_where_they_were_zero(self, shop: Evolving) -> None:
        shop.declare(part("int32 level = 2", "double ratio = 3", "string note = 4", "uint64 count = 5"))
        shop.serve(("create", {"level": 3, "ratio": -0.0}), ("create", {"note": "n", "count": 2**63}))
        names = ("int32 level = 2", "double ratio = 3", "string note = 4", "uint64 count = 5")
        shop.declare(part(*(f"optional {name}" for name in names)))
        first, second = shop.serve(("get", 1), ("get", 2))
        assert (first, second) == (
            {"id": "1", "level": 3, "ratio": -0.0},
            {"id": "2", "note": "n", "count": str(2**63)},
        )

    def test_of_another_integer_type_keep_their_values_if_all_fit(self, shop: Evolving) -> None:
        shop.declare(part("int32 a = 2", "uint32 b = 3", "uint64 c = 4", "int64 d = 5", "bool e = 6"))
        record = {"a": -1, "b": 2**32 - 1, "c": "17", "d": "99", "e": True}
        shop.serve(("create", record), ("update", {"id": 1, **record, "a": 7}))
        shop.declare(part("int64 a = 2", "uint64 b = 3", "uint32 c = 4", "int32 d = 5", "int32 e = 6"))
        names = [step["name"] for step in shop.plan()["steps"]]
        assert names == [f"retype:part.{name}" for name in "abcde"]
        with pytest.raises(Failed, match=r"--allow retype:part\.a --allow retype:part\.b"):
            shop.serve()
        shop.apply(*names)
        now, past = shop.serve(("get", 1), ("get", 1, {"with": {"as_of": 1}}))
        assert now == {"id": "1", "a": "7", "b": str(2**32 - 1), "c": 17, "d": 99, "e": 1}
        assert past == now | {"a": "-1"}
        filtered = shop.serve(("list", {"with": {"filter": "b > 4294967294 AND c = 17"}}))
        assert filtered == [[now]]


class TestUniqueness:
    def test_that_is_added_holds_from_then_on(self, shop: Evolving) -> None:
        shop.declare(part("string name = 2", "string code = 3"))
        shop.serve(("create", {"name": "a", "code": "x"}), ("create", {"name": "b", "code": "y"}))
        unique = " [(toolcrib.options.v1.field).unique = true]"
        shop.declare(
            part(f"string name = 2{unique}", "string code = 3", options='indexes: {fields: "code" unique: true}')
        )
        shop.apply(*(step["name"] for step in shop.plan()["steps"] if step["kind"] == "destructive"))
        for record in ({"name": "a", "code": "z"}, {"name": "c", "code": "x"}):
            with pytest.raises(Failed, match="AlreadyExists"):
                shop.serve(("create", record))

    def test_that_is_taken_away_is_let_go(self, shop: Evolving, spellings: Spellings) -> None:
        unique = " [(toolcrib.options.v1.field).unique = true]"
        shop.declare(part(f"string name = 2{unique}", f"string code = 3{unique}"))
        shop.serve(("create", {"name": "a", "code": "x"}))
        shop.declare(part("string name = 2", f"string code = 3{unique}"))
        assert shop.steps() == [*spellings.let_go]
        assert shop.serve(("create", {"name": "a", "code": "y"})) == [{"id": "2", "name": "a", "code": "y"}]


class TestHistory:
    def test_is_kept_from_then_on(self, shop: Evolving) -> None:
        shop.declare(part("string name = 2", options=""))
        shop.serve(("create", {"name": "a"}), ("create", {"name": "z"}))
        shop.declare(part("string name = 2", options="history: HISTORY_VERSIONS"))
        assert shop.steps() == ["+ create the table part_history for former versions"]
        _, past = shop.serve(("update", {"id": 1, "name": "b"}), ("get", 1, {"with": {"as_of": 2}}))
        assert past == {"id": "1", "name": "a"}
        with pytest.raises(Failed, match="REVISION_TOO_OLD"):
            shop.serve(("list", {"with": {"as_of": 1}}))

    def test_knows_versions_whose_excluded_fields_are_excluded_no_longer(self, shop: Evolving) -> None:
        excluded = " [(toolcrib.options.v1.field).history_excluded = true]"
        shop.declare(part("string name = 2", f"int32 strokes = 3{excluded}"))
        shop.serve(
            ("create", {"name": "a"}), ("create", {"name": "b"}), ("update", {"id": 1, "name": "a", "strokes": 5})
        )
        shop.declare(part("string name = 2", "int32 strokes = 3"))
        at = {"with": {"as_of": 2}}
        past, now, last = shop.serve(("get", 1, at), ("get", 1), ("get", 1, {"with": {"as_of": 3}}))
        assert past["name"] == now["name"] == "a"
        assert now == last == {"id": "1", "name": "a", "strokes": 5}
        shop.declare(part("string name = 2", f"int32 strokes = 3{excluded}"))
        shop.apply("older")
        assert shop.serve(("get", 1)) == [now]


class TestMessagesInside:
    POSE = "message Pose {{ double x = 1; {} }}\n"

    def test_have_new_fields_in_filters_too(self, shop: Evolving) -> None:
        shop.declare(self.POSE.format("") + part("Pose pose = 2", "repeated Pose path = 3"))
        shop.serve(
            ("create", {"pose": {"x": 1}, "path": [{"x": 2}]}),
            ("update", {"id": 1, "pose": {"x": 5}}, {"with": {"mask": "*"}}),
        )
        shop.declare(self.POSE.format("double y = 2;") + part("Pose pose = 2", "repeated Pose path = 3"))
        assert shop.steps() == [
            "+ add y, double, of shop.v1.Pose in part.pose",
            "+ add y, double, of shop.v1.Pose in part.path",
        ]
        found, past = shop.serve(("list", {"with": {"filter": "pose.y = 0"}}), ("get", 1, {"with": {"as_of": 1}}))
        assert found == [{"id": "1", "pose": {"x": 5.0}}]
        assert past == {"id": "1", "pose": {"x": 1.0}, "path": [{"x": 2.0}]}

    def test_lose_fields_only_when_it_is_allowed(self, shop: Evolving) -> None:
        shop.declare(self.POSE.format("double y = 2;") + part("Pose pose = 2"))
        shop.serve(("create", {"pose": {"x": 1, "y": 2}}))
        shop.declare(self.POSE.format("") + part("Pose pose = 2"))
        with pytest.raises(Failed, match=r"--allow drop:part\.pose/y"):
            shop.serve()
        shop.apply("drop:part.pose/y")
        assert shop.serve(("get", 1)) == [{"id": "1", "pose": {"x": 1.0}}]
        assert shop.sql("SELECT pose FROM part") == [('{"x":1.0}',)]
