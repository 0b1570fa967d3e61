"""Changes that lose something or may be meant in more than one way: what is said, and that nothing has happened."""

from __future__ import annotations

from typing import Any

import pytest

from support.evolving import Evolving, Failed, option, part

KEPT = "string name = 2"
CASES: dict[str, tuple[list[str], dict[str, Any], list[str], str, str, str]] = {
    # before, a record, after, what is said, how it may be resolved, what may be allowed
    "a new field that is always set": (
        [KEPT],
        {"name": "a"},
        [KEPT, "int32 level = 3"],
        "nobody has said what it is in 1 record, where it would be 0",
        "write `optional`, or what these have as `backfill`",
        "add:part.level",
    ),
    "a field that comes to be always set": (
        [KEPT, "optional string note = 3"],
        {"name": "a"},
        [KEPT, "string note = 3"],
        'it is unset in 1 record, where it would be ""',
        "`backfill`",
        "require:part.note",
    ),
    "a field that is gone": (
        [KEPT, "string note = 3"],
        {"note": "n"},
        [KEPT],
        "1 value in part, and 0 values in former versions, would go; the audit trail keeps what it has",
        "",
        "drop:part.note",
    ),
    "a wider type": (
        [KEPT, "int32 level = 3"],
        {"level": 1},
        [KEPT, "int64 level = 3"],
        "change part.level from int32 to int64",
        "",
        "retype:part.level",
    ),
    "a narrower type that not all values fit": (
        [KEPT, "int64 level = 3"],
        {"level": 2**31},
        [KEPT, "int32 level = 3"],
        "1 value would not fit",
        "another name and number",
        "",
    ),
    "a signed type that not all values of an unsigned one fit": (
        [KEPT, "uint64 level = 3"],
        {"level": str(2**63)},
        [KEPT, "int64 level = 3"],
        "1 value would not fit",
        "another name and number",
        "",
    ),
    "a type whose bytes are others": (
        [KEPT, "int32 level = 3"],
        {"level": 1},
        [KEPT, "sint32 level = 3"],
        "`level` was int32, and is sint32 now",
        "write `reserved 3;`, or write `int32` again",
        "",
    ),
    "a list in the place of a value": (
        [KEPT, "int32 level = 3"],
        {"level": 1},
        [KEPT, "repeated int32 level = 3"],
        "`level` was int32, and is repeated int32 now",
        "write `reserved 3;`",
        "",
    ),
    "another name under the same number": (
        [KEPT, "string note = 3"],
        {"note": "n"},
        [KEPT, "string remark = 3"],
        "the number 3 was `note` and is `remark` now",
        'write `renamed_from: "note"` in its option if it is the same field, or give it another number',
        "add:part.remark drop:part.note",
    ),
    "another number for the same name": (
        [KEPT, "string note = 3"],
        {"note": "n"},
        [KEPT, "string note = 4"],
        "`note` had the number 3, and `note` has 4 now",
        "write that again; or take the field out, apply, and add it anew",
        "",
    ),
    "another key": (
        [KEPT, "string note = 3"],
        {"note": "n"},
        [KEPT, "string note = 3", "KEY"],
        "the key of shop.v1.Part was id and is code now",
        "make a component of another name",
        "add:part.code",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_is_refused_until_it_is_resolved(shop: Evolving, case: str) -> None:
    before, record, after, said, remedy, allow = CASES[case]
    shop.declare(part(*before))
    (created,) = shop.serve(("create", record))
    tables = shop.forms()
    body = part(*(field for field in after if field != "KEY"))
    if "KEY" in after:
        body = body.replace("int64 id = 1 [(toolcrib.options.v1.field).key = true];", "int64 id = 1;")
        body = body.replace("string note = 3", "string note = 3; string code = 7" + option(key="true"))
    shop.declare(body)
    plan = shop.plan()
    steps = [step for step in plan["steps"] if step["name"] in plan["refused"]]
    assert any(said in f"{step['text']}: {step['loss']}" and remedy in step["remedy"] for step in steps), steps
    assert [step["name"] for step in steps if step["may_be_allowed"]] == allow.split()
    with pytest.raises(Failed, match=r"PlanRefused: the schema of .* is not changed") as refusal:
        shop.serve()
    assert "\n" not in str(refusal.value).partition("\nTraceback")[0]
    with pytest.raises(Failed, match=r"is not changed"):
        shop.apply()
    assert shop.forms() == tables
    assert not shop.backups()
    shop.declare(part(*before))
    assert shop.serve(("get", 1)) == [created]


def test_another_key_of_a_table_that_is_on_no_record(shop: Evolving) -> None:
    shop.declare(part("string code = 2"))
    shop.serve(("create", {"code": "a"}))
    shop.sql("DELETE FROM toolcrib_schema")
    body = part("string code = 2" + option(key="true", key_source="KEY_SOURCE_CLIENT"))
    shop.declare(body.replace("int64 id = 1 [(toolcrib.options.v1.field).key = true];", "int64 id = 1;"))
    with pytest.raises(Failed, match=r"the key of shop\.v1\.Part was id and is code now"):
        shop.serve()


def test_unique_over_values_that_several_records_have(shop: Evolving) -> None:
    shop.declare(part(KEPT, "string code = 3"))
    shop.serve(*(("create", {"name": name, "code": "x"}) for name in "aab"), ("delete", 3))
    shop.declare(part("string name = 2 [(toolcrib.options.v1.field).unique = true]", "string code = 3"))
    with pytest.raises(Failed, match=r"records with the same name, .* unique now: 1 value in 2 records"):
        shop.serve()
    shop.declare(part(KEPT, "string code = 3 [(toolcrib.options.v1.field).unique_live = true]"))
    with pytest.raises(Failed, match=r"records with the same code, .* unique now: 1 value in 2 records"):
        shop.serve()


def test_no_soft_delete_over_deleted_records(shop: Evolving) -> None:
    shop.declare(part(KEPT))
    shop.serve(("create", {"name": "a"}), ("delete", 1))
    shop.declare(part(KEPT, options="history: HISTORY_VERSIONS"))
    with pytest.raises(Failed, match="1 deleted record would be live again; undelete them"):
        shop.serve()


def test_a_number_that_a_field_had_which_is_gone(shop: Evolving) -> None:
    shop.declare("message Pose { double x = 1; double y = 2; }" + part(KEPT, "string note = 3", "Pose pose = 5"))
    shop.serve(("create", {"name": "a"}))
    shop.declare("message Pose { double x = 1; }" + part(KEPT, "Pose pose = 5"))
    shop.apply("drop:part.note", "drop:part.pose/y")
    shop.declare(
        "message Pose { double x = 1; double z = 2; }" + part(KEPT, "optional string note = 3", "Pose pose = 5")
    )
    assert {step["text"]: step["may_be_allowed"] for step in shop.plan()["steps"]} == {
        "the number 3 was `note`, which is gone, and is `note` now": False,
        "in shop.v1.Pose, in `pose`, the number 2 was `y`, and is `z` now": False,
        "add part.note, optional string, unset": True,
    }


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ("double z = 1;", "the number 1 was `x`, and is `z` now"),
        ("double x = 2;", "`x` has another number now"),
        ("optional double x = 1;", "`x` was double, and is optional double now"),
        ("float x = 1;", "`x` was double, and is float now"),
    ],
)
def test_messages_inside_that_documents_and_former_records_cannot_be_read_as(
    shop: Evolving, inner: str, said: str
) -> None:
    shop.declare("message Pose { double x = 1; }" + part("Pose pose = 2", "map<string, Pose> named = 3"))
    shop.serve(("create", {"pose": {"x": 1}}))
    shop.declare(f"message Pose {{ {inner} }}" + part("Pose pose = 2", "map<string, Pose> named = 3"))
    steps = [step for step in shop.plan()["steps"] if not step["may_be_allowed"]]
    assert [step["text"] for step in steps] == [f"in shop.v1.Pose, in `{name}`, {said}" for name in ("pose", "named")]


def test_a_step_that_is_not_in_the_plan_cannot_be_allowed(shop: Evolving) -> None:
    shop.declare(part(KEPT, "string note = 3"))
    shop.serve(("create", {"name": "a"}))
    shop.declare(part(KEPT))
    with pytest.raises(Failed, match=r"there is no step drop:part\.name to allow; the plan has drop:part\.note"):
        shop.apply("drop:part.note", "drop:part.name")
