"""The history of records: versions and what changed in each, what differs between two revisions, and going back."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from support.lab import Lab, generated, served
from toolcrib.audit.v1.audit_pb2 import Operation
from toolcrib.client import Aborted, FailedPrecondition, InvalidArgument, NotFound, ToolcribError
from toolcrib.server import Application, Change, Veto

PACKAGE = "lab.parts.v1"
Supplier, Part, Machine, PartUse, Size = (
    generated(f"{PACKAGE}.part_pb2", name) for name in ("Supplier", "Part", "Machine", "PartUse", "Size")
)
PartWrites = generated(f"{PACKAGE}.part_writes", "PartWrites")
PartRecord = generated(f"{PACKAGE}.part_record", "PartRecord")


class Shop:
    """Clients of all components."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        names = (("supplier", "Supplier"), ("part", "Part"), ("machine", "Machine"), ("part_use", "PartUse"))
        self.suppliers, self.parts, self.machines, self.uses = (
            lab.client(f"{PACKAGE}.{module}", name) for module, name in names
        )

    def by(self, actor: str, reason: str = "") -> Any:
        """The parts, as somebody."""
        return generated(f"{PACKAGE}.part_client", "PartClient")(self.lab.crib.as_actor(actor).with_reason(reason))

    def versions(self, key: int, **asked: Any) -> list[tuple[str, str]]:
        """Operation and name of each version of a part, newest first."""
        found = self.parts.revisions(key, **asked)
        return [(Operation.Name(each.operation).removeprefix("OPERATION_"), each.after.name) for each in found]

    def revision(self) -> int:
        """The newest revision."""
        revision: int = self.parts.list_page(page_size=1).revision
        return revision


@pytest.fixture
def shop() -> Iterator[Shop]:
    with served() as lab:
        yield Shop(lab)


