-- What Toolcrib tells a database where components change: cockroachdb. By tests/support/dialects/changing.py.


-- == component is added
-- + create the table component_is_added with 2 columns

CREATE TABLE component_is_added (
    id BIGINT NOT NULL,
    toolcrib_revision BIGINT NOT NULL,
    PRIMARY KEY (id)
);


-- == component is renamed
-- ~ rename the component shop.now.v1.ComponentWithAnotherName to shop.now.v1.ComponentIsRenamed; its audit and history stay its own (the catalog only)
-- ~ rename the table component_with_another_name to component_is_renamed (the catalog only; a short exclusive lock)

ALTER TABLE component_with_another_name RENAME TO component_is_renamed;

DELETE FROM toolcrib_sequence WHERE toolcrib_sequence.name = %s::VARCHAR;

UPDATE toolcrib_sequence SET name=%s::VARCHAR WHERE toolcrib_sequence.name = %s::VARCHAR;

DELETE FROM toolcrib_sequence WHERE toolcrib_sequence.name = %s::VARCHAR;

UPDATE toolcrib_sequence SET name=%s::VARCHAR WHERE toolcrib_sequence.name = %s::VARCHAR;

UPDATE toolcrib_direct_write SET table_name=%s::VARCHAR WHERE toolcrib_direct_write.table_name = %s::VARCHAR;

ALTER TABLE component_with_another_name_history RENAME TO component_is_renamed_history;

ALTER INDEX component_with_another_name_history_end_idx RENAME TO component_is_renamed_history_end_idx;

ALTER INDEX component_with_another_name_name_key RENAME TO component_is_renamed_name_key;


-- == deleted records are kept
-- + add deleted_records_are_kept.delete_time, google.protobuf.Timestamp, unset (the catalog only; a short exclusive lock)
-- + add the unique index deleted_records_are_kept_name_live_key over name (reads the table, 3 rows; writes wait)
-- - drop the unique constraint over name (the catalog only; a short exclusive lock)

ALTER TABLE deleted_records_are_kept_history ADD COLUMN delete_time TIMESTAMP WITH TIME ZONE;

DROP INDEX deleted_records_are_kept_name_key CASCADE;

ALTER TABLE deleted_records_are_kept ADD COLUMN delete_time TIMESTAMP WITH TIME ZONE;

CREATE UNIQUE INDEX deleted_records_are_kept_name_live_key ON deleted_records_are_kept (name) WHERE delete_time IS NULL;


-- == deleted records are kept no longer
-- - drop deleted_records_are_kept_no_longer.delete_time (the catalog only; a short exclusive lock)
-- + add the unique constraint over name (reads the table, 3 rows; exclusive lock)
-- - drop the unique index deleted_records_are_kept_no_longer_name_live_key over name (the catalog only; a short exclusive lock)

DROP INDEX deleted_records_are_kept_no_longer_name_live_key;

ALTER TABLE deleted_records_are_kept_no_longer DROP COLUMN delete_time;

ALTER TABLE deleted_records_are_kept_no_longer ADD CONSTRAINT deleted_records_are_kept_no_longer_name_key UNIQUE (name);


-- == field comes to be always set
-- ~ let field_comes_to_be_always_set.level be always set, to 7 in 1 record, each audited (reads the table, 3 rows; exclusive lock)
-- ~ let field_comes_to_be_always_set.label be always set (reads the table, 3 rows; exclusive lock)
-- ~ let field_comes_to_be_always_set.code be always set (reads the table, 3 rows; exclusive lock)

SELECT %s::VARCHAR AS anon_1, id
FROM field_comes_to_be_always_set
WHERE level IS NULL ORDER BY id;

UPDATE field_comes_to_be_always_set_history SET level=coalesce(level, %s::INTEGER);

ALTER TABLE field_comes_to_be_always_set_history ALTER COLUMN level SET NOT NULL;

UPDATE field_comes_to_be_always_set_history SET label=coalesce(label, %s::VARCHAR);

ALTER TABLE field_comes_to_be_always_set_history ALTER COLUMN label SET NOT NULL;

UPDATE field_comes_to_be_always_set_history SET code=coalesce(code, %s::VARCHAR);

ALTER TABLE field_comes_to_be_always_set_history ALTER COLUMN code SET NOT NULL;

UPDATE field_comes_to_be_always_set SET level=coalesce(level, %s::INTEGER);

