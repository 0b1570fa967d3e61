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
_LET_GO = ("- drop the unique constraint over name",)
# All spell these alike.
_CHANGED = (
    ("UNIQUE INDEX", "INDEX", _CHANGE_INDEX),
    (', CONSTRAINT "part_name_key" UNIQUE ("name")', "", _ADD_UNIQUE),
    ('"count" BIGINT NOT NULL', '"count" BIGINT', "~ let part.count be always set"),
)
# And these where an index may be over part of the rows.
_CHANGED_PARTLY = (
    ('("count", "due" DESC)', "(count, due)", _CHANGE_INDEX),
    ('("count", "due" DESC)', "(due desc, count)", _CHANGE_INDEX),
    (' WHERE "delete_time" IS NULL', "", _CHANGE_INDEX),
    *_CHANGED,
)


@dataclass(frozen=True)
class Spellings:
    """One kind of database.

    `table` and `index` are the component as the database is told it; `same` are pairs of a part of these and another
    spelling that means no more and no less, `changed` parts, what somebody has made of them, and the step that it is.
    `begin` begins the transaction of an apply. `theirs` are statements that make an index `by_hand` and a trigger
    `theirs` on `part`, `made` asks for the names of indexes and triggers on it. `let_go` are the steps where its name
    is unique no longer. `add_column`, `add_constant` (one that is always set), `drop_column`, `add_unique`
    and `drop_unique` are what these cost, with two rows.
    `renames_indexes` says whether an index can be renamed.
    """

    table: str
    same: Sequence[tuple[str, str]]
    changed: Sequence[tuple[str, str, str]]
    begin: str
    theirs: Sequence[str]
    made: str
    let_go: Sequence[str]
    add_column: str
    add_constant: str
    drop_column: str
    add_unique: str
    drop_unique: str
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
        *_CHANGED_PARTLY,
        ('"ratio"  NOT NULL', '"ratio" REAL NOT NULL', "~ change part.ratio from double to double"),
        (
            '"due" VARCHAR(26)',
            '"due" TEXT',
            "~ change part.due from google.protobuf.Timestamp to google.protobuf.Timestamp",
        ),
    ],
    begin="BEGIN IMMEDIATE",
    theirs=[
        "CREATE INDEX by_hand ON part (lower(name))",
        "CREATE TRIGGER theirs AFTER DELETE ON part BEGIN SELECT 1; END",
    ],
    made="SELECT name FROM sqlite_master WHERE tbl_name = 'part' AND type <> 'table'",
    let_go=_LET_GO,
    add_column="the catalog only",
    add_constant="the catalog only",
    drop_column="copies the table, 2 rows",
    add_unique="copies the table, 2 rows",
    drop_unique="copies the table, 2 rows",
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
        *_CHANGED_PARTLY,
        ('"ratio" DOUBLE PRECISION NOT NULL', '"ratio" REAL NOT NULL', "~ change part.ratio from double to double"),
        (
            '"due" TIMESTAMP WITH TIME ZONE',
            '"due" TIMESTAMP',
            "~ change part.due from google.protobuf.Timestamp to google.protobuf.Timestamp",
        ),
    ],
    begin="BEGIN ISOLATION LEVEL READ COMMITTED",
    theirs=[
        "CREATE INDEX by_hand ON part (lower(name))",
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "CREATE TRIGGER theirs AFTER DELETE ON part FOR EACH ROW EXECUTE FUNCTION nothing()",
    ],
    made="SELECT indexname FROM pg_indexes WHERE tablename = 'part' "
    "UNION ALL SELECT tgname FROM pg_trigger WHERE tgrelid = 'part'::regclass",
    let_go=_LET_GO,
    add_column="the catalog only; a short exclusive lock",
    add_constant="the catalog only; a short exclusive lock",
    drop_column="the catalog only; a short exclusive lock",
    add_unique="reads the table, 2 rows; exclusive lock",
    drop_unique="the catalog only; a short exclusive lock",
    renames_indexes=True,
)

