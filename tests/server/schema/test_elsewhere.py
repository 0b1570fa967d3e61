"""Tables that hold records change alike on every database."""

from __future__ import annotations

import os

import pytest

from support.evolving import Evolving, Failed, option, part
from toolcrib.server.testing import TEST_DATABASE_VARIABLE, new_database

# Before a release, or where something of this kind is changed, 1: an apply is killed at each of its statements. Where
# all of them are one transaction there is less to see.
_IS_ONE_TRANSACTION = not os.environ.get(TEST_DATABASE_VARIABLE, "").startswith(("mariadb", "mysql"))
STRIDE = int(os.environ.get("KILL_STRIDE", "40" if _IS_ONE_TRANSACTION else "12"))


def test_records_and_versions_are_kept_through_changes_of_all_kinds(shop: Evolving) -> None:
    shop.declare(part("string name = 2", "bool done = 3", "int32 size = 4", "string note = 5"))
    shop.serve(("create", {"name": "a", "done": True, "size": 7}), ("update", {"id": 1, "name": "b", "note": "x"}))
    shop.declare(
        part(
            "string title = 2" + option(renamed_from='"name"'),
            "int64 done = 3",
            "int64 size = 4",
            "optional string colour = 6",
            "int32 grade = 7" + option(backfill='"3"'),
        )
    )
    refused = shop.plan()["refused"]
    assert sorted(refused) == ["drop:part.note", "retype:part.done", "retype:part.size"]
    shop.apply(*refused)
    assert shop.steps() == []
    now, then = shop.serve(("get", 1), ("get", 1, {"with": {"as_of": 1}}))
    assert (now["title"], now["done"], now["size"], now["grade"]) == ("b", "1", "7", 3)
    assert (then["title"], then["done"], then["size"]) == ("a", "1", "7")
    assert shop.verify()["ok"]


def test_numbers_become_truth_values_where_all_of_them_are(shop: Evolving) -> None:
    shop.declare(part("int64 a = 2", "int32 b = 3"))
    shop.serve(("create", {"a": "1", "b": 0}), ("create", {"a": "0", "b": 2}))
    shop.declare(part("bool a = 2", "bool b = 3"))
    (first, second) = shop.plan()["steps"]
    assert (first["name"], second["loss"]) == ("retype:part.a", "1 value would not fit")
    shop.declare(part("bool a = 2", "int32 b = 3"))
    shop.apply("retype:part.a")
    assert shop.steps() == []
    assert [record.get("a", False) for record in shop.serve(("list",))[0]] == [True, False]


def test_another_type_may_come_with_being_set_or_unset(shop: Evolving) -> None:
    shop.declare(part("optional int32 a = 2", "optional bool b = 3", "int32 c = 4", "bool d = 5", "uint64 e = 6"))
    shop.serve(("create", {}), ("create", {"a": 5, "b": True, "c": 7, "d": True, "e": "8"}))
    backfill = option(backfill='"9"')
    fields = (f"int64 a = 2{backfill}", f"int32 b = 3{backfill}", "optional int64 c = 4", "optional int32 d = 5")
    shop.declare(part(*fields, "optional int64 e = 6"))
    shop.apply(*shop.plan()["refused"])
    assert shop.steps() == []
    assert shop.serve(("list",))[0] == [
        {"id": "1", "a": "9", "b": 9},
        {"id": "2", "a": "5", "b": 1, "c": "7", "d": 1, "e": "8"},
    ]
    assert shop.verify()["ok"]


SHARED, APART = "history: HISTORY_VERSIONS", "history: HISTORY_VERSIONS multi_tenant: true"


@pytest.mark.parametrize(
    ("before", "after", "tenant", "said"),
    [
        (SHARED, APART, "", "nobody has said whose the 1 record and 1 former version are that are there"),
        (
            APART,
            SHARED,
            "north",
            "the 1 record and 1 former version that are there, each a tenant's own, would be shown",
        ),
    ],
)
def test_records_never_come_to_be_a_tenants_own_or_everyones_by_themselves(
    shop: Evolving, before: str, after: str, tenant: str, said: str
) -> None:
    shop.declare(part("string name = 2", options=before))
    shop.serve(("create", {"name": "a"}), ("update", {"id": 1, "name": "b"}), tenant=tenant)
    shop.declare(part("string name = 2", options=after))
    (step,) = shop.plan()["steps"]
    assert (step["kind"], step["may_be_allowed"]) == ("ambiguous", False)
    assert said in step["loss"]
    assert "multi_tenant" in step["remedy"]
    with pytest.raises(Failed, match=said[:20]):
        shop.apply(step["name"])
    with pytest.raises(Failed, match="PlanRefused"):
        shop.serve()
    shop.declare(part("string name = 2", options=before))
    assert shop.serve(("get", 1), tenant=tenant)[0]["name"] == "b"


def test_a_table_without_records_comes_to_have_tenants_and_to_be_shared_again(shop: Evolving) -> None:
    fields = ("string name = 2" + option(unique="true"),)
    # A key is never given twice, also not by those who share the component again.
    rounds = ((SHARED, {"": 1}), (APART, {"north": 1, "south": 1}), (SHARED, {"": 2}))
    for options, keys in rounds:
        shop.declare(part(*fields, options=options))
        # The last is what the first was.
        refused = shop.plan()["refused"]
        assert set(refused) <= {"older"}
        shop.apply(*refused)
        assert shop.steps() == []
        for tenant, key in keys.items():
            created, revisions, _ = shop.serve(
                ("create", {"name": "a"}), ("revisions", key), ("delete", key), tenant=tenant
            )
            assert (created["name"], len(revisions)) == ("a", 1)
        assert shop.verify()["ok"]
        shop.sql("DELETE FROM part_history")