class TestVersions:
    def test_each_says_who_made_it_why_and_what_changed(self, shop: Shop) -> None:
        part = shop.parts.create(Part(name="a", size=Size(width_mm=1)))
        shop.by("bob", "worn").update(Part(id=part.id, size=Size(width_mm=2)), mask="size")
        shop.parts.delete(part.id)
        shop.parts.undelete(part.id)
        undeleted, deleted, updated, created = shop.parts.revisions(part.id)
        assert [each.operation for each in (created, updated, deleted, undeleted)] == [1, 2, 3, 4]
        assert [each.revision for each in (created, updated, deleted, undeleted)] == [1, 2, 3, 4]
        assert (updated.actor, updated.reason) == ("bob", "worn")
        assert updated.method == "/lab.parts.v1.PartService/UpdatePart"
        assert list(updated.changed_fields.paths) == ["size"]
        assert (updated.before.size.width_mm, updated.after.size.width_mm) == (1, 2)
        assert not created.HasField("before")
        assert list(created.changed_fields.paths) == ["name", "size"]
        neighbours = [(each.previous_revision, each.next_revision) for each in (created, updated, deleted, undeleted)]
        assert neighbours == [(0, 2), (1, 3), (2, 4), (3, 0)]

    @pytest.mark.parametrize("oldest_first", [False, True])
    def test_pages_go_on_where_the_last_one_ended(self, shop: Shop, oldest_first: bool) -> None:
        part = shop.parts.create(Part(name="0"))
        for number in range(1, 8):
            shop.parts.update(Part(id=part.id, name=str(number)), mask="name")
        whole = list(shop.parts.revisions(part.id, oldest_first=oldest_first))
        assert list(shop.parts.revisions(part.id, oldest_first=oldest_first, page_size=3)) == whole
        names = [version.after.name for version in whole]
        assert names == [str(n) for n in (range(8) if oldest_first else reversed(range(8)))]

    def test_several_writes_in_one_commit_are_one(self, shop: Shop) -> None:
        part = shop.parts.create(Part(name="a"))
        with shop.lab.crib.transaction() as transaction:
            for name in ("b", "c"):
                PartWrites(transaction).update(Part(id=part.id, name=name), mask="name")
        with shop.lab.crib.transaction() as transaction:
            PartWrites(transaction).delete(part.id)
            PartWrites(transaction).undelete(part.id)
        with shop.lab.crib.transaction() as transaction:
            for name in ("d", "c"):
                PartWrites(transaction).update(Part(id=part.id, name=name), mask="name")
        with shop.lab.crib.transaction() as transaction:
            PartWrites(transaction).update(Part(id=part.id, name="e"), mask="name")
            PartWrites(transaction).delete(part.id)
        assert shop.versions(part.id) == [("DELETE", "e"), ("UPDATE", "c"), ("CREATE", "a")]
        _, updated, _ = shop.parts.revisions(part.id)
        assert (updated.before.name, updated.after.name) == ("a", "c")

    def test_excluded_fields_make_none(self, shop: Shop) -> None:
        part = shop.parts.create(Part(name="a"))
        shop.parts.update(Part(id=part.id, seen=1), mask="seen")
        shop.parts.update(Part(id=part.id, seen=2, name="b"), mask="seen,name")
        assert shop.versions(part.id) == [("UPDATE", "b"), ("CREATE", "a")]

    def test_two_lives_under_one_key_are_one_history(self, shop: Shop) -> None:
        for _ in range(2):
            shop.machines.create(Machine(code="m"))
            shop.machines.delete("m")
        operations = [version.operation for version in shop.machines.revisions("m", oldest_first=True)]
        assert operations == [1, 3, 1, 3]

    def test_a_record_that_never_was(self, shop: Shop) -> None:
        with pytest.raises(NotFound, match="there never was a record 99"):
            list(shop.parts.revisions(99))
        with pytest.raises(InvalidArgument):
            list(shop.parts.revisions(0))

    def test_concurrent_writers_make_versions_without_gaps(self, shop: Shop) -> None:
        part = shop.parts.create(Part(name="0"))

        def write(number: int) -> int:
            done = 0
            for _ in range(10):
                with suppress(Aborted):
                    current = shop.parts.get(part.id)
                    current.name = f"{number}.{done}"
                    shop.parts.update(current, mask="name")
                    done += 1
            return done

        with ThreadPoolExecutor(16) as pool:
            done = sum(pool.map(write, range(16)))
        versions = list(shop.parts.revisions(part.id, oldest_first=True))
        assert len(versions) == done + 1
        for before, after in itertools.pairwise(versions):
            assert after.before == before.after
            assert (before.next_revision, after.previous_revision) == (after.revision, before.revision)
            assert shop.parts.get(part.id, as_of=after.revision) == after.after
            assert shop.parts.get(part.id, as_of=after.revision - 1) == before.after


