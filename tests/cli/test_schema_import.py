"""Another application's tables become components that are served at once, and its rows records."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from support.behind import behind
from support.buf import buf
from support.command import toolcrib
from support.lab import generated
from toolcrib.client import AuditClient, Crib
from toolcrib.server.testing import serve

SQLITE = """
CREATE TABLE "Rezepte" (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(100) NOT NULL UNIQUE,
  "Größe (mm)" REAL NOT NULL CHECK ("Größe (mm)" > 0 AND "Größe (mm)" <= 500), class TEXT,
  price DECIMAL(10, 2), created DATETIME NOT NULL, kind TEXT NOT NULL DEFAULT 'mist' CHECK (kind IN ('mist', 'flood')),
  rpm INT DEFAULT 7 CHECK (rpm BETWEEN 0 AND 24000), raw BLOB, extra JSON, odd,
  twice INT GENERATED ALWAYS AS (rpm * 2) STORED, thrice AS (rpm * 3),
  CHECK (rpm <> 5 OR class = 'a'));
CREATE INDEX by_class ON "Rezepte" (class, created DESC);
CREATE INDEX of_mist ON "Rezepte" (class) WHERE kind = 'mist';
CREATE TABLE tools (number INT PRIMARY KEY, pocket INT NOT NULL DEFAULT 0);
CREATE TABLE recipe_tools (recipe_id INT REFERENCES "Rezepte" (id) ON DELETE CASCADE,
  tool INT NOT NULL REFERENCES tools (number) ON UPDATE CASCADE, PRIMARY KEY (recipe_id, tool));
CREATE TABLE log (at TIMESTAMP, text TEXT);
"""
SQLITE_ROWS = """
INSERT INTO "Rezepte" (id, name, "Größe (mm)", price, created, kind, rpm, raw, extra) VALUES
  (3, 'a', 1.5, 12.5, '2026-01-02 03:04:05', 'flood', NULL, x'00ff', '{"a": [1, null]}'),
  (9, 'b', 0.1, NULL, '2026-07-02', 'mist', 1, NULL, NULL);
INSERT INTO tools VALUES (5, 1); INSERT INTO recipe_tools VALUES (3, 5);
INSERT INTO log VALUES ('2026-01-01 00:00:00', 'x'), ('2026-01-01 00:00:00', 'x'), (NULL, 'y');
"""
POSTGRESQL = """
CREATE TYPE coolant AS ENUM ('none', 'mist', 'high pressure');
CREATE TABLE orders (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "from" text NOT NULL, coolant coolant NOT NULL DEFAULT 'mist',
  at timestamptz NOT NULL DEFAULT now(), took interval, tags text[], doc jsonb, day date, total numeric(12, 3),
  weight real CHECK (weight >= 0), small smallint DEFAULT 3, spot point, address inet, state varchar(10),
  CONSTRAINT states CHECK (state = ANY (ARRAY['open'::varchar, 'done'::varchar])),
  CONSTRAINT named CHECK (char_length("from") <= 40 AND "from" <> ''), UNIQUE ("from", day));
COMMENT ON TABLE orders IS 'What customers want.';
COMMENT ON COLUMN orders.took IS 'How long it took,
  once it is done.';
CREATE INDEX ON orders USING gin (doc);
CREATE INDEX ON orders (lower("from"));
CREATE TABLE items (id serial PRIMARY KEY, order_id uuid REFERENCES orders ON DELETE SET NULL,
  parent int NOT NULL REFERENCES items);
INSERT INTO orders VALUES ('0198a7c2-0000-7000-8000-000000000001', 'ann', 'high pressure',
  '2026-01-02 03:04:05+02', '90 s',
  '{a,b}', '{"n": [1, "x"]}', '2026-01-02', 1.250, 0.5, NULL, NULL, '10.0.0.1', 'open');
