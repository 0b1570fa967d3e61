-- What Toolcrib tells a database where components change: mssql. By tests/support/dialects/changing.py.


-- == component is added
-- + create the table component_is_added with 2 columns

CREATE TABLE [component_is_added] (
    [id] BIGINT NOT NULL,
    [toolcrib_revision] BIGINT NOT NULL,
    PRIMARY KEY ([id])
);


-- == component is renamed
-- ~ rename the component shop.now.v1.ComponentWithAnotherName to shop.now.v1.ComponentIsRenamed; its audit and history stay its own (the catalog only)
-- ~ rename the table component_with_another_name to component_is_renamed (the catalog only; exclusive lock)

EXEC sp_rename N'[component_with_another_name]', N'component_is_renamed', N'OBJECT';

DELETE FROM [toolcrib_sequence] WHERE [toolcrib_sequence].[name] = %s;

UPDATE [toolcrib_sequence] SET [name]=%s WHERE [toolcrib_sequence].[name] = %s;

DELETE FROM [toolcrib_sequence] WHERE [toolcrib_sequence].[name] = %s;

UPDATE [toolcrib_sequence] SET [name]=%s WHERE [toolcrib_sequence].[name] = %s;

UPDATE [toolcrib_direct_write] SET [table_name]=%s WHERE [toolcrib_direct_write].[table_name] = %s;

EXEC sp_rename N'[component_with_another_name_history]', N'component_is_renamed_history', N'OBJECT';

EXEC sp_rename N'[component_is_renamed_history].[component_with_another_name_history_end_idx]', N'component_is_renamed_history_end_idx', N'INDEX';

EXEC sp_rename N'[component_with_another_name_name_key]', N'component_is_renamed_name_key', N'OBJECT';


-- == deleted records are kept
-- + add deleted_records_are_kept.delete_time, google.protobuf.Timestamp, unset (the catalog only; exclusive lock)
-- + add the unique index deleted_records_are_kept_name_live_key over name (reads the table, 3 rows; writes wait)
-- - drop the unique constraint over name (the catalog only; exclusive lock)

ALTER TABLE [deleted_records_are_kept] DROP CONSTRAINT [deleted_records_are_kept_name_key];

ALTER TABLE [deleted_records_are_kept_history] ADD [delete_time] DATETIME2(6) NULL;

ALTER TABLE [deleted_records_are_kept] ADD [delete_time] DATETIME2(6) NULL;

CREATE UNIQUE INDEX [deleted_records_are_kept_name_live_key] ON [deleted_records_are_kept] ([name]) WHERE [delete_time] IS NULL;


-- == deleted records are kept no longer
-- - drop deleted_records_are_kept_no_longer.delete_time (the catalog only; exclusive lock)
-- + add the unique constraint over name (reads the table, 3 rows; exclusive lock)
-- - drop the unique index deleted_records_are_kept_no_longer_name_live_key over name (the catalog only; exclusive lock)

DROP INDEX [deleted_records_are_kept_no_longer_name_live_key] ON [deleted_records_are_kept_no_longer];

ALTER TABLE [deleted_records_are_kept_no_longer] DROP COLUMN [delete_time];

ALTER TABLE [deleted_records_are_kept_no_longer] ADD CONSTRAINT [deleted_records_are_kept_no_longer_name_key] UNIQUE ([name]);


-- == field comes to be always set
-- ~ let field_comes_to_be_always_set.level be always set, to 7 in 1 record, each audited (writes the table, 3 rows; exclusive lock)
-- ~ let field_comes_to_be_always_set.label be always set (writes the table, 3 rows; exclusive lock)
-- ~ let field_comes_to_be_always_set.code be always set (writes the table, 3 rows; exclusive lock)
-- ~ change the unique constraint over code (reads the table, 3 rows; exclusive lock)

SELECT %s AS [anon_1], [id]
FROM [field_comes_to_be_always_set]
WHERE [level] IS NULL ORDER BY [id];

DROP INDEX [field_comes_to_be_always_set_code_key] ON [field_comes_to_be_always_set];

UPDATE [field_comes_to_be_always_set_history] SET [level]=coalesce([level], %s);

ALTER TABLE [field_comes_to_be_always_set_history] ALTER COLUMN [level] INTEGER NOT NULL;

UPDATE [field_comes_to_be_always_set_history] SET [label]=coalesce([label], %s);

ALTER TABLE [field_comes_to_be_always_set_history] ALTER COLUMN [label] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL;

UPDATE [field_comes_to_be_always_set_history] SET [code]=coalesce([code], %s);

