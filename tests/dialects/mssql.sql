-- What Toolcrib tells a database: mssql. Written by tests/support/dialects/told.py.


-- == Transactions

-- a session begins
SET TRANSACTION ISOLATION LEVEL SNAPSHOT;

-- a read of one moment begins
SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRANSACTION;

-- and ends
IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;

-- a write begins
SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN TRANSACTION; SELECT [last_value] FROM [toolcrib_sequence] WITH (UPDLOCK, HOLDLOCK, ROWLOCK) WHERE [name] = N'revision' + nchar(1) + nchar(1);

-- what can be undone alone begins
SAVE TRANSACTION toolcrib_0;

-- and is undone
ROLLBACK TRANSACTION toolcrib_0;

-- all is committed
COMMIT TRANSACTION;


-- == Toolcrib's own tables

-- the table toolcrib_meta
CREATE TABLE [toolcrib_meta] (
    [name] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [value] VARBINARY(max) NOT NULL,
    PRIMARY KEY NONCLUSTERED ([name])
);

-- the table toolcrib_sequence
CREATE TABLE [toolcrib_sequence] (
    [name] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [last_value] BIGINT NOT NULL,
    PRIMARY KEY NONCLUSTERED ([name])
);

-- the table toolcrib_transaction
CREATE TABLE [toolcrib_transaction] (
    [revision] BIGINT NOT NULL,
    [commit_time] DATETIME2(6) NOT NULL,
    [actor] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [actor_source] SMALLINT NOT NULL,
    [reason] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [method] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [peer] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [request_id] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [refusal] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [refused_calls] BIGINT NOT NULL,
    [entry_count] INTEGER NOT NULL,
    [tenant] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [hash] VARBINARY(max) NOT NULL,
    PRIMARY KEY ([revision])
);

-- the index toolcrib_transaction_actor
CREATE INDEX [toolcrib_transaction_actor] ON [toolcrib_transaction] ([actor], [revision]);

-- the index toolcrib_transaction_commit_time
CREATE INDEX [toolcrib_transaction_commit_time] ON [toolcrib_transaction] ([commit_time]);

-- the table toolcrib_audit
CREATE TABLE [toolcrib_audit] (
    [revision] BIGINT NOT NULL,
    [ordinal] INTEGER NOT NULL,
    [component] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [record_key] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [operation] SMALLINT NOT NULL,
    [before_image] VARBINARY(max) NULL,
    [after_image] VARBINARY(max) NULL,
    [tenant] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [hash] VARBINARY(max) NOT NULL,
    PRIMARY KEY ([revision], [ordinal]),
    FOREIGN KEY([revision]) REFERENCES [toolcrib_transaction] ([revision])
);

-- the index toolcrib_audit_record
CREATE INDEX [toolcrib_audit_record] ON [toolcrib_audit] ([component], [tenant], [record_key], [revision]);

-- the table toolcrib_answer
CREATE TABLE [toolcrib_answer] (
    [number] BIGINT NOT NULL,
    [tenant] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [actor] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [request_id] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [commit_time] DATETIME2(6) NOT NULL,
    [revision] BIGINT NOT NULL,
    [digest] VARBINARY(max) NOT NULL,
    [answer] VARBINARY(max) NULL,
    PRIMARY KEY ([number])
);

-- the index toolcrib_answer_request
CREATE UNIQUE INDEX [toolcrib_answer_request] ON [toolcrib_answer] ([tenant], [actor], [request_id]);

-- the table toolcrib_kept
CREATE TABLE [toolcrib_kept] (
    [component] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [audit_since] BIGINT NOT NULL,
    [versions_since] BIGINT NULL,
    PRIMARY KEY NONCLUSTERED ([component])
);

-- the table toolcrib_segment
CREATE TABLE [toolcrib_segment] (
    [first_revision] BIGINT NOT NULL,
    [first_ordinal] INTEGER NOT NULL,
    [last_revision] BIGINT NOT NULL,
    [last_ordinal] INTEGER NOT NULL,
    [transactions] BIGINT NOT NULL,
    [entries] BIGINT NOT NULL,
    [last_time] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [previous_hash] VARBINARY(max) NOT NULL,
    [hash] VARBINARY(max) NOT NULL,
    PRIMARY KEY ([first_revision], [first_ordinal])
);

-- the index toolcrib_segment_last
CREATE INDEX [toolcrib_segment_last] ON [toolcrib_segment] ([last_revision]);

-- the table toolcrib_schema
CREATE TABLE [toolcrib_schema] (
    [version] INTEGER NOT NULL,
    [apply_time] DATETIME2(6) NOT NULL,
    [actor] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [method] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [revision] BIGINT NOT NULL,
    [fingerprint] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [plan] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [components] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    PRIMARY KEY ([version])
);

-- the table toolcrib_direct_write
CREATE TABLE [toolcrib_direct_write] (
    [number] BIGINT NOT NULL IDENTITY,
    [transaction_id] BIGINT NOT NULL,
    [table_name] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [record_key] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [operation] SMALLINT NOT NULL,
    [before_row] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
    [after_row] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
    [write_time] DATETIME2(6) NOT NULL,
    [role] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [reason] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [application] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [peer] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [given_revision] BIGINT NULL,
    [given_start] BIGINT NULL,
    [given_time] DATETIME2(6) NULL,
    [failure] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
    PRIMARY KEY ([number])
);

-- the index toolcrib_direct_write_record
CREATE INDEX [toolcrib_direct_write_record] ON [toolcrib_direct_write] ([table_name], [record_key]);

-- the index toolcrib_direct_write_transaction
CREATE INDEX [toolcrib_direct_write_transaction] ON [toolcrib_direct_write] ([transaction_id]);


-- == Statements on them

-- delete_answers
DELETE FROM [toolcrib_answer] WHERE [toolcrib_answer].[number] <= %s;

-- insert_answer
INSERT INTO [toolcrib_answer] ([number], [tenant], [actor], [request_id], [commit_time], [revision], [digest], [answer]) VALUES ((coalesce((SELECT max([toolcrib_answer].[number]) AS [max_1]
FROM [toolcrib_answer]), 0) + 1), %s, %s, %s, %s, %s, %s, %s);

-- insert_audit
INSERT INTO [toolcrib_audit] ([revision], [ordinal], [component], [record_key], [operation], [before_image], [after_image], [tenant], [hash]) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s);

-- insert_sequence
INSERT INTO [toolcrib_sequence] ([name], [last_value]) VALUES (%s, %s);

-- insert_transaction
INSERT INTO [toolcrib_transaction] ([revision], [commit_time], [actor], [actor_source], [reason], [method], [peer], [request_id], [refusal], [refused_calls], [entry_count], [tenant], [hash]) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s);

-- select_answer
SELECT [toolcrib_answer].[digest], [toolcrib_answer].[answer]
FROM [toolcrib_answer]
WHERE [toolcrib_answer].[tenant] = %s AND [toolcrib_answer].[actor] = %s AND [toolcrib_answer].[request_id] = %s;

-- select_chain_head
SELECT TOP (%s) coalesce((SELECT TOP (%s) [toolcrib_audit].[hash]
FROM [toolcrib_audit]
WHERE [toolcrib_audit].[revision] = [toolcrib_transaction].[revision] ORDER BY [toolcrib_audit].[ordinal] DESC), [toolcrib_transaction].[hash]) AS [coalesce_1]
FROM [toolcrib_transaction] ORDER BY [toolcrib_transaction].[revision] DESC;

-- select_expired_answer
SELECT max([toolcrib_answer].[number]) AS [max_1]
FROM [toolcrib_answer]
WHERE [toolcrib_answer].[number] < (SELECT min([toolcrib_answer].[number]) AS [min_1]
FROM [toolcrib_answer]) + %s AND ([toolcrib_answer].[commit_time] < %s OR [toolcrib_answer].[number] <= (SELECT max([toolcrib_answer].[number]) AS [max_2]
FROM [toolcrib_answer]) - %s);

-- select_hash
SELECT [toolcrib_transaction].[hash]
FROM [toolcrib_transaction]
WHERE [toolcrib_transaction].[revision] = %s;

-- select_kept
SELECT [toolcrib_kept].[audit_since], [toolcrib_kept].[versions_since]
FROM [toolcrib_kept]
WHERE [toolcrib_kept].[component] = %s;

-- select_latest_time
SELECT max([toolcrib_transaction].[commit_time]) AS [max_1]
FROM [toolcrib_transaction]
WHERE [toolcrib_transaction].[commit_time] <= %s;

-- select_pruned_at
SELECT max([toolcrib_segment].[last_revision]) AS [max_1]
FROM [toolcrib_segment]
WHERE [toolcrib_segment].[last_time] <= %s AND [toolcrib_segment].[transactions] > %s;

-- select_revision_at
SELECT max([toolcrib_transaction].[revision]) AS [max_1]
FROM [toolcrib_transaction]
WHERE [toolcrib_transaction].[commit_time] BETWEEN %s AND %s;

-- select_sequence
SELECT [toolcrib_sequence].[last_value], (SELECT max([toolcrib_schema].[version]) AS [max_1]
FROM [toolcrib_schema]) AS [anon_1]
FROM [toolcrib_sequence]
WHERE [toolcrib_sequence].[name] = %s;

-- update_sequence
UPDATE [toolcrib_sequence] SET [last_value]=%s WHERE [toolcrib_sequence].[name] = %s;


