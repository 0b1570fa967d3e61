-- What Toolcrib tells a database: sqlite. Written by tests/support/dialects/told.py.


-- == Transactions

-- a session begins
PRAGMA busy_timeout=0;

-- a read of one moment begins
BEGIN;

-- and ends
ROLLBACK;

-- a write begins
BEGIN IMMEDIATE;

-- what can be undone alone begins
SAVEPOINT toolcrib_0;

-- and is undone
ROLLBACK TO toolcrib_0;
RELEASE toolcrib_0;

-- or stays
RELEASE toolcrib_0;

-- all is committed
COMMIT;


-- == Toolcrib's own tables

-- the table toolcrib_meta
CREATE TABLE "toolcrib_meta" (
    "name" TEXT NOT NULL,
    "value" BLOB NOT NULL,
    PRIMARY KEY ("name")
);

-- the table toolcrib_sequence
CREATE TABLE "toolcrib_sequence" (
    "name" TEXT NOT NULL,
    "last_value" BIGINT NOT NULL,
    PRIMARY KEY ("name")
);

-- the table toolcrib_transaction
CREATE TABLE "toolcrib_transaction" (
    "revision" INTEGER NOT NULL,
    "commit_time" VARCHAR(26) NOT NULL,
    "actor" TEXT NOT NULL,
    "actor_source" SMALLINT NOT NULL,
    "reason" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "peer" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "refusal" TEXT NOT NULL,
    "refused_calls" BIGINT NOT NULL,
    "entry_count" INTEGER NOT NULL,
    "tenant" TEXT NOT NULL,
    "hash" BLOB NOT NULL,
    PRIMARY KEY ("revision")
);

-- the index toolcrib_transaction_actor
CREATE INDEX "toolcrib_transaction_actor" ON "toolcrib_transaction" ("actor", "revision");

-- the index toolcrib_transaction_commit_time
CREATE INDEX "toolcrib_transaction_commit_time" ON "toolcrib_transaction" ("commit_time");

-- the table toolcrib_audit
CREATE TABLE "toolcrib_audit" (
    "revision" BIGINT NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "component" TEXT NOT NULL,
    "record_key" TEXT NOT NULL,
    "operation" SMALLINT NOT NULL,
    "before_image" BLOB,
    "after_image" BLOB,
    "tenant" TEXT NOT NULL,
    "hash" BLOB NOT NULL,
    PRIMARY KEY ("revision", "ordinal"),
    FOREIGN KEY("revision") REFERENCES "toolcrib_transaction" ("revision")
)
 WITHOUT ROWID;

-- the index toolcrib_audit_record
CREATE INDEX "toolcrib_audit_record" ON "toolcrib_audit" ("component", "tenant", "record_key", "revision");

-- the table toolcrib_answer
CREATE TABLE "toolcrib_answer" (
    "number" INTEGER NOT NULL,
    "tenant" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "commit_time" VARCHAR(26) NOT NULL,
    "revision" BIGINT NOT NULL,
    "digest" BLOB NOT NULL,
    "answer" BLOB,
    PRIMARY KEY ("number")
);

-- the index toolcrib_answer_request
CREATE UNIQUE INDEX "toolcrib_answer_request" ON "toolcrib_answer" ("tenant", "actor", "request_id");

-- the table toolcrib_kept
CREATE TABLE "toolcrib_kept" (
    "component" TEXT NOT NULL,
    "audit_since" BIGINT NOT NULL,
    "versions_since" BIGINT,
    PRIMARY KEY ("component")
);

-- the table toolcrib_segment
CREATE TABLE "toolcrib_segment" (
    "first_revision" BIGINT NOT NULL,
    "first_ordinal" INTEGER NOT NULL,
    "last_revision" BIGINT NOT NULL,
    "last_ordinal" INTEGER NOT NULL,
    "transactions" BIGINT NOT NULL,
    "entries" BIGINT NOT NULL,
    "last_time" TEXT NOT NULL,
    "previous_hash" BLOB NOT NULL,
    "hash" BLOB NOT NULL,
    PRIMARY KEY ("first_revision", "first_ordinal")
)
 WITHOUT ROWID;

-- the index toolcrib_segment_last
CREATE INDEX "toolcrib_segment_last" ON "toolcrib_segment" ("last_revision");

-- the table toolcrib_schema
CREATE TABLE "toolcrib_schema" (
    "version" INTEGER NOT NULL,
    "apply_time" VARCHAR(26) NOT NULL,
    "actor" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "revision" BIGINT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "plan" TEXT NOT NULL,
    "components" TEXT NOT NULL,
    PRIMARY KEY ("version")
);

-- the table toolcrib_direct_write
CREATE TABLE "toolcrib_direct_write" (
    "number" INTEGER NOT NULL,
    "transaction_id" BIGINT NOT NULL,
    "table_name" TEXT NOT NULL,
    "record_key" TEXT NOT NULL,
    "operation" SMALLINT NOT NULL,
    "before_row" TEXT,
    "after_row" TEXT,
    "write_time" VARCHAR(26) NOT NULL,
    "role" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "application" TEXT NOT NULL,
    "peer" TEXT NOT NULL,
    "given_revision" BIGINT,
    "given_start" BIGINT,
    "given_time" VARCHAR(26),
    "failure" TEXT,
    PRIMARY KEY ("number")
);

-- the index toolcrib_direct_write_record
CREATE INDEX "toolcrib_direct_write_record" ON "toolcrib_direct_write" ("table_name", "record_key");

-- the index toolcrib_direct_write_transaction
CREATE INDEX "toolcrib_direct_write_transaction" ON "toolcrib_direct_write" ("transaction_id");


-- == Statements on them

-- delete_answers
DELETE FROM "toolcrib_answer" WHERE "toolcrib_answer"."number" <= ?;

-- insert_answer
INSERT INTO "toolcrib_answer" ("number", "tenant", "actor", "request_id", "commit_time", "revision", "digest", "answer") VALUES ((coalesce((SELECT "max"("toolcrib_answer"."number") AS "max_1"
FROM "toolcrib_answer"), 0) + 1), ?, ?, ?, ?, ?, ?, ?);

-- insert_audit
INSERT INTO "toolcrib_audit" ("revision", "ordinal", "component", "record_key", "operation", "before_image", "after_image", "tenant", "hash") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- insert_sequence
INSERT INTO "toolcrib_sequence" ("name", "last_value") VALUES (?, ?);

-- insert_transaction
INSERT INTO "toolcrib_transaction" ("revision", "commit_time", "actor", "actor_source", "reason", "method", "peer", "request_id", "refusal", "refused_calls", "entry_count", "tenant", "hash") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- select_answer
SELECT "toolcrib_answer"."digest", "toolcrib_answer"."answer"
FROM "toolcrib_answer"
WHERE "toolcrib_answer"."tenant" = ? AND "toolcrib_answer"."actor" = ? AND "toolcrib_answer"."request_id" = ?;

-- select_chain_head
SELECT coalesce((SELECT "toolcrib_audit"."hash"
FROM "toolcrib_audit"
WHERE "toolcrib_audit"."revision" = "toolcrib_transaction"."revision" ORDER BY "toolcrib_audit"."ordinal" DESC
 LIMIT ? OFFSET ?), "toolcrib_transaction"."hash") AS "coalesce_1"
FROM "toolcrib_transaction" ORDER BY "toolcrib_transaction"."revision" DESC
 LIMIT ? OFFSET ?;

-- select_expired_answer
SELECT "max"("toolcrib_answer"."number") AS "max_1"
FROM "toolcrib_answer"
WHERE "toolcrib_answer"."number" < (SELECT "min"("toolcrib_answer"."number") AS "min_1"
FROM "toolcrib_answer") + ? AND ("toolcrib_answer"."commit_time" < ? OR "toolcrib_answer"."number" <= (SELECT "max"("toolcrib_answer"."number") AS "max_2"
FROM "toolcrib_answer") - ?);

-- select_hash
SELECT "toolcrib_transaction"."hash"
FROM "toolcrib_transaction"
WHERE "toolcrib_transaction"."revision" = ?;

-- select_kept
SELECT "toolcrib_kept"."audit_since", "toolcrib_kept"."versions_since"
FROM "toolcrib_kept"
WHERE "toolcrib_kept"."component" = ?;

-- select_latest_time
SELECT "max"("toolcrib_transaction"."commit_time") AS "max_1"
FROM "toolcrib_transaction"
WHERE "toolcrib_transaction"."commit_time" <= ?;