class TestDifferences:
    def test_of_a_record(self, shop: Shop) -> None:
        part = shop.parts.create(Part(name="a"))
        first = shop.revision()
        shop.parts.update(Part(id=part.id, name="b", size=Size(width_mm=1)), mask="name,size")
        shop.parts.update(Part(id=part.id, name="a"), mask="name")
        diff = shop.parts.diff(part.id, first)
        assert list(diff.changed_fields.paths) == ["size"]
        assert (diff.before.name, diff.after.size.width_mm) == ("a", 1)
        whole = shop.parts.diff(part.id, 0, first)
        assert (whole.HasField("before"), whole.after.name) == (False, "a")
        shop.parts.delete(part.id)
        assert not shop.parts.diff(part.id, first).HasField("after")

    def test_of_a_component(self, shop: Shop) -> None:
        shop.parts.batch_create([Part(name=name) for name in ("same", "renamed", "there and back", "deleted")])
        start = shop.revision()
        shop.parts.update(Part(id=2, name="new name"), mask="name")
        shop.parts.update(Part(id=3, name="x"), mask="name")
        shop.parts.update(Part(id=3, name="there and back"), mask="name")
        shop.parts.delete(4)
        shop.parts.create(Part(name="created"))
        shop.parts.delete(shop.parts.create(Part(name="came and went")).id)
        end = shop.revision()
        shop.parts.update(Part(id=1, name="later"), mask="name")
        found = [(diff.before.name, diff.after.name) for diff in shop.parts.diffs(start, end)]
        assert found == [("renamed", "new name"), ("deleted", ""), ("", "created")]

    def test_in_pages(self, shop: Shop) -> None:
        shop.parts.batch_create([Part(name=str(n)) for n in range(12)])
        stub = generated(f"{PACKAGE}.part_service_pb2_grpc", "PartServiceStub")(shop.lab.crib.channel)
        request = generated(f"{PACKAGE}.part_service_pb2", "ListPartDiffsRequest")(page_size=5)
        names: list[str] = []
        while True:
            page = stub.ListPartDiffs(request)
            names += [diff.after.name for diff in page.diffs]
            request.page_token = page.next_page_token
            if not request.page_token:
                break
            # What is changed meanwhile is not in it: the end was now.
            shop.by("bob").update(Part(id=12, name="changed"), mask="name")
        assert sorted(names, key=int) == [str(n) for n in range(12)]

    @pytest.mark.parametrize(("start", "end"), [(2, 1), (-1, 0), (0, 99), (99, 0)])
    def test_of_revisions_that_cannot_be_meant(self, shop: Shop, start: int, end: int) -> None:
        shop.parts.create(Part(name="a"))
        for attempt in (lambda: shop.parts.diff(1, start, end), lambda: list(shop.parts.diffs(start, end))):
            with pytest.raises(InvalidArgument) as refusal:
                attempt()
            assert refusal.value.reason == "INVALID_REVISION"