-- == The audit

-- entries of a record, a further page
SELECT TOP (%s) [toolcrib_audit].[revision], [toolcrib_audit].[ordinal], [toolcrib_audit].[component], [toolcrib_audit].[record_key], [toolcrib_audit].[operation], [toolcrib_audit].[before_image], [toolcrib_audit].[after_image], [toolcrib_audit].[tenant], [toolcrib_audit].[hash], [toolcrib_transaction].[commit_time], [toolcrib_transaction].[actor], [toolcrib_transaction].[actor_source], [toolcrib_transaction].[reason], [toolcrib_transaction].[method], [toolcrib_transaction].[peer], [toolcrib_transaction].[refusal]
FROM [toolcrib_audit] JOIN [toolcrib_transaction] ON [toolcrib_transaction].[revision] = [toolcrib_audit].[revision]
WHERE [toolcrib_audit].[component] IN (%s) AND [toolcrib_audit].[record_key] = %s AND [toolcrib_transaction].[actor] = %s AND [toolcrib_audit].[operation] != %s AND [toolcrib_transaction].[commit_time] >= %s AND [toolcrib_transaction].[commit_time] < %s AND [toolcrib_audit].[revision] >= %s AND [toolcrib_audit].[revision] <= %s AND ([toolcrib_audit].[revision] < %s OR [toolcrib_audit].[revision] = %s AND [toolcrib_audit].[ordinal] < %s) ORDER BY [toolcrib_audit].[revision] DESC, [toolcrib_audit].[ordinal] DESC;

-- entries by operations, all
SELECT [toolcrib_audit].[revision], [toolcrib_audit].[ordinal], [toolcrib_audit].[component], [toolcrib_audit].[record_key], [toolcrib_audit].[operation], [toolcrib_audit].[before_image], [toolcrib_audit].[after_image], [toolcrib_audit].[tenant], [toolcrib_audit].[hash], [toolcrib_transaction].[commit_time], [toolcrib_transaction].[actor], [toolcrib_transaction].[actor_source], [toolcrib_transaction].[reason], [toolcrib_transaction].[method], [toolcrib_transaction].[peer], [toolcrib_transaction].[refusal]
FROM [toolcrib_audit] JOIN [toolcrib_transaction] ON [toolcrib_transaction].[revision] = [toolcrib_audit].[revision]
WHERE [toolcrib_audit].[operation] IN (%s, %s) ORDER BY [toolcrib_audit].[revision] ASC, [toolcrib_audit].[ordinal] ASC;

-- transactions, a further page
SELECT TOP (%s) [toolcrib_transaction].[revision], [toolcrib_transaction].[commit_time], [toolcrib_transaction].[actor], [toolcrib_transaction].[actor_source], [toolcrib_transaction].[reason], [toolcrib_transaction].[method], [toolcrib_transaction].[peer], [toolcrib_transaction].[request_id], [toolcrib_transaction].[refusal], [toolcrib_transaction].[refused_calls], [toolcrib_transaction].[entry_count], [toolcrib_transaction].[tenant], [toolcrib_transaction].[hash]
FROM [toolcrib_transaction]
WHERE [toolcrib_transaction].[actor] = %s AND (EXISTS (SELECT *
FROM [toolcrib_audit]
WHERE [toolcrib_audit].[revision] = [toolcrib_transaction].[revision] AND [toolcrib_audit].[component] IN (%s))) AND [toolcrib_transaction].[commit_time] >= %s AND [toolcrib_transaction].[commit_time] < %s AND [toolcrib_transaction].[revision] >= %s AND [toolcrib_transaction].[revision] <= %s AND [toolcrib_transaction].[refusal] = %s AND [toolcrib_transaction].[revision] < %s ORDER BY [toolcrib_transaction].[revision] DESC;

-- the newest transaction
SELECT TOP (%s) [toolcrib_transaction].[revision], [toolcrib_transaction].[commit_time], [toolcrib_transaction].[actor], [toolcrib_transaction].[actor_source], [toolcrib_transaction].[reason], [toolcrib_transaction].[method], [toolcrib_transaction].[peer], [toolcrib_transaction].[request_id], [toolcrib_transaction].[refusal], [toolcrib_transaction].[refused_calls], [toolcrib_transaction].[entry_count], [toolcrib_transaction].[tenant], [toolcrib_transaction].[hash]
FROM [toolcrib_transaction] ORDER BY [toolcrib_transaction].[revision] DESC;

-- how many entries may go, but for the last of each record
SELECT count(*) AS [count_1]
FROM (SELECT [toolcrib_audit].[revision] AS [revision], [toolcrib_audit].[ordinal] AS [ordinal]
FROM [toolcrib_audit]
WHERE [toolcrib_audit].[component] = %s AND [toolcrib_audit].[operation] != %s AND [toolcrib_audit].[revision] > %s AND [toolcrib_audit].[revision] <= %s AND [toolcrib_audit].[revision] < (SELECT DISTINCT [toolcrib_audit_1].[revision]
FROM [toolcrib_audit] AS [toolcrib_audit_1]
WHERE [toolcrib_audit_1].[component] = [toolcrib_audit].[component] AND [toolcrib_audit_1].[tenant] = [toolcrib_audit].[tenant] AND [toolcrib_audit_1].[record_key] = [toolcrib_audit].[record_key] AND [toolcrib_audit_1].[operation] < %s AND [toolcrib_audit_1].[revision] <= %s ORDER BY [toolcrib_audit_1].[revision] DESC
 OFFSET %s ROWS
 FETCH FIRST %s ROWS ONLY)) AS [anon_1];

-- which versions of plant.recipes.v1.Recipe may go
SELECT TOP (%s) [recipe_history].[toolcrib_end_revision], [recipe_history].[id], [recipe_history].[toolcrib_start_revision]
FROM [recipe_history]
WHERE [recipe_history].[toolcrib_end_revision] > %s AND [recipe_history].[toolcrib_end_revision] <= %s AND [recipe_history].[toolcrib_start_revision] < (SELECT [recipe_history_1].[toolcrib_start_revision]
FROM [recipe_history] AS [recipe_history_1]
WHERE [recipe_history_1].[id] = [recipe_history].[id] AND [recipe_history_1].[toolcrib_end_revision] <= %s ORDER BY [recipe_history_1].[toolcrib_start_revision] DESC
 OFFSET %s ROWS
 FETCH FIRST %s ROWS ONLY) ORDER BY [recipe_history].[toolcrib_end_revision], [recipe_history].[id], [recipe_history].[toolcrib_start_revision];


-- == plant.cycles.v1.MachineCycle

-- the table machine_cycle
CREATE TABLE [machine_cycle] (
    [id] BIGINT NOT NULL,
    [product_id] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [quality] INTEGER NOT NULL,
    [air_temperature_k] DOUBLE PRECISION NOT NULL,
    [process_temperature_k] DOUBLE PRECISION NOT NULL,
    [rotational_speed_rpm] INTEGER NOT NULL,
    [torque_nm] DOUBLE PRECISION NOT NULL,
    [tool_wear_min] INTEGER NOT NULL,
    [machine_failure] BIT NOT NULL,
    [tool_wear_failure] BIT NOT NULL,
    [heat_dissipation_failure] BIT NOT NULL,
    [power_failure] BIT NOT NULL,
    [overstrain_failure] BIT NOT NULL,
    [random_failure] BIT NOT NULL,
    [create_time] DATETIME2(6) NOT NULL,
    [toolcrib_revision] BIGINT NOT NULL,
    PRIMARY KEY ([id])
);


-- == plant.cycles.v1.MachineCycle: statements

-- insert
INSERT INTO [machine_cycle] ([id], [product_id], [quality], [air_temperature_k], [process_temperature_k], [rotational_speed_rpm], [torque_nm], [tool_wear_min], [machine_failure], [tool_wear_failure], [heat_dissipation_failure], [power_failure], [overstrain_failure], [random_failure], [create_time], [toolcrib_revision]) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s);

-- update
UPDATE [machine_cycle] SET [product_id]=%s, [quality]=%s, [air_temperature_k]=%s, [process_temperature_k]=%s, [rotational_speed_rpm]=%s, [torque_nm]=%s, [tool_wear_min]=%s, [machine_failure]=%s, [tool_wear_failure]=%s, [heat_dissipation_failure]=%s, [power_failure]=%s, [overstrain_failure]=%s, [random_failure]=%s, [create_time]=%s, [toolcrib_revision]=%s WHERE [machine_cycle].[id] = %s;

-- delete
DELETE FROM [machine_cycle] WHERE [machine_cycle].[id] = %s;

-- get
SELECT [machine_cycle].[id], [machine_cycle].[product_id], [machine_cycle].[quality], [machine_cycle].[air_temperature_k], [machine_cycle].[process_temperature_k], [machine_cycle].[rotational_speed_rpm], [machine_cycle].[torque_nm], [machine_cycle].[tool_wear_min], [machine_cycle].[machine_failure], [machine_cycle].[tool_wear_failure], [machine_cycle].[heat_dissipation_failure], [machine_cycle].[power_failure], [machine_cycle].[overstrain_failure], [machine_cycle].[random_failure], [machine_cycle].[create_time], [machine_cycle].[toolcrib_revision]
FROM [machine_cycle]
WHERE [machine_cycle].[id] = %s;