-- select_pruned_at
SELECT "max"("toolcrib_segment"."last_revision") AS "max_1"
FROM "toolcrib_segment"
WHERE "toolcrib_segment"."last_time" <= ? AND "toolcrib_segment"."transactions" > ?;

-- select_revision_at
SELECT "max"("toolcrib_transaction"."revision") AS "max_1"
FROM "toolcrib_transaction"
WHERE "toolcrib_transaction"."commit_time" BETWEEN ? AND ?;

-- select_sequence
SELECT "toolcrib_sequence"."last_value", (SELECT "max"("toolcrib_schema"."version") AS "max_1"
FROM "toolcrib_schema") AS "anon_1"
FROM "toolcrib_sequence"
WHERE "toolcrib_sequence"."name" = ?;

-- update_sequence
UPDATE "toolcrib_sequence" SET "last_value"=? WHERE "toolcrib_sequence"."name" = ?;


-- == The audit

-- entries of a record, a further page
SELECT "toolcrib_audit"."revision", "toolcrib_audit"."ordinal", "toolcrib_audit"."component", "toolcrib_audit"."record_key", "toolcrib_audit"."operation", "toolcrib_audit"."before_image", "toolcrib_audit"."after_image", "toolcrib_audit"."tenant", "toolcrib_audit"."hash", "toolcrib_transaction"."commit_time", "toolcrib_transaction"."actor", "toolcrib_transaction"."actor_source", "toolcrib_transaction"."reason", "toolcrib_transaction"."method", "toolcrib_transaction"."peer", "toolcrib_transaction"."refusal"
FROM "toolcrib_audit" JOIN "toolcrib_transaction" ON "toolcrib_transaction"."revision" = "toolcrib_audit"."revision"
WHERE "toolcrib_audit"."component" IN (?) AND "toolcrib_audit"."record_key" = ? AND "toolcrib_transaction"."actor" = ? AND "toolcrib_audit"."operation" != ? AND "toolcrib_transaction"."commit_time" >= ? AND "toolcrib_transaction"."commit_time" < ? AND "toolcrib_audit"."revision" >= ? AND "toolcrib_audit"."revision" <= ? AND ("toolcrib_audit"."revision" < ? OR "toolcrib_audit"."revision" = ? AND "toolcrib_audit"."ordinal" < ?) ORDER BY "toolcrib_audit"."revision" DESC, "toolcrib_audit"."ordinal" DESC
 LIMIT ? OFFSET ?;

-- entries by operations, all
SELECT "toolcrib_audit"."revision", "toolcrib_audit"."ordinal", "toolcrib_audit"."component", "toolcrib_audit"."record_key", "toolcrib_audit"."operation", "toolcrib_audit"."before_image", "toolcrib_audit"."after_image", "toolcrib_audit"."tenant", "toolcrib_audit"."hash", "toolcrib_transaction"."commit_time", "toolcrib_transaction"."actor", "toolcrib_transaction"."actor_source", "toolcrib_transaction"."reason", "toolcrib_transaction"."method", "toolcrib_transaction"."peer", "toolcrib_transaction"."refusal"
FROM "toolcrib_audit" JOIN "toolcrib_transaction" ON "toolcrib_transaction"."revision" = "toolcrib_audit"."revision"
WHERE "toolcrib_audit"."operation" IN (?, ?) ORDER BY "toolcrib_audit"."revision" ASC, "toolcrib_audit"."ordinal" ASC;

-- transactions, a further page
SELECT "toolcrib_transaction"."revision", "toolcrib_transaction"."commit_time", "toolcrib_transaction"."actor", "toolcrib_transaction"."actor_source", "toolcrib_transaction"."reason", "toolcrib_transaction"."method", "toolcrib_transaction"."peer", "toolcrib_transaction"."request_id", "toolcrib_transaction"."refusal", "toolcrib_transaction"."refused_calls", "toolcrib_transaction"."entry_count", "toolcrib_transaction"."tenant", "toolcrib_transaction"."hash"
FROM "toolcrib_transaction"
WHERE "toolcrib_transaction"."actor" = ? AND (EXISTS (SELECT *
FROM "toolcrib_audit"
WHERE "toolcrib_audit"."revision" = "toolcrib_transaction"."revision" AND "toolcrib_audit"."component" IN (?))) AND "toolcrib_transaction"."commit_time" >= ? AND "toolcrib_transaction"."commit_time" < ? AND "toolcrib_transaction"."revision" >= ? AND "toolcrib_transaction"."revision" <= ? AND "toolcrib_transaction"."refusal" = ? AND "toolcrib_transaction"."revision" < ? ORDER BY "toolcrib_transaction"."revision" DESC
 LIMIT ? OFFSET ?;

-- the newest transaction
SELECT "toolcrib_transaction"."revision", "toolcrib_transaction"."commit_time", "toolcrib_transaction"."actor", "toolcrib_transaction"."actor_source", "toolcrib_transaction"."reason", "toolcrib_transaction"."method", "toolcrib_transaction"."peer", "toolcrib_transaction"."request_id", "toolcrib_transaction"."refusal", "toolcrib_transaction"."refused_calls", "toolcrib_transaction"."entry_count", "toolcrib_transaction"."tenant", "toolcrib_transaction"."hash"
FROM "toolcrib_transaction" ORDER BY "toolcrib_transaction"."revision" DESC
 LIMIT ? OFFSET ?;

-- how many entries may go, but for the last of each record
SELECT "count"(*) AS "count_1"
FROM (SELECT "toolcrib_audit"."revision" AS "revision", "toolcrib_audit"."ordinal" AS "ordinal"
FROM "toolcrib_audit"
WHERE "toolcrib_audit"."component" = ? AND "toolcrib_audit"."operation" != ? AND "toolcrib_audit"."revision" > ? AND "toolcrib_audit"."revision" <= ? AND "toolcrib_audit"."revision" < (SELECT DISTINCT "toolcrib_audit_1"."revision"
FROM "toolcrib_audit" AS "toolcrib_audit_1"
WHERE "toolcrib_audit_1"."component" = "toolcrib_audit"."component" AND "toolcrib_audit_1"."tenant" = "toolcrib_audit"."tenant" AND "toolcrib_audit_1"."record_key" = "toolcrib_audit"."record_key" AND "toolcrib_audit_1"."operation" < ? AND "toolcrib_audit_1"."revision" <= ? ORDER BY "toolcrib_audit_1"."revision" DESC
 LIMIT ? OFFSET ?)) AS "anon_1";

-- which versions of plant.recipes.v1.Recipe may go
SELECT "recipe_history"."toolcrib_end_revision", "recipe_history"."id", "recipe_history"."toolcrib_start_revision"
FROM "recipe_history"
WHERE "recipe_history"."toolcrib_end_revision" > ? AND "recipe_history"."toolcrib_end_revision" <= ? AND "recipe_history"."toolcrib_start_revision" < (SELECT "recipe_history_1"."toolcrib_start_revision"
FROM "recipe_history" AS "recipe_history_1"
WHERE "recipe_history_1"."id" = "recipe_history"."id" AND "recipe_history_1"."toolcrib_end_revision" <= ? ORDER BY "recipe_history_1"."toolcrib_start_revision" DESC
 LIMIT ? OFFSET ?) ORDER BY "recipe_history"."toolcrib_end_revision", "recipe_history"."id", "recipe_history"."toolcrib_start_revision"
 LIMIT ? OFFSET ?;


-- == plant.cycles.v1.MachineCycle

-- the table machine_cycle
CREATE TABLE "machine_cycle" (
    "id" INTEGER NOT NULL,
    "product_id" TEXT NOT NULL,
    "quality" INTEGER NOT NULL,
    "air_temperature_k"  NOT NULL,
    "process_temperature_k"  NOT NULL,
    "rotational_speed_rpm" INTEGER NOT NULL,
    "torque_nm"  NOT NULL,
    "tool_wear_min" INTEGER NOT NULL,
    "machine_failure" BOOLEAN NOT NULL,
    "tool_wear_failure" BOOLEAN NOT NULL,
    "heat_dissipation_failure" BOOLEAN NOT NULL,
    "power_failure" BOOLEAN NOT NULL,
    "overstrain_failure" BOOLEAN NOT NULL,
    "random_failure" BOOLEAN NOT NULL,
    "create_time" VARCHAR(26) NOT NULL,
    "toolcrib_revision" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);