class TestRollback:
    def test_of_what_was_changed(self, shop: Shop) -> None:
        part = shop.parts.create(Part(name="a", size=Size(width_mm=1), seen=1))
        then = shop.revision()
        shop.parts.update(Part(id=part.id, name="b"), mask="*")
        back = shop.by("bob", "wrong order").rollback(part.id, then)
        assert (back.name, back.size.width_mm, back.seen) == ("a", 1, 1)
        newest = next(shop.parts.revisions(part.id))
        assert (newest.actor, newest.reason) == ("bob", "wrong order")
        assert newest.method == "/lab.parts.v1.PartService/RollbackPart"

    def test_of_what_was_deleted(self, shop: Shop) -> None:
        part = shop.parts.create(Part(name="a"))
        then = shop.revision()
        shop.parts.update(Part(id=part.id, name="b"), mask="name")
        shop.parts.delete(part.id)
        assert shop.parts.rollback(part.id, then).name == "a"
        assert shop.parts.get(part.id).name == "a"
        assert shop.versions(part.id)[0] == ("UNDELETE", "a")
        shop.machines.create(Machine(code="m"))
        then = shop.revision()
        shop.machines.delete("m")
        assert shop.machines.rollback("m", then).code == "m"
        assert shop.machines.get("m").code == "m"

    def test_of_what_was_deleted_is_one_write_and_needs_only_what_it_referred_to_then(self, shop: Shop) -> None:
        shop.suppliers.batch_create([Supplier(number=1), Supplier(number=2)])
        part = shop.parts.create(Part(name="a", supplier=1))
        shop.parts.update(Part(id=part.id, name="b", supplier=2), mask="name,supplier")
        shop.parts.delete(part.id)
        shop.suppliers.delete(2)
        back = shop.parts.rollback(part.id, 2)
        assert (back.name, back.supplier, back.etag) == ("a", 1, "6")
        assert [entry for entry in shop.lab.audited() if entry[3] == 6] == [("Part", "1", "UNDELETE", 6)]
        assert shop.versions(part.id)[:2] == [("UNDELETE", "a"), ("DELETE", "b")]
        assert list(next(shop.parts.revisions(part.id)).changed_fields.paths) == ["name", "supplier"]

    def test_a_number_that_the_server_gave_is_given_back(self) -> None:
        with served() as lab:
            tasks, task = lab.client("lab.lines.v1.task", "Task"), generated("lab.lines.v1.line_pb2", "Task")
            lines, line = lab.client("lab.lines.v1.line", "Line"), generated("lab.lines.v1.line_pb2", "Line")
            stations, station = (
                lab.client("lab.lines.v1.station", "Station"),
                generated("lab.lines.v1.line_pb2", "Station"),
            )
            lines.create(line(code="a"))
            stations.create(station(line="a"))
            first = tasks.create(task(station=1))
            tasks.delete(first.id)
            assert tasks.rollback(first.id, 3) == first
            assert tasks.create(task(station=1)).id == first.id + 1
            # What it refers to has to be there, as for any write.
            tasks.delete(first.id)
            tasks.delete(first.id + 1)
            stations.delete(1)
            with pytest.raises(FailedPrecondition) as refusal:
                tasks.rollback(first.id, 3)
            assert refusal.value.reason == "REFERENCE_NOT_FOUND"

    def test_to_when_it_was_not_there_deletes(self, shop: Shop) -> None:
        shop.parts.create(Part(name="other"))
        then = shop.revision()
        part = shop.parts.create(Part(name="a"))
        assert shop.parts.rollback(part.id, then).name == "a"
        with pytest.raises(NotFound):
            shop.parts.get(part.id)
        shop.machines.create(Machine(code="m"))
        assert shop.machines.rollback("m", then) == Machine()
        with pytest.raises(NotFound):
            shop.machines.get("m")

    def test_twice_is_nothing_more(self, shop: Shop) -> None:
        part = shop.parts.create(Part(name="a"))
        shop.parts.update(Part(id=part.id, name="b"), mask="name")
        once = shop.parts.rollback(part.id, 1)
        assert shop.parts.rollback(part.id, 1) == once
        shop.parts.rollback(99, 1)
        shop.parts.delete(part.id)
        deleted = shop.revision()
        shop.parts.rollback(part.id, deleted)
        assert shop.revision() == deleted == 4

    def test_a_stale_etag_a_dry_run_and_a_repeat(self, shop: Shop) -> None:
        part = shop.parts.create(Part(name="a"))
        changed = shop.parts.update(Part(id=part.id, name="b"), mask="name")
        with pytest.raises(Aborted):
            shop.parts.rollback(part.id, 1, etag=part.etag)
        dry = shop.parts.rollback(part.id, 1, validate_only=True)
        assert (dry.name, dry.etag, shop.revision()) == ("a", "", 2)
        once = shop.parts.rollback(part.id, 1, etag=changed.etag, request_id="r")
        shop.parts.update(Part(id=part.id, name="c"), mask="name")
        assert shop.parts.rollback(part.id, 1, etag=changed.etag, request_id="r") == once
        assert shop.parts.get(part.id).name == "c"

    def test_hooks_and_rules_have_their_say(self) -> None:
        application = Application()

        @application.before_update(PartRecord)
        def refuse(change: Change[Any]) -> None:
            if change.after.name == "a":
                raise Veto("not again")

        with served(application) as lab:
            shop = Shop(lab)
            part = shop.parts.create(Part(name="a"))
            shop.parts.update(Part(id=part.id, name="b"), mask="name")
            with pytest.raises(FailedPrecondition, match="not again"):
                shop.parts.rollback(part.id, 1)
            assert shop.parts.get(part.id).name == "b"

    def test_what_a_record_owns_goes_back_with_it(self, shop: Shop) -> None:
        whole = shop.parts.create(Part(name="whole"))
        shop.parts.batch_create([Part(name=name, whole=whole.id) for name in ("kept", "changed", "deleted")])
        inner = shop.parts.create(Part(name="inner", whole=4))
        then = shop.revision()
        shop.parts.update(Part(id=3, name="other"), mask="name")
        shop.parts.delete(4)
        shop.parts.create(Part(name="new", whole=whole.id))
        shop.parts.update(Part(id=whole.id, name="other"), mask="name")
        before = shop.revision()
        assert shop.parts.rollback(whole.id, then, include="parts.parts").name == "whole"
        assert shop.revision() == before + 1
        assert [part.name for part in shop.parts.list()] == ["whole", "kept", "changed", "deleted", "inner"]
        shop.parts.delete(whole.id)
        assert list(shop.parts.list()) == []
        shop.parts.rollback(whole.id, then, include="parts.parts")
        assert [part.id for part in shop.parts.list()] == [1, 2, 3, 4, inner.id]
        shop.parts.rollback(whole.id, before, include="parts")
        assert [part.name for part in shop.parts.list()] == ["other", "kept", "other", "new"]

    def test_several_records_in_one_transaction(self, shop: Shop) -> None:
        shop.parts.batch_create([Part(name="a"), Part(name="b")])
        shop.parts.update(Part(id=1, name="x"), mask="name")
        shop.parts.delete(2)
        with shop.lab.crib.transaction() as transaction:
            first = PartWrites(transaction).rollback(1, 1)
            PartWrites(transaction).rollback(2, 1)
        assert (first.value.name, transaction.revision) == ("a", 4)
        assert [part.name for part in shop.parts.list()] == ["a", "b"]

    @pytest.mark.parametrize("path", ["made_by", "machines", "part_of", "nothing"])
    def test_what_it_does_not_own_does_not(self, shop: Shop, path: str) -> None:
        shop.parts.create(Part(name="a"))
        with pytest.raises(InvalidArgument) as refusal:
            shop.parts.rollback(1, 1, include=path)
        assert refusal.value.reason == "INVALID_INCLUDE"

    @pytest.mark.parametrize("revision", [0, -1, 99])
    def test_to_a_revision_that_has_not_been(self, shop: Shop, revision: int) -> None:
        shop.parts.create(Part(name="a"))
        with pytest.raises(InvalidArgument) as refusal:
            shop.parts.rollback(1, revision)
        assert refusal.value.reason == "INVALID_REVISION"


