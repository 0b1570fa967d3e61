"""A database that is moved to another one: whatever was answered before is answered alike, and everything goes on.

From SQLite to PostgreSQL, or back where that is tested; MariaDB is once the one that is left, and once the other.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis.stateful import run_state_machine_as_test

from support.behind import Behind, behind, cut_off
from support.chain import checked
from support.copies import copy_database
from support.lab import COMPONENTS, Lab, generated, served
from support.model.kinds import COMPONENTS as MODEL_COMPONENTS
from support.model.machine import InProcess, thoroughly
from support.moving import Telling, elsewhere, migration, moved
from support.samples import Laboratory
from toolcrib.client import AuditClient, InvalidArgument
from toolcrib.client.retention import RetentionClient, Target
from toolcrib.server.checkpoints import Checkpoint
from toolcrib.server.databases.scratch import scratch_file
from toolcrib.server.errors import MigrationFailed, StartError
from toolcrib.server.migration import copying
from toolcrib.server.migration.checking import check_rows
from toolcrib.server.migration.sides import SideTable
from toolcrib.server.retention.signatures import sign
from toolcrib.server.signing import SigningKey
from toolcrib.server.testing import TEST_DATABASE_VARIABLE, new_database

Values = dict[str, Any]

PARTS = "lab.parts.v1"
Part, Machine, Supplier = (generated(f"{PARTS}.part_pb2", name) for name in ("Part", "Machine", "Supplier"))


def client(lab: Lab, message: str) -> Any:
    return lab.client(f"{PARTS}.{message.lower()}", message)


def parts_of(lab: Lab) -> Any:
    return client(lab, "Part")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Which side the database of this run is."""
    if "side" in metafunc.fixturenames:
        sides = ["source", "target"] if metafunc.config.getoption("--database") == "mariadb" else ["source"]
        metafunc.parametrize("side", sides, scope="module")


NewDatabase = Callable[[], AbstractContextManager[str]]


@pytest.fixture(scope="module")
def new_source(side: str) -> NewDatabase:
    return new_database if side == "source" else scratch_file


@pytest.fixture(scope="module")
def server(side: str, request: pytest.FixtureRequest) -> str:
    """The server that the other side is on, where that is not a file."""
    if side == "target":
        return os.environ[TEST_DATABASE_VARIABLE]
    return str(request.getfixturevalue("own_postgres").url)


@pytest.fixture
def source(new_source: NewDatabase) -> Iterator[str]:
    with new_source() as url:
        yield url


@pytest.fixture
def target(source: str, server: str) -> Iterator[str]:
    """A database of another kind."""
    with elsewhere(source, server) as url:
        yield url


def test_everything_agrees_across_moves_from_one_kind_of_database_to_the_other(server: str) -> None:
    """The model of everything, where each restart is on another database: reads of the past, watches, the chain."""

    class Moving(InProcess):
        def restart(self) -> None:
            self.stop()
            self.require_sound()
            target = self.stack.enter_context(elsewhere(self.database, server))
            assert moved(self.database, target, MODEL_COMPONENTS).is_finished
            self.database = target
            self.require_sound()
            self.serve()

        def teardown(self) -> None:
            # Once at the least.
            if hasattr(self, "stubs"):
                self.restart()
            super().teardown()

    run_state_machine_as_test(Moving, settings=thoroughly(2))


TEXTS = ["a", "ab", "A", "\0", "\0a", "\1", "\1\2", "é", "\ud7ff", "\ue000", "\U0010ffff", "a/b", "%"]


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.new()


def write(lab: Lab, key: SigningKey) -> None:
    """Every kind of value, of key and of table: versions, deleted records, answers, and a past that is pruned."""
    laboratory = Laboratory(lab.crib)
    laboratory.fill(40)
    laboratory.client.create(laboratory.Sample(text="odd", level=math.nan, limit=-0.0, picture=bytes(range(256))))
    client(lab, "Machine").batch_create([Machine(code=code) for code in TEXTS])
    client(lab, "Supplier").create(Supplier(number=2**64 - 1, name="\0"))
    parts = parts_of(lab)
    parts.batch_create([Part(name=str(number), supplier=2**64 - 1) for number in range(6)], request_id="six")
    for number in range(4):
        parts.update(Part(id=1, name=f"a{number}"), mask="name")
    parts.delete(2)
    parts.update(Part(id=3, seen=7), mask="seen")
    retention = RetentionClient(lab.crib)
    for what in (Target.TARGET_AUDIT, Target.TARGET_VERSIONS):
        plan = retention.plan(what, "lab.parts.v1.Part", keep_last=2)
        retention.prune(sign(plan.pruning, key))