-- == plant.cycles.v1.MachineCycle: statements

-- insert
INSERT INTO "machine_cycle" ("id", "product_id", "quality", "air_temperature_k", "process_temperature_k", "rotational_speed_rpm", "torque_nm", "tool_wear_min", "machine_failure", "tool_wear_failure", "heat_dissipation_failure", "power_failure", "overstrain_failure", "random_failure", "create_time", "toolcrib_revision") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- update
UPDATE "machine_cycle" SET "product_id"=?, "quality"=?, "air_temperature_k"=?, "process_temperature_k"=?, "rotational_speed_rpm"=?, "torque_nm"=?, "tool_wear_min"=?, "machine_failure"=?, "tool_wear_failure"=?, "heat_dissipation_failure"=?, "power_failure"=?, "overstrain_failure"=?, "random_failure"=?, "create_time"=?, "toolcrib_revision"=? WHERE "machine_cycle"."id" = ?;

-- delete
DELETE FROM "machine_cycle" WHERE "machine_cycle"."id" = ?;

-- get
SELECT "machine_cycle"."id", "machine_cycle"."product_id", "machine_cycle"."quality", "machine_cycle"."air_temperature_k", "machine_cycle"."process_temperature_k", "machine_cycle"."rotational_speed_rpm", "machine_cycle"."torque_nm", "machine_cycle"."tool_wear_min", "machine_cycle"."machine_failure", "machine_cycle"."tool_wear_failure", "machine_cycle"."heat_dissipation_failure", "machine_cycle"."power_failure", "machine_cycle"."overstrain_failure", "machine_cycle"."random_failure", "machine_cycle"."create_time", "machine_cycle"."toolcrib_revision"
FROM "machine_cycle"
WHERE "machine_cycle"."id" = ?;

-- count_live
SELECT "count"(*) AS "count_1"
FROM (SELECT "machine_cycle"."id" AS "id"
FROM "machine_cycle"
 LIMIT ? OFFSET ?) AS "anon_1";

-- list
SELECT "machine_cycle"."id", "machine_cycle"."product_id", "machine_cycle"."quality", "machine_cycle"."air_temperature_k", "machine_cycle"."process_temperature_k", "machine_cycle"."rotational_speed_rpm", "machine_cycle"."torque_nm", "machine_cycle"."tool_wear_min", "machine_cycle"."machine_failure", "machine_cycle"."tool_wear_failure", "machine_cycle"."heat_dissipation_failure", "machine_cycle"."power_failure", "machine_cycle"."overstrain_failure", "machine_cycle"."random_failure", "machine_cycle"."create_time", "machine_cycle"."toolcrib_revision"
FROM "machine_cycle" ORDER BY "machine_cycle"."id"
 LIMIT ? OFFSET ?;

-- list, a further page
SELECT "machine_cycle"."id", "machine_cycle"."product_id", "machine_cycle"."quality", "machine_cycle"."air_temperature_k", "machine_cycle"."process_temperature_k", "machine_cycle"."rotational_speed_rpm", "machine_cycle"."torque_nm", "machine_cycle"."tool_wear_min", "machine_cycle"."machine_failure", "machine_cycle"."tool_wear_failure", "machine_cycle"."heat_dissipation_failure", "machine_cycle"."power_failure", "machine_cycle"."overstrain_failure", "machine_cycle"."random_failure", "machine_cycle"."create_time", "machine_cycle"."toolcrib_revision"
FROM "machine_cycle"
WHERE "machine_cycle"."id" > ? ORDER BY "machine_cycle"."id"
 LIMIT ? OFFSET ?;

-- list, deleted ones too
SELECT "machine_cycle"."id", "machine_cycle"."product_id", "machine_cycle"."quality", "machine_cycle"."air_temperature_k", "machine_cycle"."process_temperature_k", "machine_cycle"."rotational_speed_rpm", "machine_cycle"."torque_nm", "machine_cycle"."tool_wear_min", "machine_cycle"."machine_failure", "machine_cycle"."tool_wear_failure", "machine_cycle"."heat_dissipation_failure", "machine_cycle"."power_failure", "machine_cycle"."overstrain_failure", "machine_cycle"."random_failure", "machine_cycle"."create_time", "machine_cycle"."toolcrib_revision"
FROM "machine_cycle" ORDER BY "machine_cycle"."id"
 LIMIT ? OFFSET ?;

-- list, deleted ones too, a further page
SELECT "machine_cycle"."id", "machine_cycle"."product_id", "machine_cycle"."quality", "machine_cycle"."air_temperature_k", "machine_cycle"."process_temperature_k", "machine_cycle"."rotational_speed_rpm", "machine_cycle"."torque_nm", "machine_cycle"."tool_wear_min", "machine_cycle"."machine_failure", "machine_cycle"."tool_wear_failure", "machine_cycle"."heat_dissipation_failure", "machine_cycle"."power_failure", "machine_cycle"."overstrain_failure", "machine_cycle"."random_failure", "machine_cycle"."create_time", "machine_cycle"."toolcrib_revision"
FROM "machine_cycle"
WHERE "machine_cycle"."id" > ? ORDER BY "machine_cycle"."id"
 LIMIT ? OFFSET ?;


-- == plant.recipes.v1.Recipe

-- the table recipe
CREATE TABLE "recipe" (
    "id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "speed_mm_s"  NOT NULL,
    "spindle_rpm" INTEGER,
    "coolant" INTEGER NOT NULL,
    "approved" BOOLEAN NOT NULL,
    "create_time" VARCHAR(26) NOT NULL,
    "update_time" VARCHAR(26) NOT NULL,
    "delete_time" VARCHAR(26),
    "toolcrib_revision" BIGINT NOT NULL,
    PRIMARY KEY ("id"),
    CONSTRAINT "recipe_name_key" UNIQUE ("name")
);

-- the table recipe_history
CREATE TABLE "recipe_history" (
    "id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "speed_mm_s"  NOT NULL,
    "spindle_rpm" INTEGER,
    "coolant" INTEGER NOT NULL,
    "approved" BOOLEAN NOT NULL,
    "create_time" VARCHAR(26) NOT NULL,
    "update_time" VARCHAR(26) NOT NULL,
    "delete_time" VARCHAR(26),
    "toolcrib_revision" BIGINT NOT NULL,
    "toolcrib_start_revision" BIGINT NOT NULL,
    "toolcrib_end_revision" BIGINT NOT NULL,
    PRIMARY KEY ("id", "toolcrib_start_revision")
)
 WITHOUT ROWID;

-- the index recipe_history_end_idx
CREATE INDEX "recipe_history_end_idx" ON "recipe_history" ("toolcrib_end_revision");


-- == plant.recipes.v1.Recipe: statements

-- insert
INSERT INTO "recipe" ("id", "name", "speed_mm_s", "spindle_rpm", "coolant", "approved", "create_time", "update_time", "delete_time", "toolcrib_revision") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- update
UPDATE "recipe" SET "name"=?, "speed_mm_s"=?, "spindle_rpm"=?, "coolant"=?, "approved"=?, "create_time"=?, "update_time"=?, "delete_time"=?, "toolcrib_revision"=? WHERE "recipe"."id" = ?;

-- delete
DELETE FROM "recipe" WHERE "recipe"."id" = ?;

-- get
SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe"
WHERE "recipe"."id" = ?;

-- count_live
SELECT "count"(*) AS "count_1"
FROM (SELECT "recipe"."id" AS "id"
FROM "recipe"
WHERE "recipe"."delete_time" IS NULL
 LIMIT ? OFFSET ?) AS "anon_1";

-- list
SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe"
WHERE "recipe"."delete_time" IS NULL ORDER BY "recipe"."id"
 LIMIT ? OFFSET ?;

-- list, a further page
SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe"
WHERE "recipe"."delete_time" IS NULL AND "recipe"."id" > ? ORDER BY "recipe"."id"
 LIMIT ? OFFSET ?;

-- list, deleted ones too
SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe" ORDER BY "recipe"."id"
 LIMIT ? OFFSET ?;

-- list, deleted ones too, a further page
SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe"
WHERE "recipe"."id" > ? ORDER BY "recipe"."id"
 LIMIT ? OFFSET ?;