def test_each_tenants_records_change_with_a_commit_of_their_own(shop: Evolving) -> None:
    fields = ["string name = 2", "repeated int32 sizes = 4"]
    shop.declare(part(*fields, options=APART))
    for tenant in ("north", "south"):
        shop.serve(("create", {"name": tenant}), ("create", {"name": "b", "sizes": [1]}), tenant=tenant)
    added = ["int32 grade = 3" + option(backfill='"7"'), "google.protobuf.Timestamp create_time = 10"]
    shop.declare(part(*fields, *added, options=APART))
    shop.apply()
    for tenant in ("north", "south"):
        now, then = shop.serve(("get", 1), ("get", 1, {"with": {"as_of": 4}}), tenant=tenant)
        assert (now["name"], now["grade"], "grade" in then) == (tenant, 7, False)
    transactions = shop.sql("SELECT tenant, entry_count FROM toolcrib_transaction WHERE revision > 4 ORDER BY revision")
    assert transactions == [("north", 2), ("south", 2)]
    assert shop.verify()["ok"]


def test_keys_of_tenants_go_on_where_a_component_is_renamed(shop: Evolving) -> None:
    shop.declare(part("string name = 2", options=APART))
    shop.serve(("create", {"name": "a"}), ("create", {"name": "b"}), ("delete", 2), tenant="north")
    renamed = part("string name = 2", options=f'{APART} renamed_from: "shop.v1.Part"').replace(
        "message Part", "message Item"
    )
    shop.declare(renamed)
    created, revisions = shop.serve(
        ("create", {"name": "c"}), ("revisions", 1), component="shop.v1.Item", tenant="north"
    )
    assert (created["id"], len(revisions)) == ("3", 1)
    assert shop.verify()["ok"]


OLD = part(
    "string name = 2" + option(unique="true"),
    "optional int32 level = 3",
    "double ratio = 4",
    "string note = 6",
    "string label = 7",
    options="history: HISTORY_VERSIONS soft_delete: true",
)
# A rename, a required and a loosened field, a new one and one that is gone, and indexes, in both tables.
NEW = part(
    "string title = 2" + option(unique="true", renamed_from='"name"'),
    "int32 level = 3" + option(backfill='"7"'),
    "optional double ratio = 4",
    "int32 count = 5" + option(backfill='"2"'),
    "string label = 7",
    options='history: HISTORY_VERSIONS soft_delete: true indexes: {fields: "label" unique: true live_only: true}',
)
CALLS = (
    ("create", {"name": "a", "ratio": 0, "label": "x"}),
    ("create", {"name": "b", "level": 3, "ratio": -0.0, "label": "y"}),
    ("update", {"id": 1, "name": "c", "note": "gone"}),
)


def test_an_apply_that_dies_at_any_statement_is_carried_to_its_end_by_the_next(shop: Evolving) -> None:
    """On one database by a transaction, on another by what it notes: with the same steps allowed, or none."""
    allowed, total, ends = "drop:part.note", None, []
    number = 0
    while total is None or number < total:
        with new_database() as url:
            shop.database = url
            shop.declare(OLD)
            shop.serve(*CALLS)
            shop.declare(NEW)
            planned = shop.plan()["steps"]
            statements = shop.apply_killed_at(number, allowed)
            if statements is not None:
                total = len(statements)
            else:
                # What is left to do is some of what was to be done.
                assert {step["name"] for step in shop.plan()["steps"]} <= {step["name"] for step in planned}
                shop.apply(allowed)
            assert shop.steps() == []
            ends.append([record_of(record) for record in shop.serve(("list",))[0]])
            assert shop.verify()["ok"]
        number += STRIDE
    assert ends[0] == [
        {"title": "c", "level": 7, "count": 2, "label": "x"},
        {"title": "b", "level": 3, "count": 2, "label": "y", "ratio": -0.0},
    ]
    assert all(end == ends[0] for end in ends)


@pytest.mark.mariadb
def test_who_goes_back_behind_an_apply_that_has_died_is_told_of_it(shop: Evolving) -> None:
    allowed = "drop:part.note"
    shop.declare(OLD)
    shop.serve(*CALLS)
    with shop.kept() as restore:
        shop.declare(NEW)
        statements = shop.apply_killed_at(0, allowed)
        assert statements is not None
        restore()
        renamed = next(number for number, sql in enumerate(statements, 1) if "RENAME COLUMN" in sql)
        shop.apply_killed_at(renamed + 1, allowed)
    shop.declare(OLD)
    first = shop.plan()["steps"][0]
    assert (first["name"], first["kind"]) == ("unfinished", "ambiguous")
    with pytest.raises(Failed, match=r"an apply of other components .* interrupted"):
        shop.serve()
    shop.declare(NEW)
    shop.apply()
    assert shop.steps() == []
    assert len(shop.serve(("list",))[0]) == 2
    assert shop.verify()["ok"]


def record_of(record: dict[str, object]) -> dict[str, object]:
    return {name: record[name] for name in ("title", "level", "count", "label", "ratio") if name in record}
