"""PostgreSQL's triggers that note the writes which bypass the server (`audit_direct_writes`).

They are asked of every row, and pass over what the server's own sessions write: those show a secret that is in
`toolcrib_meta`, while the trigger, which everybody may read, has only its hash. What others write is noted in
`toolcrib_direct_write`, in their own transaction; and new rows get what the server would give them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection

from toolcrib.server.session import driver_connection

# Where servers tell each other of their commits, and triggers of a write that bypassed them all, in place of a name.
CHANNEL = "toolcrib"
DIRECT_WRITE = "direct_write"

# What a session of the server shows its secret by.
WRITER = "toolcrib.writer"
# A parameter of the statement, which is in no log and no list of statements that run.
INTRODUCE = f"SELECT set_config('{WRITER}', %s, %s)"
# Where whoever writes may say why.
REASON = "toolcrib.reason"

# Triggers run in the order of their names. The first behind a change: another's may change the row once more, which is
# to be noted later. The last before it: whatever others made of the row is what is completed.
_NOTE, _NOTE_TRUNCATE, _FILL = "00_toolcrib_note", "00_toolcrib_note_truncate", "zz_toolcrib_fill"
_NAMES = (_NOTE, _NOTE_TRUNCATE, _FILL)
_ALWAYS = "A"
_NAME_BYTES_MAX = 63

# How values are spelled, whatever the session that writes has set: numbers by all their digits.
_SPELLING = "SET timezone = 'UTC' SET extra_float_digits = 1 SET bytea_output = 'hex'"

# A sequence that others count on at the same moment gets no farther than this between being asked and being set.
_FAR_BEHIND = 1_000

_FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION toolcrib_record_key(row_ json, fields text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $toolcrib$
  SELECT CASE WHEN cardinality(fields) = 1 THEN row_ ->> fields[array_lower(fields, 1)] ELSE (
    SELECT string_agg(replace(replace(row_ ->> field, '%', '%25'), '/', '%2F'), '/' ORDER BY place)
    FROM unnest(fields) WITH ORDINALITY AS part (field, place)) END
$toolcrib$;

CREATE OR REPLACE FUNCTION toolcrib_note_row(
  table_ text, fields text[], operation_ smallint, before_ json, after_ json) RETURNS void
LANGUAGE sql VOLATILE AS $toolcrib$
  INSERT INTO toolcrib_direct_write (transaction_id, table_name, record_key, operation, before_row, after_row,
    write_time, role, reason, application, peer)
  VALUES (pg_current_xact_id()::text::bigint, table_, toolcrib_record_key(coalesce(after_, before_), fields),
    operation_, before_::text, after_::text, clock_timestamp(), session_user,
    coalesce(current_setting('{REASON}', true), ''), coalesce(current_setting('application_name', true), ''),
    CASE family(inet_client_addr())
      WHEN 4 THEN format('ipv4:%s:%s', host(inet_client_addr()), inet_client_port())
      WHEN 6 THEN format('ipv6:[%s]:%s', host(inet_client_addr()), inet_client_port())
      ELSE 'unix:' END)
$toolcrib$;

CREATE OR REPLACE FUNCTION toolcrib_note_direct_write() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {{schema}}, pg_temp {_SPELLING} AS $toolcrib$
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    EXECUTE format('SELECT toolcrib_note_row($1, $2, 3::smallint, row_to_json(gone), NULL) FROM ONLY %I.%I AS gone',
      TG_TABLE_SCHEMA, TG_TABLE_NAME) USING TG_TABLE_NAME, TG_ARGV;
  ELSIF TG_OP = 'INSERT' THEN
    PERFORM toolcrib_note_row(TG_TABLE_NAME, TG_ARGV, 1::smallint, NULL, row_to_json(NEW));
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM toolcrib_note_row(TG_TABLE_NAME, TG_ARGV, 3::smallint, row_to_json(OLD), NULL);
  ELSIF toolcrib_record_key(row_to_json(OLD), TG_ARGV) = toolcrib_record_key(row_to_json(NEW), TG_ARGV) THEN
    PERFORM toolcrib_note_row(TG_TABLE_NAME, TG_ARGV, 2::smallint, row_to_json(OLD), row_to_json(NEW));
  ELSE
    PERFORM toolcrib_note_row(TG_TABLE_NAME, TG_ARGV, 3::smallint, row_to_json(OLD), NULL);
    PERFORM toolcrib_note_row(TG_TABLE_NAME, TG_ARGV, 1::smallint, NULL, row_to_json(NEW));
  END IF;
  PERFORM pg_notify('{CHANNEL}', '{DIRECT_WRITE}');
  RETURN NULL;
END
$toolcrib$;

-- Lets a sequence give nobody a number up to this one. It is set only where it is far behind, and counts on otherwise:
-- what others take of it meanwhile would be given again, were it set back.
CREATE OR REPLACE FUNCTION toolcrib_pass_over(key_sequence regclass, number bigint) RETURNS void
LANGUAGE plpgsql VOLATILE AS $toolcrib$
DECLARE
  last bigint := coalesce(pg_sequence_last_value(key_sequence), 0);
BEGIN
  WHILE last < number LOOP
    IF number - last > {_FAR_BEHIND} THEN
      last := setval(key_sequence, number);
    ELSE
      last := nextval(key_sequence);
    END IF;
  END LOOP;
END
$toolcrib$;

CREATE OR REPLACE FUNCTION toolcrib_fill_direct_write() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {{schema}}, pg_temp {_SPELLING} AS $toolcrib$
DECLARE
  -- The values of what is not given, the field of an allocated key, its sequence, and the columns of revisions.
  defaults jsonb := TG_ARGV[0];
  key_field text := TG_ARGV[1];
  key_sequence text := TG_ARGV[2];
  revisions text[] := TG_ARGV[3];
  given jsonb := to_jsonb(NEW);
  lacking jsonb;
  number bigint;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF key_sequence <> '' THEN
      PERFORM toolcrib_pass_over(key_sequence::regclass, (given ->> key_field)::bigint);
    END IF;
    SELECT jsonb_object_agg(name, to_jsonb(OLD) -> name) INTO lacking FROM unnest(revisions) AS name;
    RETURN jsonb_populate_record(NEW, lacking);
  END IF;
  SELECT jsonb_object_agg(name, '0'::jsonb) INTO lacking FROM unnest(revisions) AS name;
  SELECT lacking || coalesce(jsonb_object_agg(name, value), '{{{{}}}}') INTO lacking
  FROM jsonb_each(defaults) AS standard (name, value) WHERE given -> name = 'null';
  IF key_sequence <> '' THEN
    number := given ->> key_field;
    IF coalesce(number, 0) = 0 THEN
      lacking := lacking || jsonb_build_object(key_field, nextval(key_sequence::regclass));
    ELSE
      PERFORM toolcrib_pass_over(key_sequence::regclass, number);
    END IF;
  ELSIF key_field <> '' AND coalesce(given ->> key_field, '') = '' THEN
    -- Version 7 (RFC 9562): the bits of version 4, the time before them.
    lacking := lacking || jsonb_build_object(key_field, encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
      PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
      FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid);
  END IF;
  RETURN jsonb_populate_record(NEW, lacking);
END
$toolcrib$;

-- Nobody hangs them on a table of their own that has the name of a component's.
REVOKE ALL ON FUNCTION toolcrib_note_direct_write(), toolcrib_fill_direct_write() FROM PUBLIC;
"""  # noqa: S608  # of constants