-- a version is kept
INSERT INTO "recipe_history" ("id", "name", "speed_mm_s", "spindle_rpm", "coolant", "approved", "create_time", "update_time", "delete_time", "toolcrib_revision", "toolcrib_start_revision", "toolcrib_end_revision") SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision", "recipe"."toolcrib_revision" AS "toolcrib_revision__1", ? AS "anon_1"
FROM "recipe"
WHERE "recipe"."id" = ? AND "recipe"."toolcrib_revision" < ?;

-- a record at a revision
SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe"
WHERE "recipe"."id" = ? AND "recipe"."toolcrib_revision" <= ? UNION ALL SELECT "recipe_history"."id", "recipe_history"."name", "recipe_history"."speed_mm_s", "recipe_history"."spindle_rpm", "recipe_history"."coolant", "recipe_history"."approved", "recipe_history"."create_time", "recipe_history"."update_time", "recipe_history"."delete_time", "recipe_history"."toolcrib_revision"
FROM "recipe_history"
WHERE "recipe_history"."id" = ? AND "recipe_history"."toolcrib_start_revision" = (SELECT "max"("recipe_history_1"."toolcrib_start_revision") AS "max_1"
FROM "recipe_history" AS "recipe_history_1"
WHERE "recipe_history_1"."id" = ? AND "recipe_history_1"."toolcrib_start_revision" <= ?) AND "recipe_history"."toolcrib_end_revision" > ?;

-- who has the same name
SELECT "recipe"."id"
FROM "recipe"
WHERE "recipe"."name" = ? AND "recipe"."id" != ?
 LIMIT ? OFFSET ?;

-- the related tools
SELECT "recipe_tool"."recipe_id" AS "related_to", "tool_offset"."tool_number", "tool_offset"."pocket", "tool_offset"."x_offset_mm", "tool_offset"."z_offset_mm", "tool_offset"."diameter_mm", "tool_offset"."front_angle_deg", "tool_offset"."back_angle_deg", "tool_offset"."orientation", "tool_offset"."comment", "tool_offset"."create_time", "tool_offset"."update_time", "tool_offset"."delete_time", "tool_offset"."toolcrib_revision"
FROM "tool_offset" JOIN "recipe_tool" ON "recipe_tool"."tool_number" = "tool_offset"."tool_number"
WHERE "tool_offset"."delete_time" IS NULL AND "recipe_tool"."recipe_id" IN (?) ORDER BY "tool_offset"."tool_number"
 LIMIT ? OFFSET ?;

-- the related tools, then
SELECT "anon_1"."recipe_id" AS "related_to", "anon_2"."tool_number", "anon_2"."pocket", "anon_2"."x_offset_mm", "anon_2"."z_offset_mm", "anon_2"."diameter_mm", "anon_2"."front_angle_deg", "anon_2"."back_angle_deg", "anon_2"."orientation", "anon_2"."comment", "anon_2"."create_time", "anon_2"."update_time", "anon_2"."delete_time", "anon_2"."toolcrib_revision"
FROM (SELECT "tool_offset"."tool_number" AS "tool_number", "tool_offset"."pocket" AS "pocket", "tool_offset"."x_offset_mm" AS "x_offset_mm", "tool_offset"."z_offset_mm" AS "z_offset_mm", "tool_offset"."diameter_mm" AS "diameter_mm", "tool_offset"."front_angle_deg" AS "front_angle_deg", "tool_offset"."back_angle_deg" AS "back_angle_deg", "tool_offset"."orientation" AS "orientation", "tool_offset"."comment" AS "comment", "tool_offset"."create_time" AS "create_time", "tool_offset"."update_time" AS "update_time", "tool_offset"."delete_time" AS "delete_time", "tool_offset"."toolcrib_revision" AS "toolcrib_revision"
FROM "tool_offset"
WHERE "tool_offset"."toolcrib_revision" <= ? UNION ALL SELECT "tool_offset_history"."tool_number" AS "tool_number", "tool_offset_history"."pocket" AS "pocket", "tool_offset_history"."x_offset_mm" AS "x_offset_mm", "tool_offset_history"."z_offset_mm" AS "z_offset_mm", "tool_offset_history"."diameter_mm" AS "diameter_mm", "tool_offset_history"."front_angle_deg" AS "front_angle_deg", "tool_offset_history"."back_angle_deg" AS "back_angle_deg", "tool_offset_history"."orientation" AS "orientation", "tool_offset_history"."comment" AS "comment", "tool_offset_history"."create_time" AS "create_time", "tool_offset_history"."update_time" AS "update_time", "tool_offset_history"."delete_time" AS "delete_time", "tool_offset_history"."toolcrib_revision" AS "toolcrib_revision"
FROM "tool_offset_history"
WHERE "tool_offset_history"."toolcrib_start_revision" <= ? AND "tool_offset_history"."toolcrib_end_revision" > ?) AS "anon_2" JOIN (SELECT "recipe_tool"."recipe_id" AS "recipe_id", "recipe_tool"."tool_number" AS "tool_number", "recipe_tool"."purpose" AS "purpose", "recipe_tool"."toolcrib_revision" AS "toolcrib_revision"
FROM "recipe_tool"
WHERE "recipe_tool"."toolcrib_revision" <= ? UNION ALL SELECT "recipe_tool_history"."recipe_id" AS "recipe_id", "recipe_tool_history"."tool_number" AS "tool_number", "recipe_tool_history"."purpose" AS "purpose", "recipe_tool_history"."toolcrib_revision" AS "toolcrib_revision"
FROM "recipe_tool_history"
WHERE "recipe_tool_history"."toolcrib_start_revision" <= ? AND "recipe_tool_history"."toolcrib_end_revision" > ?) AS "anon_1" ON "anon_1"."tool_number" = "anon_2"."tool_number"
WHERE "anon_1"."recipe_id" IN (?) ORDER BY "anon_2"."tool_number"
 LIMIT ? OFFSET ?;

-- whom recipe_id refers to
SELECT "recipe"."id"
FROM "recipe"
WHERE "recipe"."delete_time" IS NULL AND "recipe"."id" IN (?)
 LIMIT ? OFFSET ?;

-- who refers by recipe_id
SELECT "recipe_tool"."recipe_id", "recipe_tool"."recipe_id" AS "recipe_id__1", "recipe_tool"."tool_number"
FROM "recipe_tool"
WHERE "recipe_tool"."recipe_id" IN (?)
 LIMIT ? OFFSET ?;


-- == plant.recipes.v1.Recipe: questions

-- a page of all by name desc
SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe"
WHERE 1 = 1 = 1 AND "recipe"."delete_time" IS NULL ORDER BY "recipe"."name" DESC
 LIMIT ? OFFSET ?;

-- a further page of all by name desc
SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe"
WHERE 1 = 1 = 1 AND "recipe"."delete_time" IS NULL AND "recipe"."name" <= ? AND ("recipe"."name" < ? OR "recipe"."name" = ? AND "recipe"."id" > ?) ORDER BY "recipe"."name" DESC
 LIMIT ? OFFSET ?;

-- a page of all by spindle_rpm desc
SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe"
WHERE 1 = 1 = 1 AND "recipe"."delete_time" IS NULL ORDER BY "recipe"."spindle_rpm" DESC NULLS FIRST, "recipe"."id" ASC
 LIMIT ? OFFSET ?;

-- a further page of all by spindle_rpm desc
SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe"
WHERE 1 = 1 = 1 AND "recipe"."delete_time" IS NULL AND "recipe"."spindle_rpm" <= ? AND ("recipe"."spindle_rpm" < ? OR "recipe"."spindle_rpm" = ? AND "recipe"."id" > ?) ORDER BY "recipe"."spindle_rpm" DESC NULLS FIRST, "recipe"."id" ASC
 LIMIT ? OFFSET ?;

-- at NULL of all by spindle_rpm desc
SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe"
WHERE 1 = 1 = 1 AND "recipe"."delete_time" IS NULL AND ("recipe"."spindle_rpm" IS NOT NULL OR "recipe"."spindle_rpm" IS NULL AND "recipe"."id" > ?) ORDER BY "recipe"."spindle_rpm" DESC NULLS FIRST, "recipe"."id" ASC
 LIMIT ? OFFSET ?;

-- how many of name = "A*"
SELECT "count"(*) AS "count_1"
FROM "recipe"
WHERE "recipe"."name" >= ? AND "recipe"."name" < ? AND "recipe"."delete_time" IS NULL;