ALTER TABLE [field_comes_to_be_always_set_history] ALTER COLUMN [code] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL;

DROP INDEX [field_comes_to_be_always_set_label_idx] ON [field_comes_to_be_always_set];

UPDATE [field_comes_to_be_always_set] SET [level]=coalesce([level], %s);

ALTER TABLE [field_comes_to_be_always_set] ALTER COLUMN [level] INTEGER NOT NULL;

UPDATE [field_comes_to_be_always_set] SET [label]=coalesce([label], %s);

ALTER TABLE [field_comes_to_be_always_set] ALTER COLUMN [label] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL;

UPDATE [field_comes_to_be_always_set] SET [code]=coalesce([code], %s);

ALTER TABLE [field_comes_to_be_always_set] ALTER COLUMN [code] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL;

CREATE INDEX [field_comes_to_be_always_set_label_idx] ON [field_comes_to_be_always_set] ([label]);

ALTER TABLE [field_comes_to_be_always_set] ADD CONSTRAINT [field_comes_to_be_always_set_code_key] UNIQUE ([code]);

UPDATE [toolcrib_sequence] SET [last_value]=%s WHERE [toolcrib_sequence].[name] = %s;

INSERT INTO [toolcrib_transaction] ([revision], [commit_time], [actor], [actor_source], [reason], [method], [peer], [request_id], [refusal], [refused_calls], [entry_count], [tenant], [hash]) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s);

SELECT [field_comes_to_be_always_set].[id], [field_comes_to_be_always_set].[level], [field_comes_to_be_always_set].[label], [field_comes_to_be_always_set].[code], [field_comes_to_be_always_set].[toolcrib_revision]
FROM [field_comes_to_be_always_set]
WHERE [field_comes_to_be_always_set].[id] IN (%s);

INSERT INTO [field_comes_to_be_always_set_history] ([id], [level], [label], [code], [toolcrib_revision], [toolcrib_start_revision], [toolcrib_end_revision]) SELECT [field_comes_to_be_always_set].[id], [field_comes_to_be_always_set].[level], [field_comes_to_be_always_set].[label], [field_comes_to_be_always_set].[code], [field_comes_to_be_always_set].[toolcrib_revision], [field_comes_to_be_always_set].[toolcrib_revision] AS [toolcrib_revision__1], %s AS [anon_1]
FROM [field_comes_to_be_always_set]
WHERE [field_comes_to_be_always_set].[id] = %s AND [field_comes_to_be_always_set].[toolcrib_revision] < %s;

UPDATE [field_comes_to_be_always_set] SET [level]=%s, [label]=%s, [code]=%s, [toolcrib_revision]=%s WHERE [field_comes_to_be_always_set].[id] = %s;

INSERT INTO [toolcrib_audit] ([revision], [ordinal], [component], [record_key], [operation], [before_image], [after_image], [tenant], [hash]) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s);


-- == field comes to be unique
-- ~ change field_comes_to_be_unique.name from NVARCHAR(MAX) to NVARCHAR(850) (writes the table, 3 rows; exclusive lock)
-- ~ change field_comes_to_be_unique.code from VARBINARY(MAX) to VARBINARY(1700) (writes the table, 3 rows; exclusive lock)
-- + add the unique constraint over code (reads the table, 3 rows; exclusive lock)
-- + add the unique constraint over name (reads the table, 3 rows; exclusive lock)

ALTER TABLE [field_comes_to_be_unique_history] ALTER COLUMN [name] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL;

ALTER TABLE [field_comes_to_be_unique_history] ALTER COLUMN [code] VARBINARY(1700) NULL;

ALTER TABLE [field_comes_to_be_unique] ALTER COLUMN [name] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL;

ALTER TABLE [field_comes_to_be_unique] ALTER COLUMN [code] VARBINARY(1700) NULL;

CREATE UNIQUE INDEX [field_comes_to_be_unique_code_key] ON [field_comes_to_be_unique] ([code]) WHERE [code] IS NOT NULL;

ALTER TABLE [field_comes_to_be_unique] ADD CONSTRAINT [field_comes_to_be_unique_name_key] UNIQUE ([name]);