_TRIGGERS = f"""
CREATE TRIGGER "{_NOTE}" AFTER INSERT OR UPDATE OR DELETE ON {{table}} FOR EACH ROW
  WHEN ({{is_stranger}}) EXECUTE FUNCTION toolcrib_note_direct_write({{key}});
CREATE TRIGGER "{_NOTE_TRUNCATE}" BEFORE TRUNCATE ON {{table}} FOR EACH STATEMENT
  WHEN ({{is_stranger}}) EXECUTE FUNCTION toolcrib_note_direct_write({{key}});
CREATE TRIGGER "{_FILL}" BEFORE INSERT OR UPDATE ON {{table}} FOR EACH ROW
  WHEN ({{is_stranger}}) EXECUTE FUNCTION toolcrib_fill_direct_write({{facts}});
"""
_STRANGER = f"sha256(convert_to(coalesce(current_setting('{WRITER}', true), ''), 'UTF8')) <> '\\x{{digest}}'::bytea"

_STORED = """
SELECT relname, tgname, tgenabled, obj_description(pg_trigger.oid, 'pg_trigger')
FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = current_schema()::regnamespace AND tgname = ANY(%s)
"""
_RAISE_SEQUENCE = """
SELECT setval(to_regclass(quote_ident(%(sequence)s)), greatest(1, last), last > 0)
FROM (SELECT greatest(0, (SELECT last_value FROM toolcrib_sequence WHERE name = %(name)s),
  (SELECT max({key}) FROM {table}), pg_sequence_last_value(to_regclass(quote_ident(%(sequence)s)))) AS last) AS known
"""
_KEEP_LAST = """
UPDATE toolcrib_sequence SET last_value =
  greatest(last_value, coalesce(pg_sequence_last_value(to_regclass(quote_ident(%(sequence)s))), 0))
WHERE name = %(name)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectTable:
    """A table whose direct writes are noted.

    `defaults` are values by their columns, spelled as PostgreSQL reads them, of what a new row leaves out. `uuid_key`
    is the column of a key that is a UUID, `counted_key` that of one that is counted, under `sequence_name` in
    `toolcrib_sequence`. `revisions` are the columns that are nobody's to write.
    """

    name: str
    key: tuple[str, ...]
    defaults: Mapping[str, str]
    revisions: tuple[str, ...]
    uuid_key: str = ""
    counted_key: str = ""
    sequence_name: str = ""

    def digest(self) -> str:
        """Changes with everything that is made for it."""
        return sha256((_FUNCTIONS + self._triggers("")).encode()).hexdigest()[:16]

    def create(self, connection: Connection, secret: str) -> None:
        """Makes the triggers, and a sequence that server and database both count the keys by."""
        driver = driver_connection(connection)
        (schema,) = driver.execute("SELECT quote_ident(current_schema())").fetchone()
        driver.execute(_FUNCTIONS.format(schema=schema))
        driver.execute(self._triggers(sha256(secret.encode()).hexdigest()))
        for name in _NAMES:
            driver.execute(f'ALTER TABLE {_quoted(self.name)} ENABLE ALWAYS TRIGGER "{name}"')
        driver.execute(f"COMMENT ON TRIGGER \"{_NOTE}\" ON {_quoted(self.name)} IS '{self.digest()}'")
        if self.counted_key:
            owner = f"{_quoted(self.name)}.{_quoted(self.counted_key)}"
            driver.execute(f"CREATE SEQUENCE {_quoted(key_sequence(self.name))} OWNED BY {owner}")
            self.count_on(connection)

    def count_on(self, connection: Connection) -> None:
        """Counts keys on from the highest that there is, or that was ever given: records may be from elsewhere."""
        if self.counted_key:
            raised = _RAISE_SEQUENCE.format(table=_quoted(self.name), key=_quoted(self.counted_key))
            names = {"sequence": key_sequence(self.name), "name": self.sequence_name}
            driver_connection(connection).execute(raised, names)

    def _triggers(self, digest: str) -> str:
        key_field = self.counted_key or self.uuid_key
        sequence = key_sequence(self.name) if self.counted_key else ""
        facts = (json.dumps(self.defaults, sort_keys=True), key_field, sequence, f"{{{','.join(self.revisions)}}}")
        return _TRIGGERS.format(
            table=_quoted(self.name),
            is_stranger=_STRANGER.format(digest=digest),
            key=", ".join(map(_literal, self.key)),
            facts=", ".join(map(_literal, facts)),
        )


def drop(connection: Connection, table: str, sequence_name: str) -> None:
    """Drops what `create` made of a table, and keeps the last key."""
    driver = driver_connection(connection)
    for name in _NAMES:
        driver.execute(f'DROP TRIGGER IF EXISTS "{name}" ON {_quoted(table)}')
    owned = "SELECT objid::regclass::text FROM pg_depend WHERE refobjid = to_regclass(quote_ident(%s)) AND "
    owned += "deptype = 'a' AND classid = 'pg_class'::regclass AND objid::regclass::text ~ '^\"?toolcrib_key_'"
    for (sequence,) in driver.execute(owned, [table]).fetchall():
        driver.execute(_KEEP_LAST, {"sequence": sequence.strip('"'), "name": sequence_name})
        driver.execute(f"DROP SEQUENCE {sequence}")


def stored(connection: Connection) -> Mapping[str, str]:
    """The digest of what each table has, by its name; empty where a part of it is gone, or was switched off."""
    found: dict[str, dict[str, str]] = {}
    rows = driver_connection(connection).execute(_STORED, [list(_NAMES)]).fetchall()
    for table, name, enabled, digest in rows:
        found.setdefault(table, {})[name] = (digest or "" if name == _NOTE else name) if enabled == _ALWAYS else ""
    return {
        table: triggers[_NOTE] if len(triggers) == len(_NAMES) and all(triggers.values()) else ""
        for table, triggers in found.items()
    }


def key_sequence(table: str) -> str:
    """The sequence of the keys of a table."""
    name = f"toolcrib_key_{table}"
    if len(name) <= _NAME_BYTES_MAX:
        return name
    return f"toolcrib_key_{sha256(table.encode()).hexdigest()[:32]}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