INSERT INTO items VALUES (7, '0198a7c2-0000-7000-8000-000000000001', 7), (8, NULL, 7);
"""


def make(path: Path, script: str) -> Path:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(script)
    return path


def plain(text: str) -> str:
    """On one line, so that it does not matter where it is broken."""
    return " ".join(text.replace("//", " ").split())


def read(folder: Path) -> str:
    return "\n".join(path.read_text() for path in sorted(folder.rglob("*.proto")))


def imported(source: str | Path, *words: str | Path) -> dict[str, Any]:
    done = toolcrib("schema", "import", "--from", source, "--json", *words)
    assert done.stdout, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make(tmp_path / "shop.db", SQLITE)


class Adopted:
    """What was imported, served."""

    def __init__(self, crib: Crib, folder: Path, package: str) -> None:
        self.crib, self._folder, self._package = crib, folder, package

    def client(self, component: str) -> Any:
        module = f"{self._package}.{component.lower() if component != 'RecipeTool' else 'recipe_tool'}"
        return generated(f"{module}_client", f"{component}Client", self._folder)(self.crib)

    def all(self, component: str) -> list[dict[str, Any]]:
        return [MessageToDict(record, preserving_proto_field_name=True) for record in self.client(component).list()]


@pytest.fixture
def adopted(tmp_path: Path) -> Iterator[Adopted]:
    """The rows of the SQLite shop as records."""
    source = make(tmp_path / "adopted.db", SQLITE + SQLITE_ROWS)
    imported(source, "--records", "--database", "crib.db", "--actor", "bob", "--time-zone", "Europe/Berlin")
    with (
        serve("components", database=tmp_path / "crib.db") as server,
        Crib.connect(server.address, actor="ann") as crib,
    ):
        yield Adopted(crib, tmp_path / "components", "adopted.v1")


class TestProtos:
    def test_say_what_the_tables_said(self, shop: Path) -> None:
        imported(shop)
        text = read(Path("components"))
        for line in (
            "int64 id = 1 [(toolcrib.options.v1.field).key = true];",
            "    (toolcrib.options.v1.field).unique = true,\n    (buf.validate.field).string.max_len = 100\n",
            "double groesse_mm = 3 [(buf.validate.field).double = {\n    gt: 0\n    lte: 500\n  }];",
            "optional string class_value = 4;",
            "google.protobuf.Timestamp created = 6 [(buf.validate.field).required = true];",
            '    (toolcrib.options.v1.field).default_value = "mist",\n    (buf.validate.field).required = true,\n',
            'in: [\n        "mist",\n        "flood"\n      ]',
            "gte: 0\n      lte: 24000",
            '          "class_value",\n          "created desc"\n',
            "optional int64 twice = 12 [(toolcrib.options.v1.field).output_only = true];",
            'references: "shop.v1.Rezepte"\n    on_delete: ON_DELETE_CASCADE',
            '    key_fields: [\n      "recipe_id",\n      "tool"\n    ]',
            "int64 pocket = 2;",
            "int64 number = 1 [(toolcrib.options.v1.field) = { key: true key_source: KEY_SOURCE_CLIENT }]",
        ):
            assert plain(line) in plain(text)

    def test_say_what_they_cannot_say_and_so_does_the_terminal(self, shop: Path) -> None:
        done = toolcrib("schema", "import", "--from", shop)
        text = plain(read(Path("components")))
        for remark in (
            "CHECK (rpm <> 5 OR class = 'a') is no rule of buf.validate",
            "INDEX of_mist has the condition kind = 'mist'",
            "odd: its type is none that a field has",
            "the database computed it as rpm * 2",
            "ON UPDATE CASCADE is left out",
            "it has no PRIMARY KEY",
        ):
            assert remark in done.stdout
            assert remark.removeprefix("odd: ") in text

    def test_are_the_same_each_time_and_as_buf_wants_them(self, shop: Path, tmp_path: Path) -> None:
        imported(shop, "--out", "first")
        imported(shop, "--out", "second")
        assert read(Path("first")) == read(Path("second"))
        assert buf("format", "--diff", str(tmp_path / "first")) == ""

    @pytest.mark.parametrize(
        "names",
        [
            (
                '"select"',
                '"class"',
                '"from"',
                '"1st"',
                '"1 st"',
                '"ÄÖÜ ß"',
                '"имя"',
                '"имя 2"',
                '"a__b_"',
                '"toolcrib_x"',
            ),
            ("etag", "create_time", "json", "schema", "filter", "revision", "self", "bool", '"a""b"', '"x.y"'),
        ],
    )
    def test_have_names_that_can_be_served_whatever_the_tables_are_called(
        self, tmp_path: Path, names: tuple[str, ...]
    ) -> None:
        columns = ", ".join(f"{name} TEXT" for name in names)
        tables = [f"CREATE TABLE {name} ({columns}, PRIMARY KEY ({names[0]}));" for name in names]
        keys = [f"CREATE TABLE t{number} ({name} TEXT PRIMARY KEY);" for number, name in enumerate(names)]
        source = make(tmp_path / "Über 1.db", "\n".join([*tables, *keys]))
        found = imported(source)
        assert len({one["component"] for one in found["components"]}) == 2 * len(names)
        assert found["components"][0]["component"].startswith("ueber_1.v1.")
        # The command has compiled them, and refused them where the generator would.
        assert buf("format", "--diff", str(tmp_path / "components")) == ""

    def test_are_not_written_over_unless_asked(self, shop: Path) -> None:
        imported(shop)
        path = Path("components/shop/v1/tool.proto")
        written = path.read_text()
        path.write_text(written.replace("pocket", "place"))
        done = toolcrib("schema", "import", "--from", shop)
        assert done.returncode == 1
        assert "tool.proto is there already and differs; --force writes over it" in done.stderr
        assert imported(shop, "--force")["written"] == ["shop/v1/tool.proto"]
        assert path.read_text() == written

    def test_are_of_the_tables_that_are_named(self, shop: Path) -> None:
        found = imported(shop, "--table", "recipe_tools", "--package", "line.v2")
        (component,) = found["components"]
        assert component["component"] == "line.v2.RecipeTool"
        assert "refers to a table that is not imported" in " ".join(component["remarks"])
        assert imported(shop, "--table", "tools")["written"] == ["shop/v1/tool.proto"]

    @pytest.mark.parametrize(
        ("source", "words", "complaint"),
        [
            ("absent.db", (), "there is no file absent.db"),
            ("shop.db", ("--table", "nothing"), "has no table nothing; it has Rezepte, log, recipe_tools, tools"),
            ("mssql+pyodbc://host/x", (), "needs the driver pyodbc; install it: pip install pyodbc"),
            ("strange://host/x", (), "SQLAlchemy knows no database strange"),
            ("shop.db", ("--time-zone", "Mars"), "--time-zone 'Mars' is not known here"),
            ("postgresql://ann:hush@127.0.0.1:1/x", (), "cannot read postgresql+psycopg://ann:***@127.0.0.1:1/x"),
        ],
    )
    def test_cannot_be_made_of_what_is_not_there(
        self, shop: Path, source: str, words: tuple[str, ...], complaint: str
    ) -> None:
        done = toolcrib("schema", "import", "--from", source, *words)
        assert done.returncode == 1
        assert complaint in done.stderr
        assert "hush" not in done.stderr

    def test_are_not_made_of_toolcribs_own_database(self, adopted: Adopted) -> None:
        assert "is a database of Toolcrib already" in toolcrib("schema", "import", "--from", "crib.db").stderr


class TestRecords:
    def test_have_the_values_keys_and_references_of_the_rows(self, adopted: Adopted) -> None:
        first, second = adopted.all("Rezepte")
        assert first == {
            "id": "3",
            "name": "a",
            "groesse_mm": 1.5,
            "price": "12.5",
            "created": "2026-01-02T02:04:05Z",
            "kind": "flood",
            "raw": "AP8=",
            "extra": {"a": [1.0, None]},
        }
        # In summer Berlin is two hours ahead of UTC.
        assert (second["created"], second["rpm"], second["twice"]) == ("2026-07-01T22:00:00Z", "1", "2")
        assert adopted.all("RecipeTool") == [{"recipe_id": "3", "tool": "5"}]
        assert [record.get("at") for record in adopted.all("Log")] == [None, *["2025-12-31T23:00:00Z"] * 2]

    def test_are_audited_and_sound_and_no_key_is_given_again(self, adopted: Adopted, tmp_path: Path) -> None:
        entries = list(AuditClient(adopted.crib).entries(oldest_first=True))
        assert {(entry.actor, entry.method) for entry in entries} == {("bob", "schema import")}
        assert {entry.reason.partition(" sqlite")[0] for entry in entries} == {"imported from"}
        message = generated("adopted.v1.rezepte_pb2", "Rezepte", tmp_path / "components")
        made = message(name="c", groesse_mm=1, kind="mist")
        made.created.GetCurrentTime()
        assert adopted.client("Rezepte").create(made).id == 10
        verified = toolcrib("audit", "verify", "--database", "crib.db", "--records", "--components", "components")
        assert verified.returncode == 0, verified.stdout

    def test_of_an_import_that_is_run_again_are_left_as_they_are(self, tmp_path: Path) -> None:
        source = make(tmp_path / "again.db", SQLITE + SQLITE_ROWS)
        words = ("--records", "--database", "crib.db")
        assert sum(one["created"] for one in imported(source, *words)["records"]) == 7
        second = imported(source, *words)["records"]
        assert [(one["created"], one["problems"]) for one in second] == [(0, [])] * 4
        assert sum(one["unchanged"] for one in second) == 7
        make(source, "UPDATE tools SET pocket = 2; INSERT INTO tools VALUES (6, 1)")
        (changed,) = [one for one in imported(source, *words)["records"] if one["component"].endswith(".Tool")]
        assert (changed["created"], changed["unchanged"]) == (1, 0)
        assert changed["problems"] == [{"row": "5", "problem": "is there already, and differs in pocket"}]

    def test_that_a_rule_or_a_reference_refuses_are_told_of_and_the_others_are_written(self, tmp_path: Path) -> None:
        rows = ", ".join(f"({number}, {number})" for number in range(1, 1201))
        bad = "INSERT INTO log VALUES ('not a time', 'z'); INSERT INTO recipe_tools VALUES (99, 5), (3, 700);"
        long = (
            """INSERT INTO Rezepte (id, name, "Größe (mm)", created) SELECT 20, printf('%0200d', 0), 1, '2026-02-02'"""
        )
        source = make(tmp_path / "bad.db", SQLITE + SQLITE_ROWS + bad)
        make(source, f"DELETE FROM tools; INSERT INTO tools VALUES {rows}; {long}")
        done = toolcrib("schema", "import", "--from", source, "--records", "--database", "crib.db")
        assert done.returncode == 1
        for line in (
            "log row 4: at cannot hold 'not a time'",
            "recipe_tools 99/5: recipe_id: there is no record 99 of bad.v1.Rezepte",
            "Rezepte 20: name must be at most 100 characters",
        ):
            assert line in done.stderr
        assert "bad.v1.Tool: 1,200 records made of tools\n" in done.stdout
        assert "bad.v1.RecipeTool: 2 records made of recipe_tools, 1 row left behind" in done.stdout

    def test_that_no_field_holds_as_they_are_stay_behind(self, tmp_path: Path) -> None:
        script = "CREATE TABLE odd (id INTEGER PRIMARY KEY, text TEXT, number INT, at DATETIME, doc JSON, yes BOOLEAN);"
        values = [
            "1, CAST(x'ff' AS TEXT), 1, NULL, NULL, 1",
            "2, x'00', 1, NULL, NULL, 1",
            "3, 'a', 1.5, NULL, NULL, 1",
            "4, 'a', 'many', NULL, NULL, 1",
            "5, 'a', 1, 1767225600, NULL, 1",
            "6, 'a', 1, NULL, '{', 1",
            "7, 'a', 1, NULL, NULL, 2",
            "8, 'a', 9223372036854775807, '2026-01-02T03:04:05Z', '[NaN', 'true'",
            "0, 'a', 1, NULL, NULL, NULL",
            "9, 'a', -1, '2026-01-02T03:04:05.123456Z', 'null', 'f'",
        ]
        rows = "".join(f"INSERT INTO odd VALUES ({row});" for row in values)
        (done,) = imported(make(tmp_path / "odd.db", script + rows), "--records", "--database", "crib.db")["records"]
        problems = {one["row"]: one["problem"].split()[0] for one in done["problems"]}
        held = {"1": "text", "2": "text", "3": "number", "4": "number", "5": "at", "6": "doc", "7": "yes", "8": "doc"}
        assert problems == {"0": "id", **held}
        assert done["created"] == 1

    def test_go_to_the_fields_of_a_proto_that_was_edited(self, tmp_path: Path) -> None:
        source = make(tmp_path / "edited.db", SQLITE + SQLITE_ROWS)
        imported(source, "--table", "Rezepte")
        path = Path("components/edited/v1/rezepte.proto")
        text = path.read_text().replace("string name = 2", "string title = 2").replace("optional bytes raw = 9;", "")
        start = text.index("optional string price = 5")
        path.write_text(text[:start] + "optional double price = 5;" + text[text.index(";", start) + 1 :])
        found = imported(source, "--table", "Rezepte", "--records", "--database", "crib.db")
        (done,) = found["records"]
        assert (found["written"], done["created"], done["left_out"]) == ([], 2, ["odd", "thrice", "raw"])
        with serve("components", database=tmp_path / "crib.db") as server, Crib.connect(server.address) as crib:
            first, _ = Adopted(crib, tmp_path / "components", "edited.v1").all("Rezepte")
        assert (first["title"], first["price"]) == ("a", 12.5)


class TestPostgresql:
    def test_is_imported_with_its_own_types_and_comments(self, own_database: str, tmp_path: Path) -> None:
        with behind(own_database) as connection:
            connection.execute(POSTGRESQL)
        words = ("--package", "pg.v1", "--records", "--database", "crib.db")
        found = imported(own_database, *words)
        text = read(Path("components"))
        for line in (
            "// What customers want.\n",
            "  // How long it took,\n  // once it is done.\n  google.protobuf.Duration took = 5;",
            "(toolcrib.options.v1.field).key = true,\n    (buf.validate.field).string.uuid = true",
            'default_value = "ORDER_COOLANT_MIST"',
            '  // "high pressure" in the table.\n  ORDER_COOLANT_HIGH_PRESSURE = 3;',
            "repeated string tags = 6;",
            "google.protobuf.Value doc = 7;",
            "optional float weight = 10 [(buf.validate.field).float.gte = 0];",
            'optional int32 small = 11 [(toolcrib.options.v1.field).default_value = "3"];',
            "(buf.validate.field).string = {\n    max_len: 10\n    in: [",
            "(buf.validate.field).string = {\n    max_len: 40\n    min_len: 1\n  }",
            'references: "pg.v1.Order"\n    on_delete: ON_DELETE_SET_NULL',
            'optional int64 parent = 3 [(toolcrib.options.v1.field).references = "pg.v1.Item"]',
        ):
            assert plain(line) in plain(text)
        remarks = " ".join(remark for one in found["components"] for remark in one["remarks"])
        for remark in (
            "spot: its type is none that a field has",
            "is of the kind gin",
            "is over an expression",
            "INET is text",
            "NOT NULL is left out",
        ):
            assert remark in remarks
        assert [one["problems"] for one in found["records"]] == [[], []]
        assert buf("format", "--diff", str(tmp_path / "components")) == ""
        with serve("components", database=tmp_path / "crib.db") as server, Crib.connect(server.address) as crib:
            ours = Adopted(crib, tmp_path / "components", "pg.v1")
            (order,) = ours.all("Order")
            assert len(ours.all("Item")) == 2
        assert order == {
            "id": "0198a7c2-0000-7000-8000-000000000001",
            "from_value": "ann",
            "coolant": "ORDER_COOLANT_HIGH_PRESSURE",
            "at": "2026-01-02T01:04:05Z",
            "took": "90s",
            "tags": ["a", "b"],
            "doc": {"n": [1.0, "x"]},
            "day": "2026-01-02",
            "total": "1.250",
            "weight": 0.5,
            "address": "10.0.0.1",
            "state": "open",
        }

    def test_times_that_python_has_not_stay_behind(self, own_database: str) -> None:
        with behind(own_database) as connection:
            connection.execute(
                'CREATE TABLE odd (id int PRIMARY KEY, at timestamptz, day date, took interval, "a%b:c" int)'
            )
            connection.execute(
                "INSERT INTO odd VALUES (1, 'infinity', NULL, NULL, 1), (2, NULL, '0044-03-15 BC', NULL, 1), "
                "(3, NULL, NULL, '1 month', 1), "
                "(4, '2026-01-02 03:04:05.123456+02', '2026-01-02', '-1 day 2:03:04.5', 7)"
            )
        words = ("--package", "times.v1", "--records", "--database", "crib.db")
        (done,) = imported(own_database, *words)["records"]
        assert {one["row"]: one["problem"].split()[0] for one in done["problems"]} == {
            "1": "at",
            "2": "day",
            "3": "took",
        }
        with serve("components", database="crib.db") as server, Crib.connect(server.address) as crib:
            (odd,) = Adopted(crib, Path("components").absolute(), "times.v1").all("Odd")
        expected = {"at": "2026-01-02T01:04:05.123456Z", "day": "2026-01-02", "took": "-79015.500s", "apercentb_c": 7}
        assert odd == {"id": 4, **expected}