_MARIADB = Spellings(
    table='CREATE TABLE "part" ("id" BIGINT NOT NULL, "name" VARCHAR(763) COLLATE utf8mb4_nopad_bin NOT NULL, '
    '"active" BOOL NOT NULL, "count" BIGINT NOT NULL, "ratio" DOUBLE NOT NULL, "due" DATETIME(6), '
    '"big" BIGINT UNSIGNED NOT NULL, "delete_time" DATETIME(6), "toolcrib_revision" BIGINT NOT NULL, '
    'PRIMARY KEY ("id"), CONSTRAINT "part_name_key" UNIQUE ("name"), '
    '"toolcrib_live" TINYINT GENERATED ALWAYS AS (if("delete_time" IS NULL, 1, NULL)) VIRTUAL INVISIBLE) '
    "CHARSET=utf8mb4",
    index='CREATE UNIQUE INDEX "part_count_due_live_key" ON "part" ("count", "due" DESC, "toolcrib_live")',
    same=[
        ('"active" BOOL NOT NULL', '"active" BOOLEAN NOT NULL DEFAULT FALSE'),
        ('"active" BOOL NOT NULL', "active tinyint NOT NULL DEFAULT (0)"),
        ('"active" BOOL NOT NULL', "active tinyint(1) NOT NULL DEFAULT '0'"),
        ('"count" BIGINT NOT NULL', "count int8 NOT NULL DEFAULT ((0))"),
        ('"count" BIGINT NOT NULL', "count bigint(20) NOT NULL DEFAULT '0'"),
        ('"count" BIGINT NOT NULL', '"count" BIGINT NOT NULL DEFAULT (CAST(0 AS INTEGER))'),
        ('"id" BIGINT NOT NULL', '"id" BIGINT AUTO_INCREMENT'),
        ('"name" VARCHAR(763) COLLATE', '"name" CHARACTER VARYING(763) CHARACTER SET utf8mb4 COLLATE'),
        ("COLLATE utf8mb4_nopad_bin NOT NULL", "COLLATE utf8mb4_nopad_bin NOT NULL DEFAULT ('')"),
        ('"ratio" DOUBLE NOT NULL', "ratio double precision NOT NULL DEFAULT 0.0"),
        ('"ratio" DOUBLE NOT NULL', "ratio float8 NOT NULL DEFAULT '0'"),
        ('"ratio" DOUBLE NOT NULL', "ratio float(53) NOT NULL DEFAULT (-0.0)"),
        ('"ratio" DOUBLE NOT NULL', "ratio real NOT NULL"),
        ('"due" DATETIME(6)', "due datetime( 6 ) NULL DEFAULT NULL"),
        ('"big" BIGINT UNSIGNED NOT NULL', "`big` bigint(20) unsigned NOT NULL DEFAULT 0"),
        ('CONSTRAINT "part_name_key" UNIQUE ("name")', 'UNIQUE ("name")'),
        ('CONSTRAINT "part_name_key" UNIQUE ("name")', "UNIQUE KEY another (name ASC) USING BTREE"),
        ('"count" BIGINT NOT NULL', '"count" BIGINT NOT NULL CHECK ((("count") <> ((-77))))'),
        ('("count", "due" DESC, "toolcrib_live")', "(count ASC, due desc, toolcrib_live) USING BTREE"),
        ('(if("delete_time" IS NULL, 1, NULL)) VIRTUAL', '((if((("delete_time") is null), (1), null))) STORED'),
        ("VIRTUAL INVISIBLE", "VIRTUAL"),
        ("CHARSET=utf8mb4", "ENGINE=InnoDB CHARSET=latin1"),
        ("", ""),
    ],
    changed=[
        ('"due" DESC, ', '"due", ', _CHANGE_INDEX),
        ('("count", "due" DESC, ', "(due desc, count, ", _CHANGE_INDEX),
        (', "toolcrib_live")', ")", _CHANGE_INDEX),
        ('UNIQUE ("name")', 'UNIQUE ("name"(10))', "~ change the unique constraint over name"),
        *_CHANGED,
        ('"ratio" DOUBLE NOT NULL', '"ratio" FLOAT NOT NULL', "~ change part.ratio from double to double"),
        ('"big" BIGINT UNSIGNED', '"big" BIGINT', "~ change part.big from uint64 to uint64"),
        (
            '"due" DATETIME(6)',
            '"due" DATETIME',
            "~ change part.due from google.protobuf.Timestamp to google.protobuf.Timestamp",
        ),
    ],
    begin="START TRANSACTION",
    theirs=[
        "CREATE INDEX by_hand ON part (name(10))",
        "CREATE TRIGGER theirs AFTER DELETE ON part FOR EACH ROW SET @theirs = 1",
    ],
    made="SELECT index_name FROM information_schema.statistics WHERE table_schema = database() AND table_name = 'part' "
    "UNION ALL SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = database()",
    # What is indexed has less room, and a constraint is an index.
    let_go=[
        "~ change part.name from VARCHAR(763) to LONGTEXT",
        "- drop the unique index part_name_key over name",
    ],
    add_column="the catalog only (INSTANT); a short exclusive lock",
    add_constant="writes and copies the table, 2 rows; writes wait",
    drop_column="copies the table, 2 rows; writes wait",
    add_unique="reads the table, 2 rows",
    drop_unique="the catalog only; a short exclusive lock",
    renames_indexes=True,
)

DATABASES: Mapping[str, Spellings] = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL, "mariadb": _MARIADB}