ALTER TABLE field_comes_to_be_always_set ALTER COLUMN level SET NOT NULL;

UPDATE field_comes_to_be_always_set SET label=coalesce(label, %s::VARCHAR);

ALTER TABLE field_comes_to_be_always_set ALTER COLUMN label SET NOT NULL;

UPDATE field_comes_to_be_always_set SET code=coalesce(code, %s::VARCHAR);

ALTER TABLE field_comes_to_be_always_set ALTER COLUMN code SET NOT NULL;

UPDATE toolcrib_sequence SET last_value=%s::BIGINT WHERE toolcrib_sequence.name = %s::VARCHAR;

INSERT INTO toolcrib_transaction (revision, commit_time, actor, actor_source, reason, method, peer, request_id, refusal, refused_calls, entry_count, tenant, hash) VALUES (%s::BIGINT, %s::TIMESTAMP WITH TIME ZONE, %s::VARCHAR, %s::SMALLINT, %s::VARCHAR, %s::VARCHAR, %s::VARCHAR, %s::VARCHAR, %s::VARCHAR, %s::BIGINT, %s::INTEGER, %s::VARCHAR, %s);

SELECT field_comes_to_be_always_set.id, field_comes_to_be_always_set.level, field_comes_to_be_always_set.label, field_comes_to_be_always_set.code, field_comes_to_be_always_set.toolcrib_revision
FROM field_comes_to_be_always_set
WHERE field_comes_to_be_always_set.id IN (%s::BIGINT);

INSERT INTO "field_comes_to_be_always_set_history" ("id", "level", "label", "code", "toolcrib_revision", "toolcrib_start_revision", "toolcrib_end_revision") SELECT "field_comes_to_be_always_set"."id", "field_comes_to_be_always_set"."level", "field_comes_to_be_always_set"."label", "field_comes_to_be_always_set"."code", "field_comes_to_be_always_set"."toolcrib_revision", "field_comes_to_be_always_set"."toolcrib_revision" AS "toolcrib_revision__1", %s::BIGINT AS "anon_1"
FROM "field_comes_to_be_always_set"
WHERE "field_comes_to_be_always_set"."id" = %s::BIGINT AND "field_comes_to_be_always_set"."toolcrib_revision" < %s::BIGINT;

UPDATE "field_comes_to_be_always_set" SET "level"=%s::INTEGER, "label"=%s::VARCHAR, "code"=%s::VARCHAR, "toolcrib_revision"=%s::BIGINT WHERE "field_comes_to_be_always_set"."id" = %s::BIGINT;

INSERT INTO toolcrib_audit (revision, ordinal, component, record_key, operation, before_image, after_image, tenant, hash) VALUES (%s::BIGINT, %s::INTEGER, %s::VARCHAR, %s::VARCHAR, %s::SMALLINT, %s, %s, %s::VARCHAR, %s);


-- == field comes to be unique
-- + add the unique constraint over code (reads the table, 3 rows; exclusive lock)
-- + add the unique constraint over name (reads the table, 3 rows; exclusive lock)

ALTER TABLE field_comes_to_be_unique ADD CONSTRAINT field_comes_to_be_unique_code_key UNIQUE (code);

ALTER TABLE field_comes_to_be_unique ADD CONSTRAINT field_comes_to_be_unique_name_key UNIQUE (name);


-- == field is added
-- + add field_is_added.note, string (the catalog only; a short exclusive lock)
-- + add field_is_added.level, optional int32, unset (the catalog only; a short exclusive lock)
-- + add field_is_added.size, int64 (the catalog only; a short exclusive lock)
-- + add field_is_added.ratio, double (the catalog only; a short exclusive lock)
-- + add field_is_added.done, bool (the catalog only; a short exclusive lock)
-- + add field_is_added.image, bytes (the catalog only; a short exclusive lock)
-- + add field_is_added.words, repeated string, "[]" in 3 records (the catalog only; a short exclusive lock)
-- + add field_is_added.big, uint64 (the catalog only; a short exclusive lock)
-- + add field_is_added.seen, google.protobuf.Timestamp, unset (the catalog only; a short exclusive lock)

ALTER TABLE field_is_added_history ADD COLUMN note VARCHAR DEFAULT '' NOT NULL;

ALTER TABLE field_is_added_history ADD COLUMN level INTEGER;