-- == field is added
-- + add field_is_added.note, string (the catalog only in the Enterprise edition, else writes the table, 3 rows; exclusive lock)
-- + add field_is_added.level, optional int32, unset (the catalog only; exclusive lock)
-- + add field_is_added.size, int64 (the catalog only in the Enterprise edition, else writes the table, 3 rows; exclusive lock)
-- + add field_is_added.ratio, double (the catalog only in the Enterprise edition, else writes the table, 3 rows; exclusive lock)
-- + add field_is_added.done, bool (the catalog only in the Enterprise edition, else writes the table, 3 rows; exclusive lock)
-- + add field_is_added.image, bytes (the catalog only in the Enterprise edition, else writes the table, 3 rows; exclusive lock)
-- + add field_is_added.words, repeated string, "[]" in 3 records (the catalog only in the Enterprise edition, else writes the table, 3 rows; exclusive lock)
-- + add field_is_added.big, uint64 (the catalog only in the Enterprise edition, else writes the table, 3 rows; exclusive lock)
-- + add field_is_added.seen, google.protobuf.Timestamp, unset (the catalog only; exclusive lock)

ALTER TABLE [field_is_added_history] ADD [note] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [toolcrib_default] DEFAULT N'' + nchar(1) + nchar(1);

ALTER TABLE [field_is_added_history] DROP CONSTRAINT [toolcrib_default];

ALTER TABLE [field_is_added_history] ADD [level] INTEGER NULL;

ALTER TABLE [field_is_added_history] ADD [size] BIGINT NOT NULL CONSTRAINT [toolcrib_default] DEFAULT 0;

ALTER TABLE [field_is_added_history] DROP CONSTRAINT [toolcrib_default];

ALTER TABLE [field_is_added_history] ADD [ratio] DOUBLE PRECISION NOT NULL CONSTRAINT [toolcrib_default] DEFAULT 0.0;

ALTER TABLE [field_is_added_history] DROP CONSTRAINT [toolcrib_default];

ALTER TABLE [field_is_added_history] ADD [done] BIT NOT NULL CONSTRAINT [toolcrib_default] DEFAULT 0;

ALTER TABLE [field_is_added_history] DROP CONSTRAINT [toolcrib_default];

ALTER TABLE [field_is_added_history] ADD [image] VARBINARY(max) NOT NULL CONSTRAINT [toolcrib_default] DEFAULT 0x;

ALTER TABLE [field_is_added_history] DROP CONSTRAINT [toolcrib_default];

ALTER TABLE [field_is_added_history] ADD [words] NVARCHAR(max) NOT NULL CONSTRAINT [toolcrib_default] DEFAULT N'[]';

ALTER TABLE [field_is_added_history] DROP CONSTRAINT [toolcrib_default];

ALTER TABLE [field_is_added_history] ADD [big] NUMERIC(20, 0) NOT NULL CONSTRAINT [toolcrib_default] DEFAULT 0;

ALTER TABLE [field_is_added_history] DROP CONSTRAINT [toolcrib_default];

ALTER TABLE [field_is_added_history] ADD [seen] DATETIME2(6) NULL;

ALTER TABLE [field_is_added] ADD [note] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT [toolcrib_default] DEFAULT N'' + nchar(1) + nchar(1);

ALTER TABLE [field_is_added] DROP CONSTRAINT [toolcrib_default];

ALTER TABLE [field_is_added] ADD [level] INTEGER NULL;

ALTER TABLE [field_is_added] ADD [size] BIGINT NOT NULL CONSTRAINT [toolcrib_default] DEFAULT 0;

ALTER TABLE [field_is_added] DROP CONSTRAINT [toolcrib_default];

ALTER TABLE [field_is_added] ADD [ratio] DOUBLE PRECISION NOT NULL CONSTRAINT [toolcrib_default] DEFAULT 0.0;

ALTER TABLE [field_is_added] DROP CONSTRAINT [toolcrib_default];

ALTER TABLE [field_is_added] ADD [done] BIT NOT NULL CONSTRAINT [toolcrib_default] DEFAULT 0;

ALTER TABLE [field_is_added] DROP CONSTRAINT [toolcrib_default];

ALTER TABLE [field_is_added] ADD [image] VARBINARY(max) NOT NULL CONSTRAINT [toolcrib_default] DEFAULT 0x;

ALTER TABLE [field_is_added] DROP CONSTRAINT [toolcrib_default];

ALTER TABLE [field_is_added] ADD [words] NVARCHAR(max) NOT NULL CONSTRAINT [toolcrib_default] DEFAULT N'[]';

ALTER TABLE [field_is_added] DROP CONSTRAINT [toolcrib_default];

ALTER TABLE [field_is_added] ADD [big] NUMERIC(20, 0) NOT NULL CONSTRAINT [toolcrib_default] DEFAULT 0;

ALTER TABLE [field_is_added] DROP CONSTRAINT [toolcrib_default];

