"""Triggers that note writes past the server come and go with the option, as steps of the plan."""

from __future__ import annotations

import pytest

from support.evolving import Evolving, option, part

ON = "history: HISTORY_VERSIONS soft_delete: true audit_direct_writes: true"
NAMED = "string name = 2"
ADD = "+ add the triggers that note writes which bypass the server"
CHANGE = "~ change the triggers that note writes which bypass the server"
DROP = "- drop the triggers that note writes which bypass the server"

postgresql = pytest.mark.postgresql


@postgresql
def test_they_come_with_the_option_and_then_there_is_nothing_to_do(shop: Evolving) -> None:
    shop.declare(part(NAMED))
    shop.serve(("create", {"name": "a"}), ("create", {"name": "b"}), ("delete", 2))
    shop.declare(part(NAMED, options=ON))
    assert shop.steps() == [ADD]
    shop.apply()
    assert shop.steps() == []
    shop.sql("INSERT INTO part (name) VALUES ('c')")
    # The keys go on where they were.
    assert [record["id"] for record in shop.serve(("list",))[0]] == ["1", "3"]
    assert shop.verify()["ok"]


@postgresql
def test_they_go_with_it_and_no_key_is_given_again(shop: Evolving) -> None:
    shop.declare(part(NAMED, options=ON))
    shop.serve(("create", {"name": "a"}), ("create", {"name": "b"}), ("sql", "DELETE FROM part WHERE id = 2"))
    shop.declare(part(NAMED))
    assert shop.steps() == [DROP]
    shop.apply()
    assert shop.steps() == []
    (made,) = shop.serve(("create", {"name": "c"}))
    assert made["id"] == "3"
    shop.sql("UPDATE part SET name = 'x' WHERE id = 1")
    assert shop.sql("SELECT count(*) FROM toolcrib_direct_write") == [(0,)]
    # What was noted before they went is a revision; this is none.
    assert shop.sql("SELECT count(*) FROM toolcrib_transaction WHERE actor_source = 4") == [(1,)]
    assert not shop.verify()["ok"]


@postgresql
@pytest.mark.parametrize(
    "tampered",
    [
        "ALTER TABLE part DISABLE TRIGGER ALL",
        "ALTER TABLE part ENABLE TRIGGER ALL",
        'DROP TRIGGER "zz_toolcrib_fill" ON part',
    ],
)
def test_what_somebody_did_to_them_is_mended(shop: Evolving, tampered: str) -> None:
    shop.declare(part(NAMED, options=ON))
    shop.serve(("create", {"name": "a"}))
    shop.sql(tampered)
    assert shop.steps() == [CHANGE]
    shop.serve(("create", {"name": "b"}))
    assert shop.steps() == []
    shop.sql("INSERT INTO part (name) VALUES ('c')")
    assert [record["id"] for record in shop.serve(("list",))[0]] == ["1", "2", "3"]


@postgresql
def test_new_fields_are_filled_in_and_a_backfill_is_the_servers_own(shop: Evolving) -> None:
    shop.declare(part(NAMED, options=ON))
    shop.serve(("create", {"name": "a"}))
    shop.declare(part(NAMED, "int32 grade = 3" + option(backfill='"3"'), options=ON))
    assert CHANGE in shop.steps()
    shop.serve(("sql", "INSERT INTO part (name) VALUES ('b')"))
    first, second = shop.serve(("list",))[0]
    assert (first["grade"], second.get("grade", 0)) == (3, 0)
    assert [source for (source,) in shop.sql("SELECT actor_source FROM toolcrib_transaction ORDER BY 1")] == [1, 3, 4]
    assert shop.verify()["ok"]


@postgresql
def test_what_waits_is_absorbed_by_the_new_schema(shop: Evolving) -> None:
    shop.declare(part(NAMED, "string note = 3", options=f'{ON} table: "piece"'))
    shop.serve(("create", {"name": "a"}))
    shop.sql("UPDATE piece SET name = 'b', note = 'x'")
    assert shop.verify()["records"] == {"compared": 0, "untold": 0, "waiting": 1, "finding": None}
    shop.declare(part("string title = 2" + option(renamed_from='"name"'), "optional int64 size = 4", options=ON))
    assert shop.verify()["ok"]
    shop.apply("drop:part.note")
    (record,) = shop.serve(("list",))[0]
    assert record["title"] == "b"
    assert shop.sql("SELECT actor_source FROM toolcrib_transaction WHERE revision = 2") == [(4,)]
    assert shop.verify()["ok"]
    assert shop.verify()["records"]["compared"] == 1


@pytest.mark.sqlite
@pytest.mark.mariadb
def test_on_another_database_there_are_none(shop: Evolving) -> None:
    shop.declare(part(NAMED))
    shop.serve(("create", {"name": "a"}))
    shop.declare(part(NAMED, options=ON))
    assert shop.steps() == []
