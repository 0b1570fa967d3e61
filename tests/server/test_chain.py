"""The hash chain: what is written follows what is there, whatever became of the calls; what is altered is named."""

from __future__ import annotations

import shutil
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import (
    BatchCreateRecipesRequest,
    CreateRecipeRequest,
    DeleteRecipeRequest,
    UpdateRecipeRequest,
)
from support.chain import checked
from support.plant import COMPONENTS, plant
from toolcrib.server.chain import entry_digest, link, transaction_digest
from toolcrib.server.chain_check import ChainCheck
from toolcrib.server.findings import Fault
from toolcrib.server.testing import serve

Place = tuple[int, int | None]

TRANSACTION, ENTRY = "toolcrib_transaction", "toolcrib_audit"
# All rows of the database that is tampered with: its transactions, and their entries.
COUNTS = {1: 1, 2: 3, 3: 1, 4: 1, 5: 2}
PLACES: list[Place] = [(revision, ordinal) for revision, count in COUNTS.items() for ordinal in (None, *range(count))]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("chain") / "plant.db"
    with serve(COMPONENTS, database=database) as server, plant(server.address) as crib:
        crib.recipe("a")
        for names in ("bcd", "ef"):
            items = [CreateRecipeRequest(recipe=Recipe(name=name, speed_mm_s=1)) for name in names]
            if names == "ef":
                crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=1, speed_mm_s=2), request_id="r-1"))
                crib.recipes.DeleteRecipe(
                    DeleteRecipeRequest(id=2),
                    metadata=(("x-actor", "bob"), ("x-change-reason", "worn out"), ("x-tenant", "north")),
                )
            crib.recipes.BatchCreateRecipes(BatchCreateRecipesRequest(requests=items))
    assert [row[:2] for row in rows(database)] == PLACES
    return database


def rows(database: Path) -> list[tuple[int, int | None]]:
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(
            "SELECT revision, -1 FROM toolcrib_transaction UNION ALL SELECT revision, ordinal FROM toolcrib_audit "
            "ORDER BY 1, 2"
        ).fetchall()
    return [(revision, None if ordinal < 0 else ordinal) for revision, ordinal in found]


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(written, tmp_path / "copy.db"))