ALTER TABLE field_is_added_history ADD COLUMN size BIGINT DEFAULT 0 NOT NULL;

ALTER TABLE field_is_added_history ADD COLUMN ratio FLOAT DEFAULT 0.0 NOT NULL;

ALTER TABLE field_is_added_history ADD COLUMN done BOOLEAN DEFAULT false NOT NULL;

ALTER TABLE field_is_added_history ADD COLUMN image BYTEA DEFAULT '\x' NOT NULL;

ALTER TABLE field_is_added_history ADD COLUMN words TEXT DEFAULT '[]' NOT NULL;

ALTER TABLE field_is_added_history ADD COLUMN big NUMERIC(20, 0) DEFAULT 0 NOT NULL;

ALTER TABLE field_is_added_history ADD COLUMN seen TIMESTAMP WITH TIME ZONE;

ALTER TABLE field_is_added ADD COLUMN note VARCHAR DEFAULT '' NOT NULL;

ALTER TABLE field_is_added ADD COLUMN level INTEGER;

ALTER TABLE field_is_added ADD COLUMN size BIGINT DEFAULT 0 NOT NULL;

ALTER TABLE field_is_added ADD COLUMN ratio FLOAT DEFAULT 0.0 NOT NULL;

ALTER TABLE field_is_added ADD COLUMN done BOOLEAN DEFAULT false NOT NULL;

ALTER TABLE field_is_added ADD COLUMN image BYTEA DEFAULT '\x' NOT NULL;

ALTER TABLE field_is_added ADD COLUMN words TEXT DEFAULT '[]' NOT NULL;

ALTER TABLE field_is_added ADD COLUMN big NUMERIC(20, 0) DEFAULT 0 NOT NULL;

ALTER TABLE field_is_added ADD COLUMN seen TIMESTAMP WITH TIME ZONE;


-- == field is backfilled
-- + add field_is_backfilled.grade, int32, and 3 in 3 records, each audited (writes the table, 3 rows; exclusive lock)
-- + add field_is_backfilled.colour, optional string, and "red" in 3 records, each audited (writes the table, 3 rows; exclusive lock)

SELECT %s::VARCHAR AS anon_1, name
FROM field_is_backfilled
WHERE delete_time IS NULL ORDER BY name;

SELECT %s::VARCHAR AS anon_1, name
FROM field_is_backfilled
WHERE delete_time IS NULL ORDER BY name;

ALTER TABLE field_is_backfilled_history ADD COLUMN grade INTEGER DEFAULT 0 NOT NULL;

ALTER TABLE field_is_backfilled_history ADD COLUMN colour VARCHAR;

ALTER TABLE field_is_backfilled ADD COLUMN grade INTEGER DEFAULT 0 NOT NULL;

ALTER TABLE field_is_backfilled ADD COLUMN colour VARCHAR;

UPDATE toolcrib_sequence SET last_value=%s::BIGINT WHERE toolcrib_sequence.name = %s::VARCHAR;

INSERT INTO toolcrib_transaction (revision, commit_time, actor, actor_source, reason, method, peer, request_id, refusal, refused_calls, entry_count, tenant, hash) VALUES (%s::BIGINT, %s::TIMESTAMP WITH TIME ZONE, %s::VARCHAR, %s::SMALLINT, %s::VARCHAR, %s::VARCHAR, %s::VARCHAR, %s::VARCHAR, %s::VARCHAR, %s::BIGINT, %s::INTEGER, %s::VARCHAR, %s);

SELECT field_is_backfilled.name, field_is_backfilled.grade, field_is_backfilled.colour, field_is_backfilled.delete_time, field_is_backfilled.toolcrib_revision
FROM field_is_backfilled
WHERE field_is_backfilled.name IN (%s::VARCHAR);

INSERT INTO "field_is_backfilled_history" ("name", "grade", "colour", "delete_time", "toolcrib_revision", "toolcrib_start_revision", "toolcrib_end_revision") SELECT "field_is_backfilled"."name", "field_is_backfilled"."grade", "field_is_backfilled"."colour", "field_is_backfilled"."delete_time", "field_is_backfilled"."toolcrib_revision", "field_is_backfilled"."toolcrib_revision" AS "toolcrib_revision__1", %s::BIGINT AS "anon_1"
FROM "field_is_backfilled"
WHERE "field_is_backfilled"."name" = %s::VARCHAR AND "field_is_backfilled"."toolcrib_revision" < %s::BIGINT;

