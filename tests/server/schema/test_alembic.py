"""Those who keep Alembic have each plan as a migration script, which does what the plan says, and takes it back."""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, make_url, text

from support.evolving import Evolving, Failed, option, part

ROOT = Path(__file__).parents[3]
# As SQLAlchemy names them.
DRIVERS = {"postgresql": "postgresql+psycopg", "mariadb": "mysql+pymysql"}
ENV = """
from alembic import context
from sqlalchemy import create_engine

with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    {before}
    context.configure(connection=connection, {options})
    with context.begin_transaction():
        context.run_migrations()
"""
PLAIN = ENV.format(before="", options="target_metadata=None")
OWN = ENV.format(
    before="from sqlalchemy import *; from toolcrib.server.migrations import leave_toolcrib; own = MetaData(); "
    "Table('notes', own, Column('id', Integer, primary_key=True))",
    options="target_metadata=own, include_name=leave_toolcrib(connection)",
)


class Migrating:
    """A shop whose database is brought up by Alembic."""

    def __init__(self, shop: Evolving, folder: Path, env: str = PLAIN) -> None:
        self.shop, self.versions = shop, folder / "alembic" / "versions"
        self.versions.mkdir(parents=True)
        (self.versions.parent / "env.py").write_text(env)
        template = '"""${message}"""\nrevision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n'
        body = "def upgrade():\n    ${upgrades}\ndef downgrade():\n    ${downgrades}\n"
        (self.versions.parent / "script.py.mako").write_text(
            f"{template}import sqlalchemy as sa\nfrom alembic import op\n{body}"
        )
        url = make_url(str(shop.database) if "://" in str(shop.database) else f"sqlite:///{shop.database}")
        self.url = url.set(drivername=DRIVERS.get(url.get_backend_name(), url.drivername))
        self.config = Config()
        self.config.set_main_option("script_location", str(self.versions.parent))
        self.config.set_main_option("sqlalchemy.url", self.url.render_as_string(hide_password=False).replace("%", "%%"))

    def export(self, *words: str) -> str | None:
        """The text of the script that is written, if one is. Raises Failed."""
        done = self.shop.command("schema", "export-alembic", "--out", str(self.versions), "--json", *words)
        if done.code:
            raise Failed(done.errors)
        script = json.loads(done.out)["script"]
        return None if script is None else Path(script).read_text()

    def upgrade(self) -> None:
        command.upgrade(self.config, "head")

    def downgrade(self, to: str) -> None:
        command.downgrade(self.config, to)

    def tables(self) -> dict[str, Any]:
        """Everything that the database says of its tables, but for Alembic's own."""
        engine = create_engine(self.url)
        with engine.connect() as connection:
            inspector = inspect(connection)
            return {
                name: (
                    sorted((one["name"], str(one["type"]), one["nullable"]) for one in inspector.get_columns(name)),
                    inspector.get_pk_constraint(name)["constrained_columns"],
                    [one["column_names"] for one in inspector.get_unique_constraints(name)],
                    [(one["name"], one["column_names"], one["unique"]) for one in inspector.get_indexes(name)],
                    [(one["constrained_columns"], one["referred_table"]) for one in inspector.get_foreign_keys(name)],
                )
                for name in sorted(inspector.get_table_names())
                if name != "alembic_version"
            }


@pytest.fixture
def migrating(shop: Evolving, tmp_path: Path) -> Migrating:
    return Migrating(shop, tmp_path)


FIRST = part(
    "string name = 2" + option(unique="true"),
    "int32 size = 3",
    "string note = 4",
    "double weight = 5",
    "optional int32 grade = 6",
    "uint64 serial = 7",
    "bytes raw = 8",
    "repeated string tags = 9",
    "google.protobuf.Timestamp at = 10",
    "bool done = 11",
    "repeated int32 levels = 14",
    "bool spare = 15",
)
SECOND = part(
    "string title = 2" + option(renamed_from='"name"', unique="true"),
    "int64 size = 3",
    "double weight = 5",
    "int32 grade = 6",
    "int64 serial = 7",
    "optional bytes raw = 8",
    "repeated string tags = 9",
    "google.protobuf.Timestamp at = 10",
    "bool done = 11",
    "optional string colour = 12",
    "map<string, int32> counts = 13",
    "int32 spare = 15",
    options='history: HISTORY_VERSIONS soft_delete: true table: "piece" '
    'indexes: [{fields: ["size desc", "grade"]}, {fields: ["size", "title"] unique: true live_only: true}]',
)
RECORD = {
    "name": "it's: a",
    "size": 7,
    "note": "x",
    "weight": -0.0,
    "serial": "12",
    "raw": "AA==",
    "tags": ["t"],
    "done": True,
    "levels": [1],
    "spare": True,
}


