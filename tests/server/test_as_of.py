"""Reading the past: what was answered at a revision is answered as of it, for good."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from support.behind import behind
from support.lab import Lab, generated, served
from toolcrib.client import AuditClient, InvalidArgument, NotFound, OutOfRange, ToolcribError
from toolcrib.server.testing import new_database

PACKAGE = "lab.parts.v1"
Supplier, Part, Machine, PartUse, Size = (
    generated(f"{PACKAGE}.part_pb2", name) for name in ("Supplier", "Part", "Machine", "PartUse", "Size")
)
# What is asked at each revision, and once more as of it when everything has changed.
FILTERS = (
    "",
    'name = "a*"',
    "made_by.rating > 1",
    "made_by = null",
    "NOT parts.name:a",
    "machines.code:m1",
    'part_of.name = "b" OR machines:*',
    "size.tags:red",
)
INCLUDE = "made_by,part_of,parts,machines.uses"


def told(part: Any) -> Any:
    """A part without what is no part of its versions, in any part that it shows."""
    if part.HasField("part_of"):
        told(part.part_of)
    for inner in part.parts:
        told(inner)
    part.ClearField("seen")
    part.ClearField("etag")
    return part


@dataclass
class Then:
    """What was answered at a revision."""

    time: datetime
    parts: dict[int, Any]
    all_parts: list[Any]
    found: dict[str, list[int]]
    machines: list[Any]


@dataclass
class Shop:
    """Clients of all components, and what they were answered at each revision."""

    lab: Lab
    chance: random.Random = field(default_factory=lambda: random.Random(11))
    then: dict[int, Then] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = (("supplier", "Supplier"), ("part", "Part"), ("machine", "Machine"), ("part_use", "PartUse"))
        self.suppliers, self.parts, self.machines, self.uses = (
            self.lab.client(f"{PACKAGE}.{module}", name) for module, name in names
        )

    def note(self) -> int:
        """Asks everything, and keeps the answers."""
        revision: int = self.parts.list_page(page_size=1).revision
        self.then[revision] = Then(
            datetime.now(UTC),
            {part.id: told(part) for part in self.parts.list(include=INCLUDE)},
            [told(part) for part in self.parts.list(show_deleted=True)],
            {text: [part.id for part in self.parts.list(filter=text)] for text in FILTERS},
            list(self.machines.list(include="parts")),
        )
        return revision

    def change(self) -> None:
        """One change or another; what is refused changes nothing."""
        chance = self.chance
        ids = [part.id for part in self.parts.list(show_deleted=True)] or [0]
        name, one = chance.choice("aab"), chance.choice(ids)
        tags = chance.choice([["red"], ["red", "blue"], []])
        whole = chance.choice([None, one])
        supplier = chance.choice([None, 1, 2])
        size = Size(width_mm=chance.randint(0, 3), tags=tags)
        changes: list[Callable[[], Any]] = [
            lambda: self.parts.create(Part(name=name, supplier=supplier, whole=whole, size=size)),
            lambda: self.parts.update(Part(id=one, name=name, size=size), mask="name,size"),
            lambda: self.parts.update(Part(id=one, supplier=supplier), mask="supplier"),
            lambda: self.parts.update(Part(id=one, seen=chance.randint(0, 99)), mask="seen"),
            lambda: self.parts.delete(one),
            lambda: self.parts.undelete(one),
            lambda: self.uses.create(
                PartUse(machine=chance.choice(["m1", "m2"]), part=one, count=chance.randint(0, 3))
            ),
            lambda: self.uses.delete(chance.randint(1, 8)),
            lambda: self.suppliers.update(Supplier(number=1, rating=chance.randint(0, 4)), mask="rating"),
            lambda: self.machines.delete("m2"),
            lambda: self.machines.create(Machine(code="m2")),
            self._several,
        ]
        with suppress(ToolcribError):
            chance.choice(changes)()

    def _several(self) -> None:
        """One commit that changes a record twice."""
        writes = generated(f"{PACKAGE}.part_writes", "PartWrites")
        with self.lab.crib.transaction() as transaction:
            first = writes(transaction)
            first.update(Part(id=1, name="twice"), mask="name")
            first.update(Part(id=1, name=self.chance.choice("ab")), mask="name")


@pytest.fixture(scope="module")
def past() -> Iterator[str]:
    with new_database() as url:
        yield url


@pytest.fixture(scope="module")
def shop(past: str) -> Iterator[Shop]:
    """A hundred changes, restarted in between."""
    with served(database=past) as lab:
        shop = Shop(lab)
        shop.suppliers.batch_create([Supplier(number=1, name="acme", rating=3), Supplier(number=2, name="bolt")])
        shop.machines.batch_create([Machine(code="m1"), Machine(code="m2")])
        shop.parts.batch_create([Part(name="a"), Part(name="b", supplier=1)])
        for _ in range(60):
            shop.change()
            shop.note()
    with served(database=past) as lab:
        again = Shop(lab, shop.chance, shop.then)
        for _ in range(40):
            again.change()
            again.note()
        yield again


class TestAnswers:
    def test_a_list_as_of_a_revision_is_what_it_was(self, shop: Shop) -> None:
        assert len(shop.then) > 50
        for revision, then in shop.then.items():
            assert [told(part) for part in shop.parts.list(as_of=revision, show_deleted=True)] == then.all_parts
            found = {text: [part.id for part in shop.parts.list(filter=text, as_of=revision)] for text in FILTERS}
            assert found == then.found, revision
            counts = {text: shop.parts.count(filter=text, as_of=revision) for text in FILTERS}
            assert counts == {text: len(ids) for text, ids in then.found.items()}

    def test_related_records_are_those_of_then(self, shop: Shop) -> None:
        for revision, then in shop.then.items():
            listed = {part.id: told(part) for part in shop.parts.list(include=INCLUDE, as_of=revision, page_size=3)}
            assert listed == then.parts, revision
            machines = list(shop.machines.list(include="parts", as_of=revision))
            assert [[part.id for part in machine.parts] for machine in machines] == [
                [part.id for part in machine.parts] for machine in then.machines
            ]

    def test_a_record_as_of_a_revision_is_what_it_was(self, shop: Shop) -> None:
        ids = {part.id for then in shop.then.values() for part in then.all_parts}
        for revision, then in shop.then.items():
            for key in ids:
                if key in then.parts:
                    assert told(shop.parts.get(key, include=INCLUDE, as_of=revision)) == then.parts[key]
                else:
                    with pytest.raises(NotFound):
                        shop.parts.get(key, as_of=revision)

    def test_a_time_means_the_last_revision_of_then(self, shop: Shop) -> None:
        for then in shop.then.values():
            ids = [part.id for part in shop.parts.list(as_of=then.time)]
            assert ids == then.found[""]
        assert list(shop.parts.list(as_of=datetime(2020, 1, 1, tzinfo=UTC))) == []
        assert shop.parts.list_page(as_of=datetime.now(UTC) + timedelta(days=1)).revision == max(shop.then)

    def test_an_answer_says_its_revision(self, shop: Shop) -> None:
        early = min(shop.then)
        assert shop.parts.list_page(as_of=early).revision == early

    def test_a_query_in_python(self, shop: Shop) -> None:
        fields = generated(f"{PACKAGE}.part_fields", "PartFields")
        early, then = next(iter(shop.then.items()))
        query = shop.parts.where(fields.name.startswith("a")).as_of(early)
        assert [part.id for part in query] == then.found['name = "a*"']
        assert query.count() == len(then.found['name = "a*"'])

    def test_the_plan_names_no_tables(self, shop: Shop) -> None:
        plan = shop.parts.explain(filter="made_by.number = 1", as_of=min(shop.then))
        assert plan.steps
        assert "_history" not in str([step.description for step in plan.steps])


def test_a_clock_that_was_set_back_hides_no_revision() -> None:
    with served() as lab:
        shop = Shop(lab)
        for name in "abcde":
            shop.parts.create(Part(name=name))
        # By an hour between the second and the third; then it goes on.
        times = ("12:00", "12:50", "12:10", "12:20", "13:30")
        with behind(lab.database) as connection:
            connection.executemany(
                "UPDATE toolcrib_transaction SET commit_time = ? WHERE revision = ?",
                [(f"2026-05-01 {time}:00.000000", revision) for revision, time in enumerate(times, 1)],
            )

        def read_at(hour: int, minute: int) -> int:
            page = shop.parts.list_page(as_of=datetime(2026, 5, 1, hour, minute, tzinfo=UTC))
            return int(page.revision)

        asked = ((11, 0), (12, 5), (12, 15), (12, 55), (13, 29), (13, 30), (23, 0))
        assert [read_at(*time) for time in asked] == [0, 1, 3, 4, 4, 5, 5]


class TestVersions:
    def test_a_version_ends_where_the_next_begins(self, shop: Shop, past: str) -> None:
        """Contiguous while the record is there, none overlapping, none empty."""
        with behind(past) as connection:
            former = connection.execute(
                "SELECT id, toolcrib_start_revision, toolcrib_end_revision FROM part_history ORDER BY 1, 2"
            ).fetchall()
            current = dict(connection.execute("SELECT id, toolcrib_start_revision FROM part").fetchall())
        assert len(former) > 15
        for (key, start, end), following in zip(former, [*former[1:], (None, None, None)], strict=True):
            assert start < end
            assert end == (following[1] if following[0] == key else current[key])

    def test_excluded_fields_and_nothing_make_none(self) -> None:
        with served() as lab:
            shop = Shop(lab)
            made = shop.parts.create(Part(name="a"))
            shop.parts.update(Part(id=made.id, seen=5), mask="seen")
            seen = shop.parts.update(Part(id=made.id, seen=6), mask="seen")
            assert seen.etag != made.etag
            assert shop.parts.get(made.id, as_of=int(made.etag)).name == "a"
            with behind(lab.database) as connection:
                assert connection.execute("SELECT count(*) FROM part_history").fetchone() == (0,)
                shop.parts.update(Part(id=made.id, name="b"), mask="name")
                assert connection.execute("SELECT count(*) FROM part_history").fetchone() == (1,)

    def test_what_one_commit_made_first_of_excluded_fields_is_not_of_the_version_before(self) -> None:
        with served() as lab:
            shop = Shop(lab)
            made = shop.parts.create(Part(name="a", seen=1))
            writes = generated(f"{PACKAGE}.part_writes", "PartWrites")
            with lab.crib.transaction() as transaction:
                writes(transaction).update(Part(id=made.id, seen=5), mask="seen")
                writes(transaction).update(Part(id=made.id, name="b"), mask="name")
            assert shop.parts.get(made.id, as_of=1) == made
            assert list(shop.parts.list(as_of=1)) == [made]
            with lab.crib.transaction() as transaction:
                writes(transaction).update(Part(id=made.id, seen=6), mask="seen")
                writes(transaction).delete(made.id)
            assert (shop.parts.get(made.id, as_of=2).seen, shop.parts.get(made.id, as_of=2).etag) == (5, "2")

    def test_a_key_that_is_given_again_is_another_life(self) -> None:
        with served() as lab:
            shop = Shop(lab)
            shop.machines.create(Machine(code="m"))
            first = shop.note()
            shop.machines.delete("m")
            between = shop.note()
            shop.machines.create(Machine(code="m"))
            assert shop.machines.get("m", as_of=first).code == "m"
            with pytest.raises(NotFound):
                shop.machines.get("m", as_of=between)
            assert shop.machines.get("m").code == "m"

    def test_pages_of_the_past_stay_while_others_write(self) -> None:
        with served() as lab:
            shop = Shop(lab)
            shop.parts.batch_create([Part(name=f"part {n}") for n in range(6)])
            soon = datetime.now(UTC) + timedelta(hours=1)
            listed = shop.parts.list(page_size=2, as_of=soon)
            names = [next(listed).name]
            shop.parts.update(Part(id=3, name="changed"), mask="name")
            shop.parts.delete(4)
            names += [part.name for part in listed]
            assert names == [f"part {n}" for n in range(6)]
            token = shop.parts.list_page(page_size=2, as_of=1).next_page_token
            with pytest.raises(InvalidArgument, match="was not given by this server for this list"):
                shop.parts.list_page(page_size=2, page_token=token)


class TestRefusals:
    @pytest.mark.parametrize("revision", [-1, 10**6, 2**63 - 1])
    def test_a_revision_that_has_not_been(self, shop: Shop, revision: int) -> None:
        for attempt in (lambda: shop.parts.get(1, as_of=revision), lambda: list(shop.parts.list(as_of=revision))):
            with pytest.raises(InvalidArgument) as refusal:
                attempt()
            assert refusal.value.reason == "INVALID_AS_OF"
            assert f"the newest is {max(shop.then)}" in refusal.value.message

    def test_a_revision_and_a_time(self, shop: Shop) -> None:
        stub = generated(f"{PACKAGE}.part_service_pb2_grpc", "PartServiceStub")(shop.lab.crib.channel)
        request = generated(f"{PACKAGE}.part_service_pb2", "GetPartRequest")(id=1, as_of_revision=1, as_of_time={})
        with pytest.raises(grpc.RpcError) as refusal:
            stub.GetPart(request)
        assert "name one of the two" in str(refusal.value)

    def test_a_relation_to_what_keeps_no_versions(self) -> None:
        with served() as lab:
            shelves = lab.client("lab.shelves.v1.shelf", "Shelf")
            shelf = generated("lab.shelves.v1.shelf_pb2", "Shelf")
            shelves.create(shelf(code="s"))
            attempts: tuple[Callable[[], Any], ...] = (
                lambda: list(shelves.list(filter="boxes:*", as_of=1)),
                lambda: shelves.get("s", include="boxes", as_of=1),
            )
            for attempt in attempts:
                with pytest.raises(InvalidArgument) as refusal:
                    attempt()
                assert refusal.value.reason == "INVALID_AS_OF"
                assert "lab.shelves.v1.Box keeps no versions" in refusal.value.message

    def test_what_was_before_versions_were_kept(self, database: str) -> None:
        with served(database=database) as lab:
            Shop(lab).parts.batch_create([Part(name="a"), Part(name="b")])
            Shop(lab).parts.create(Part(name="c"))
        # As if the option had come only now.
        with behind(database) as connection:
            connection.execute("DROP TABLE part_history")
            connection.execute("DELETE FROM toolcrib_kept WHERE component LIKE '%.Part'")
        with served(database=database) as lab:
            shop = Shop(lab)
            shop.parts.delete(1)
            assert [part.name for part in shop.parts.list(as_of=2)] == ["a", "b", "c"]
            # What has not changed since is as it was; of what is not there nobody knows.
            assert shop.parts.get(1, as_of=1).name == "a"
            attempts: tuple[Callable[[], Any], ...] = (
                lambda: shop.parts.get(3, as_of=1),
                lambda: list(shop.parts.list(as_of=1)),
                lambda: shop.parts.count(as_of=datetime(2020, 1, 1, tzinfo=UTC)),
            )
            for attempt in attempts:
                with pytest.raises(OutOfRange) as refusal:
                    attempt()
                assert refusal.value.reason == "REVISION_TOO_OLD"
                assert refusal.value.metadata["oldest_revision"] == "2"


def test_without_history_the_audit_has_no_contents() -> None:
    with served() as lab:
        boxes, box = lab.client("lab.shelves.v1.box", "Box"), generated("lab.shelves.v1.shelf_pb2", "Box")
        boxes.create(box(label="secret"))
        (entry,) = AuditClient(lab.crib).entries()
        assert (entry.component, entry.record_key, entry.actor) == ("lab.shelves.v1.Box", "1", "ann")
        assert not entry.HasField("after")
        with behind(lab.database) as connection:
            assert connection.execute("SELECT before_image, after_image FROM toolcrib_audit").fetchall() == [
                (None, None)
            ]