@contextmanager
def tampering(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection of somebody who has the file: no rules of the server hold for it."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        yield connection


def where(place: Place) -> tuple[str, str, tuple[int, ...]]:
    """Table, condition and values of a row."""
    revision, ordinal = place
    if ordinal is None:
        return TRANSACTION, "revision = ?", (revision,)
    return ENTRY, "revision = ? AND ordinal = ?", (revision, ordinal)


def columns(table: str) -> list[str]:
    kinds = {
        TRANSACTION: "commit_time actor actor_source reason method peer request_id refusal refused_calls entry_count "
        "tenant hash",
        ENTRY: "component record_key operation before_image after_image tenant hash",
    }
    return kinds[table].split()


def found(check: ChainCheck) -> tuple[Place, Fault]:
    assert check.finding is not None, "nothing was found"
    return check.finding[:2], check.finding.fault


class TestWhatIsWritten:
    def test_is_sound_and_counted(self, written: Path) -> None:
        check = checked(written)
        assert check.finding is None
        assert (check.revision, check.transactions, check.entries) == (5, 5, 8)

    def test_follows_from_the_definition_alone(self, written: Path) -> None:
        """A second implementation, from the words of docs/audit.md."""
        previous = bytes(32)
        with closing(sqlite3.connect(written)) as connection:
            for revision, ordinal in PLACES:
                table, condition, values = where((revision, ordinal))
                (row,) = connection.execute(f"SELECT * FROM {table} WHERE {condition}", values)
                *fields, tenant, stored = row
                kind = "transaction" if ordinal is None else "entry"
                numbers = [field for field in fields if isinstance(field, int)]
                others = [field for field in fields if not isinstance(field, int)]
                texts = [field.encode() if isinstance(field, str) else field for field in others]
                hashed = f"toolcrib/chain/1/{kind}\n".encode()
                if tenant:
                    hashed = f"toolcrib/chain/2/{kind}\n".encode() + len(tenant).to_bytes(8, "big") + tenant.encode()
                for number in [*numbers, *(-1 if text is None else len(text) for text in texts)]:
                    hashed += number.to_bytes(8, "big", signed=True)
                digest = sha256(hashed + b"".join(text or b"" for text in texts)).digest()
                previous = sha256(b"toolcrib/chain/1/link\n" + previous + digest).digest()
                assert stored == previous
        assert checked(written).head == previous


class TestTampering:
    @pytest.mark.parametrize("place", PLACES, ids=str)
    def test_every_value_of_every_row(self, copy: Path, place: Place) -> None:
        table, condition, key = where(place)
        for column in columns(table):
            for change in (f"{column} || x'00'", "NULL", "42", "'other'", "x''", "3.5"):
                spoilt = Path(shutil.copy(copy, copy.with_name("spoilt.db")))
                with tampering(spoilt) as connection:
                    (before,) = connection.execute(f"SELECT {column} FROM {table} WHERE {condition}", key)
                    try:
                        connection.execute(f"UPDATE {table} SET {column} = {change} WHERE {condition}", key)
                    except sqlite3.IntegrityError:
                        continue
                    (after,) = connection.execute(f"SELECT {column} FROM {table} WHERE {condition}", key)
                if (before, type(before[0])) != (after, type(after[0])):
                    assert found(checked(spoilt)) == (place, Fault.ALTERED), (column, change)

    @pytest.mark.parametrize("place", PLACES, ids=str)
    def test_every_bit_of_the_images(self, copy: Path, place: Place) -> None:
        table, condition, key = where(place)
        if table == TRANSACTION:
            return
        with closing(sqlite3.connect(copy)) as connection:
            (image,) = connection.execute(f"SELECT after_image FROM {table} WHERE {condition}", key).fetchone()
        for index in range(len(image)):
            flipped = image[:index] + bytes([image[index] ^ 1]) + image[index + 1 :]
            with tampering(copy) as connection:
                connection.execute(f"UPDATE {table} SET after_image = ? WHERE {condition}", (flipped, *key))
            assert found(checked(copy)) == (place, Fault.ALTERED)

    @pytest.mark.parametrize("place", PLACES, ids=str)
    def test_a_row_that_is_taken_out(self, copy: Path, place: Place) -> None:
        table, condition, key = where(place)
        with tampering(copy) as connection:
            connection.execute(f"DELETE FROM {table} WHERE {condition}", key)
        assert found(checked(copy)) == (place, Fault.MISSING)

    @pytest.mark.parametrize("revision", COUNTS)
    def test_a_transaction_that_is_taken_out_with_its_entries(self, copy: Path, revision: int) -> None:
        with tampering(copy) as connection:
            for table in (TRANSACTION, ENTRY):
                connection.execute(f"DELETE FROM {table} WHERE revision = ?", (revision,))
        assert found(checked(copy)) == ((revision, None), Fault.MISSING)

    @pytest.mark.parametrize(
        ("first", "second"),
        [(a, b) for n, a in enumerate(PLACES) for b in PLACES[n + 1 :] if (a[1] is None) == (b[1] is None)],
        ids=str,
    )
    @pytest.mark.parametrize("with_hash", [True, False])
    def test_two_rows_that_change_places(self, copy: Path, first: Place, second: Place, with_hash: bool) -> None:
        table, condition, key = where(first)
        _, _, other = where(second)
        names = [name for name in columns(table) if with_hash or name != "hash"]
        with tampering(copy) as connection:
            a, b = (
                connection.execute(f"SELECT {', '.join(names)} FROM {table} WHERE {condition}", each).fetchone()
                for each in (key, other)
            )
            for values, each in ((a, other), (b, key)):
                assign = ", ".join(f"{name} = ?" for name in names)
                connection.execute(f"UPDATE {table} SET {assign} WHERE {condition}", (*values, *each))
        assert found(checked(copy)) == (first, Fault.REORDERED)

    @pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 3), (2, 4), (1, 5), (4, 5)])
    def test_two_whole_transactions_that_change_places(self, copy: Path, first: int, second: int) -> None:
        with tampering(copy) as connection:
            for table in (TRANSACTION, ENTRY):
                for old, new in ((first, -1), (second, first), (-1, second)):
                    connection.execute(f"UPDATE {table} SET revision = ? WHERE revision = ?", (new, old))
        assert found(checked(copy)) == ((first, None), Fault.REORDERED)

    @pytest.mark.parametrize("revision", [-7, 0, 6, 7, 2**62])
    def test_a_transaction_that_is_put_in(self, copy: Path, revision: int) -> None:
        with tampering(copy) as connection:
            names = ", ".join(columns(TRANSACTION))
            connection.execute(
                f"INSERT INTO {TRANSACTION} (revision, {names}) "
                f"SELECT ?, {names} FROM {TRANSACTION} WHERE revision = 1",
                (revision,),
            )
        assert found(checked(copy)) == ((revision, None), Fault.EXTRA)

    @pytest.mark.parametrize(
        "place", [(-1, 0), (0, 0), (1, 1), (2, -1), (2, 3), (2, 9), (5, 2), (6, 0), (9, 1)], ids=str
    )
    def test_an_entry_that_is_put_in(self, copy: Path, place: Place) -> None:
        with tampering(copy) as connection:
            names = ", ".join(columns(ENTRY))
            connection.execute(
                f"INSERT INTO {ENTRY} (revision, ordinal, {names}) "
                f"SELECT ?, ?, {names} FROM {ENTRY} WHERE revision = 1",
                place,
            )
        assert found(checked(copy)) == (place, Fault.EXTRA)

    def test_an_entry_at_a_place_that_is_no_number(self, copy: Path) -> None:
        with tampering(copy) as connection:
            names = ", ".join(columns(ENTRY))
            connection.execute(
                f"INSERT INTO {ENTRY} (revision, ordinal, {names}) "
                f"SELECT 'x', 0, {names} FROM {ENTRY} WHERE revision = 1"
            )
        assert found(checked(copy))[1] == Fault.EXTRA

    def test_text_that_is_no_utf8(self, copy: Path) -> None:
        with tampering(copy) as connection:
            connection.execute(f"UPDATE {TRANSACTION} SET actor = CAST(x'ff61' AS TEXT) WHERE revision = 3")
        assert found(checked(copy)) == ((3, None), Fault.ALTERED)

    @pytest.mark.parametrize("revision", list(COUNTS))
    def test_a_tail_that_is_cut_is_missed_by_the_counter_or_by_a_checkpoint(self, copy: Path, revision: int) -> None:
        whole = checked(copy)
        with tampering(copy) as connection:
            for table in (TRANSACTION, ENTRY):
                connection.execute(f"DELETE FROM {table} WHERE revision >= ?", (revision,))
        assert found(checked(copy)) == ((revision, None), Fault.MISSING)
        with tampering(copy) as connection:
            connection.execute("UPDATE toolcrib_sequence SET last_value = ? WHERE name = 'revision'", (revision - 1,))
        assert checked(copy).finding is None
        assert found(checked(copy, {whole.revision: whole.head})) == ((revision, None), Fault.MISSING)

    def test_a_chain_that_is_written_anew_is_found_by_a_checkpoint(self, copy: Path) -> None:
        honest = checked(copy)
        with tampering(copy) as connection:
            connection.execute(f"UPDATE {TRANSACTION} SET actor = 'mallory' WHERE revision = 3")
            rechain(connection)
        assert checked(copy).finding is None
        assert found(checked(copy, {5: honest.head})) == ((5, None), Fault.ALTERED)

    def test_of_several_the_first_is_named(self, copy: Path) -> None:
        with tampering(copy) as connection:
            connection.execute(f"UPDATE {TRANSACTION} SET reason = 'x' WHERE revision IN (2, 4)")
            connection.execute(f"DELETE FROM {ENTRY} WHERE revision = 3")
        assert found(checked(copy)) == ((2, None), Fault.ALTERED)