ALTER TABLE [field_is_added] ADD [seen] DATETIME2(6) NULL;


-- == field is backfilled
-- + add field_is_backfilled.grade, int32, and 3 in 3 records, each audited (writes the table, 3 rows; exclusive lock)
-- + add field_is_backfilled.colour, optional string, and "red" in 3 records, each audited (writes the table, 3 rows; exclusive lock)

SELECT %s AS [anon_1], [name]
FROM [field_is_backfilled]
WHERE [delete_time] IS NULL ORDER BY [name];

SELECT %s AS [anon_1], [name]
FROM [field_is_backfilled]
WHERE [delete_time] IS NULL ORDER BY [name];

ALTER TABLE [field_is_backfilled_history] ADD [grade] INTEGER NOT NULL CONSTRAINT [toolcrib_default] DEFAULT 0;

ALTER TABLE [field_is_backfilled_history] DROP CONSTRAINT [toolcrib_default];

ALTER TABLE [field_is_backfilled_history] ADD [colour] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL;

ALTER TABLE [field_is_backfilled] ADD [grade] INTEGER NOT NULL CONSTRAINT [toolcrib_default] DEFAULT 0;

ALTER TABLE [field_is_backfilled] DROP CONSTRAINT [toolcrib_default];

ALTER TABLE [field_is_backfilled] ADD [colour] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL;

UPDATE [toolcrib_sequence] SET [last_value]=%s WHERE [toolcrib_sequence].[name] = %s;

INSERT INTO [toolcrib_transaction] ([revision], [commit_time], [actor], [actor_source], [reason], [method], [peer], [request_id], [refusal], [refused_calls], [entry_count], [tenant], [hash]) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s);

SELECT [field_is_backfilled].[name], [field_is_backfilled].[grade], [field_is_backfilled].[colour], [field_is_backfilled].[delete_time], [field_is_backfilled].[toolcrib_revision]
FROM [field_is_backfilled]
WHERE [field_is_backfilled].[name] IN (%s);

INSERT INTO [field_is_backfilled_history] ([name], [grade], [colour], [delete_time], [toolcrib_revision], [toolcrib_start_revision], [toolcrib_end_revision]) SELECT [field_is_backfilled].[name], [field_is_backfilled].[grade], [field_is_backfilled].[colour], [field_is_backfilled].[delete_time], [field_is_backfilled].[toolcrib_revision], [field_is_backfilled].[toolcrib_revision] AS [toolcrib_revision__1], %s AS [anon_1]
FROM [field_is_backfilled]
WHERE [field_is_backfilled].[name] = %s AND [field_is_backfilled].[toolcrib_revision] < %s;

UPDATE [field_is_backfilled] SET [grade]=%s, [colour]=%s, [delete_time]=%s, [toolcrib_revision]=%s WHERE [field_is_backfilled].[name] = %s;

INSERT INTO [toolcrib_audit] ([revision], [ordinal], [component], [record_key], [operation], [before_image], [after_image], [tenant], [hash]) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s);


-- == field is dropped
-- - drop field_is_dropped.name (the catalog only; exclusive lock)
-- - drop field_is_dropped.note (the catalog only; exclusive lock)
-- - drop the unique constraint over name (the catalog only; exclusive lock)
-- - drop the index field_is_dropped_note_idx over note (the catalog only; exclusive lock)

ALTER TABLE [field_is_dropped] DROP CONSTRAINT [field_is_dropped_name_key];

DROP INDEX [field_is_dropped_note_idx] ON [field_is_dropped];

ALTER TABLE [field_is_dropped_history] DROP COLUMN [name];

ALTER TABLE [field_is_dropped_history] DROP COLUMN [note];

ALTER TABLE [field_is_dropped] DROP COLUMN [name];

ALTER TABLE [field_is_dropped] DROP COLUMN [note];


-- == field is narrowed
-- ~ change field_is_narrowed.size from uint64 to int32 (writes the table, 3 rows; exclusive lock)
-- ~ change field_is_narrowed.done from int32 to bool (writes the table, 3 rows; exclusive lock)

ALTER TABLE [field_is_narrowed] ALTER COLUMN [size] INTEGER NOT NULL;

ALTER TABLE [field_is_narrowed] ALTER COLUMN [done] BIT NOT NULL;


-- == field is renamed
-- ~ rename field_is_renamed.name to title (the catalog only; exclusive lock)
-- ~ rename field_is_renamed.code to mark (the catalog only; exclusive lock)
-- ~ rename field_is_renamed.note to remark (the catalog only; exclusive lock)
-- + add the unique constraint over mark (reads the table, 3 rows; exclusive lock)
-- - drop the unique index field_is_renamed_code_key over code (the catalog only; exclusive lock)