-- count_live
SELECT count(*) AS [count_1]
FROM (SELECT TOP (%s) [machine_cycle].[id] AS [id]
FROM [machine_cycle]) AS [anon_1];

-- list
SELECT TOP (%s) [machine_cycle].[id], [machine_cycle].[product_id], [machine_cycle].[quality], [machine_cycle].[air_temperature_k], [machine_cycle].[process_temperature_k], [machine_cycle].[rotational_speed_rpm], [machine_cycle].[torque_nm], [machine_cycle].[tool_wear_min], [machine_cycle].[machine_failure], [machine_cycle].[tool_wear_failure], [machine_cycle].[heat_dissipation_failure], [machine_cycle].[power_failure], [machine_cycle].[overstrain_failure], [machine_cycle].[random_failure], [machine_cycle].[create_time], [machine_cycle].[toolcrib_revision]
FROM [machine_cycle] ORDER BY [machine_cycle].[id];

-- list, a further page
SELECT TOP (%s) [machine_cycle].[id], [machine_cycle].[product_id], [machine_cycle].[quality], [machine_cycle].[air_temperature_k], [machine_cycle].[process_temperature_k], [machine_cycle].[rotational_speed_rpm], [machine_cycle].[torque_nm], [machine_cycle].[tool_wear_min], [machine_cycle].[machine_failure], [machine_cycle].[tool_wear_failure], [machine_cycle].[heat_dissipation_failure], [machine_cycle].[power_failure], [machine_cycle].[overstrain_failure], [machine_cycle].[random_failure], [machine_cycle].[create_time], [machine_cycle].[toolcrib_revision]
FROM [machine_cycle]
WHERE [machine_cycle].[id] > %s ORDER BY [machine_cycle].[id];

-- list, deleted ones too
SELECT TOP (%s) [machine_cycle].[id], [machine_cycle].[product_id], [machine_cycle].[quality], [machine_cycle].[air_temperature_k], [machine_cycle].[process_temperature_k], [machine_cycle].[rotational_speed_rpm], [machine_cycle].[torque_nm], [machine_cycle].[tool_wear_min], [machine_cycle].[machine_failure], [machine_cycle].[tool_wear_failure], [machine_cycle].[heat_dissipation_failure], [machine_cycle].[power_failure], [machine_cycle].[overstrain_failure], [machine_cycle].[random_failure], [machine_cycle].[create_time], [machine_cycle].[toolcrib_revision]
FROM [machine_cycle] ORDER BY [machine_cycle].[id];

-- list, deleted ones too, a further page
SELECT TOP (%s) [machine_cycle].[id], [machine_cycle].[product_id], [machine_cycle].[quality], [machine_cycle].[air_temperature_k], [machine_cycle].[process_temperature_k], [machine_cycle].[rotational_speed_rpm], [machine_cycle].[torque_nm], [machine_cycle].[tool_wear_min], [machine_cycle].[machine_failure], [machine_cycle].[tool_wear_failure], [machine_cycle].[heat_dissipation_failure], [machine_cycle].[power_failure], [machine_cycle].[overstrain_failure], [machine_cycle].[random_failure], [machine_cycle].[create_time], [machine_cycle].[toolcrib_revision]
FROM [machine_cycle]
WHERE [machine_cycle].[id] > %s ORDER BY [machine_cycle].[id];


-- == plant.recipes.v1.Recipe

-- the table recipe
CREATE TABLE [recipe] (
    [id] BIGINT NOT NULL,
    [name] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [speed_mm_s] DOUBLE PRECISION NOT NULL,
    [spindle_rpm] INTEGER NULL,
    [coolant] INTEGER NOT NULL,
    [approved] BIT NOT NULL,
    [create_time] DATETIME2(6) NOT NULL,
    [update_time] DATETIME2(6) NOT NULL,
    [delete_time] DATETIME2(6) NULL,
    [toolcrib_revision] BIGINT NOT NULL,
    PRIMARY KEY ([id]),
    CONSTRAINT [recipe_name_key] UNIQUE ([name])
);

-- the table recipe_history
CREATE TABLE [recipe_history] (
    [id] BIGINT NOT NULL,
    [name] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [speed_mm_s] DOUBLE PRECISION NOT NULL,
    [spindle_rpm] INTEGER NULL,
    [coolant] INTEGER NOT NULL,
    [approved] BIT NOT NULL,
    [create_time] DATETIME2(6) NOT NULL,
    [update_time] DATETIME2(6) NOT NULL,
    [delete_time] DATETIME2(6) NULL,
    [toolcrib_revision] BIGINT NOT NULL,
    [toolcrib_start_revision] BIGINT NOT NULL,
    [toolcrib_end_revision] BIGINT NOT NULL,
    PRIMARY KEY ([id], [toolcrib_start_revision])
);

-- the index recipe_history_end_idx
CREATE INDEX [recipe_history_end_idx] ON [recipe_history] ([toolcrib_end_revision]);


-- == plant.recipes.v1.Recipe: statements

-- insert
INSERT INTO [recipe] ([id], [name], [speed_mm_s], [spindle_rpm], [coolant], [approved], [create_time], [update_time], [delete_time], [toolcrib_revision]) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s);

-- update
UPDATE [recipe] SET [name]=%s, [speed_mm_s]=%s, [spindle_rpm]=%s, [coolant]=%s, [approved]=%s, [create_time]=%s, [update_time]=%s, [delete_time]=%s, [toolcrib_revision]=%s WHERE [recipe].[id] = %s;

-- delete
DELETE FROM [recipe] WHERE [recipe].[id] = %s;

-- get
SELECT [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe]
WHERE [recipe].[id] = %s;

-- count_live
SELECT count(*) AS [count_1]
FROM (SELECT TOP (%s) [recipe].[id] AS [id]
FROM [recipe]
WHERE [recipe].[delete_time] IS NULL) AS [anon_1];

-- list
SELECT TOP (%s) [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe]
WHERE [recipe].[delete_time] IS NULL ORDER BY [recipe].[id];

-- list, a further page
SELECT TOP (%s) [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe]
WHERE [recipe].[delete_time] IS NULL AND [recipe].[id] > %s ORDER BY [recipe].[id];

-- list, deleted ones too
SELECT TOP (%s) [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe] ORDER BY [recipe].[id];

-- list, deleted ones too, a further page
SELECT TOP (%s) [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe]
WHERE [recipe].[id] > %s ORDER BY [recipe].[id];

-- a version is kept
INSERT INTO [recipe_history] ([id], [name], [speed_mm_s], [spindle_rpm], [coolant], [approved], [create_time], [update_time], [delete_time], [toolcrib_revision], [toolcrib_start_revision], [toolcrib_end_revision]) SELECT [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision], [recipe].[toolcrib_revision] AS [toolcrib_revision__1], %s AS [anon_1]
FROM [recipe]
WHERE [recipe].[id] = %s AND [recipe].[toolcrib_revision] < %s;

-- a record at a revision
SELECT [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe]
WHERE [recipe].[id] = %s AND [recipe].[toolcrib_revision] <= %s UNION ALL SELECT [recipe_history].[id], [recipe_history].[name], [recipe_history].[speed_mm_s], [recipe_history].[spindle_rpm], [recipe_history].[coolant], [recipe_history].[approved], [recipe_history].[create_time], [recipe_history].[update_time], [recipe_history].[delete_time], [recipe_history].[toolcrib_revision]
FROM [recipe_history]
WHERE [recipe_history].[id] = %s AND [recipe_history].[toolcrib_start_revision] = (SELECT max([recipe_history_1].[toolcrib_start_revision]) AS [max_1]
FROM [recipe_history] AS [recipe_history_1]
WHERE [recipe_history_1].[id] = %s AND [recipe_history_1].[toolcrib_start_revision] <= %s) AND [recipe_history].[toolcrib_end_revision] > %s;

-- who has the same name
SELECT TOP (%s) [recipe].[id]
FROM [recipe]
WHERE [recipe].[name] = %s AND [recipe].[id] != %s;

-- the related tools
SELECT TOP (%s) [recipe_tool].[recipe_id] AS [related_to], [tool_offset].[tool_number], [tool_offset].[pocket], [tool_offset].[x_offset_mm], [tool_offset].[z_offset_mm], [tool_offset].[diameter_mm], [tool_offset].[front_angle_deg], [tool_offset].[back_angle_deg], [tool_offset].[orientation], [tool_offset].[comment], [tool_offset].[create_time], [tool_offset].[update_time], [tool_offset].[delete_time], [tool_offset].[toolcrib_revision]
FROM [tool_offset] JOIN [recipe_tool] ON [recipe_tool].[tool_number] = [tool_offset].[tool_number]
WHERE [tool_offset].[delete_time] IS NULL AND [recipe_tool].[recipe_id] IN (%s) ORDER BY [tool_offset].[tool_number];