UPDATE "field_is_backfilled" SET "grade"=%s::INTEGER, "colour"=%s::VARCHAR, "delete_time"=%s::TIMESTAMP WITH TIME ZONE, "toolcrib_revision"=%s::BIGINT WHERE "field_is_backfilled"."name" = %s::VARCHAR;

INSERT INTO toolcrib_audit (revision, ordinal, component, record_key, operation, before_image, after_image, tenant, hash) VALUES (%s::BIGINT, %s::INTEGER, %s::VARCHAR, %s::VARCHAR, %s::SMALLINT, %s, %s, %s::VARCHAR, %s);


-- == field is dropped
-- - drop field_is_dropped.name (the catalog only; a short exclusive lock)
-- - drop field_is_dropped.note (the catalog only; a short exclusive lock)
-- - drop the unique constraint over name (the catalog only; a short exclusive lock)
-- - drop the index field_is_dropped_note_idx over note (the catalog only; a short exclusive lock)

ALTER TABLE field_is_dropped_history DROP COLUMN name;

ALTER TABLE field_is_dropped_history DROP COLUMN note;

DROP INDEX field_is_dropped_name_key CASCADE;

DROP INDEX field_is_dropped_note_idx;

ALTER TABLE field_is_dropped DROP COLUMN name;

ALTER TABLE field_is_dropped DROP COLUMN note;


-- == field is narrowed
-- ~ change field_is_narrowed.size from uint64 to int32 (rewrites the table, 3 rows; exclusive lock)
-- ~ change field_is_narrowed.done from int32 to bool (rewrites the table, 3 rows; exclusive lock)

ALTER TABLE field_is_narrowed ALTER COLUMN size TYPE INTEGER USING CAST(size AS INTEGER);

ALTER TABLE field_is_narrowed ALTER COLUMN done TYPE BOOLEAN USING done != 0;


-- == field is renamed
-- ~ rename field_is_renamed.name to title (the catalog only; a short exclusive lock)
-- ~ rename field_is_renamed.code to mark (the catalog only; a short exclusive lock)
-- ~ rename field_is_renamed.note to remark (the catalog only; a short exclusive lock)

ALTER TABLE field_is_renamed RENAME name TO title;

ALTER TABLE field_is_renamed RENAME code TO mark;

ALTER TABLE field_is_renamed RENAME note TO remark;

ALTER TABLE field_is_renamed_history RENAME name TO title;

ALTER TABLE field_is_renamed_history RENAME code TO mark;

ALTER TABLE field_is_renamed_history RENAME note TO remark;

ALTER INDEX field_is_renamed_code_key RENAME TO field_is_renamed_mark_key;

ALTER INDEX field_is_renamed_note_idx RENAME TO field_is_renamed_remark_idx;

ALTER INDEX field_is_renamed_name_key RENAME TO field_is_renamed_title_key;


-- == field is retyped and may be unset
-- ~ change field_is_retyped_and_may_be_unset.done from bool to optional int32 (rewrites the table, 3 rows; exclusive lock)
-- ~ let field_is_retyped_and_may_be_unset.done be unset; where it is zero it then is (rewrites the table, 3 rows; exclusive lock)
-- ~ let field_is_retyped_and_may_be_unset.size be always set (reads the table, 3 rows; exclusive lock)

ALTER TABLE field_is_retyped_and_may_be_unset ALTER COLUMN done DROP NOT NULL;

ALTER TABLE field_is_retyped_and_may_be_unset ALTER COLUMN done TYPE INTEGER USING CASE WHEN (CAST(CAST(CAST(done AS INTEGER) AS BIGINT) AS INTEGER) = 0) THEN NULL ELSE CAST(CAST(CAST(done AS INTEGER) AS BIGINT) AS INTEGER) END;

UPDATE field_is_retyped_and_may_be_unset SET size=coalesce(size, %s::BIGINT);

ALTER TABLE field_is_retyped_and_may_be_unset ALTER COLUMN size SET NOT NULL;


-- == field is unique no longer
-- - drop the unique constraint over code (the catalog only; a short exclusive lock)
-- - drop the unique constraint over name (the catalog only; a short exclusive lock)

DROP INDEX field_is_unique_no_longer_code_key CASCADE;

DROP INDEX field_is_unique_no_longer_name_key CASCADE;