DROP INDEX [field_is_renamed_code_key] ON [field_is_renamed];

EXEC sp_rename N'[field_is_renamed].[name]', N'title', N'COLUMN';

EXEC sp_rename N'[field_is_renamed].[code]', N'mark', N'COLUMN';

EXEC sp_rename N'[field_is_renamed].[note]', N'remark', N'COLUMN';

EXEC sp_rename N'[field_is_renamed_history].[name]', N'title', N'COLUMN';

EXEC sp_rename N'[field_is_renamed_history].[code]', N'mark', N'COLUMN';

EXEC sp_rename N'[field_is_renamed_history].[note]', N'remark', N'COLUMN';

EXEC sp_rename N'[field_is_renamed].[field_is_renamed_note_idx]', N'field_is_renamed_remark_idx', N'INDEX';

EXEC sp_rename N'[field_is_renamed_name_key]', N'field_is_renamed_title_key', N'OBJECT';

CREATE UNIQUE INDEX [field_is_renamed_mark_key] ON [field_is_renamed] ([mark]) WHERE [mark] IS NOT NULL;


-- == field is retyped and may be unset
-- ~ change field_is_retyped_and_may_be_unset.done from bool to optional int32 (writes the table, 3 rows; exclusive lock)
-- ~ let field_is_retyped_and_may_be_unset.done be unset; where it is zero it then is (writes the table, 3 rows; exclusive lock)
-- ~ change field_is_retyped_and_may_be_unset.size from optional int32 to int64 (writes the table, 3 rows; exclusive lock)
-- ~ let field_is_retyped_and_may_be_unset.size be always set (writes the table, 3 rows; exclusive lock)

ALTER TABLE [field_is_retyped_and_may_be_unset] ALTER COLUMN [done] INTEGER NULL;

UPDATE [field_is_retyped_and_may_be_unset] SET [done]=CASE WHEN ([done] = %s) THEN NULL ELSE [done] END;

ALTER TABLE [field_is_retyped_and_may_be_unset] ALTER COLUMN [size] BIGINT NULL;

UPDATE [field_is_retyped_and_may_be_unset] SET [size]=coalesce([size], %s);

ALTER TABLE [field_is_retyped_and_may_be_unset] ALTER COLUMN [size] BIGINT NOT NULL;


-- == field is unique no longer
-- ~ change field_is_unique_no_longer.name from NVARCHAR(850) to NVARCHAR(MAX) (writes the table, 3 rows; exclusive lock)
-- ~ change field_is_unique_no_longer.code from VARBINARY(1700) to VARBINARY(MAX) (writes the table, 3 rows; exclusive lock)
-- - drop the unique index field_is_unique_no_longer_code_key over code (the catalog only; exclusive lock)
-- - drop the unique constraint over name (the catalog only; exclusive lock)

DROP INDEX [field_is_unique_no_longer_code_key] ON [field_is_unique_no_longer];

ALTER TABLE [field_is_unique_no_longer] DROP CONSTRAINT [field_is_unique_no_longer_name_key];

ALTER TABLE [field_is_unique_no_longer_history] ALTER COLUMN [name] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL;

ALTER TABLE [field_is_unique_no_longer_history] ALTER COLUMN [code] VARBINARY(max) NULL;

ALTER TABLE [field_is_unique_no_longer] ALTER COLUMN [name] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL;

ALTER TABLE [field_is_unique_no_longer] ALTER COLUMN [code] VARBINARY(max) NULL;


-- == field is widened
-- ~ change field_is_widened.size from int32 to int64 (writes the table, 3 rows; exclusive lock)
-- ~ change field_is_widened.code from optional int32 to optional int64 (writes the table, 3 rows; exclusive lock)
-- ~ change field_is_widened.done from bool to int32 (writes the table, 3 rows; exclusive lock)

ALTER TABLE [field_is_widened_history] ALTER COLUMN [size] BIGINT NOT NULL;

ALTER TABLE [field_is_widened_history] ALTER COLUMN [code] BIGINT NULL;

ALTER TABLE [field_is_widened_history] ALTER COLUMN [done] INTEGER NOT NULL;

DROP INDEX [field_is_widened_code_key] ON [field_is_widened];

DROP INDEX [field_is_widened_size_idx] ON [field_is_widened];

ALTER TABLE [field_is_widened] ALTER COLUMN [size] BIGINT NOT NULL;