-- the related tools, then
SELECT TOP (%s) [anon_1].[recipe_id] AS [related_to], [anon_2].[tool_number], [anon_2].[pocket], [anon_2].[x_offset_mm], [anon_2].[z_offset_mm], [anon_2].[diameter_mm], [anon_2].[front_angle_deg], [anon_2].[back_angle_deg], [anon_2].[orientation], [anon_2].[comment], [anon_2].[create_time], [anon_2].[update_time], [anon_2].[delete_time], [anon_2].[toolcrib_revision]
FROM (SELECT [tool_offset].[tool_number] AS [tool_number], [tool_offset].[pocket] AS [pocket], [tool_offset].[x_offset_mm] AS [x_offset_mm], [tool_offset].[z_offset_mm] AS [z_offset_mm], [tool_offset].[diameter_mm] AS [diameter_mm], [tool_offset].[front_angle_deg] AS [front_angle_deg], [tool_offset].[back_angle_deg] AS [back_angle_deg], [tool_offset].[orientation] AS [orientation], [tool_offset].[comment] AS [comment], [tool_offset].[create_time] AS [create_time], [tool_offset].[update_time] AS [update_time], [tool_offset].[delete_time] AS [delete_time], [tool_offset].[toolcrib_revision] AS [toolcrib_revision]
FROM [tool_offset]
WHERE [tool_offset].[toolcrib_revision] <= %s UNION ALL SELECT [tool_offset_history].[tool_number] AS [tool_number], [tool_offset_history].[pocket] AS [pocket], [tool_offset_history].[x_offset_mm] AS [x_offset_mm], [tool_offset_history].[z_offset_mm] AS [z_offset_mm], [tool_offset_history].[diameter_mm] AS [diameter_mm], [tool_offset_history].[front_angle_deg] AS [front_angle_deg], [tool_offset_history].[back_angle_deg] AS [back_angle_deg], [tool_offset_history].[orientation] AS [orientation], [tool_offset_history].[comment] AS [comment], [tool_offset_history].[create_time] AS [create_time], [tool_offset_history].[update_time] AS [update_time], [tool_offset_history].[delete_time] AS [delete_time], [tool_offset_history].[toolcrib_revision] AS [toolcrib_revision]
FROM [tool_offset_history]
WHERE [tool_offset_history].[toolcrib_start_revision] <= %s AND [tool_offset_history].[toolcrib_end_revision] > %s) AS [anon_2] JOIN (SELECT [recipe_tool].[recipe_id] AS [recipe_id], [recipe_tool].[tool_number] AS [tool_number], [recipe_tool].[purpose] AS [purpose], [recipe_tool].[toolcrib_revision] AS [toolcrib_revision]
FROM [recipe_tool]
WHERE [recipe_tool].[toolcrib_revision] <= %s UNION ALL SELECT [recipe_tool_history].[recipe_id] AS [recipe_id], [recipe_tool_history].[tool_number] AS [tool_number], [recipe_tool_history].[purpose] AS [purpose], [recipe_tool_history].[toolcrib_revision] AS [toolcrib_revision]
FROM [recipe_tool_history]
WHERE [recipe_tool_history].[toolcrib_start_revision] <= %s AND [recipe_tool_history].[toolcrib_end_revision] > %s) AS [anon_1] ON [anon_1].[tool_number] = [anon_2].[tool_number]
WHERE [anon_1].[recipe_id] IN (%s) ORDER BY [anon_2].[tool_number];

-- whom recipe_id refers to
SELECT TOP (%s) [recipe].[id]
FROM [recipe]
WHERE [recipe].[delete_time] IS NULL AND [recipe].[id] IN (%s);

-- who refers by recipe_id
SELECT TOP (%s) [recipe_tool].[recipe_id], [recipe_tool].[recipe_id] AS [recipe_id__1], [recipe_tool].[tool_number]
FROM [recipe_tool]
WHERE [recipe_tool].[recipe_id] IN (%s);


-- == plant.recipes.v1.Recipe: questions

-- a page of all by name desc
SELECT TOP (%s) [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe]
WHERE 1 = 1 AND [recipe].[delete_time] IS NULL ORDER BY [recipe].[name] DESC;

-- a further page of all by name desc
SELECT TOP (%s) [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe]
WHERE 1 = 1 AND [recipe].[delete_time] IS NULL AND [recipe].[name] <= %s AND ([recipe].[name] < %s OR [recipe].[name] = %s AND [recipe].[id] > %s) ORDER BY [recipe].[name] DESC;

-- a page of all by spindle_rpm desc
SELECT TOP (%s) [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe]
WHERE 1 = 1 AND [recipe].[delete_time] IS NULL ORDER BY CASE WHEN [recipe].[spindle_rpm] IS NULL THEN 0 ELSE 1 END, [recipe].[spindle_rpm] DESC, [recipe].[id] ASC;

-- a further page of all by spindle_rpm desc
SELECT TOP (%s) [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe]
WHERE 1 = 1 AND [recipe].[delete_time] IS NULL AND [recipe].[spindle_rpm] <= %s AND ([recipe].[spindle_rpm] < %s OR [recipe].[spindle_rpm] = %s AND [recipe].[id] > %s) ORDER BY CASE WHEN [recipe].[spindle_rpm] IS NULL THEN 0 ELSE 1 END, [recipe].[spindle_rpm] DESC, [recipe].[id] ASC;

-- at NULL of all by spindle_rpm desc
SELECT TOP (%s) [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe]
WHERE 1 = 1 AND [recipe].[delete_time] IS NULL AND ([recipe].[spindle_rpm] IS NOT NULL OR [recipe].[spindle_rpm] IS NULL AND [recipe].[id] > %s) ORDER BY CASE WHEN [recipe].[spindle_rpm] IS NULL THEN 0 ELSE 1 END, [recipe].[spindle_rpm] DESC, [recipe].[id] ASC;

-- how many of name = "A*"
SELECT count(*) AS [count_1]
FROM [recipe]
WHERE [recipe].[name] >= %s AND [recipe].[name] < %s AND [recipe].[delete_time] IS NULL;

-- how many of name = "*a"
SELECT count(*) AS [count_1]
FROM [recipe]
WHERE right(replace([recipe].[name], nchar(1) + left((%s COLLATE Latin1_General_100_BIN2), 1), nchar(1) + nchar(1)), len((%s COLLATE Latin1_General_100_BIN2))) = replace((%s COLLATE Latin1_General_100_BIN2), nchar(1) + left((%s COLLATE Latin1_General_100_BIN2), 1), nchar(1) + nchar(1)) AND [recipe].[delete_time] IS NULL;

-- how many of name = "*a*"
SELECT count(*) AS [count_1]
FROM [recipe]
WHERE (len((%s COLLATE Latin1_General_100_BIN2)) = 2 OR charindex(left(replace((%s COLLATE Latin1_General_100_BIN2), nchar(1) + left((%s COLLATE Latin1_General_100_BIN2), 1), nchar(1) + nchar(1)), len((%s COLLATE Latin1_General_100_BIN2)) - 2), replace([recipe].[name], nchar(1) + left((%s COLLATE Latin1_General_100_BIN2), 1), nchar(1) + nchar(1))) > 0) AND [recipe].[delete_time] IS NULL;

-- a page of speed_mm_s > 1.5 AND NOT spindle_rpm <= 9000 by spindle_rpm
SELECT TOP (%s) [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe]
WHERE [recipe].[speed_mm_s] > %s AND [recipe].[speed_mm_s] <= CAST(1.7976931348623157E+308 AS FLOAT) AND ([recipe].[spindle_rpm] IS NULL OR [recipe].[spindle_rpm] > %s) AND [recipe].[delete_time] IS NULL ORDER BY CASE WHEN [recipe].[spindle_rpm] IS NULL THEN 1 ELSE 0 END, [recipe].[spindle_rpm] ASC, [recipe].[id] ASC;

-- a further page of speed_mm_s > 1.5 AND NOT spindle_rpm <= 9000 by spindle_rpm
SELECT TOP (%s) [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe]
WHERE [recipe].[speed_mm_s] > %s AND [recipe].[speed_mm_s] <= CAST(1.7976931348623157E+308 AS FLOAT) AND ([recipe].[spindle_rpm] IS NULL OR [recipe].[spindle_rpm] > %s) AND [recipe].[delete_time] IS NULL AND ([recipe].[spindle_rpm] > %s OR [recipe].[spindle_rpm] IS NULL OR [recipe].[spindle_rpm] = %s AND [recipe].[id] > %s) ORDER BY CASE WHEN [recipe].[spindle_rpm] IS NULL THEN 1 ELSE 0 END, [recipe].[spindle_rpm] ASC, [recipe].[id] ASC;

-- at NULL of speed_mm_s > 1.5 AND NOT spindle_rpm <= 9000 by spindle_rpm
SELECT TOP (%s) [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe]
WHERE [recipe].[speed_mm_s] > %s AND [recipe].[speed_mm_s] <= CAST(1.7976931348623157E+308 AS FLOAT) AND ([recipe].[spindle_rpm] IS NULL OR [recipe].[spindle_rpm] > %s) AND [recipe].[delete_time] IS NULL AND [recipe].[spindle_rpm] IS NULL AND [recipe].[id] > %s ORDER BY CASE WHEN [recipe].[spindle_rpm] IS NULL THEN 1 ELSE 0 END, [recipe].[spindle_rpm] ASC, [recipe].[id] ASC;

-- how many of spindle_rpm in (1, 2, null)
SELECT count(*) AS [count_1]
FROM [recipe]
WHERE ([recipe].[spindle_rpm] IS NULL OR [recipe].[spindle_rpm] IN (%s, %s, %s, %s)) AND [recipe].[delete_time] IS NULL;

-- how many of approved = true AND coolant = COOLANT_MIST
SELECT count(*) AS [count_1]
FROM [recipe]
WHERE [recipe].[approved] = %s AND [recipe].[coolant] = %s AND [recipe].[delete_time] IS NULL;

