"""Tables that hold records change alike on every database."""

from __future__ import annotations

import os

from support.evolving import Evolving, option, part
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


def record_of(record: dict[str, object]) -> dict[str, object]:
    return {name: record[name] for name in ("title", "level", "count", "label", "ratio") if name in record}