ALTER TABLE [field_is_widened] ALTER COLUMN [code] BIGINT NULL;

ALTER TABLE [field_is_widened] ALTER COLUMN [done] INTEGER NOT NULL;

CREATE UNIQUE INDEX [field_is_widened_code_key] ON [field_is_widened] ([code]) WHERE [code] IS NOT NULL;

CREATE INDEX [field_is_widened_size_idx] ON [field_is_widened] ([size]);


-- == field may be unset
-- ~ let field_may_be_unset.level be unset; where it is zero it then is (writes the table, 3 rows; exclusive lock)
-- ~ let field_may_be_unset.ratio be unset; where it is zero it then is (writes the table, 3 rows; exclusive lock)
-- ~ let field_may_be_unset.code be unset; where it is zero it then is (writes the table, 3 rows; exclusive lock)
-- ~ let field_may_be_unset.done be unset; where it is zero it then is (writes the table, 3 rows; exclusive lock)
-- ~ change the unique constraint over code (reads the table, 3 rows; exclusive lock)

ALTER TABLE [field_may_be_unset] DROP CONSTRAINT [field_may_be_unset_code_key];

ALTER TABLE [field_may_be_unset_history] ALTER COLUMN [level] INTEGER NULL;

UPDATE [field_may_be_unset_history] SET [level]=CASE WHEN ([level] = %s) THEN NULL ELSE [level] END;

ALTER TABLE [field_may_be_unset_history] ALTER COLUMN [ratio] DOUBLE PRECISION NULL;

UPDATE [field_may_be_unset_history] SET [ratio]=CASE WHEN (CAST([ratio] AS BINARY(8)) = %s) THEN NULL ELSE [ratio] END;

ALTER TABLE [field_may_be_unset_history] ALTER COLUMN [code] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NULL;

UPDATE [field_may_be_unset_history] SET [code]=CASE WHEN ([code] = %s) THEN NULL ELSE [code] END;

ALTER TABLE [field_may_be_unset_history] ALTER COLUMN [done] BIT NULL;

UPDATE [field_may_be_unset_history] SET [done]=CASE WHEN ([done] = %s) THEN NULL ELSE [done] END;

ALTER TABLE [field_may_be_unset] ALTER COLUMN [level] INTEGER NULL;

UPDATE [field_may_be_unset] SET [level]=CASE WHEN ([level] = %s) THEN NULL ELSE [level] END;

ALTER TABLE [field_may_be_unset] ALTER COLUMN [ratio] DOUBLE PRECISION NULL;

UPDATE [field_may_be_unset] SET [ratio]=CASE WHEN (CAST([ratio] AS BINARY(8)) = %s) THEN NULL ELSE [ratio] END;

ALTER TABLE [field_may_be_unset] ALTER COLUMN [code] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NULL;

UPDATE [field_may_be_unset] SET [code]=CASE WHEN ([code] = %s) THEN NULL ELSE [code] END;

ALTER TABLE [field_may_be_unset] ALTER COLUMN [done] BIT NULL;

UPDATE [field_may_be_unset] SET [done]=CASE WHEN ([done] = %s) THEN NULL ELSE [done] END;

CREATE UNIQUE INDEX [field_may_be_unset_code_key] ON [field_may_be_unset] ([code]) WHERE [code] IS NOT NULL;


-- == field of long key is backfilled
-- + add field_of_long_key_is_backfilled.grade, int32, and 3 in 3 records, each audited (writes the table, 3 rows; exclusive lock)

SELECT %s AS [anon_1], [line], [number]
FROM [field_of_long_key_is_backfilled] ORDER BY [line], [number];

ALTER TABLE [field_of_long_key_is_backfilled] ADD [grade] INTEGER NOT NULL CONSTRAINT [toolcrib_default] DEFAULT 0;

ALTER TABLE [field_of_long_key_is_backfilled] DROP CONSTRAINT [toolcrib_default];

UPDATE [toolcrib_sequence] SET [last_value]=%s WHERE [toolcrib_sequence].[name] = %s;

INSERT INTO [toolcrib_transaction] ([revision], [commit_time], [actor], [actor_source], [reason], [method], [peer], [request_id], [refusal], [refused_calls], [entry_count], [tenant], [hash]) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s);

SELECT [field_of_long_key_is_backfilled].[line], [field_of_long_key_is_backfilled].[number], [field_of_long_key_is_backfilled].[grade], [field_of_long_key_is_backfilled].[toolcrib_revision]
FROM [field_of_long_key_is_backfilled]
WHERE [field_of_long_key_is_backfilled].[line] = %s AND [field_of_long_key_is_backfilled].[number] = %s;