-- a page of create_time >= "2026-01-01T00:00:00Z" by update_time desc
SELECT TOP (%s) [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe]
WHERE [recipe].[create_time] >= %s AND [recipe].[delete_time] IS NULL ORDER BY [recipe].[update_time] DESC, [recipe].[id] ASC;

-- a further page of create_time >= "2026-01-01T00:00:00Z" by update_time desc
SELECT TOP (%s) [recipe].[id], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe]
WHERE [recipe].[create_time] >= %s AND [recipe].[delete_time] IS NULL AND [recipe].[update_time] <= %s AND ([recipe].[update_time] < %s OR [recipe].[update_time] = %s AND [recipe].[id] > %s) ORDER BY [recipe].[update_time] DESC, [recipe].[id] ASC;

-- how many of NOT tools.comment = "drill"
SELECT count(*) AS [count_1]
FROM [recipe]
WHERE ([recipe].[id] NOT IN (SELECT [recipe_tool].[recipe_id]
FROM [recipe_tool]
WHERE [recipe_tool].[tool_number] IN (SELECT [tool_offset].[tool_number]
FROM [tool_offset]
WHERE [tool_offset].[comment] = %s AND [tool_offset].[delete_time] IS NULL))) AND [recipe].[delete_time] IS NULL;


-- == plant.recipes.v1.RecipeTool

-- the table recipe_tool
CREATE TABLE [recipe_tool] (
    [recipe_id] BIGINT NOT NULL,
    [tool_number] INTEGER NOT NULL,
    [purpose] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [toolcrib_revision] BIGINT NOT NULL,
    PRIMARY KEY ([recipe_id], [tool_number])
);

-- the index recipe_tool_tool_number_idx
CREATE INDEX [recipe_tool_tool_number_idx] ON [recipe_tool] ([tool_number]);

-- the table recipe_tool_history
CREATE TABLE [recipe_tool_history] (
    [recipe_id] BIGINT NOT NULL,
    [tool_number] INTEGER NOT NULL,
    [purpose] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [toolcrib_revision] BIGINT NOT NULL,
    [toolcrib_start_revision] BIGINT NOT NULL,
    [toolcrib_end_revision] BIGINT NOT NULL,
    PRIMARY KEY ([recipe_id], [tool_number], [toolcrib_start_revision])
);

-- the index recipe_tool_history_end_idx
CREATE INDEX [recipe_tool_history_end_idx] ON [recipe_tool_history] ([toolcrib_end_revision]);


-- == plant.recipes.v1.RecipeTool: statements

-- insert
INSERT INTO [recipe_tool] ([recipe_id], [tool_number], [purpose], [toolcrib_revision]) VALUES (%s, %s, %s, %s);

-- update
UPDATE [recipe_tool] SET [purpose]=%s, [toolcrib_revision]=%s WHERE [recipe_tool].[recipe_id] = %s AND [recipe_tool].[tool_number] = %s;

-- delete
DELETE FROM [recipe_tool] WHERE [recipe_tool].[recipe_id] = %s AND [recipe_tool].[tool_number] = %s;

-- get
SELECT [recipe_tool].[recipe_id], [recipe_tool].[tool_number], [recipe_tool].[purpose], [recipe_tool].[toolcrib_revision]
FROM [recipe_tool]
WHERE [recipe_tool].[recipe_id] = %s AND [recipe_tool].[tool_number] = %s;

-- count_live
SELECT count(*) AS [count_1]
FROM (SELECT TOP (%s) [recipe_tool].[recipe_id] AS [recipe_id]
FROM [recipe_tool]) AS [anon_1];

-- list
SELECT TOP (%s) [recipe_tool].[recipe_id], [recipe_tool].[tool_number], [recipe_tool].[purpose], [recipe_tool].[toolcrib_revision]
FROM [recipe_tool] ORDER BY [recipe_tool].[recipe_id], [recipe_tool].[tool_number];

-- list, a further page
SELECT TOP (%s) [recipe_tool].[recipe_id], [recipe_tool].[tool_number], [recipe_tool].[purpose], [recipe_tool].[toolcrib_revision]
FROM [recipe_tool]
WHERE ([recipe_tool].[recipe_id] > %s OR [recipe_tool].[recipe_id] = %s AND ([recipe_tool].[tool_number] > %s)) ORDER BY [recipe_tool].[recipe_id], [recipe_tool].[tool_number];

-- list, deleted ones too
SELECT TOP (%s) [recipe_tool].[recipe_id], [recipe_tool].[tool_number], [recipe_tool].[purpose], [recipe_tool].[toolcrib_revision]
FROM [recipe_tool] ORDER BY [recipe_tool].[recipe_id], [recipe_tool].[tool_number];

-- list, deleted ones too, a further page
SELECT TOP (%s) [recipe_tool].[recipe_id], [recipe_tool].[tool_number], [recipe_tool].[purpose], [recipe_tool].[toolcrib_revision]
FROM [recipe_tool]
WHERE ([recipe_tool].[recipe_id] > %s OR [recipe_tool].[recipe_id] = %s AND ([recipe_tool].[tool_number] > %s)) ORDER BY [recipe_tool].[recipe_id], [recipe_tool].[tool_number];

-- a version is kept
INSERT INTO [recipe_tool_history] ([recipe_id], [tool_number], [purpose], [toolcrib_revision], [toolcrib_start_revision], [toolcrib_end_revision]) SELECT [recipe_tool].[recipe_id], [recipe_tool].[tool_number], [recipe_tool].[purpose], [recipe_tool].[toolcrib_revision], [recipe_tool].[toolcrib_revision] AS [toolcrib_revision__1], %s AS [anon_1]
FROM [recipe_tool]
WHERE [recipe_tool].[recipe_id] = %s AND [recipe_tool].[tool_number] = %s AND [recipe_tool].[toolcrib_revision] < %s;

-- a record at a revision
SELECT [recipe_tool].[recipe_id], [recipe_tool].[tool_number], [recipe_tool].[purpose], [recipe_tool].[toolcrib_revision]
FROM [recipe_tool]
WHERE [recipe_tool].[recipe_id] = %s AND [recipe_tool].[tool_number] = %s AND [recipe_tool].[toolcrib_revision] <= %s UNION ALL SELECT [recipe_tool_history].[recipe_id], [recipe_tool_history].[tool_number], [recipe_tool_history].[purpose], [recipe_tool_history].[toolcrib_revision]
FROM [recipe_tool_history]
WHERE [recipe_tool_history].[recipe_id] = %s AND [recipe_tool_history].[tool_number] = %s AND [recipe_tool_history].[toolcrib_start_revision] = (SELECT max([recipe_tool_history_1].[toolcrib_start_revision]) AS [max_1]
FROM [recipe_tool_history] AS [recipe_tool_history_1]
WHERE [recipe_tool_history_1].[recipe_id] = %s AND [recipe_tool_history_1].[tool_number] = %s AND [recipe_tool_history_1].[toolcrib_start_revision] <= %s) AND [recipe_tool_history].[toolcrib_end_revision] > %s;

-- the related recipe
SELECT TOP (%s) [recipe].[id], [recipe].[id] AS [id__1], [recipe].[name], [recipe].[speed_mm_s], [recipe].[spindle_rpm], [recipe].[coolant], [recipe].[approved], [recipe].[create_time], [recipe].[update_time], [recipe].[delete_time], [recipe].[toolcrib_revision]
FROM [recipe]
WHERE [recipe].[delete_time] IS NULL AND [recipe].[id] IN (%s) ORDER BY [recipe].[id];

-- the related recipe, then
SELECT TOP (%s) [anon_1].[id], [anon_1].[id] AS [id__1], [anon_1].[name], [anon_1].[speed_mm_s], [anon_1].[spindle_rpm], [anon_1].[coolant], [anon_1].[approved], [anon_1].[create_time], [anon_1].[update_time], [anon_1].[delete_time], [anon_1].[toolcrib_revision]
FROM (SELECT [recipe].[id] AS [id], [recipe].[name] AS [name], [recipe].[speed_mm_s] AS [speed_mm_s], [recipe].[spindle_rpm] AS [spindle_rpm], [recipe].[coolant] AS [coolant], [recipe].[approved] AS [approved], [recipe].[create_time] AS [create_time], [recipe].[update_time] AS [update_time], [recipe].[delete_time] AS [delete_time], [recipe].[toolcrib_revision] AS [toolcrib_revision]
FROM [recipe]
WHERE [recipe].[toolcrib_revision] <= %s UNION ALL SELECT [recipe_history].[id] AS [id], [recipe_history].[name] AS [name], [recipe_history].[speed_mm_s] AS [speed_mm_s], [recipe_history].[spindle_rpm] AS [spindle_rpm], [recipe_history].[coolant] AS [coolant], [recipe_history].[approved] AS [approved], [recipe_history].[create_time] AS [create_time], [recipe_history].[update_time] AS [update_time], [recipe_history].[delete_time] AS [delete_time], [recipe_history].[toolcrib_revision] AS [toolcrib_revision]
FROM [recipe_history]
WHERE [recipe_history].[toolcrib_start_revision] <= %s AND [recipe_history].[toolcrib_end_revision] > %s) AS [anon_1]
WHERE [anon_1].[id] IN (%s) ORDER BY [anon_1].[id];

