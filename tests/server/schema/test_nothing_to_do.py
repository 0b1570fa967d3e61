"""Nothing to do means nothing: the second plan of everything that can be declared, and spellings that are the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.evolving import Evolving, part

GOLDEN = Path(__file__).parents[2] / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/expected"))

TABLE = (
    'CREATE TABLE "part" ("id" INTEGER NOT NULL, "name" TEXT NOT NULL, "active" BOOLEAN NOT NULL, '
    '"count" BIGINT NOT NULL, "ratio"  NOT NULL, "due" VARCHAR(26), "big" VARCHAR(20) NOT NULL, '
    '"delete_time" VARCHAR(26), "toolcrib_revision" BIGINT NOT NULL, PRIMARY KEY ("id"), '
    'CONSTRAINT "part_name_key" UNIQUE ("name"))'
)
INDEX = 'CREATE UNIQUE INDEX "part_count_due_live_key" ON "part" ("count", "due" DESC) WHERE "delete_time" IS NULL'
FIELDS = (
    "string name = 2 [(toolcrib.options.v1.field).unique = true]",
    "bool active = 3",
    "int64 count = 4",
    "double ratio = 5",
    "google.protobuf.Timestamp due = 6",
    "uint64 big = 7",
)
OPTIONS = 'soft_delete: true indexes: {fields: ["count", "due desc"] unique: true live_only: true}'


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_second_plan_of_a_golden_case_is_empty(shop: Evolving, case: Path) -> None:
    shop.use(case / "input")
    assert all(step["sign"] == "+" for step in shop.apply()["steps"])
    assert shop.plan() == {"database": str(shop.database), "schema_version": 1, "refused": [], "steps": []}


@pytest.mark.parametrize(
    ("declared", "stored"),
    [
        ('"active" BOOLEAN NOT NULL', '"active" BOOL NOT NULL DEFAULT (0)'),
        ('"active" BOOLEAN NOT NULL', "active boolean NOT NULL DEFAULT false"),
        ('"count" BIGINT NOT NULL', "count bigint NOT NULL DEFAULT ((0))"),
        ('"count" BIGINT NOT NULL', '"count" BIGINT NOT NULL DEFAULT (CAST(0 AS BIGINT))'),
        ('"id" INTEGER NOT NULL', '"id" INT NOT NULL'),
        ('"name" TEXT NOT NULL', "[name] text NOT NULL DEFAULT ('')"),
        ('"ratio"  NOT NULL', '"ratio" NOT NULL DEFAULT 0.0'),
        ('"ratio"  NOT NULL', '"ratio" NOT NULL DEFAULT (0)'),
        ('"due" VARCHAR(26)', '"due" varchar( 26 ) NULL DEFAULT NULL'),
        ('"big" VARCHAR(20) NOT NULL', "`big` varchar(20) NOT NULL DEFAULT '00000000000000000000'"),
        ('CONSTRAINT "part_name_key" UNIQUE ("name")', 'UNIQUE ("name")'),
        ('CONSTRAINT "part_name_key" UNIQUE ("name")', "CONSTRAINT another UNIQUE (name ASC)"),
        ('"name" TEXT NOT NULL', '"name" TEXT NOT NULL CHECK ((("name") <> ((\'never\'))))'),
        ('("count", "due" DESC)', "(count ASC, due desc)"),
        ('WHERE "delete_time" IS NULL', 'WHERE (("delete_time") IS NULL)'),
        ('WHERE "delete_time" IS NULL', "where ( delete_time is  null )"),
        ("", ""),
    ],
)
def test_other_spellings_are_no_difference(shop: Evolving, declared: str, stored: str) -> None:
    assert declared in TABLE + INDEX
    shop.declare(part(*FIELDS, options=OPTIONS))
    shop.apply()
    shop.sql("DROP TABLE part")
    shop.sql(TABLE.replace(declared, stored) if declared else TABLE)
    shop.sql(INDEX.replace(declared, stored) if declared else INDEX)
    assert shop.steps() == []


@pytest.mark.parametrize(
    ("declared", "stored", "step"),
    [
        ('("count", "due" DESC)', "(count, due)", "~ change the unique index part_count_due_live_key over count, due"),
        (
            '("count", "due" DESC)',
            "(due desc, count)",
            "~ change the unique index part_count_due_live_key over count, due",
        ),
        (' WHERE "delete_time" IS NULL', "", "~ change the unique index part_count_due_live_key over count, due"),
        ("UNIQUE INDEX", "INDEX", "~ change the unique index part_count_due_live_key over count, due"),
        (', CONSTRAINT "part_name_key" UNIQUE ("name")', "", "+ add the unique constraint over name"),
        ('"count" BIGINT NOT NULL', '"count" BIGINT', "~ let part.count be always set"),
        ('"ratio"  NOT NULL', '"ratio" REAL NOT NULL', "~ change part.ratio from double to double"),
        (
            '"due" VARCHAR(26)',
            '"due" TEXT',
            "~ change part.due from google.protobuf.Timestamp to google.protobuf.Timestamp",
        ),
    ],
)
def test_what_somebody_has_changed_is_one(shop: Evolving, declared: str, stored: str, step: str) -> None:
    assert declared in TABLE + INDEX
    shop.declare(part(*FIELDS, options=OPTIONS))
    shop.apply()
    shop.sql("DROP TABLE part")
    shop.sql(TABLE.replace(declared, stored))
    shop.sql(INDEX.replace(declared, stored))
    assert shop.steps() == [step]