-- == field is widened
-- ~ change field_is_widened.done from bool to int32 (rewrites the table, 3 rows; exclusive lock)

ALTER TABLE field_is_widened_history ALTER COLUMN done TYPE INTEGER USING CAST(CAST(CAST(done AS INTEGER) AS BIGINT) AS INTEGER);

ALTER TABLE field_is_widened ALTER COLUMN done TYPE INTEGER USING CAST(CAST(CAST(done AS INTEGER) AS BIGINT) AS INTEGER);


-- == field may be unset
-- ~ let field_may_be_unset.level be unset; where it is zero it then is (rewrites the table, 3 rows; exclusive lock)
-- ~ let field_may_be_unset.ratio be unset; where it is zero it then is (rewrites the table, 3 rows; exclusive lock)
-- ~ let field_may_be_unset.code be unset; where it is zero it then is (rewrites the table, 3 rows; exclusive lock)
-- ~ let field_may_be_unset.done be unset; where it is zero it then is (rewrites the table, 3 rows; exclusive lock)

ALTER TABLE field_may_be_unset_history ALTER COLUMN level DROP NOT NULL;

UPDATE field_may_be_unset_history SET level=CASE WHEN (level = %s::INTEGER) THEN NULL ELSE level END;

ALTER TABLE field_may_be_unset_history ALTER COLUMN ratio DROP NOT NULL;

UPDATE field_may_be_unset_history SET ratio=CASE WHEN (ratio = %s::INTEGER AND CAST(ratio AS TEXT) != %s::VARCHAR) THEN NULL ELSE ratio END;

ALTER TABLE field_may_be_unset_history ALTER COLUMN code DROP NOT NULL;

UPDATE field_may_be_unset_history SET code=CASE WHEN (code = %s::VARCHAR) THEN NULL ELSE code END;

ALTER TABLE field_may_be_unset_history ALTER COLUMN done DROP NOT NULL;

UPDATE field_may_be_unset_history SET done=CASE WHEN (done = %s) THEN NULL ELSE done END;

ALTER TABLE field_may_be_unset ALTER COLUMN level DROP NOT NULL;

UPDATE field_may_be_unset SET level=CASE WHEN (level = %s::INTEGER) THEN NULL ELSE level END;

ALTER TABLE field_may_be_unset ALTER COLUMN ratio DROP NOT NULL;

UPDATE field_may_be_unset SET ratio=CASE WHEN (ratio = %s::INTEGER AND CAST(ratio AS TEXT) != %s::VARCHAR) THEN NULL ELSE ratio END;

ALTER TABLE field_may_be_unset ALTER COLUMN code DROP NOT NULL;

UPDATE field_may_be_unset SET code=CASE WHEN (code = %s::VARCHAR) THEN NULL ELSE code END;

ALTER TABLE field_may_be_unset ALTER COLUMN done DROP NOT NULL;

UPDATE field_may_be_unset SET done=CASE WHEN (done = %s) THEN NULL ELSE done END;


-- == field of long key is backfilled
-- + add field_of_long_key_is_backfilled.grade, int32, and 3 in 3 records, each audited (writes the table, 3 rows; exclusive lock)

SELECT %s::VARCHAR AS anon_1, line, number
FROM field_of_long_key_is_backfilled ORDER BY line, number;

ALTER TABLE field_of_long_key_is_backfilled ADD COLUMN grade INTEGER DEFAULT 0 NOT NULL;

UPDATE toolcrib_sequence SET last_value=%s::BIGINT WHERE toolcrib_sequence.name = %s::VARCHAR;

INSERT INTO toolcrib_transaction (revision, commit_time, actor, actor_source, reason, method, peer, request_id, refusal, refused_calls, entry_count, tenant, hash) VALUES (%s::BIGINT, %s::TIMESTAMP WITH TIME ZONE, %s::VARCHAR, %s::SMALLINT, %s::VARCHAR, %s::VARCHAR, %s::VARCHAR, %s::VARCHAR, %s::VARCHAR, %s::BIGINT, %s::INTEGER, %s::VARCHAR, %s);

SELECT field_of_long_key_is_backfilled.line, field_of_long_key_is_backfilled.number, field_of_long_key_is_backfilled.grade, field_of_long_key_is_backfilled.toolcrib_revision
FROM field_of_long_key_is_backfilled
WHERE field_of_long_key_is_backfilled.line = %s::VARCHAR AND field_of_long_key_is_backfilled.number = %s::BIGINT;