-- whom recipe_id refers to
SELECT TOP (%s) [recipe].[id]
FROM [recipe]
WHERE [recipe].[delete_time] IS NULL AND [recipe].[id] IN (%s);

-- who refers by recipe_id
SELECT TOP (%s) [recipe_tool].[recipe_id], [recipe_tool].[recipe_id] AS [recipe_id__1], [recipe_tool].[tool_number]
FROM [recipe_tool]
WHERE [recipe_tool].[recipe_id] IN (%s);

-- whom tool_number refers to
SELECT TOP (%s) [tool_offset].[tool_number]
FROM [tool_offset]
WHERE [tool_offset].[delete_time] IS NULL AND [tool_offset].[tool_number] IN (%s);

-- who refers by tool_number
SELECT TOP (%s) [recipe_tool].[tool_number], [recipe_tool].[recipe_id], [recipe_tool].[tool_number] AS [tool_number__1]
FROM [recipe_tool]
WHERE [recipe_tool].[tool_number] IN (%s);


-- == plant.tools.v1.ToolOffset

-- the table tool_offset
CREATE TABLE [tool_offset] (
    [tool_number] INTEGER NOT NULL,
    [pocket] INTEGER NOT NULL,
    [x_offset_mm] DOUBLE PRECISION NOT NULL,
    [z_offset_mm] DOUBLE PRECISION NOT NULL,
    [diameter_mm] DOUBLE PRECISION NOT NULL,
    [front_angle_deg] DOUBLE PRECISION NULL,
    [back_angle_deg] DOUBLE PRECISION NULL,
    [orientation] INTEGER NULL,
    [comment] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [create_time] DATETIME2(6) NOT NULL,
    [update_time] DATETIME2(6) NOT NULL,
    [delete_time] DATETIME2(6) NULL,
    [toolcrib_revision] BIGINT NOT NULL,
    PRIMARY KEY ([tool_number])
);

-- the table tool_offset_history
CREATE TABLE [tool_offset_history] (
    [tool_number] INTEGER NOT NULL,
    [pocket] INTEGER NOT NULL,
    [x_offset_mm] DOUBLE PRECISION NOT NULL,
    [z_offset_mm] DOUBLE PRECISION NOT NULL,
    [diameter_mm] DOUBLE PRECISION NOT NULL,
    [front_angle_deg] DOUBLE PRECISION NULL,
    [back_angle_deg] DOUBLE PRECISION NULL,
    [orientation] INTEGER NULL,
    [comment] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [create_time] DATETIME2(6) NOT NULL,
    [update_time] DATETIME2(6) NOT NULL,
    [delete_time] DATETIME2(6) NULL,
    [toolcrib_revision] BIGINT NOT NULL,
    [toolcrib_start_revision] BIGINT NOT NULL,
    [toolcrib_end_revision] BIGINT NOT NULL,
    PRIMARY KEY ([tool_number], [toolcrib_start_revision])
);

-- the index tool_offset_history_end_idx
CREATE INDEX [tool_offset_history_end_idx] ON [tool_offset_history] ([toolcrib_end_revision]);


-- == plant.tools.v1.ToolOffset: statements

-- insert
INSERT INTO [tool_offset] ([tool_number], [pocket], [x_offset_mm], [z_offset_mm], [diameter_mm], [front_angle_deg], [back_angle_deg], [orientation], [comment], [create_time], [update_time], [delete_time], [toolcrib_revision]) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s);

-- update
UPDATE [tool_offset] SET [pocket]=%s, [x_offset_mm]=%s, [z_offset_mm]=%s, [diameter_mm]=%s, [front_angle_deg]=%s, [back_angle_deg]=%s, [orientation]=%s, [comment]=%s, [create_time]=%s, [update_time]=%s, [delete_time]=%s, [toolcrib_revision]=%s WHERE [tool_offset].[tool_number] = %s;

-- delete
DELETE FROM [tool_offset] WHERE [tool_offset].[tool_number] = %s;

-- get
SELECT [tool_offset].[tool_number], [tool_offset].[pocket], [tool_offset].[x_offset_mm], [tool_offset].[z_offset_mm], [tool_offset].[diameter_mm], [tool_offset].[front_angle_deg], [tool_offset].[back_angle_deg], [tool_offset].[orientation], [tool_offset].[comment], [tool_offset].[create_time], [tool_offset].[update_time], [tool_offset].[delete_time], [tool_offset].[toolcrib_revision]
FROM [tool_offset]
WHERE [tool_offset].[tool_number] = %s;

-- count_live
SELECT count(*) AS [count_1]
FROM (SELECT TOP (%s) [tool_offset].[tool_number] AS [tool_number]
FROM [tool_offset]
WHERE [tool_offset].[delete_time] IS NULL) AS [anon_1];

-- list
SELECT TOP (%s) [tool_offset].[tool_number], [tool_offset].[pocket], [tool_offset].[x_offset_mm], [tool_offset].[z_offset_mm], [tool_offset].[diameter_mm], [tool_offset].[front_angle_deg], [tool_offset].[back_angle_deg], [tool_offset].[orientation], [tool_offset].[comment], [tool_offset].[create_time], [tool_offset].[update_time], [tool_offset].[delete_time], [tool_offset].[toolcrib_revision]
FROM [tool_offset]
WHERE [tool_offset].[delete_time] IS NULL ORDER BY [tool_offset].[tool_number];

-- list, a further page
SELECT TOP (%s) [tool_offset].[tool_number], [tool_offset].[pocket], [tool_offset].[x_offset_mm], [tool_offset].[z_offset_mm], [tool_offset].[diameter_mm], [tool_offset].[front_angle_deg], [tool_offset].[back_angle_deg], [tool_offset].[orientation], [tool_offset].[comment], [tool_offset].[create_time], [tool_offset].[update_time], [tool_offset].[delete_time], [tool_offset].[toolcrib_revision]
FROM [tool_offset]
WHERE [tool_offset].[delete_time] IS NULL AND [tool_offset].[tool_number] > %s ORDER BY [tool_offset].[tool_number];

-- list, deleted ones too
SELECT TOP (%s) [tool_offset].[tool_number], [tool_offset].[pocket], [tool_offset].[x_offset_mm], [tool_offset].[z_offset_mm], [tool_offset].[diameter_mm], [tool_offset].[front_angle_deg], [tool_offset].[back_angle_deg], [tool_offset].[orientation], [tool_offset].[comment], [tool_offset].[create_time], [tool_offset].[update_time], [tool_offset].[delete_time], [tool_offset].[toolcrib_revision]
FROM [tool_offset] ORDER BY [tool_offset].[tool_number];

-- list, deleted ones too, a further page
SELECT TOP (%s) [tool_offset].[tool_number], [tool_offset].[pocket], [tool_offset].[x_offset_mm], [tool_offset].[z_offset_mm], [tool_offset].[diameter_mm], [tool_offset].[front_angle_deg], [tool_offset].[back_angle_deg], [tool_offset].[orientation], [tool_offset].[comment], [tool_offset].[create_time], [tool_offset].[update_time], [tool_offset].[delete_time], [tool_offset].[toolcrib_revision]
FROM [tool_offset]
WHERE [tool_offset].[tool_number] > %s ORDER BY [tool_offset].[tool_number];

-- a version is kept
INSERT INTO [tool_offset_history] ([tool_number], [pocket], [x_offset_mm], [z_offset_mm], [diameter_mm], [front_angle_deg], [back_angle_deg], [orientation], [comment], [create_time], [update_time], [delete_time], [toolcrib_revision], [toolcrib_start_revision], [toolcrib_end_revision]) SELECT [tool_offset].[tool_number], [tool_offset].[pocket], [tool_offset].[x_offset_mm], [tool_offset].[z_offset_mm], [tool_offset].[diameter_mm], [tool_offset].[front_angle_deg], [tool_offset].[back_angle_deg], [tool_offset].[orientation], [tool_offset].[comment], [tool_offset].[create_time], [tool_offset].[update_time], [tool_offset].[delete_time], [tool_offset].[toolcrib_revision], [tool_offset].[toolcrib_revision] AS [toolcrib_revision__1], %s AS [anon_1]
FROM [tool_offset]
WHERE [tool_offset].[tool_number] = %s AND [tool_offset].[toolcrib_revision] < %s;

-- a record at a revision
SELECT [tool_offset].[tool_number], [tool_offset].[pocket], [tool_offset].[x_offset_mm], [tool_offset].[z_offset_mm], [tool_offset].[diameter_mm], [tool_offset].[front_angle_deg], [tool_offset].[back_angle_deg], [tool_offset].[orientation], [tool_offset].[comment], [tool_offset].[create_time], [tool_offset].[update_time], [tool_offset].[delete_time], [tool_offset].[toolcrib_revision]
FROM [tool_offset]
WHERE [tool_offset].[tool_number] = %s AND [tool_offset].[toolcrib_revision] <= %s UNION ALL SELECT [tool_offset_history].[tool_number], [tool_offset_history].[pocket], [tool_offset_history].[x_offset_mm], [tool_offset_history].[z_offset_mm], [tool_offset_history].[diameter_mm], [tool_offset_history].[front_angle_deg], [tool_offset_history].[back_angle_deg], [tool_offset_history].[orientation], [tool_offset_history].[comment], [tool_offset_history].[create_time], [tool_offset_history].[update_time], [tool_offset_history].[delete_time], [tool_offset_history].[toolcrib_revision]
FROM [tool_offset_history]
WHERE [tool_offset_history].[tool_number] = %s AND [tool_offset_history].[toolcrib_start_revision] = (SELECT max([tool_offset_history_1].[toolcrib_start_revision]) AS [max_1]
FROM [tool_offset_history] AS [tool_offset_history_1]
WHERE [tool_offset_history_1].[tool_number] = %s AND [tool_offset_history_1].[toolcrib_start_revision] <= %s) AND [tool_offset_history].[toolcrib_end_revision] > %s;

