"""A process that dies in the midst of an apply leaves the old schema or the new one, and every record."""

from __future__ import annotations

from support.evolving import Evolving, option, part
from support.schema_spellings import Spellings

UNIQUE = "[(toolcrib.options.v1.field).unique = true]"
OLD = part(f"string name = 2 {UNIQUE}", "optional int32 level = 3", "double ratio = 4")
# A rename, a table copy with a backfill, a new column and an index, in both tables.
NEW = part(
    "string title = 2" + option(unique="true", renamed_from='"name"'),
    "int32 level = 3" + option(backfill='"7"'),
    "optional double ratio = 4",
    "int32 count = 5" + option(backfill='"2"'),
    options='history: HISTORY_VERSIONS soft_delete: true indexes: {fields: "count"}',
)


def test_at_any_statement_leaves_the_old_schema_or_the_new_one(shop: Evolving, spellings: Spellings) -> None:
    shop.declare(OLD)
    shop.serve(
        ("create", {"name": "a", "ratio": 1}), ("create", {"name": "b", "level": 3}), ("update", {"id": 1, "name": "c"})
    )
    old = _schema(shop)
    with shop.kept() as restore:
        shop.declare(NEW)
        statements = shop.apply_killed_at(0)
        assert statements is not None
        new = _schema(shop)
        assert old != new
        commit = statements.index("COMMIT") + 1
        begin = statements.index(spellings.begin) + 1
        seen = []
        for number in [*range(begin + 1, commit, 5), commit, commit + 1]:
            restore()
            if shop.apply_killed_at(number) is not None:
                assert number == commit + 1, "nothing is run behind the commit"
            seen.append(_schema(shop))
            assert len(shop.sql("SELECT * FROM part")) == 2
            assert len(shop.sql("SELECT * FROM part_history")) == (1 if seen[-1] == old else 3)
        assert seen == [*[old] * (len(seen) - 1), new]
    assert shop.steps() == []
    assert shop.verify()["ok"]


def _schema(shop: Evolving) -> list[tuple[object, ...]]:
    return [
        *shop.forms(),
        *shop.sql("SELECT max(version) FROM toolcrib_schema"),
        *shop.sql("SELECT * FROM toolcrib_sequence ORDER BY name"),
    ]