UPDATE [field_of_long_key_is_backfilled] SET [grade]=%s, [toolcrib_revision]=%s WHERE [field_of_long_key_is_backfilled].[line] = %s AND [field_of_long_key_is_backfilled].[number] = %s;

INSERT INTO [toolcrib_audit] ([revision], [ordinal], [component], [record_key], [operation], [before_image], [after_image], [tenant], [hash]) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s);


-- == index is added
-- ~ change index_is_added.note from NVARCHAR(MAX) to NVARCHAR(850) (writes the table, 3 rows; exclusive lock)
-- + add the index index_is_added_note_idx over note (reads the table, 3 rows; writes wait)
-- + add the index index_is_added_size_idx over size (reads the table, 3 rows; writes wait)

ALTER TABLE [index_is_added] ALTER COLUMN [note] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL;

CREATE INDEX [index_is_added_note_idx] ON [index_is_added] ([note]);

CREATE INDEX [index_is_added_size_idx] ON [index_is_added] ([size] DESC);


-- == index is changed
-- ~ change the unique index by_note over note (reads the table, 3 rows; writes wait)
-- ~ change the index by_size over size (reads the table, 3 rows; writes wait)
-- ~ rename the index by_level to by_grade (the catalog only; exclusive lock)

DROP INDEX [by_note] ON [index_is_changed];

DROP INDEX [by_size] ON [index_is_changed];

EXEC sp_rename N'[index_is_changed].[by_level]', N'by_grade', N'INDEX';

CREATE UNIQUE INDEX [by_note] ON [index_is_changed] ([note]) WHERE [delete_time] IS NULL;

CREATE INDEX [by_size] ON [index_is_changed] ([size] DESC);


-- == index is dropped
-- - drop the index index_is_dropped_size_idx over size (the catalog only; exclusive lock)

DROP INDEX [index_is_dropped_size_idx] ON [index_is_dropped];


-- == message inside is changed
-- - drop y, double, of shop.now.v1.Pose in message_inside_is_changed.pose (writes these documents anew)
-- + add z, double, of shop.now.v1.Pose in message_inside_is_changed.pose (writes these documents anew)

SELECT TOP (%s) [message_inside_is_changed].[id], [message_inside_is_changed].[pose], [message_inside_is_changed].[toolcrib_revision]
FROM [message_inside_is_changed] ORDER BY [message_inside_is_changed].[id];

UPDATE [message_inside_is_changed] SET [pose]=%s WHERE [message_inside_is_changed].[id] = %s;

SELECT TOP (%s) [message_inside_is_changed].[id], [message_inside_is_changed].[pose], [message_inside_is_changed].[toolcrib_revision]
FROM [message_inside_is_changed]
WHERE ([message_inside_is_changed].[id] > %s) ORDER BY [message_inside_is_changed].[id];

SELECT TOP (%s) [message_inside_is_changed_history].[id], [message_inside_is_changed_history].[pose], [message_inside_is_changed_history].[toolcrib_revision], [message_inside_is_changed_history].[toolcrib_start_revision], [message_inside_is_changed_history].[toolcrib_end_revision]
FROM [message_inside_is_changed_history] ORDER BY [message_inside_is_changed_history].[id], [message_inside_is_changed_history].[toolcrib_start_revision];

UPDATE [message_inside_is_changed_history] SET [pose]=%s WHERE [message_inside_is_changed_history].[id] = %s AND [message_inside_is_changed_history].[toolcrib_start_revision] = %s;

SELECT TOP (%s) [message_inside_is_changed_history].[id], [message_inside_is_changed_history].[pose], [message_inside_is_changed_history].[toolcrib_revision], [message_inside_is_changed_history].[toolcrib_start_revision], [message_inside_is_changed_history].[toolcrib_end_revision]
FROM [message_inside_is_changed_history]
WHERE ([message_inside_is_changed_history].[id] > %s OR [message_inside_is_changed_history].[id] = %s AND ([message_inside_is_changed_history].[toolcrib_start_revision] > %s)) ORDER BY [message_inside_is_changed_history].[id], [message_inside_is_changed_history].[toolcrib_start_revision];


-- == records come to be tenants own
-- ~ make the records of shop.now.v1.RecordsComeToBeTenantsOwn each a tenant's own (multi_tenant) (the catalog only; exclusive lock)
-- ~ change the unique constraint over toolcrib_tenant, name (reads the table, 0 rows; exclusive lock)