UPDATE "field_of_long_key_is_backfilled" SET "grade"=%s::INTEGER, "toolcrib_revision"=%s::BIGINT WHERE "field_of_long_key_is_backfilled"."line" = %s::VARCHAR AND "field_of_long_key_is_backfilled"."number" = %s::BIGINT;

INSERT INTO toolcrib_audit (revision, ordinal, component, record_key, operation, before_image, after_image, tenant, hash) VALUES (%s::BIGINT, %s::INTEGER, %s::VARCHAR, %s::VARCHAR, %s::SMALLINT, %s, %s, %s::VARCHAR, %s);


-- == index is added
-- + add the index index_is_added_note_idx over note (reads the table, 3 rows; writes wait)
-- + add the index index_is_added_size_idx over size (reads the table, 3 rows; writes wait)

CREATE INDEX index_is_added_note_idx ON index_is_added (note);

CREATE INDEX index_is_added_size_idx ON index_is_added (size DESC);


-- == index is changed
-- ~ change the unique index by_note over note (reads the table, 3 rows; writes wait)
-- ~ change the index by_size over size (reads the table, 3 rows; writes wait)
-- ~ rename the index by_level to by_grade (the catalog only; a short exclusive lock)

DROP INDEX by_note;

DROP INDEX by_size;

ALTER INDEX by_level RENAME TO by_grade;

CREATE UNIQUE INDEX by_note ON index_is_changed (note) WHERE delete_time IS NULL;

CREATE INDEX by_size ON index_is_changed (size DESC);


-- == index is dropped
-- - drop the index index_is_dropped_size_idx over size (the catalog only; a short exclusive lock)

DROP INDEX index_is_dropped_size_idx;


-- == message inside is changed
-- - drop y, double, of shop.now.v1.Pose in message_inside_is_changed.pose (writes these documents anew)
-- + add z, double, of shop.now.v1.Pose in message_inside_is_changed.pose (writes these documents anew)

SELECT message_inside_is_changed.id, message_inside_is_changed.pose, message_inside_is_changed.toolcrib_revision
FROM message_inside_is_changed ORDER BY message_inside_is_changed.id
 LIMIT %s::INTEGER;

UPDATE message_inside_is_changed SET pose=%s::VARCHAR WHERE message_inside_is_changed.id = %s::BIGINT;

SELECT message_inside_is_changed.id, message_inside_is_changed.pose, message_inside_is_changed.toolcrib_revision
FROM message_inside_is_changed
WHERE (message_inside_is_changed.id) > (%s::INTEGER) ORDER BY message_inside_is_changed.id
 LIMIT %s::INTEGER;

SELECT message_inside_is_changed_history.id, message_inside_is_changed_history.pose, message_inside_is_changed_history.toolcrib_revision, message_inside_is_changed_history.toolcrib_start_revision, message_inside_is_changed_history.toolcrib_end_revision
FROM message_inside_is_changed_history ORDER BY message_inside_is_changed_history.id, message_inside_is_changed_history.toolcrib_start_revision
 LIMIT %s::INTEGER;

UPDATE message_inside_is_changed_history SET pose=%s::VARCHAR WHERE message_inside_is_changed_history.id = %s::BIGINT AND message_inside_is_changed_history.toolcrib_start_revision = %s::BIGINT;

SELECT message_inside_is_changed_history.id, message_inside_is_changed_history.pose, message_inside_is_changed_history.toolcrib_revision, message_inside_is_changed_history.toolcrib_start_revision, message_inside_is_changed_history.toolcrib_end_revision
FROM message_inside_is_changed_history
WHERE (message_inside_is_changed_history.id, message_inside_is_changed_history.toolcrib_start_revision) > (%s::INTEGER, %s::INTEGER) ORDER BY message_inside_is_changed_history.id, message_inside_is_changed_history.toolcrib_start_revision
 LIMIT %s::INTEGER;


-- == records come to be tenants own
-- ~ make the records of shop.now.v1.RecordsComeToBeTenantsOwn each a tenant's own (multi_tenant) (the catalog only; a short exclusive lock)
-- ~ change the unique constraint over toolcrib_tenant, name (reads the table, 0 rows; exclusive lock)