-- how many of name = "*a"
SELECT "count"(*) AS "count_1"
FROM "recipe"
WHERE substr(CAST("recipe"."name" AS BLOB), -length(CAST(? AS BLOB))) IS CAST(? AS BLOB) = 1 AND "recipe"."delete_time" IS NULL;

-- how many of name = "*a*"
SELECT "count"(*) AS "count_1"
FROM "recipe"
WHERE instr("recipe"."name", ?) > 0 = 1 AND "recipe"."delete_time" IS NULL;

-- a page of speed_mm_s > 1.5 AND NOT spindle_rpm <= 9000 by spindle_rpm
SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe"
WHERE "recipe"."speed_mm_s" > ? AND "recipe"."speed_mm_s" <= 9e999 AND ("recipe"."spindle_rpm" IS NULL OR "recipe"."spindle_rpm" > ?) AND "recipe"."delete_time" IS NULL ORDER BY "recipe"."spindle_rpm" ASC NULLS LAST, "recipe"."id" ASC
 LIMIT ? OFFSET ?;

-- a further page of speed_mm_s > 1.5 AND NOT spindle_rpm <= 9000 by spindle_rpm
SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe"
WHERE "recipe"."speed_mm_s" > ? AND "recipe"."speed_mm_s" <= 9e999 AND ("recipe"."spindle_rpm" IS NULL OR "recipe"."spindle_rpm" > ?) AND "recipe"."delete_time" IS NULL AND ("recipe"."spindle_rpm" > ? OR "recipe"."spindle_rpm" IS NULL OR "recipe"."spindle_rpm" = ? AND "recipe"."id" > ?) ORDER BY "recipe"."spindle_rpm" ASC NULLS LAST, "recipe"."id" ASC
 LIMIT ? OFFSET ?;

-- at NULL of speed_mm_s > 1.5 AND NOT spindle_rpm <= 9000 by spindle_rpm
SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe"
WHERE "recipe"."speed_mm_s" > ? AND "recipe"."speed_mm_s" <= 9e999 AND ("recipe"."spindle_rpm" IS NULL OR "recipe"."spindle_rpm" > ?) AND "recipe"."delete_time" IS NULL AND "recipe"."spindle_rpm" IS NULL AND "recipe"."id" > ? ORDER BY "recipe"."spindle_rpm" ASC NULLS LAST, "recipe"."id" ASC
 LIMIT ? OFFSET ?;

-- how many of spindle_rpm in (1, 2, null)
SELECT "count"(*) AS "count_1"
FROM "recipe"
WHERE ("recipe"."spindle_rpm" IS NULL OR "recipe"."spindle_rpm" IN (?, ?, ?, ?)) AND "recipe"."delete_time" IS NULL;

-- how many of approved = true AND coolant = COOLANT_MIST
SELECT "count"(*) AS "count_1"
FROM "recipe"
WHERE "recipe"."approved" = ? AND "recipe"."coolant" = ? AND "recipe"."delete_time" IS NULL;

-- a page of create_time >= "2026-01-01T00:00:00Z" by update_time desc
SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe"
WHERE "recipe"."create_time" >= ? AND "recipe"."delete_time" IS NULL ORDER BY "recipe"."update_time" DESC, "recipe"."id" ASC
 LIMIT ? OFFSET ?;

-- a further page of create_time >= "2026-01-01T00:00:00Z" by update_time desc
SELECT "recipe"."id", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe"
WHERE "recipe"."create_time" >= ? AND "recipe"."delete_time" IS NULL AND "recipe"."update_time" <= ? AND ("recipe"."update_time" < ? OR "recipe"."update_time" = ? AND "recipe"."id" > ?) ORDER BY "recipe"."update_time" DESC, "recipe"."id" ASC
 LIMIT ? OFFSET ?;

-- how many of NOT tools.comment = "drill"
SELECT "count"(*) AS "count_1"
FROM "recipe"
WHERE ("recipe"."id" NOT IN (SELECT "recipe_tool"."recipe_id"
FROM "recipe_tool"
WHERE "recipe_tool"."tool_number" IN (SELECT "tool_offset"."tool_number"
FROM "tool_offset"
WHERE "tool_offset"."comment" = ? AND "tool_offset"."delete_time" IS NULL))) AND "recipe"."delete_time" IS NULL;


-- == plant.recipes.v1.RecipeTool

-- the table recipe_tool
CREATE TABLE "recipe_tool" (
    "recipe_id" BIGINT NOT NULL,
    "tool_number" INTEGER NOT NULL,
    "purpose" TEXT NOT NULL,
    "toolcrib_revision" BIGINT NOT NULL,
    PRIMARY KEY ("recipe_id", "tool_number")
);

-- the index recipe_tool_tool_number_idx
CREATE INDEX "recipe_tool_tool_number_idx" ON "recipe_tool" ("tool_number");

-- the table recipe_tool_history
CREATE TABLE "recipe_tool_history" (
    "recipe_id" BIGINT NOT NULL,
    "tool_number" INTEGER NOT NULL,
    "purpose" TEXT NOT NULL,
    "toolcrib_revision" BIGINT NOT NULL,
    "toolcrib_start_revision" BIGINT NOT NULL,
    "toolcrib_end_revision" BIGINT NOT NULL,
    PRIMARY KEY ("recipe_id", "tool_number", "toolcrib_start_revision")
)
 WITHOUT ROWID;

-- the index recipe_tool_history_end_idx
CREATE INDEX "recipe_tool_history_end_idx" ON "recipe_tool_history" ("toolcrib_end_revision");


-- == plant.recipes.v1.RecipeTool: statements

-- insert
INSERT INTO "recipe_tool" ("recipe_id", "tool_number", "purpose", "toolcrib_revision") VALUES (?, ?, ?, ?);

-- update
UPDATE "recipe_tool" SET "purpose"=?, "toolcrib_revision"=? WHERE "recipe_tool"."recipe_id" = ? AND "recipe_tool"."tool_number" = ?;

-- delete
DELETE FROM "recipe_tool" WHERE "recipe_tool"."recipe_id" = ? AND "recipe_tool"."tool_number" = ?;

-- get
SELECT "recipe_tool"."recipe_id", "recipe_tool"."tool_number", "recipe_tool"."purpose", "recipe_tool"."toolcrib_revision"
FROM "recipe_tool"
WHERE "recipe_tool"."recipe_id" = ? AND "recipe_tool"."tool_number" = ?;

-- count_live
SELECT "count"(*) AS "count_1"
FROM (SELECT "recipe_tool"."recipe_id" AS "recipe_id"
FROM "recipe_tool"
 LIMIT ? OFFSET ?) AS "anon_1";

-- list
SELECT "recipe_tool"."recipe_id", "recipe_tool"."tool_number", "recipe_tool"."purpose", "recipe_tool"."toolcrib_revision"
FROM "recipe_tool" ORDER BY "recipe_tool"."recipe_id", "recipe_tool"."tool_number"
 LIMIT ? OFFSET ?;

-- list, a further page
SELECT "recipe_tool"."recipe_id", "recipe_tool"."tool_number", "recipe_tool"."purpose", "recipe_tool"."toolcrib_revision"
FROM "recipe_tool"
WHERE ("recipe_tool"."recipe_id", "recipe_tool"."tool_number") > (?, ?) ORDER BY "recipe_tool"."recipe_id", "recipe_tool"."tool_number"
 LIMIT ? OFFSET ?;

-- list, deleted ones too
SELECT "recipe_tool"."recipe_id", "recipe_tool"."tool_number", "recipe_tool"."purpose", "recipe_tool"."toolcrib_revision"
FROM "recipe_tool" ORDER BY "recipe_tool"."recipe_id", "recipe_tool"."tool_number"
 LIMIT ? OFFSET ?;

-- list, deleted ones too, a further page
SELECT "recipe_tool"."recipe_id", "recipe_tool"."tool_number", "recipe_tool"."purpose", "recipe_tool"."toolcrib_revision"
FROM "recipe_tool"
WHERE ("recipe_tool"."recipe_id", "recipe_tool"."tool_number") > (?, ?) ORDER BY "recipe_tool"."recipe_id", "recipe_tool"."tool_number"
 LIMIT ? OFFSET ?;