-- whom tool_number refers to
SELECT TOP (%s) [tool_offset].[tool_number]
FROM [tool_offset]
WHERE [tool_offset].[delete_time] IS NULL AND [tool_offset].[tool_number] IN (%s);

-- who refers by tool_number
SELECT TOP (%s) [recipe_tool].[tool_number], [recipe_tool].[recipe_id], [recipe_tool].[tool_number] AS [tool_number__1]
FROM [recipe_tool]
WHERE [recipe_tool].[tool_number] IN (%s);


-- == plant.users.v1.User

-- the table machine_user
CREATE TABLE [machine_user] (
    [id] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [login] NVARCHAR(850) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [display_name] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [role] INTEGER NOT NULL,
    [create_time] DATETIME2(6) NOT NULL,
    [update_time] DATETIME2(6) NOT NULL,
    [delete_time] DATETIME2(6) NULL,
    [toolcrib_revision] BIGINT NOT NULL,
    PRIMARY KEY NONCLUSTERED ([id]),
    CONSTRAINT [machine_user_login_key] UNIQUE ([login])
);


-- == plant.users.v1.User: statements

-- insert
INSERT INTO [machine_user] ([id], [login], [display_name], [role], [create_time], [update_time], [delete_time], [toolcrib_revision]) VALUES (%s, %s, %s, %s, %s, %s, %s, %s);

-- update
UPDATE [machine_user] SET [login]=%s, [display_name]=%s, [role]=%s, [create_time]=%s, [update_time]=%s, [delete_time]=%s, [toolcrib_revision]=%s WHERE [machine_user].[id] = %s;

-- delete
DELETE FROM [machine_user] WHERE [machine_user].[id] = %s;

-- get
SELECT [machine_user].[id], [machine_user].[login], [machine_user].[display_name], [machine_user].[role], [machine_user].[create_time], [machine_user].[update_time], [machine_user].[delete_time], [machine_user].[toolcrib_revision]
FROM [machine_user]
WHERE [machine_user].[id] = %s;

-- count_live
SELECT count(*) AS [count_1]
FROM (SELECT TOP (%s) [machine_user].[id] AS [id]
FROM [machine_user]
WHERE [machine_user].[delete_time] IS NULL) AS [anon_1];

-- list
SELECT TOP (%s) [machine_user].[id], [machine_user].[login], [machine_user].[display_name], [machine_user].[role], [machine_user].[create_time], [machine_user].[update_time], [machine_user].[delete_time], [machine_user].[toolcrib_revision]
FROM [machine_user]
WHERE [machine_user].[delete_time] IS NULL ORDER BY [machine_user].[id];

-- list, a further page
SELECT TOP (%s) [machine_user].[id], [machine_user].[login], [machine_user].[display_name], [machine_user].[role], [machine_user].[create_time], [machine_user].[update_time], [machine_user].[delete_time], [machine_user].[toolcrib_revision]
FROM [machine_user]
WHERE [machine_user].[delete_time] IS NULL AND [machine_user].[id] > %s ORDER BY [machine_user].[id];

-- list, deleted ones too
SELECT TOP (%s) [machine_user].[id], [machine_user].[login], [machine_user].[display_name], [machine_user].[role], [machine_user].[create_time], [machine_user].[update_time], [machine_user].[delete_time], [machine_user].[toolcrib_revision]
FROM [machine_user] ORDER BY [machine_user].[id];

-- list, deleted ones too, a further page
SELECT TOP (%s) [machine_user].[id], [machine_user].[login], [machine_user].[display_name], [machine_user].[role], [machine_user].[create_time], [machine_user].[update_time], [machine_user].[delete_time], [machine_user].[toolcrib_revision]
FROM [machine_user]
WHERE [machine_user].[id] > %s ORDER BY [machine_user].[id];

-- who has the same login
SELECT TOP (%s) [machine_user].[id]
FROM [machine_user]
WHERE [machine_user].[login] = %s AND [machine_user].[id] != %s;


-- == lab.robots.v1.Robot

-- the table robot
CREATE TABLE [robot] (
    [id] BIGINT NOT NULL,
    [big] NUMERIC(20, 0) NOT NULL,
    [maybe_big] NUMERIC(20, 0) NULL,
    [d] DOUBLE PRECISION NOT NULL,
    [f] DOUBLE PRECISION NOT NULL,
    [took] BIGINT NULL,
    [yes] BIT NULL,
    [counted] NUMERIC(20, 0) NULL,
    [raw] VARBINARY(max) NULL,
    [pose] NVARCHAR(max) NULL,
    [poses] NVARCHAR(max) NOT NULL,
    [named] NVARCHAR(max) NOT NULL,
    [ratios] NVARCHAR(max) NOT NULL,
    [tags] NVARCHAR(max) NOT NULL,
    [modes] NVARCHAR(max) NOT NULL,
    [gripper] NVARCHAR(max) COLLATE Latin1_General_100_BIN2 NULL,
    [drill] INTEGER NULL,
    [custom] NVARCHAR(max) NULL,
    [since] DATETIME2(6) NULL,
    [oneof_mode] INTEGER NULL,
    [extra] NVARCHAR(max) NULL,
    [value] NVARCHAR(max) NULL,
    [items_of] NVARCHAR(max) NULL,
    [payload] NVARCHAR(max) NULL,
    [mask_of] NVARCHAR(max) NULL,
    [nothing] NVARCHAR(max) NULL,
    [laps] NVARCHAR(max) NOT NULL,
    [times] NVARCHAR(max) NOT NULL,
    [wrapped] NVARCHAR(max) NOT NULL,
    [mode_by_name] NVARCHAR(max) NOT NULL,
    [blobs] NVARCHAR(max) NOT NULL,
    [values] NVARCHAR(max) NOT NULL,
    [anys] NVARCHAR(max) NOT NULL,
    [toolcrib_revision] BIGINT NOT NULL,
    PRIMARY KEY ([id])
);


-- == lab.robots.v1.Robot: questions, most of them about JSON

-- how many of big > 5 AND maybe_big = null
SELECT count(*) AS [count_1]
FROM [robot]
WHERE [robot].[big] > %s AND [robot].[maybe_big] IS NULL;

-- how many of d > 1 OR f = -0.5
SELECT count(*) AS [count_1]
FROM [robot]
WHERE [robot].[d] > %s AND [robot].[d] <= CAST(1.7976931348623157E+308 AS FLOAT) OR [robot].[f] = %s;

-- how many of pose.x > 1
SELECT count(*) AS [count_1]
FROM [robot]
WHERE CASE WHEN ((SELECT [value] FROM openjson([robot].[pose]) WITH ([value] NVARCHAR(MAX) '$.x')) = 'Infinity') THEN CAST(1.7976931348623157E+308 AS FLOAT) WHEN ((SELECT [value] FROM openjson([robot].[pose]) WITH ([value] NVARCHAR(MAX) '$.x')) = '-Infinity') THEN -CAST(1.7976931348623157E+308 AS FLOAT) ELSE TRY_CAST ((SELECT [value] FROM openjson([robot].[pose]) WITH ([value] NVARCHAR(MAX) '$.x')) AS DOUBLE PRECISION) END > %s;

-- how many of NOT pose.inner.mode = MODE_AUTO
SELECT count(*) AS [count_1]
FROM [robot]
WHERE NOT ((CASE WHEN CAST((SELECT [value] FROM openjson([robot].[pose]) WITH ([value] NVARCHAR(MAX) '$.inner.mode')) AS BIGINT) = %s THEN 1 ELSE 0 END) = 1);

-- how many of pose.inner.words:x AND tags:y
SELECT count(*) AS [count_1]
FROM [robot]
WHERE (EXISTS (SELECT 1
FROM openjson([robot].[pose], '$.inner.words') AS [anon_1]
WHERE (([anon_1].[value] COLLATE Latin1_General_100_BIN2) + nchar(1) + nchar(1)) = %s)) AND (EXISTS (SELECT 1
FROM openjson([robot].[tags], '$') AS [anon_2]
WHERE (([anon_2].[value] COLLATE Latin1_General_100_BIN2) + nchar(1) + nchar(1)) = %s));

-- how many of pose.inner.counts.a = 3 AND named.a.name = "*b*"
SELECT count(*) AS [count_1]
FROM [robot]
WHERE (EXISTS (SELECT 1
FROM openjson([robot].[pose], '$.inner.counts') AS [anon_1]
WHERE (([anon_1].[key] COLLATE Latin1_General_100_BIN2) + nchar(1) + nchar(1)) = %s AND (([anon_1].[value] COLLATE Latin1_General_100_BIN2) + nchar(1) + nchar(1)) = %s)) AND (EXISTS (SELECT 1
FROM openjson([robot].[named], '$') AS [anon_2]
WHERE (([anon_2].[key] COLLATE Latin1_General_100_BIN2) + nchar(1) + nchar(1)) = %s AND (len((%s COLLATE Latin1_General_100_BIN2)) = 2 OR charindex(left(replace((%s COLLATE Latin1_General_100_BIN2), nchar(1) + left((%s COLLATE Latin1_General_100_BIN2), 1), nchar(1) + nchar(1)), len((%s COLLATE Latin1_General_100_BIN2)) - 2), replace(((SELECT [value] FROM openjson([anon_2].[value]) WITH ([value] NVARCHAR(MAX) '$.name')) COLLATE Latin1_General_100_BIN2) + nchar(1) + nchar(1), nchar(1) + left((%s COLLATE Latin1_General_100_BIN2), 1), nchar(1) + nchar(1))) > 0)));