DROP TABLE records_come_to_be_tenants_own_history;

CREATE TABLE records_come_to_be_tenants_own_history (
    toolcrib_tenant VARCHAR NOT NULL,
    id BIGINT NOT NULL,
    name VARCHAR NOT NULL,
    toolcrib_revision BIGINT NOT NULL,
    toolcrib_start_revision BIGINT NOT NULL,
    toolcrib_end_revision BIGINT NOT NULL,
    PRIMARY KEY (toolcrib_tenant, id, toolcrib_start_revision)
);

CREATE INDEX records_come_to_be_tenants_own_history_end_idx ON records_come_to_be_tenants_own_history (toolcrib_end_revision);

DROP TABLE records_come_to_be_tenants_own;

CREATE TABLE records_come_to_be_tenants_own (
    toolcrib_tenant VARCHAR NOT NULL,
    id BIGINT NOT NULL,
    name VARCHAR NOT NULL,
    toolcrib_revision BIGINT NOT NULL,
    PRIMARY KEY (toolcrib_tenant, id),
    CONSTRAINT records_come_to_be_tenants_own_name_key UNIQUE (toolcrib_tenant, name)
);


-- == reference is added
-- + add reference_is_added.part, optional int64, unset (the catalog only; a short exclusive lock)
-- + add the index reference_is_added_part_idx over part (reads the table, 3 rows; writes wait)

ALTER TABLE reference_is_added ADD COLUMN part BIGINT;

CREATE INDEX reference_is_added_part_idx ON reference_is_added (part);


-- == times are added
-- + add times_are_added.create_time, google.protobuf.Timestamp, from the audit trail in 3 records (writes the table, 3 rows; exclusive lock)
-- + add times_are_added.update_time, google.protobuf.Timestamp, from the audit trail in 3 records (writes the table, 3 rows; exclusive lock)

ALTER TABLE times_are_added ADD COLUMN create_time TIMESTAMP WITH TIME ZONE;

UPDATE times_are_added SET create_time=coalesce((SELECT toolcrib_transaction.commit_time
FROM toolcrib_transaction
WHERE toolcrib_transaction.revision = (SELECT min(toolcrib_audit.revision) AS min_1
FROM toolcrib_audit
WHERE toolcrib_audit.component IN (%s::VARCHAR, %s::VARCHAR) AND toolcrib_audit.tenant = %s::VARCHAR AND toolcrib_audit.record_key = (replace(replace(CAST(times_are_added.line AS TEXT), %s::VARCHAR, %s::VARCHAR), %s::VARCHAR, %s::VARCHAR) || %s::VARCHAR || replace(replace(CAST(times_are_added.number AS TEXT), %s::VARCHAR, %s::VARCHAR), %s::VARCHAR, %s::VARCHAR)))), coalesce((SELECT toolcrib_transaction.commit_time
FROM toolcrib_transaction
WHERE toolcrib_transaction.revision = toolcrib_revision), (SELECT min(toolcrib_transaction.commit_time) AS min_2
FROM toolcrib_transaction), %s::TIMESTAMP WITH TIME ZONE));

ALTER TABLE times_are_added ALTER COLUMN create_time SET NOT NULL;

ALTER TABLE times_are_added ADD COLUMN update_time TIMESTAMP WITH TIME ZONE;

UPDATE times_are_added SET update_time=coalesce((SELECT toolcrib_transaction.commit_time
FROM toolcrib_transaction
WHERE toolcrib_transaction.revision = toolcrib_revision), (SELECT min(toolcrib_transaction.commit_time) AS min_1
FROM toolcrib_transaction), %s::TIMESTAMP WITH TIME ZONE);

ALTER TABLE times_are_added ALTER COLUMN update_time SET NOT NULL;


-- == versions are kept
-- + create the table versions_are_kept_history for former versions

CREATE TABLE versions_are_kept_history (
    id BIGINT NOT NULL,
    name VARCHAR NOT NULL,
    toolcrib_revision BIGINT NOT NULL,
    toolcrib_start_revision BIGINT NOT NULL,
    toolcrib_end_revision BIGINT NOT NULL,
    PRIMARY KEY (id, toolcrib_start_revision)
);

CREATE INDEX versions_are_kept_history_end_idx ON versions_are_kept_history (toolcrib_end_revision);


-- == component is dropped
-- - serve shop.now.v1.ComponentIsDropped no longer