-- a version is kept
INSERT INTO "recipe_tool_history" ("recipe_id", "tool_number", "purpose", "toolcrib_revision", "toolcrib_start_revision", "toolcrib_end_revision") SELECT "recipe_tool"."recipe_id", "recipe_tool"."tool_number", "recipe_tool"."purpose", "recipe_tool"."toolcrib_revision", "recipe_tool"."toolcrib_revision" AS "toolcrib_revision__1", ? AS "anon_1"
FROM "recipe_tool"
WHERE "recipe_tool"."recipe_id" = ? AND "recipe_tool"."tool_number" = ? AND "recipe_tool"."toolcrib_revision" < ?;

-- a record at a revision
SELECT "recipe_tool"."recipe_id", "recipe_tool"."tool_number", "recipe_tool"."purpose", "recipe_tool"."toolcrib_revision"
FROM "recipe_tool"
WHERE "recipe_tool"."recipe_id" = ? AND "recipe_tool"."tool_number" = ? AND "recipe_tool"."toolcrib_revision" <= ? UNION ALL SELECT "recipe_tool_history"."recipe_id", "recipe_tool_history"."tool_number", "recipe_tool_history"."purpose", "recipe_tool_history"."toolcrib_revision"
FROM "recipe_tool_history"
WHERE "recipe_tool_history"."recipe_id" = ? AND "recipe_tool_history"."tool_number" = ? AND "recipe_tool_history"."toolcrib_start_revision" = (SELECT "max"("recipe_tool_history_1"."toolcrib_start_revision") AS "max_1"
FROM "recipe_tool_history" AS "recipe_tool_history_1"
WHERE "recipe_tool_history_1"."recipe_id" = ? AND "recipe_tool_history_1"."tool_number" = ? AND "recipe_tool_history_1"."toolcrib_start_revision" <= ?) AND "recipe_tool_history"."toolcrib_end_revision" > ?;

-- the related recipe
SELECT "recipe"."id", "recipe"."id" AS "id__1", "recipe"."name", "recipe"."speed_mm_s", "recipe"."spindle_rpm", "recipe"."coolant", "recipe"."approved", "recipe"."create_time", "recipe"."update_time", "recipe"."delete_time", "recipe"."toolcrib_revision"
FROM "recipe"
WHERE "recipe"."delete_time" IS NULL AND "recipe"."id" IN (?) ORDER BY "recipe"."id"
 LIMIT ? OFFSET ?;

-- the related recipe, then
SELECT "anon_1"."id", "anon_1"."id" AS "id__1", "anon_1"."name", "anon_1"."speed_mm_s", "anon_1"."spindle_rpm", "anon_1"."coolant", "anon_1"."approved", "anon_1"."create_time", "anon_1"."update_time", "anon_1"."delete_time", "anon_1"."toolcrib_revision"
FROM (SELECT "recipe"."id" AS "id", "recipe"."name" AS "name", "recipe"."speed_mm_s" AS "speed_mm_s", "recipe"."spindle_rpm" AS "spindle_rpm", "recipe"."coolant" AS "coolant", "recipe"."approved" AS "approved", "recipe"."create_time" AS "create_time", "recipe"."update_time" AS "update_time", "recipe"."delete_time" AS "delete_time", "recipe"."toolcrib_revision" AS "toolcrib_revision"
FROM "recipe"
WHERE "recipe"."toolcrib_revision" <= ? UNION ALL SELECT "recipe_history"."id" AS "id", "recipe_history"."name" AS "name", "recipe_history"."speed_mm_s" AS "speed_mm_s", "recipe_history"."spindle_rpm" AS "spindle_rpm", "recipe_history"."coolant" AS "coolant", "recipe_history"."approved" AS "approved", "recipe_history"."create_time" AS "create_time", "recipe_history"."update_time" AS "update_time", "recipe_history"."delete_time" AS "delete_time", "recipe_history"."toolcrib_revision" AS "toolcrib_revision"
FROM "recipe_history"
WHERE "recipe_history"."toolcrib_start_revision" <= ? AND "recipe_history"."toolcrib_end_revision" > ?) AS "anon_1"
WHERE "anon_1"."id" IN (?) ORDER BY "anon_1"."id"
 LIMIT ? OFFSET ?;

-- whom recipe_id refers to
SELECT "recipe"."id"
FROM "recipe"
WHERE "recipe"."delete_time" IS NULL AND "recipe"."id" IN (?)
 LIMIT ? OFFSET ?;

-- who refers by recipe_id
SELECT "recipe_tool"."recipe_id", "recipe_tool"."recipe_id" AS "recipe_id__1", "recipe_tool"."tool_number"
FROM "recipe_tool"
WHERE "recipe_tool"."recipe_id" IN (?)
 LIMIT ? OFFSET ?;

-- whom tool_number refers to
SELECT "tool_offset"."tool_number"
FROM "tool_offset"
WHERE "tool_offset"."delete_time" IS NULL AND "tool_offset"."tool_number" IN (?)
 LIMIT ? OFFSET ?;

-- who refers by tool_number
SELECT "recipe_tool"."tool_number", "recipe_tool"."recipe_id", "recipe_tool"."tool_number" AS "tool_number__1"
FROM "recipe_tool"
WHERE "recipe_tool"."tool_number" IN (?)
 LIMIT ? OFFSET ?;


-- == plant.tools.v1.ToolOffset

-- the table tool_offset
CREATE TABLE "tool_offset" (
    "tool_number" INTEGER NOT NULL,
    "pocket" INTEGER NOT NULL,
    "x_offset_mm"  NOT NULL,
    "z_offset_mm"  NOT NULL,
    "diameter_mm"  NOT NULL,
    "front_angle_deg" ,
    "back_angle_deg" ,
    "orientation" INTEGER,
    "comment" TEXT NOT NULL,
    "create_time" VARCHAR(26) NOT NULL,
    "update_time" VARCHAR(26) NOT NULL,
    "delete_time" VARCHAR(26),
    "toolcrib_revision" BIGINT NOT NULL,
    PRIMARY KEY ("tool_number")
);

-- the table tool_offset_history
CREATE TABLE "tool_offset_history" (
    "tool_number" INTEGER NOT NULL,
    "pocket" INTEGER NOT NULL,
    "x_offset_mm"  NOT NULL,
    "z_offset_mm"  NOT NULL,
    "diameter_mm"  NOT NULL,
    "front_angle_deg" ,
    "back_angle_deg" ,
    "orientation" INTEGER,
    "comment" TEXT NOT NULL,
    "create_time" VARCHAR(26) NOT NULL,
    "update_time" VARCHAR(26) NOT NULL,
    "delete_time" VARCHAR(26),
    "toolcrib_revision" BIGINT NOT NULL,
    "toolcrib_start_revision" BIGINT NOT NULL,
    "toolcrib_end_revision" BIGINT NOT NULL,
    PRIMARY KEY ("tool_number", "toolcrib_start_revision")
)
 WITHOUT ROWID;

-- the index tool_offset_history_end_idx
CREATE INDEX "tool_offset_history_end_idx" ON "tool_offset_history" ("toolcrib_end_revision");


-- == plant.tools.v1.ToolOffset: statements

-- insert
INSERT INTO "tool_offset" ("tool_number", "pocket", "x_offset_mm", "z_offset_mm", "diameter_mm", "front_angle_deg", "back_angle_deg", "orientation", "comment", "create_time", "update_time", "delete_time", "toolcrib_revision") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- update
UPDATE "tool_offset" SET "pocket"=?, "x_offset_mm"=?, "z_offset_mm"=?, "diameter_mm"=?, "front_angle_deg"=?, "back_angle_deg"=?, "orientation"=?, "comment"=?, "create_time"=?, "update_time"=?, "delete_time"=?, "toolcrib_revision"=? WHERE "tool_offset"."tool_number" = ?;

-- delete
DELETE FROM "tool_offset" WHERE "tool_offset"."tool_number" = ?;

-- get
SELECT "tool_offset"."tool_number", "tool_offset"."pocket", "tool_offset"."x_offset_mm", "tool_offset"."z_offset_mm", "tool_offset"."diameter_mm", "tool_offset"."front_angle_deg", "tool_offset"."back_angle_deg", "tool_offset"."orientation", "tool_offset"."comment", "tool_offset"."create_time", "tool_offset"."update_time", "tool_offset"."delete_time", "tool_offset"."toolcrib_revision"
FROM "tool_offset"
WHERE "tool_offset"."tool_number" = ?;

-- count_live
SELECT "count"(*) AS "count_1"
FROM (SELECT "tool_offset"."tool_number" AS "tool_number"
FROM "tool_offset"
WHERE "tool_offset"."delete_time" IS NULL
 LIMIT ? OFFSET ?) AS "anon_1";