def shown(lab: Lab) -> list[Any]:
    """What is answered of records, their past and the audit."""
    audit, parts = AuditClient(lab.crib), parts_of(lab)
    newest = audit.page(page_size=1).revision
    records = [list(client(lab, name).list(show_deleted=True)) for name in ("Part", "Supplier")]
    records.append(list(client(lab, "Machine").list()))
    samples = [str(sample) for sample in Laboratory(lab.crib).client.list()]
    past = [[str(part) for part in parts.list(as_of=revision)] for revision in range(newest - 2, newest + 1)]
    versions = [list(parts.revisions(number)) for number in range(1, 7)]
    trail = [list(audit.entries(show_refused=True)), list(audit.transactions(show_refused=True))]
    return [records, samples, past, versions, list(parts.diffs(newest - 2)), trail]


@pytest.fixture(scope="module")
def trusted(key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "key.pub"
    path.write_bytes(key.public.pem())
    return path


@pytest.fixture(scope="module")
def template(key: SigningKey, trusted: Path, new_source: NewDatabase) -> Iterator[str]:
    with new_source() as url:
        with served(database=url, retention_key=trusted) as lab:
            write(lab, key)
        yield url


@pytest.fixture
def written(template: str, source: str) -> str:
    """A copy of the same database for each test."""
    copy_database(template, source)
    return source


@pytest.fixture
def written_file(written: str) -> str:
    """The same where it is a file: there SQL can put anything in the place of anything."""
    if not written.startswith("sqlite"):
        pytest.skip("is about what only a file of SQLite takes")
    return written


class TestWhatIsMoved:
    def test_is_answered_alike_there_and_on_the_way_back(
        self, written: str, target: str, tmp_path: Path, key: SigningKey
    ) -> None:
        with served(database=written) as lab:
            before = shown(lab)
        chain = checked(written)
        checkpoint = {chain.revision: Checkpoint.sign(chain.revision, chain.head, key).hash}
        back = f"sqlite:///{tmp_path / 'back.db'}"
        for origin, to in ((written, target), (target, back)):
            done = moved(origin, to, COMPONENTS)
            assert done.is_finished
            assert done.head == chain.head
            assert checked(to, checkpoint).passed == {chain.revision}
            with served(database=to) as lab:
                assert shown(lab) == before

    def test_goes_on_as_if_nothing_had_happened(self, written: str, target: str) -> None:
        with served(database=written) as lab:
            parts = parts_of(lab)
            lost = parts.create(Part(name="last"))
            parts.delete(lost.id)
            page = parts.list_page(page_size=2)
            answer = parts.create(Part(name="once"), request_id="once")
            with parts.watch(revision=AuditClient(lab.crib).page(page_size=1).revision - 1) as watch:
                assert [change.record.name for change in islice(watch, 2)] == ["last", "once"]
                token = watch.resume_token
        moved(written, target, COMPONENTS)
        with served(database=target) as lab:
            parts = parts_of(lab)
            assert parts.create(Part(name="once"), request_id="once") == answer
            with pytest.raises(InvalidArgument, match="another write"):
                parts.create(Part(name="twice"), request_id="once")
            assert next(part.id for part in parts.list_page(page_token=page.next_page_token, page_size=2).parts) > 2
            assert parts.create(Part(name="next")).id == answer.id + 1
            parts.update(Part(id=answer.id, name="updated", etag=answer.etag), mask="name")
            with parts.watch(resume_token=token) as watch:
                assert [change.record.name for change in islice(watch, 3)] == ["once", "next", "updated"]
        assert checked(target).finding is None

    def test_is_everything_that_a_database_has(self, written: str, target: str) -> None:
        done = moved(written, target, COMPONENTS)
        with behind(written) as connection:
            names = set(connection.tables())
        assert {table.name for table in done.tables} == names
        assert {"toolcrib_segment", "toolcrib_answer", "part_history"} <= {one.name for one in done.tables if one.rows}
        assert all(done.contents[one.name].rows == one.rows for one in done.tables)


class TestACopyThatIsNotFinished:
    def test_is_not_served(self, written: str, target: str) -> None:
        with pytest.raises(Ended):
            moved(written, target, COMPONENTS, ending_at(20))
        with pytest.raises(StartError, match=r"is an unfinished copy of .*; run `toolcrib migrate --from .* again"):
            served(database=target).__enter__()

    def test_becomes_the_same_wherever_it_was_ended(
        self, written: str, server: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(copying, "ROWS_MAX", 3)
        steps: list[str] = []
        with elsewhere(written, server) as target:
            wanted = moved(written, target, COMPONENTS, steps.append).contents
        for number in range(1, len(steps), len(steps) // 3):
            with elsewhere(written, server) as target:
                with pytest.raises(Ended):
                    moved(written, target, COMPONENTS, ending_at(number))
                assert moved(written, target, COMPONENTS).contents == wanted

    @pytest.mark.sqlite
    @pytest.mark.mariadb
    def test_goes_on_behind_a_lost_connection(self, written: str, target: str) -> None:
        def cut(text: str) -> None:
            if text == "copying part_history":
                cut_off(target)

        told = r"^part_history: .* cannot be .*; what is copied stays: run the same again to go on"
        with pytest.raises(MigrationFailed, match=told):
            moved(written, target, COMPONENTS, cut)
        assert moved(written, target, COMPONENTS).is_finished

    def test_is_none_of_another_database(self, written: str, target: str, new_source: NewDatabase) -> None:
        with pytest.raises(Ended):
            moved(written, target, COMPONENTS, ending_at(20))
        with new_source() as other:
            with served(database=other) as lab:
                parts_of(lab).create(Part(name="a"))
            with pytest.raises(MigrationFailed, match="is a copy of another database"):
                moved(other, target, COMPONENTS)


class TestASourceThatIsServed:
    def test_is_caught_up_with_once_it_stands_still(self, written: str, target: str, key: SigningKey) -> None:
        with served(database=written) as lab:
            parts = parts_of(lab)
            written_meanwhile: list[int] = []

            def write_once(text: str) -> None:
                if text == "copying part" and not written_meanwhile:
                    written_meanwhile.append(parts.create(Part(name="new")).id)

            done = moved(written, target, COMPONENTS, write_once)
            assert not done.is_finished
            assert done.goes_on is not None
            assert done.goes_on.revision == done.state.revision + 1
            parts.delete(1)
            parts.update(Part(id=3, name="changed", seen=9), mask="*")
            client(lab, "Machine").delete("a")
            done = moved(written, target, COMPONENTS)
            assert done.is_finished
            assert sum(table.written for table in done.tables) < sum(table.rows for table in done.tables) / 2
            before = shown(lab)
        with served(database=target) as lab:
            assert shown(lab) == before

    def test_is_caught_up_with_until_one_of_the_two_goes_its_own_way(self, written: str, target: str) -> None:
        moved(written, target, COMPONENTS)
        with served(database=written) as lab:
            parts_of(lab).create(Part(name="new"))
        assert moved(written, target, COMPONENTS).is_finished
        with served(database=target) as lab:
            parts_of(lab).create(Part(name="only there"))
            before = shown(lab)
        with pytest.raises(MigrationFailed, match="was written to or pruned since; what is there is not replaced"):
            moved(written, target, COMPONENTS)
        with served(database=target) as lab:
            assert shown(lab) == before

    def test_is_not_finished_where_it_was_pruned_or_written_to_while_it_was_compared(
        self, written: str, target: str, key: SigningKey, trusted: Path
    ) -> None:
        with served(database=written, retention_key=trusted) as lab:
            parts = parts_of(lab)
            pruned: list[str] = []

            def prune(text: str) -> None:
                if text == "verifying part" and not pruned:
                    parts.update(Part(id=4, name="x"), mask="name")
                    retention = RetentionClient(lab.crib)
                    plan = retention.plan(Target.TARGET_AUDIT, "lab.parts.v1.Part", keep_last=1)
                    pruned.append(str(retention.prune(sign(plan.pruning, key))))

            assert not moved(written, target, COMPONENTS, prune).is_finished
            assert pruned
            done = moved(written, target, COMPONENTS)
            assert done.is_finished
            assert {table.name for table in done.tables if table.removed} >= {"toolcrib_audit", "toolcrib_transaction"}
        assert checked(target).finding is None


class TestACorruptedCopy:
    def test_is_found_in_every_column_of_every_table(self, written: str) -> None:
        """On a file, where SQL can put anything in the place of anything."""
        with scratch_file() as target:
            assert moved(written, target, COMPONENTS).is_finished
            with (
                migration(written, target, COMPONENTS) as opened,
                behind(target) as hand,
                opened.source.backend.audit() as stored,
            ):
                check_rows(opened.source, stored, opened.target, Telling())
                found = 0
                for table in opened.target.tables:
                    for old, new in tamperings(hand, table):
                        replaced(hand, table, old, new)
                        with pytest.raises(MigrationFailed, match=rf"^{table.name}: "):
                            check_rows(opened.source, stored, opened.target, Telling())
                        replaced(hand, table, new, old)
                        found += 1
                check_rows(opened.source, stored, opened.target, Telling())
            assert found > 100

    def test_is_told_by_its_key_and_mended_by_the_next_run(self, written: str, target: str) -> None:
        begun: list[str] = []

        def tamper(text: str) -> None:
            begun.append(text)
            # Behind its comparison; what is verified may be of the moment at which that begins.
            if "comparing machine" in begun[:-1]:
                with behind(target) as hand:
                    hand.execute("UPDATE machine SET toolcrib_revision = 99 WHERE code = 'ab'")

        assert moved(written, target, COMPONENTS).is_finished
        told = "^machine: the row with the key ab is altered in the copy; run the same again, which mends it"
        with pytest.raises(MigrationFailed, match=told):
            moved(written, target, COMPONENTS, tamper)
        assert moved(written, target, COMPONENTS).is_finished


class TestASourceThatIsNotSound:
    @pytest.mark.parametrize(
        ("tampering", "told"),
        [
            ("UPDATE toolcrib_audit SET record_key = 'x' WHERE revision = 1", "the audit of .* is not sound"),
            ("UPDATE part SET made = 'yesterday' WHERE id = 3", "part: the row behind the key .* cannot have written"),
        ],
    )
    def test_is_refused_in_a_line(self, written_file: str, target: str, tampering: str, told: str) -> None:
        with behind(written_file) as hand:
            hand.execute(tampering)
        with pytest.raises(MigrationFailed, match=told):
            moved(written_file, target, COMPONENTS)

    def test_holds_what_the_target_has_no_place_for(self, written_file: str, target: str) -> None:
        with behind(written_file) as hand:
            hand.execute("UPDATE part SET seen = 'often' WHERE id = 3")
        with pytest.raises(
            MigrationFailed, match=r"^part: the row with the key 3 cannot be written to .*often"
        ) as refusal:
            moved(written_file, target, COMPONENTS)
        assert "\n" not in str(refusal.value)
        assert "INSERT" not in str(refusal.value)


class Ended(BaseException):
    """The process is gone."""


def ending_at(number: int) -> Any:
    """Ends a migration when it begins with so many things."""
    begun: list[str] = []

    def count(text: str) -> None:
        begun.append(text)
        if len(begun) == number:
            raise Ended

    return count


def replaced(hand: Behind, table: SideTable, old: Values, new: Values) -> None:
    """Puts a row in the place of another one, or of none."""
    keys = [column.name for column in table.table.primary_key]
    if old:
        where = " AND ".join(f'"{name}" = ?' for name in keys)
        hand.execute(f'DELETE FROM "{table.name}" WHERE {where}', [old[name] for name in keys])
    if new:
        names, marks = ", ".join(f'"{name}"' for name in new), ", ".join("?" for _ in new)
        hand.execute(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', list(new.values()))


def tamperings(hand: Behind, table: SideTable) -> Iterator[tuple[Values, Values]]:
    """The first row of a table, and what somebody has made of it: gone, there twice, or another value in a column."""
    names = [column.name for column in table.table.columns]
    spelled = ", ".join(f'"{name}"' for name in names)
    keys = [column.name for column in table.table.primary_key]
    row = hand.execute(f'SELECT {spelled} FROM "{table.name}" ORDER BY "{keys[0]}" LIMIT 1').fetchone()
    if row is None:
        return
    old = dict(zip(names, row, strict=True))
    yield old, {}
    yield {}, {name: other(value) for name, value in old.items()}
    for name, value in old.items():
        yield old, {**old, name: other(value)}


def other(value: Any) -> Any:
    match value:
        case None:
            return 1
        case str():
            return f"{value}x"
        case bytes():
            return value + b"x"
        case _:
            return value - 10**6 if value > 0 else value + 10**6
