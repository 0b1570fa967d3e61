"""Tables that hold records change alike on every database."""

from __future__ import annotations

from support.evolving import Evolving, option, part


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