-- list
SELECT "tool_offset"."tool_number", "tool_offset"."pocket", "tool_offset"."x_offset_mm", "tool_offset"."z_offset_mm", "tool_offset"."diameter_mm", "tool_offset"."front_angle_deg", "tool_offset"."back_angle_deg", "tool_offset"."orientation", "tool_offset"."comment", "tool_offset"."create_time", "tool_offset"."update_time", "tool_offset"."delete_time", "tool_offset"."toolcrib_revision"
FROM "tool_offset"
WHERE "tool_offset"."delete_time" IS NULL ORDER BY "tool_offset"."tool_number"
 LIMIT ? OFFSET ?;

-- list, a further page
SELECT "tool_offset"."tool_number", "tool_offset"."pocket", "tool_offset"."x_offset_mm", "tool_offset"."z_offset_mm", "tool_offset"."diameter_mm", "tool_offset"."front_angle_deg", "tool_offset"."back_angle_deg", "tool_offset"."orientation", "tool_offset"."comment", "tool_offset"."create_time", "tool_offset"."update_time", "tool_offset"."delete_time", "tool_offset"."toolcrib_revision"
FROM "tool_offset"
WHERE "tool_offset"."delete_time" IS NULL AND "tool_offset"."tool_number" > ? ORDER BY "tool_offset"."tool_number"
 LIMIT ? OFFSET ?;

-- list, deleted ones too
SELECT "tool_offset"."tool_number", "tool_offset"."pocket", "tool_offset"."x_offset_mm", "tool_offset"."z_offset_mm", "tool_offset"."diameter_mm", "tool_offset"."front_angle_deg", "tool_offset"."back_angle_deg", "tool_offset"."orientation", "tool_offset"."comment", "tool_offset"."create_time", "tool_offset"."update_time", "tool_offset"."delete_time", "tool_offset"."toolcrib_revision"
FROM "tool_offset" ORDER BY "tool_offset"."tool_number"
 LIMIT ? OFFSET ?;

-- list, deleted ones too, a further page
SELECT "tool_offset"."tool_number", "tool_offset"."pocket", "tool_offset"."x_offset_mm", "tool_offset"."z_offset_mm", "tool_offset"."diameter_mm", "tool_offset"."front_angle_deg", "tool_offset"."back_angle_deg", "tool_offset"."orientation", "tool_offset"."comment", "tool_offset"."create_time", "tool_offset"."update_time", "tool_offset"."delete_time", "tool_offset"."toolcrib_revision"
FROM "tool_offset"
WHERE "tool_offset"."tool_number" > ? ORDER BY "tool_offset"."tool_number"
 LIMIT ? OFFSET ?;

-- a version is kept
INSERT INTO "tool_offset_history" ("tool_number", "pocket", "x_offset_mm", "z_offset_mm", "diameter_mm", "front_angle_deg", "back_angle_deg", "orientation", "comment", "create_time", "update_time", "delete_time", "toolcrib_revision", "toolcrib_start_revision", "toolcrib_end_revision") SELECT "tool_offset"."tool_number", "tool_offset"."pocket", "tool_offset"."x_offset_mm", "tool_offset"."z_offset_mm", "tool_offset"."diameter_mm", "tool_offset"."front_angle_deg", "tool_offset"."back_angle_deg", "tool_offset"."orientation", "tool_offset"."comment", "tool_offset"."create_time", "tool_offset"."update_time", "tool_offset"."delete_time", "tool_offset"."toolcrib_revision", "tool_offset"."toolcrib_revision" AS "toolcrib_revision__1", ? AS "anon_1"
FROM "tool_offset"
WHERE "tool_offset"."tool_number" = ? AND "tool_offset"."toolcrib_revision" < ?;

-- a record at a revision
SELECT "tool_offset"."tool_number", "tool_offset"."pocket", "tool_offset"."x_offset_mm", "tool_offset"."z_offset_mm", "tool_offset"."diameter_mm", "tool_offset"."front_angle_deg", "tool_offset"."back_angle_deg", "tool_offset"."orientation", "tool_offset"."comment", "tool_offset"."create_time", "tool_offset"."update_time", "tool_offset"."delete_time", "tool_offset"."toolcrib_revision"
FROM "tool_offset"
WHERE "tool_offset"."tool_number" = ? AND "tool_offset"."toolcrib_revision" <= ? UNION ALL SELECT "tool_offset_history"."tool_number", "tool_offset_history"."pocket", "tool_offset_history"."x_offset_mm", "tool_offset_history"."z_offset_mm", "tool_offset_history"."diameter_mm", "tool_offset_history"."front_angle_deg", "tool_offset_history"."back_angle_deg", "tool_offset_history"."orientation", "tool_offset_history"."comment", "tool_offset_history"."create_time", "tool_offset_history"."update_time", "tool_offset_history"."delete_time", "tool_offset_history"."toolcrib_revision"
FROM "tool_offset_history"
WHERE "tool_offset_history"."tool_number" = ? AND "tool_offset_history"."toolcrib_start_revision" = (SELECT "max"("tool_offset_history_1"."toolcrib_start_revision") AS "max_1"
FROM "tool_offset_history" AS "tool_offset_history_1"
WHERE "tool_offset_history_1"."tool_number" = ? AND "tool_offset_history_1"."toolcrib_start_revision" <= ?) AND "tool_offset_history"."toolcrib_end_revision" > ?;

-- whom tool_number refers to
SELECT "tool_offset"."tool_number"
FROM "tool_offset"
WHERE "tool_offset"."delete_time" IS NULL AND "tool_offset"."tool_number" IN (?)
 LIMIT ? OFFSET ?;

-- who refers by tool_number
SELECT "recipe_tool"."tool_number", "recipe_tool"."recipe_id", "recipe_tool"."tool_number" AS "tool_number__1"
FROM "recipe_tool"
WHERE "recipe_tool"."tool_number" IN (?)
 LIMIT ? OFFSET ?;


-- == plant.users.v1.User

-- the table machine_user
CREATE TABLE "machine_user" (
    "id" TEXT NOT NULL,
    "login" TEXT NOT NULL,
    "display_name" TEXT NOT NULL,
    "role" INTEGER NOT NULL,
    "create_time" VARCHAR(26) NOT NULL,
    "update_time" VARCHAR(26) NOT NULL,
    "delete_time" VARCHAR(26),
    "toolcrib_revision" BIGINT NOT NULL,
    PRIMARY KEY ("id"),
    CONSTRAINT "machine_user_login_key" UNIQUE ("login")
);


-- == plant.users.v1.User: statements

-- insert
INSERT INTO "machine_user" ("id", "login", "display_name", "role", "create_time", "update_time", "delete_time", "toolcrib_revision") VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- update
UPDATE "machine_user" SET "login"=?, "display_name"=?, "role"=?, "create_time"=?, "update_time"=?, "delete_time"=?, "toolcrib_revision"=? WHERE "machine_user"."id" = ?;

-- delete
DELETE FROM "machine_user" WHERE "machine_user"."id" = ?;

-- get
SELECT "machine_user"."id", "machine_user"."login", "machine_user"."display_name", "machine_user"."role", "machine_user"."create_time", "machine_user"."update_time", "machine_user"."delete_time", "machine_user"."toolcrib_revision"
FROM "machine_user"
WHERE "machine_user"."id" = ?;

-- count_live
SELECT "count"(*) AS "count_1"
FROM (SELECT "machine_user"."id" AS "id"
FROM "machine_user"
WHERE "machine_user"."delete_time" IS NULL
 LIMIT ? OFFSET ?) AS "anon_1";

-- list
SELECT "machine_user"."id", "machine_user"."login", "machine_user"."display_name", "machine_user"."role", "machine_user"."create_time", "machine_user"."update_time", "machine_user"."delete_time", "machine_user"."toolcrib_revision"
FROM "machine_user"
WHERE "machine_user"."delete_time" IS NULL ORDER BY "machine_user"."id"
 LIMIT ? OFFSET ?;

-- list, a further page
SELECT "machine_user"."id", "machine_user"."login", "machine_user"."display_name", "machine_user"."role", "machine_user"."create_time", "machine_user"."update_time", "machine_user"."delete_time", "machine_user"."toolcrib_revision"
FROM "machine_user"
WHERE "machine_user"."delete_time" IS NULL AND "machine_user"."id" > ? ORDER BY "machine_user"."id"
 LIMIT ? OFFSET ?;