-- how many of pose.inner = null
SELECT count(*) AS [count_1]
FROM [robot]
WHERE NOT ((CASE WHEN coalesce(json_query([robot].[pose], '$.inner'), (SELECT [value] FROM openjson([robot].[pose]) WITH ([value] NVARCHAR(MAX) '$.inner'))) IS NOT NULL THEN 1 ELSE 0 END) = 1);

-- how many of pose.number = 18446744073709551615
SELECT count(*) AS [count_1]
FROM [robot]
WHERE (((SELECT [value] FROM openjson([robot].[pose]) WITH ([value] NVARCHAR(MAX) '$.number')) COLLATE Latin1_General_100_BIN2) + nchar(1) + nchar(1)) = %s;

-- how many of NOT ratios:*
SELECT count(*) AS [count_1]
FROM [robot]
WHERE NOT ((CASE WHEN EXISTS (SELECT 1
FROM openjson([robot].[ratios], '$') AS [anon_1]
WHERE [anon_1].[value] IS NOT NULL) THEN 1 ELSE 0 END) = 1);


-- == lab.robots.v1.Robot: watched

-- whether big > 5 AND maybe_big = null
WITH [robot] AS
(SELECT CAST(%s AS BIGINT) AS [id], CAST(%s AS NUMERIC(20, 0)) AS [big], CAST(%s AS NUMERIC(20, 0)) AS [maybe_big], CAST(%s AS DOUBLE PRECISION) AS [d], CAST(%s AS DOUBLE PRECISION) AS [f], CAST(%s AS BIGINT) AS [took], CAST(%s AS BIT) AS [yes], CAST(%s AS NUMERIC(20, 0)) AS [counted], CAST(%s AS VARBINARY(max)) AS [raw], CAST(%s AS NVARCHAR(max)) AS [pose], CAST(%s AS NVARCHAR(max)) AS [poses], CAST(%s AS NVARCHAR(max)) AS [named], CAST(%s AS NVARCHAR(max)) AS [ratios], CAST(%s AS NVARCHAR(max)) AS [tags], CAST(%s AS NVARCHAR(max)) AS [modes], CAST(%s AS NVARCHAR(max)) COLLATE Latin1_General_100_BIN2 AS [gripper], CAST(%s AS INTEGER) AS [drill], CAST(%s AS NVARCHAR(max)) AS [custom], CAST(%s AS DATETIME2(6)) AS [since], CAST(%s AS INTEGER) AS [oneof_mode], CAST(%s AS NVARCHAR(max)) AS [extra], CAST(%s AS NVARCHAR(max)) AS [value], CAST(%s AS NVARCHAR(max)) AS [items_of], CAST(%s AS NVARCHAR(max)) AS [payload], CAST(%s AS NVARCHAR(max)) AS [mask_of], CAST(%s AS NVARCHAR(max)) AS [nothing], CAST(%s AS NVARCHAR(max)) AS [laps], CAST(%s AS NVARCHAR(max)) AS [times], CAST(%s AS NVARCHAR(max)) AS [wrapped], CAST(%s AS NVARCHAR(max)) AS [mode_by_name], CAST(%s AS NVARCHAR(max)) AS [blobs], CAST(%s AS NVARCHAR(max)) AS [values], CAST(%s AS NVARCHAR(max)) AS [anys], CAST(%s AS BIGINT) AS [toolcrib_revision])
 SELECT 1
FROM [robot]
WHERE [robot].[big] > %s AND [robot].[maybe_big] IS NULL;

-- whether d > 1 OR f = -0.5
WITH [robot] AS
(SELECT CAST(%s AS BIGINT) AS [id], CAST(%s AS NUMERIC(20, 0)) AS [big], CAST(%s AS NUMERIC(20, 0)) AS [maybe_big], CAST(%s AS DOUBLE PRECISION) AS [d], CAST(%s AS DOUBLE PRECISION) AS [f], CAST(%s AS BIGINT) AS [took], CAST(%s AS BIT) AS [yes], CAST(%s AS NUMERIC(20, 0)) AS [counted], CAST(%s AS VARBINARY(max)) AS [raw], CAST(%s AS NVARCHAR(max)) AS [pose], CAST(%s AS NVARCHAR(max)) AS [poses], CAST(%s AS NVARCHAR(max)) AS [named], CAST(%s AS NVARCHAR(max)) AS [ratios], CAST(%s AS NVARCHAR(max)) AS [tags], CAST(%s AS NVARCHAR(max)) AS [modes], CAST(%s AS NVARCHAR(max)) COLLATE Latin1_General_100_BIN2 AS [gripper], CAST(%s AS INTEGER) AS [drill], CAST(%s AS NVARCHAR(max)) AS [custom], CAST(%s AS DATETIME2(6)) AS [since], CAST(%s AS INTEGER) AS [oneof_mode], CAST(%s AS NVARCHAR(max)) AS [extra], CAST(%s AS NVARCHAR(max)) AS [value], CAST(%s AS NVARCHAR(max)) AS [items_of], CAST(%s AS NVARCHAR(max)) AS [payload], CAST(%s AS NVARCHAR(max)) AS [mask_of], CAST(%s AS NVARCHAR(max)) AS [nothing], CAST(%s AS NVARCHAR(max)) AS [laps], CAST(%s AS NVARCHAR(max)) AS [times], CAST(%s AS NVARCHAR(max)) AS [wrapped], CAST(%s AS NVARCHAR(max)) AS [mode_by_name], CAST(%s AS NVARCHAR(max)) AS [blobs], CAST(%s AS NVARCHAR(max)) AS [values], CAST(%s AS NVARCHAR(max)) AS [anys], CAST(%s AS BIGINT) AS [toolcrib_revision])
 SELECT 1
FROM [robot]
WHERE [robot].[d] > %s AND [robot].[d] <= CAST(1.7976931348623157E+308 AS FLOAT) OR [robot].[f] = %s;

-- whether pose.x > 1
WITH [robot] AS
(SELECT CAST(%s AS BIGINT) AS [id], CAST(%s AS NUMERIC(20, 0)) AS [big], CAST(%s AS NUMERIC(20, 0)) AS [maybe_big], CAST(%s AS DOUBLE PRECISION) AS [d], CAST(%s AS DOUBLE PRECISION) AS [f], CAST(%s AS BIGINT) AS [took], CAST(%s AS BIT) AS [yes], CAST(%s AS NUMERIC(20, 0)) AS [counted], CAST(%s AS VARBINARY(max)) AS [raw], CAST(%s AS NVARCHAR(max)) AS [pose], CAST(%s AS NVARCHAR(max)) AS [poses], CAST(%s AS NVARCHAR(max)) AS [named], CAST(%s AS NVARCHAR(max)) AS [ratios], CAST(%s AS NVARCHAR(max)) AS [tags], CAST(%s AS NVARCHAR(max)) AS [modes], CAST(%s AS NVARCHAR(max)) COLLATE Latin1_General_100_BIN2 AS [gripper], CAST(%s AS INTEGER) AS [drill], CAST(%s AS NVARCHAR(max)) AS [custom], CAST(%s AS DATETIME2(6)) AS [since], CAST(%s AS INTEGER) AS [oneof_mode], CAST(%s AS NVARCHAR(max)) AS [extra], CAST(%s AS NVARCHAR(max)) AS [value], CAST(%s AS NVARCHAR(max)) AS [items_of], CAST(%s AS NVARCHAR(max)) AS [payload], CAST(%s AS NVARCHAR(max)) AS [mask_of], CAST(%s AS NVARCHAR(max)) AS [nothing], CAST(%s AS NVARCHAR(max)) AS [laps], CAST(%s AS NVARCHAR(max)) AS [times], CAST(%s AS NVARCHAR(max)) AS [wrapped], CAST(%s AS NVARCHAR(max)) AS [mode_by_name], CAST(%s AS NVARCHAR(max)) AS [blobs], CAST(%s AS NVARCHAR(max)) AS [values], CAST(%s AS NVARCHAR(max)) AS [anys], CAST(%s AS BIGINT) AS [toolcrib_revision])
 SELECT 1
FROM [robot]
WHERE CASE WHEN ((SELECT [value] FROM openjson([robot].[pose]) WITH ([value] NVARCHAR(MAX) '$.x')) = 'Infinity') THEN CAST(1.7976931348623157E+308 AS FLOAT) WHEN ((SELECT [value] FROM openjson([robot].[pose]) WITH ([value] NVARCHAR(MAX) '$.x')) = '-Infinity') THEN -CAST(1.7976931348623157E+308 AS FLOAT) ELSE TRY_CAST ((SELECT [value] FROM openjson([robot].[pose]) WITH ([value] NVARCHAR(MAX) '$.x')) AS DOUBLE PRECISION) END > %s;