ALTER TABLE [records_come_to_be_tenants_own] DROP CONSTRAINT [records_come_to_be_tenants_own_name_key];

DROP TABLE [records_come_to_be_tenants_own_history];

CREATE TABLE [records_come_to_be_tenants_own_history] (
    [toolcrib_tenant] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [id] BIGINT NOT NULL,
    [name] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [toolcrib_revision] BIGINT NOT NULL,
    [toolcrib_start_revision] BIGINT NOT NULL,
    [toolcrib_end_revision] BIGINT NOT NULL,
    PRIMARY KEY NONCLUSTERED ([toolcrib_tenant], [id], [toolcrib_start_revision])
);

CREATE INDEX [records_come_to_be_tenants_own_history_end_idx] ON [records_come_to_be_tenants_own_history] ([toolcrib_end_revision]);

DROP TABLE [records_come_to_be_tenants_own];

CREATE TABLE [records_come_to_be_tenants_own] (
    [toolcrib_tenant] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [id] BIGINT NOT NULL,
    [name] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [toolcrib_revision] BIGINT NOT NULL,
    PRIMARY KEY NONCLUSTERED ([toolcrib_tenant], [id]),
    CONSTRAINT [records_come_to_be_tenants_own_name_key] UNIQUE ([toolcrib_tenant], [name])
);


-- == reference is added
-- + add reference_is_added.part, optional int64, unset (the catalog only; exclusive lock)
-- + add the index reference_is_added_part_idx over part (reads the table, 3 rows; writes wait)

ALTER TABLE [reference_is_added] ADD [part] BIGINT NULL;

CREATE INDEX [reference_is_added_part_idx] ON [reference_is_added] ([part]);


-- == times are added
-- + add times_are_added.create_time, google.protobuf.Timestamp, from the audit trail in 3 records (writes the table, 3 rows; exclusive lock)
-- + add times_are_added.update_time, google.protobuf.Timestamp, from the audit trail in 3 records (writes the table, 3 rows; exclusive lock)

ALTER TABLE [times_are_added] ADD [create_time] DATETIME2(6) NULL;

UPDATE [times_are_added] SET [create_time]=coalesce((SELECT [toolcrib_transaction].[commit_time]
FROM [toolcrib_transaction]
WHERE [toolcrib_transaction].[revision] = (SELECT min([toolcrib_audit].[revision]) AS [min_1]
FROM [toolcrib_audit]
WHERE [toolcrib_audit].[component] IN (%s, %s) AND [toolcrib_audit].[tenant] = %s AND [toolcrib_audit].[record_key] = (replace(replace(left([times_are_added].[line], len([times_are_added].[line]) - %s), %s, %s), %s, %s) + %s + replace(replace(CAST([times_are_added].[number] AS NVARCHAR(max)), %s, %s), %s, %s) + nchar(1) + nchar(1)))), coalesce((SELECT [toolcrib_transaction].[commit_time]
FROM [toolcrib_transaction]
WHERE [toolcrib_transaction].[revision] = [toolcrib_revision]), (SELECT min([toolcrib_transaction].[commit_time]) AS [min_2]
FROM [toolcrib_transaction]), %s));

ALTER TABLE [times_are_added] ALTER COLUMN [create_time] DATETIME2(6) NOT NULL;

ALTER TABLE [times_are_added] ADD [update_time] DATETIME2(6) NULL;

UPDATE [times_are_added] SET [update_time]=coalesce((SELECT [toolcrib_transaction].[commit_time]
FROM [toolcrib_transaction]
WHERE [toolcrib_transaction].[revision] = [toolcrib_revision]), (SELECT min([toolcrib_transaction].[commit_time]) AS [min_1]
FROM [toolcrib_transaction]), %s);

ALTER TABLE [times_are_added] ALTER COLUMN [update_time] DATETIME2(6) NOT NULL;


-- == versions are kept
-- + create the table versions_are_kept_history for former versions

CREATE TABLE [versions_are_kept_history] (
    [id] BIGINT NOT NULL,
    [name] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [toolcrib_revision] BIGINT NOT NULL,
    [toolcrib_start_revision] BIGINT NOT NULL,
    [toolcrib_end_revision] BIGINT NOT NULL,
    PRIMARY KEY ([id], [toolcrib_start_revision])
);

CREATE INDEX [versions_are_kept_history_end_idx] ON [versions_are_kept_history] ([toolcrib_end_revision]);


-- == component is dropped
-- - serve shop.now.v1.ComponentIsDropped no longer