-- list, deleted ones too
SELECT "machine_user"."id", "machine_user"."login", "machine_user"."display_name", "machine_user"."role", "machine_user"."create_time", "machine_user"."update_time", "machine_user"."delete_time", "machine_user"."toolcrib_revision"
FROM "machine_user" ORDER BY "machine_user"."id"
 LIMIT ? OFFSET ?;

-- list, deleted ones too, a further page
SELECT "machine_user"."id", "machine_user"."login", "machine_user"."display_name", "machine_user"."role", "machine_user"."create_time", "machine_user"."update_time", "machine_user"."delete_time", "machine_user"."toolcrib_revision"
FROM "machine_user"
WHERE "machine_user"."id" > ? ORDER BY "machine_user"."id"
 LIMIT ? OFFSET ?;

-- who has the same login
SELECT "machine_user"."id"
FROM "machine_user"
WHERE "machine_user"."login" = ? AND "machine_user"."id" != ?
 LIMIT ? OFFSET ?;


-- == lab.robots.v1.Robot

-- the table robot
CREATE TABLE "robot" (
    "id" INTEGER NOT NULL,
    "big" VARCHAR(20) NOT NULL,
    "maybe_big" VARCHAR(20),
    "d"  NOT NULL,
    "f"  NOT NULL,
    "took" BIGINT,
    "yes" BOOLEAN,
    "counted" VARCHAR(20),
    "raw" BLOB,
    "pose" TEXT,
    "poses" TEXT NOT NULL,
    "named" TEXT NOT NULL,
    "ratios" TEXT NOT NULL,
    "tags" TEXT NOT NULL,
    "modes" TEXT NOT NULL,
    "gripper" TEXT,
    "drill" INTEGER,
    "custom" TEXT,
    "since" VARCHAR(26),
    "oneof_mode" INTEGER,
    "extra" TEXT,
    "value" TEXT,
    "items_of" TEXT,
    "payload" TEXT,
    "mask_of" TEXT,
    "nothing" TEXT,
    "laps" TEXT NOT NULL,
    "times" TEXT NOT NULL,
    "wrapped" TEXT NOT NULL,
    "mode_by_name" TEXT NOT NULL,
    "blobs" TEXT NOT NULL,
    "values" TEXT NOT NULL,
    "anys" TEXT NOT NULL,
    "toolcrib_revision" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);


-- == lab.robots.v1.Robot: questions, most of them about JSON

-- how many of big > 5 AND maybe_big = null
SELECT "count"(*) AS "count_1"
FROM "robot"
WHERE "robot"."big" > ? AND "robot"."maybe_big" IS NULL;

-- how many of d > 1 OR f = -0.5
SELECT "count"(*) AS "count_1"
FROM "robot"
WHERE "robot"."d" > ? AND "robot"."d" <= 9e999 OR "robot"."f" = ?;

-- how many of pose.x > 1
SELECT "count"(*) AS "count_1"
FROM "robot"
WHERE CASE WHEN ("json_extract"("robot"."pose", '$.x') = 'NaN') THEN NULL WHEN ("json_extract"("robot"."pose", '$.x') = 'Infinity') THEN 9e999 WHEN ("json_extract"("robot"."pose", '$.x') = '-Infinity') THEN -9e999 ELSE "json_extract"("robot"."pose", '$.x') END > ?;

-- how many of NOT pose.inner.mode = MODE_AUTO
SELECT "count"(*) AS "count_1"
FROM "robot"
WHERE coalesce("json_extract"("robot"."pose", '$.inner.mode') = ?, 0) = 0;

-- how many of pose.inner.words:x AND tags:y
SELECT "count"(*) AS "count_1"
FROM "robot"
WHERE (EXISTS (SELECT 1
FROM "json_each"("robot"."pose", '$.inner.words') AS "anon_1"
WHERE "anon_1"."value" = ?)) AND (EXISTS (SELECT 1
FROM "json_each"("robot"."tags", '$') AS "anon_2"
WHERE "anon_2"."value" = ?));

-- how many of pose.inner.counts.a = 3 AND named.a.name = "*b*"
SELECT "count"(*) AS "count_1"
FROM "robot"
WHERE (EXISTS (SELECT 1
FROM "json_each"("robot"."pose", '$.inner.counts') AS "anon_1"
WHERE "anon_1"."key" = ? AND "anon_1"."value" = ?)) AND (EXISTS (SELECT 1
FROM "json_each"("robot"."named", '$') AS "anon_2"
WHERE "anon_2"."key" = ? AND instr("json_extract"("anon_2"."value", '$.name'), ?) > 0 = 1));

-- how many of pose.inner = null
SELECT "count"(*) AS "count_1"
FROM "robot"
WHERE coalesce("json_extract"("robot"."pose", '$.inner') IS NOT NULL, 0) = 0;

-- how many of pose.number = 18446744073709551615
SELECT "count"(*) AS "count_1"
FROM "robot"
WHERE "json_extract"("robot"."pose", '$.number') = ?;

-- how many of NOT ratios:*
SELECT "count"(*) AS "count_1"
FROM "robot"
WHERE coalesce(EXISTS (SELECT 1
FROM "json_each"("robot"."ratios", '$') AS "anon_1"
WHERE "anon_1"."value" IS NOT NULL), 0) = 0;


-- == lab.robots.v1.Robot: watched

-- whether big > 5 AND maybe_big = null
WITH "robot" AS
(SELECT ? AS "id", ? AS "big", ? AS "maybe_big", ? AS "d", ? AS "f", ? AS "took", ? AS "yes", ? AS "counted", ? AS "raw", ? AS "pose", ? AS "poses", ? AS "named", ? AS "ratios", ? AS "tags", ? AS "modes", ? AS "gripper", ? AS "drill", ? AS "custom", ? AS "since", ? AS "oneof_mode", ? AS "extra", ? AS "value", ? AS "items_of", ? AS "payload", ? AS "mask_of", ? AS "nothing", ? AS "laps", ? AS "times", ? AS "wrapped", ? AS "mode_by_name", ? AS "blobs", ? AS "values", ? AS "anys", ? AS "toolcrib_revision")
 SELECT 1
FROM "robot"
WHERE "robot"."big" > ? AND "robot"."maybe_big" IS NULL;

-- whether d > 1 OR f = -0.5
WITH "robot" AS
(SELECT ? AS "id", ? AS "big", ? AS "maybe_big", ? AS "d", ? AS "f", ? AS "took", ? AS "yes", ? AS "counted", ? AS "raw", ? AS "pose", ? AS "poses", ? AS "named", ? AS "ratios", ? AS "tags", ? AS "modes", ? AS "gripper", ? AS "drill", ? AS "custom", ? AS "since", ? AS "oneof_mode", ? AS "extra", ? AS "value", ? AS "items_of", ? AS "payload", ? AS "mask_of", ? AS "nothing", ? AS "laps", ? AS "times", ? AS "wrapped", ? AS "mode_by_name", ? AS "blobs", ? AS "values", ? AS "anys", ? AS "toolcrib_revision")
 SELECT 1
FROM "robot"
WHERE "robot"."d" > ? AND "robot"."d" <= 9e999 OR "robot"."f" = ?;

-- whether pose.x > 1
WITH "robot" AS
(SELECT ? AS "id", ? AS "big", ? AS "maybe_big", ? AS "d", ? AS "f", ? AS "took", ? AS "yes", ? AS "counted", ? AS "raw", ? AS "pose", ? AS "poses", ? AS "named", ? AS "ratios", ? AS "tags", ? AS "modes", ? AS "gripper", ? AS "drill", ? AS "custom", ? AS "since", ? AS "oneof_mode", ? AS "extra", ? AS "value", ? AS "items_of", ? AS "payload", ? AS "mask_of", ? AS "nothing", ? AS "laps", ? AS "times", ? AS "wrapped", ? AS "mode_by_name", ? AS "blobs", ? AS "values", ? AS "anys", ? AS "toolcrib_revision")
 SELECT 1
FROM "robot"
WHERE CASE WHEN ("json_extract"("robot"."pose", '$.x') = 'NaN') THEN NULL WHEN ("json_extract"("robot"."pose", '$.x') = 'Infinity') THEN 9e999 WHEN ("json_extract"("robot"."pose", '$.x') = '-Infinity') THEN -9e999 ELSE "json_extract"("robot"."pose", '$.x') END > ?;