def rechain(connection: sqlite3.Connection) -> None:
    """What somebody does who has the file and has read docs/audit.md."""
    head = bytes(32)
    for place in PLACES:
        table, condition, key = where(place)
        *values, _ = connection.execute(f"SELECT * FROM {table} WHERE {condition}", key).fetchone()
        head = link(head, transaction_digest(values) if place[1] is None else entry_digest(values))
        connection.execute(f"UPDATE {table} SET hash = ? WHERE {condition}", (head, *key))


TEXT = st.text(max_size=5)
IMAGE = st.none() | st.binary(max_size=5)
NUMBER = st.integers(-(2**63), 2**63 - 1)
ENTRIES = st.tuples(NUMBER, NUMBER, TEXT, TEXT, NUMBER, IMAGE, IMAGE, TEXT)
TRANSACTIONS = st.tuples(NUMBER, TEXT, TEXT, NUMBER, TEXT, TEXT, TEXT, TEXT, TEXT, NUMBER, NUMBER, TEXT)


class TestDigests:
    @given(ENTRIES, ENTRIES)
    def test_of_entries_are_the_same_for_the_same_only(self, one: tuple[object], other: tuple[object]) -> None:
        assert (entry_digest(one) == entry_digest(other)) is (one == other)

    @given(TRANSACTIONS, TRANSACTIONS)
    def test_of_transactions_are_the_same_for_the_same_only(self, one: tuple[object], other: tuple[object]) -> None:
        assert (transaction_digest(one) == transaction_digest(other)) is (one == other)

    @given(ENTRIES, st.integers(0, 7), st.data())
    def test_change_with_every_value(self, entry: tuple[object], index: int, data: st.DataObject) -> None:
        kinds = (NUMBER, NUMBER, TEXT, TEXT, NUMBER, IMAGE, IMAGE, TEXT)
        value = data.draw(kinds[index])
        changed = (*entry[:index], value, *entry[index + 1 :])
        assert (entry_digest(entry) == entry_digest(changed)) is (value == entry[index])

    @given(TEXT, TEXT)
    def test_know_where_a_value_ends(self, one: str, other: str) -> None:
        whole = entry_digest((1, 0, one + other, "", 1, None, None, ""))
        assert (entry_digest((1, 0, one, other, 1, None, None, "")) == whole) is (other == "")

    def test_without_a_tenant_are_those_of_before_there_were_tenants(self) -> None:
        entry = (1, 0, "plant.Recipe", "7", 1, None, b"image", "")
        lengths = struct.pack(">7q", 1, 0, 1, 12, 1, -1, 5)
        assert entry_digest(entry) == sha256(b"toolcrib/chain/1/entry\n" + lengths + b"plant.Recipe7image").digest()
        of_tenant = b"toolcrib/chain/2/entry\n" + struct.pack(">q", 5) + b"north" + lengths + b"plant.Recipe7image"
        assert entry_digest((*entry[:-1], "north")) == sha256(of_tenant).digest()