def allowed(shop: Evolving) -> list[str]:
    return [word for step in shop.plan()["refused"] for word in ("--allow", step)]


def test_an_empty_database_has_the_tables_that_an_apply_makes(migrating: Migrating) -> None:
    shop = migrating.shop
    shop.declare(FIRST)
    assert migrating.export() is not None
    migrating.upgrade()
    assert shop.steps() == []
    by_alembic = migrating.tables()
    migrating.downgrade("base")
    assert migrating.tables() == {}
    migrating.upgrade()
    (created,) = shop.serve(("create", RECORD))
    assert created["id"] == "1"
    assert shop.verify()["ok"]
    (version,) = [json.loads(line) for line in shop.versions("--json").splitlines()]
    assert re.search(r"nothing to do; Alembic has brought it there, at [0-9a-f]{12}$", version["plan"])
    assert migrating.tables() == by_alembic


def test_the_tables_are_those_of_a_server(migrating: Migrating) -> None:
    shop = migrating.shop
    shop.declare(SECOND)
    migrating.export("--from-base")
    migrating.upgrade()
    by_alembic = migrating.tables()
    migrating.downgrade("base")
    with create_engine(migrating.url).begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    shop.serve()
    assert migrating.tables() == by_alembic


def test_changes_of_all_kinds_keep_records_and_can_be_taken_back(migrating: Migrating) -> None:
    shop = migrating.shop
    shop.declare(FIRST)
    shop.serve(("create", RECORD), ("update", {"id": 1, "size": 8, "grade": 3}), ("create", {"name": "b"}))
    before, rows = migrating.tables(), shop.sql("SELECT id, name, size, serial, weight, spare FROM part ORDER BY id")
    (records,) = shop.serve(("list",))
    shop.declare(SECOND)
    migrating.export(*allowed(shop))
    migrating.upgrade()
    assert shop.steps() == []
    migrating.downgrade("base")
    assert migrating.tables() == before
    assert shop.sql("SELECT id, name, size, serial, weight, spare FROM part ORDER BY id") == rows
    shop.declare(FIRST)
    assert shop.steps() == []
    dropped, unset = {"note": "", "levels": []}, {"grade": 0}
    empty = [{name: value for name, value in (unset | one).items() if name not in dropped} for one in records]
    assert shop.serve(("list",)) == [empty]
    shop.declare(SECOND)
    migrating.upgrade()
    first, second, then = shop.serve(("get", 1), ("get", 2), ("get", 1, {"with": {"as_of": 1}}))
    assert (first["title"], first["size"], first["serial"], first["grade"], first["raw"]) == (
        "it's: a",
        "8",
        "12",
        3,
        "AA==",
    )
    assert str(first["weight"]) == "-0.0"
    assert (then["size"], second.get("grade"), second.get("raw")) == ("7", None, None)
    assert shop.serve(("create", {"title": "c"}))[0]["id"] == "3"
    assert shop.verify()["ok"]
    assert migrating.export() is None


def test_what_is_unique_among_live_records_comes_and_goes(migrating: Migrating) -> None:
    shop = migrating.shop
    body = "message Part {{ option (toolcrib.options.v1.component) = {{{}}}; uint64 line = 1{}; string name = 2{}; }}"
    key, live = option(key="true", key_source="KEY_SOURCE_CLIENT"), option(unique_live="true")
    shop.declare(body.format("soft_delete: true", key, live))
    migrating.export()
    migrating.upgrade()
    (created,) = shop.serve(("create", {"line": str(2**64 - 1), "name": "a"}))
    before = migrating.tables()
    shop.declare(body.format("", key, ""))
    migrating.export()
    migrating.upgrade()
    assert shop.steps() == []
    migrating.downgrade("-1")
    assert migrating.tables() == before
    shop.declare(body.format("soft_delete: true", key, live))
    with pytest.raises(Failed, match="AlreadyExists"):
        shop.serve(("create", {"line": "1", "name": "a"}))
    assert shop.serve(("list",)) == [[created]]


