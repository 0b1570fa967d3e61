"""What the tests of the schema expect of each kind of database: how it spells a table, and what changes cost there.

A database that is to run them needs one entry in DATABASES, and nothing in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# The component whose table is spelled below.
FIELDS = (
    "string name = 2 [(toolcrib.options.v1.field).unique = true]",
    "bool active = 3",
    "int64 count = 4",
    "double ratio = 5",
    "google.protobuf.Timestamp due = 6",
    "uint64 big = 7",
)
OPTIONS = 'soft_delete: true indexes: {fields: ["count", "due desc"] unique: true live_only: true}'

_INDEX = 'CREATE UNIQUE INDEX "part_count_due_live_key" ON "part" ("count", "due" DESC) WHERE "delete_time" IS NULL'
_CHANGE_INDEX = "~ change the unique index part_count_due_live_key over count, due"
_ADD_UNIQUE = "+ add the unique constraint over name"
# Both spell these alike.
_CHANGED = (
    ('("count", "due" DESC)', "(count, due)", _CHANGE_INDEX),
    ('("count", "due" DESC)', "(due desc, count)", _CHANGE_INDEX),
    (' WHERE "delete_time" IS NULL', "", _CHANGE_INDEX),
    ("UNIQUE INDEX", "INDEX", _CHANGE_INDEX),
    (', CONSTRAINT "part_name_key" UNIQUE ("name")', "", _ADD_UNIQUE),
    ('"count" BIGINT NOT NULL', '"count" BIGINT', "~ let part.count be always set"),
)


@dataclass(frozen=True)
class Spellings:
    """One kind of database.

    `table` and `index` are the component as the database is told it; `same` are pairs of a part of these and another
    spelling that means no more and no less, `changed` parts, what somebody has made of them, and the step that it is.
    `begin` begins the transaction of an apply. `trigger` are statements that make a trigger `theirs` on `part`,
    `made` asks for the names of indexes and triggers on it. `add_column`, `drop_column`, `add_unique` are what these
    cost, with two rows. `renames_indexes` says whether an index can be renamed.
    """

    table: str
    same: Sequence[tuple[str, str]]
    changed: Sequence[tuple[str, str, str]]
    begin: str
    trigger: Sequence[str]
    made: str
    add_column: str
    drop_column: str
    add_unique: str
    renames_indexes: bool
    index: str = _INDEX


_SQLITE = Spellings(
    table='CREATE TABLE "part" ("id" INTEGER NOT NULL, "name" TEXT NOT NULL, "active" BOOLEAN NOT NULL, '
    '"count" BIGINT NOT NULL, "ratio"  NOT NULL, "due" VARCHAR(26), "big" VARCHAR(20) NOT NULL, '
    '"delete_time" VARCHAR(26), "toolcrib_revision" BIGINT NOT NULL, PRIMARY KEY ("id"), '
    'CONSTRAINT "part_name_key" UNIQUE ("name"))',
    same=[
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
    changed=[
        *_CHANGED,
        ('"ratio"  NOT NULL', '"ratio" REAL NOT NULL', "~ change part.ratio from double to double"),
        (
            '"due" VARCHAR(26)',
            '"due" TEXT',
            "~ change part.due from google.protobuf.Timestamp to google.protobuf.Timestamp",
        ),
    ],
    begin="BEGIN IMMEDIATE",
    trigger=["CREATE TRIGGER theirs AFTER DELETE ON part BEGIN SELECT 1; END"],
    made="SELECT name FROM sqlite_master WHERE tbl_name = 'part' AND type <> 'table'",
    add_column="the catalog only",
    drop_column="copies the table, 2 rows",
    add_unique="copies the table, 2 rows",
    renames_indexes=False,
)

_POSTGRESQL = Spellings(
    table='CREATE TABLE "part" ("id" BIGINT NOT NULL, "name" VARCHAR COLLATE "C" NOT NULL, "active" BOOLEAN NOT NULL, '
    '"count" BIGINT NOT NULL, "ratio" DOUBLE PRECISION NOT NULL, "due" TIMESTAMP WITH TIME ZONE, '
    '"big" NUMERIC(20, 0) NOT NULL, "delete_time" TIMESTAMP WITH TIME ZONE, "toolcrib_revision" BIGINT NOT NULL, '
    'PRIMARY KEY ("id"), CONSTRAINT "part_name_key" UNIQUE ("name"))',
    same=[
        ('"active" BOOLEAN NOT NULL', '"active" BOOL NOT NULL DEFAULT (false)'),
        ('"active" BOOLEAN NOT NULL', "active bool NOT NULL DEFAULT 'f'"),
        ('"count" BIGINT NOT NULL', "count int8 NOT NULL DEFAULT ((0))"),
        ('"count" BIGINT NOT NULL', "\"count\" BIGINT NOT NULL DEFAULT '0'::bigint"),
        ('"count" BIGINT NOT NULL', '"count" BIGINT NOT NULL DEFAULT (CAST(0 AS BIGINT))'),
        ('"id" BIGINT NOT NULL', '"id" BIGSERIAL NOT NULL'),
        ('"id" BIGINT NOT NULL', '"id" BIGINT GENERATED BY DEFAULT AS IDENTITY'),
        ('"name" VARCHAR COLLATE "C" NOT NULL', "name text COLLATE \"C\" NOT NULL DEFAULT ''::text"),
        ('"name" VARCHAR COLLATE "C" NOT NULL', "name text COLLATE pg_catalog.\"C\" NOT NULL DEFAULT ('')"),
        ('"ratio" DOUBLE PRECISION NOT NULL', "ratio float8 NOT NULL DEFAULT 0.0"),
        ('"ratio" DOUBLE PRECISION NOT NULL', "ratio float NOT NULL DEFAULT '0'::double precision"),
        ('"ratio" DOUBLE PRECISION NOT NULL', "ratio float(53) NOT NULL DEFAULT (-0.0)"),
        ('"due" TIMESTAMP WITH TIME ZONE', "due timestamptz NULL DEFAULT NULL"),
        ('"due" TIMESTAMP WITH TIME ZONE', "due timestamptz(6)"),
        ('"big" NUMERIC(20, 0) NOT NULL', "big decimal(20) NOT NULL DEFAULT 0::numeric"),
        ('CONSTRAINT "part_name_key" UNIQUE ("name")', 'UNIQUE ("name")'),
        ('CONSTRAINT "part_name_key" UNIQUE ("name")', "CONSTRAINT another UNIQUE (name)"),
        ('"count" BIGINT NOT NULL', '"count" BIGINT NOT NULL CHECK ((("count") <> ((-77))))'),
        ('("count", "due" DESC)', "USING btree (count ASC NULLS LAST, due desc nulls first)"),
        ('WHERE "delete_time" IS NULL', 'WHERE (("delete_time") IS NULL)'),
        ('WHERE "delete_time" IS NULL', "where ( delete_time is  null )"),
        ("", ""),
    ],
    changed=[
        *_CHANGED,
        ('"ratio" DOUBLE PRECISION NOT NULL', '"ratio" REAL NOT NULL', "~ change part.ratio from double to double"),
        (
            '"due" TIMESTAMP WITH TIME ZONE',
            '"due" TIMESTAMP',
            "~ change part.due from google.protobuf.Timestamp to google.protobuf.Timestamp",
        ),
    ],
    begin="BEGIN ISOLATION LEVEL READ COMMITTED",
    trigger=[
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "CREATE TRIGGER theirs AFTER DELETE ON part FOR EACH ROW EXECUTE FUNCTION nothing()",
    ],
    made="SELECT indexname FROM pg_indexes WHERE tablename = 'part' "
    "UNION ALL SELECT tgname FROM pg_trigger WHERE tgrelid = 'part'::regclass",
    add_column="the catalog only; a short exclusive lock",
    drop_column="the catalog only; a short exclusive lock",
    add_unique="reads the table, 2 rows; exclusive lock",
    renames_indexes=True,
)

DATABASES: Mapping[str, Spellings] = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}