def test_any_state_can_be_gone_back_to() -> None:
    """Random changes, then a random way through the past: each state is as it was, and each step in the history."""
    chance = random.Random(5)
    with served() as lab:
        shop, states = Shop(lab), {}
        part = shop.parts.create(Part(name="a"))
        changes: list[Callable[[], Any]] = [
            lambda: shop.parts.update(Part(id=part.id, name=chance.choice("abc")), mask="name"),
            lambda: shop.parts.update(Part(id=part.id, size=Size(tags=chance.sample("xyz", 2))), mask="size"),
            lambda: shop.parts.update(Part(id=part.id, size=None), mask="size"),
            lambda: shop.parts.delete(part.id),
            lambda: shop.parts.undelete(part.id),
        ]

        def state() -> Any:
            with suppress(NotFound):
                found = shop.parts.get(part.id)
                found.ClearField("etag")
                return found
            return None

        for _ in range(40):
            with suppress(ToolcribError):
                chance.choice(changes)()
            states[shop.revision()] = state()
        for revision in chance.sample(sorted(states), len(states)):
            shop.parts.rollback(part.id, revision)
            assert state() == states[revision]
            states[shop.revision()] = states[revision]
        versions = list(shop.parts.revisions(part.id, oldest_first=True))
        for version in versions:
            kept = version.after if version.operation != Operation.OPERATION_DELETE else None
            if kept is not None:
                kept.ClearField("etag")
            assert kept == states.get(version.revision, kept)