def test_the_script_goes_on_from_the_last_and_only_once_that_is_applied(migrating: Migrating) -> None:
    shop = migrating.shop
    shop.declare(part("string name = 2"))
    first = migrating.export()
    migrating.upgrade()
    shop.declare(part("string name = 2", "optional string note = 3"))
    second = migrating.export()
    assert first is not None
    assert second is not None
    (revision,) = re.findall(r'^revision = "(\w+)"$', first, re.MULTILINE)
    assert f'down_revision = "{revision}"\n' in second
    with pytest.raises(Failed, match="is not applied: the database is at"):
        migrating.export()


def test_the_script_is_the_same_each_time_needs_no_toolcrib_and_is_as_ruff_wants_it(
    migrating: Migrating, tmp_path: Path
) -> None:
    shop = migrating.shop
    shop.declare(FIRST)
    shop.serve()
    shop.declare(SECOND)
    texts = []
    for _ in range(2):
        texts.append(migrating.export(*allowed(shop)) or "")
        for path in migrating.versions.glob("*.py"):
            path.rename(tmp_path / path.name)
    first, second = (re.sub(r"(?m)^Create Date: .*$", "", each) for each in texts)
    assert first == second
    assert not re.search(r"^(from|import) toolcrib", first, re.MULTILINE)
    ruff, config = Path(sysconfig.get_path("scripts"), "ruff"), ROOT / "pyproject.toml"
    script = tmp_path / "script_of_the_shop.py"
    script.write_text(texts[0])
    for words in (["format", "--diff"], ["check", "--ignore", "INP001"]):
        done = subprocess.run([ruff, *words, "--config", config, script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_what_is_more_than_the_form_of_tables_is_left_to_an_apply(migrating: Migrating) -> None:
    shop = migrating.shop
    shop.declare(part("string name = 2", "string note = 3"))
    shop.serve(("create", {"name": "a"}))
    shop.declare(part("string name = 2", "int32 grade = 4" + option(backfill='"3"')))
    with pytest.raises(Failed, match=r"the schema of .* is not changed: drop part.note"):
        migrating.export()
    with pytest.raises(Failed, match=r"cannot do a backfill of shop.v1.Part; use `toolcrib schema apply`"):
        migrating.export(*allowed(shop))
    assert list(migrating.versions.glob("*.py")) == []


def test_a_server_that_only_checks_takes_what_alembic_has_done(migrating: Migrating) -> None:
    shop = migrating.shop
    shop.declare(part("string name = 2"))
    shop.serve(("create", {"name": "a"}))
    shop.declare(part("string name = 2", "optional string note = 3"))
    with pytest.raises(Failed, match="schema_policy is check"):
        shop.serve(schema_policy="check")
    migrating.export()
    migrating.upgrade()
    shop.serve(("update", {"id": 1, "note": "x"}), schema_policy="check")
    newest = json.loads(shop.versions("--json").splitlines()[-1])
    assert (newest["version"], "Alembic has brought it there" in newest["plan"]) == (2, True)


def test_migrations_of_ones_own_leave_toolcribs_tables_alone(shop: Evolving, tmp_path: Path) -> None:
    shop.declare(part("string name = 2"))
    shop.serve(("create", {"name": "a"}))
    own = Migrating(shop, tmp_path, OWN)
    command.revision(own.config, "notes", autogenerate=True)
    (path,) = own.versions.glob("*.py")
    assert re.findall(r"op\.(\w+)\('(\w+)'", path.read_text()) == [("create_table", "notes"), ("drop_table", "notes")]
    own.upgrade()
    assert shop.serve(("get", 1))[0]["name"] == "a"
