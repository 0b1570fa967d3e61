"""Relations: filters go through them, and reads answer the records that they show."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.lab import Lab, generated, served
from toolcrib.client import FailedPrecondition, InvalidArgument, NotFound, Query
from toolcrib.server import include
from toolcrib.server.session import Session
from toolcrib.server.testing import TEST_DATABASE_VARIABLE

PACKAGE = "lab.parts.v1"
Supplier, Part, Machine, PartUse, Size = (
    generated(f"{PACKAGE}.part_pb2", name) for name in ("Supplier", "Part", "Machine", "PartUse", "Size")
)
PartFields = generated(f"{PACKAGE}.part_fields", "PartFields")
GREATEST = 2**64 - 1


class Parts:
    """Clients of all components."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.suppliers, self.parts, self.machines, self.uses = (
            lab.client(f"{PACKAGE}.{module}", name)
            for module, name in (
                ("supplier", "Supplier"),
                ("part", "Part"),
                ("machine", "Machine"),
                ("part_use", "PartUse"),
            )
        )

    def found(self, text: str, **asked: Any) -> list[str]:
        """The names of the parts that a filter finds."""
        return [part.name for part in self.parts.list(filter=text, **asked)]


def fill(lab: Lab) -> Parts:
    """Two suppliers; an axle with two screws, and a nut of nobody's; a lathe uses the axle twice, a mill once."""
    parts = Parts(lab)
    parts.suppliers.batch_create([Supplier(number=GREATEST, name="acme", rating=3), Supplier(number=7, name="bolt")])
    axle = parts.parts.create(Part(name="axle", supplier=GREATEST))
    sized = Size(width_mm=4, tags=["steel"])
    screws = [Part(name=name, supplier=7, whole=axle.id, size=sized) for name in ("screw", "long screw")]
    parts.parts.batch_create([*screws, Part(name="nut")])
    parts.machines.batch_create([Machine(code=code) for code in ("lathe", "mill", "idle")])
    uses = [("lathe", 1, 2), ("lathe", 1, 5), ("mill", 1, 1), ("mill", 2, 9), (None, 4, 1)]
    parts.uses.batch_create([PartUse(machine=machine, part=part, count=count) for machine, part, count in uses])
    return parts


@pytest.fixture
def plant() -> Iterator[Parts]:
    with served() as lab:
        yield fill(lab)


@pytest.fixture(scope="module")
def kept() -> Iterator[Parts]:
    """The same for tests that only read."""
    with served() as lab:
        yield fill(lab)


class TestFilters:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ('made_by.name = "acme"', ["axle"]),
            ("made_by.number = 18446744073709551615", ["axle"]),
            ('made_by.name != "acme"', ["screw", "long screw", "nut"]),
            ("made_by.rating > 1", ["axle"]),
            ("made_by.rating = null", ["screw", "long screw", "nut"]),
            ("made_by = null", ["nut"]),
            ("made_by != null", ["axle", "screw", "long screw"]),
            ("NOT made_by:*", ["nut"]),
            ('part_of.made_by.name:"cm"', ["screw", "long screw"]),
            ('parts.name:"screw"', ["axle"]),
            ('parts.name = "*screw"', ["axle"]),
            ("parts:*", ["axle"]),
            ("parts = null", ["screw", "long screw", "nut"]),
            ("parts.size.width_mm > 3", ["axle"]),
            ("parts.size.tags:steel", ["axle"]),
            ("part_of.parts.name:screw", ["screw", "long screw"]),
            ("machines.code:mill", ["axle", "screw"]),
            ("machines.code in (lathe, idle)", ["axle"]),
            ("NOT machines.code:lathe", ["screw", "long screw", "nut"]),
            ("machines:*", ["axle", "screw"]),
            ("machines = null", ["long screw", "nut"]),
            ("machines.uses.count > 8", ["axle", "screw"]),
            # Each comparison asks for itself: one machine may have the code, another the count.
            ("machines.code:lathe AND machines.uses.count:9", ["axle"]),
            ("machines.code:mill AND NOT parts:*", ["screw"]),
        ],
    )
    def test_a_filter_goes_through_relations(self, kept: Parts, text: str, found: list[str]) -> None:
        assert kept.found(text) == found
        assert kept.parts.count(filter=text) == len(found)

    def test_a_page_goes_on_behind_the_one_before(self, kept: Parts) -> None:
        assert kept.found("made_by:*", page_size=1, order_by="name desc") == ["screw", "long screw", "axle"]

    @pytest.mark.parametrize(
        ("condition", "found"),
        [
            (PartFields.made_by.name == "acme", ["axle"]),
            (PartFields.made_by.rating == None, ["screw", "long screw", "nut"]),  # noqa: E711  # as in SQLAlchemy
            (PartFields.made_by == None, ["nut"]),  # noqa: E711  # as above
            (PartFields.parts != None, ["axle"]),  # noqa: E711  # as above
            (PartFields.parts.name.endswith("screw"), ["axle"]),
            (PartFields.parts.name.contains("cre"), ["axle"]),
            (PartFields.parts.size.tags.has("steel"), ["axle"]),
            (~PartFields.machines.code.in_(["lathe"]), ["screw", "long screw", "nut"]),
            (PartFields.size.width_mm >= 4, ["screw", "long screw"]),
            (PartFields.size.tags == None, ["axle", "nut"]),  # noqa: E711  # as above
            (PartFields.size.counts.has("x"), []),
        ],
    )
    def test_python_writes_the_same_conditions(self, kept: Parts, condition: Any, found: list[str]) -> None:
        query: Query[Any] = kept.parts.where(condition)
        assert [part.name for part in query] == found
        assert query.count() == len(found)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("made_by.nam = 5", "did you mean 'name'?"),
            ("made_by = 5", "compare the fields inside"),
            (
                "machines = lathe",
                "machines has records; ask for their fields, as in machines.code:5, or for machines:*",
            ),
            ("machines:lathe", "machines has records"),
            ("machines.code != lathe", "write NOT machines.code:5"),
            ("machines.code = null", "ask for machines.code:*"),
            ("machines.code in (lathe, null)", "ask for machines.code:*"),
            ("parts.size.tags = steel", "ask what it has, as in parts.size.tags:5"),
            ("parts.parts.parts.parts.parts:*", "goes through more than 4 relations"),
        ],
    )
    def test_a_wrong_way_is_refused_with_what_to_write(self, kept: Parts, text: str, said: str) -> None:
        with pytest.raises(InvalidArgument) as refusal:
            kept.found(text)
        assert refusal.value.reason == "INVALID_FILTER"
        assert said in refusal.value.message

    def test_the_plan_says_what_is_read_of_which_component(self, kept: Parts) -> None:
        served_by_indexes = kept.parts.explain(filter="machines.code:mill")
        # In an order that the database chooses.
        found = {step.description for step in served_by_indexes.steps}
        assert found >= {"finds records by the key (id)", "finds records of lab.parts.v1.Machine by the key (code)"}
        by_machine = "finds records of lab.parts.v1.PartUse by the index part_use_machine_idx (machine)"
        # MariaDB goes along the links where there are but a few of them, and says so.
        along = "reads all records of lab.parts.v1.PartUse, in the order of the index part_use_part_idx (part)"
        is_mariadb = os.environ.get(TEST_DATABASE_VARIABLE, "").startswith(("mariadb", "mysql"))
        assert by_machine in found or (is_mariadb and along in found)
        assert served_by_indexes.full_scan is (by_machine not in found)
        scanning = kept.parts.explain(filter="made_by.name:acme")
        assert scanning.full_scan
        # Of suppliers for their names, or of parts for their suppliers: from the end that the database begins with.
        assert "no index serves the filter" in scanning.warnings[0]


class TestIncluding:
    def test_get_and_list_answer_what_is_included(self, kept: Parts) -> None:
        axle = kept.parts.get(1, include="made_by, parts, machines.uses")
        assert axle.made_by == Supplier(number=GREATEST, name="acme", rating=3)
        assert [part.name for part in axle.parts] == ["screw", "long screw"]
        assert [(machine.code, [use.count for use in machine.uses]) for machine in axle.machines] == [
            ("lathe", [2, 5]),
            ("mill", [1, 9]),
        ]
        listed = list(kept.parts.list(include=["made_by", "parts", "machines.uses"], page_size=2))
        assert listed[0] == axle
        assert [part.made_by.name for part in listed] == ["acme", "bolt", "bolt", ""]
        assert [part.HasField("made_by") for part in listed] == [True, True, True, False]

    def test_nothing_is_included_that_nobody_asks_for(self, kept: Parts) -> None:
        for part in (kept.parts.get(1), kept.parts.get(1, read_mask="*"), *kept.parts.list()):
            assert not part.HasField("made_by")
            assert not part.parts
            assert not part.machines

    def test_a_mask_names_what_of_it_is_answered(self, kept: Parts) -> None:
        whole = Part(name="screw", made_by=Supplier(number=7, name="bolt"))
        narrow = Part(name="screw", made_by=Supplier(name="bolt"))
        for asked, answer in (
            ({"read_mask": "name", "include": "made_by"}, whole),
            ({"read_mask": "name,made_by"}, whole),
            ({"read_mask": "name,made_by.name"}, narrow),
            ({"read_mask": "name,made_by.name", "include": "made_by"}, narrow),
        ):
            assert kept.parts.get(2, **asked) == answer, asked
            assert list(kept.parts.list(filter="id = 2", **asked)) == [answer], asked

    def test_a_query_in_python_includes_too(self, kept: Parts) -> None:
        query = kept.parts.where(PartFields.name == "axle").include(PartFields.made_by, "machines").only("id")
        assert [(part.made_by.name, len(part.machines)) for part in query] == [("acme", 2)]

    def test_many_are_read_with_as_few_statements_as_one(self, plant: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
        plant.parts.batch_create([Part(name=f"part {n}", supplier=7, whole=1) for n in range(200)])
        asked = {"include": "made_by,parts,part_of.machines"}
        counted = []
        for name in ("iterate", "fetch_one"):
            run = getattr(Session, name)

            def counting(self: Session, *given: Any, run: Callable[..., Any] = run) -> Any:
                counted.append(given[0].sql)
                return run(self, *given)

            monkeypatch.setattr(Session, name, counting)
        plant.parts.list_page(page_size=2, **asked)
        of_few = len(counted)
        counted.clear()
        page = plant.parts.list_page(page_size=200, **asked)
        assert len(page.parts) == 200
        assert page.parts[150].part_of.name == "axle"
        assert page.parts[150].made_by.name == "bolt"
        assert len(page.parts[0].parts) == 202
        assert len(counted) == of_few

    def test_the_records_of_a_batch_are_filled_in_together(self, kept: Parts) -> None:
        messages = generated(f"{PACKAGE}.part_service_pb2", "BatchGetPartsRequest")
        get = generated(f"{PACKAGE}.part_service_pb2", "GetPartRequest")
        stub = generated(f"{PACKAGE}.part_service_pb2_grpc", "PartServiceStub")(kept.lab.crib.channel)
        requests = [get(id=1, include={"paths": ["parts"]}), get(id=2), get(id=3, include={"paths": ["made_by"]})]
        answer = stub.BatchGetParts(messages(requests=requests))
        assert [(len(part.parts), part.made_by.name) for part in answer.parts] == [(2, ""), (0, ""), (0, "bolt")]

    @pytest.mark.parametrize(
        ("paths", "said"),
        [
            ("made", "made is a field of lab.parts.v1.Part, and answered anyway; did you mean 'made_by'?"),
            ("nothing", "lab.parts.v1.Part has no relation 'nothing'"),
            ("*", "has no relation '*'"),
            ("", "has no relation ''"),
            ("made_by.name", "name is a field of lab.parts.v1.Supplier, and answered anyway; there is parts"),
            ("parts.parts.parts.parts.parts", "goes through more than 4 relations"),
            (["parts"] * 33, "names 33 relations; at most 32 are read"),
        ],
    )
    def test_what_is_no_relation_is_refused(self, kept: Parts, paths: str | list[str], said: str) -> None:
        attempts: tuple[Callable[[], Any], ...] = (
            lambda: kept.parts.get(1, include=paths),
            lambda: list(kept.parts.list(include=paths)),
        )
        for attempt in attempts:
            with pytest.raises(InvalidArgument) as refusal:
                attempt()
            assert refusal.value.reason == "INVALID_INCLUDE"
            assert said in refusal.value.message

    def test_more_than_an_answer_holds_is_refused(self, kept: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(include, "INCLUDED_MAX", 4)
        assert len(kept.parts.get(1, include="parts,machines").parts) == 2
        assert len(list(kept.parts.list(include="made_by", page_size=3))) == 4
        # The other reads three records, and shows them twice.
        for asked in ("parts,machines,made_by", "parts.made_by.parts"):
            with pytest.raises(FailedPrecondition) as refusal:
                kept.parts.get(1, include=asked)
            assert refusal.value.reason == "INCLUDE_TOO_LARGE"
            assert refusal.value.metadata["relation"] == "made_by"


class TestDeleted:
    def test_deleted_records_are_not_shown_unless_asked_for(self, plant: Parts) -> None:
        plant.parts.delete(2)
        axle = plant.parts.get(1, include="parts")
        assert [part.name for part in axle.parts] == ["long screw"]
        assert plant.found("part_of.parts.name:screw") == []
        assert plant.found("part_of.parts.name:screw", show_deleted=True) == ["screw", "long screw"]
        shown = plant.parts.get(1, include="parts", show_deleted=True)
        assert [part.name for part in shown.parts] == ["screw", "long screw"]

    def test_a_deleted_link_leads_nowhere(self, plant: Parts) -> None:
        for use in list(plant.uses.list(filter="machine = lathe")):
            plant.uses.delete(use.id)
        assert plant.found("machines.code:lathe") == []
        assert [machine.code for machine in plant.parts.get(1, include="machines").machines] == ["mill"]


class TestWriting:
    def test_what_is_written_in_a_relation_is_ignored(self, plant: Parts) -> None:
        read = plant.parts.get(2, include="made_by,part_of,machines")
        read.name = "bolt"
        read.made_by.name = "changed"
        read = plant.parts.update(read)
        read.made_by.name = "changed"
        plant.parts.update(read, mask="*")
        assert plant.suppliers.get(7).name == "bolt"
        created = plant.parts.create(Part(name="new", made_by=Supplier(number=99, name="nobody")))
        assert created == Part(id=created.id, name="new", etag=created.etag)
        with pytest.raises(NotFound):
            plant.suppliers.get(99)

    @pytest.mark.parametrize("mask", ["made_by", "made_by.name", "parts"])
    def test_a_mask_that_names_a_relation_is_refused(self, plant: Parts, mask: str) -> None:
        with pytest.raises(InvalidArgument) as refusal:
            plant.parts.update(Part(id=2, made_by=Supplier(name="x")), mask=mask)
        assert refusal.value.reason == "INVALID_MASK"
        assert "shows other records" in refusal.value.message


# What a filter may ask of each component: the fields at the end of a path, and the relations to go on by.
ENDS = {"part": ("name", "id"), "supplier": ("name", "rating"), "machine": ("code",), "use": ("count",)}
WAYS = {
    "part": {"made_by": "supplier", "part_of": "part", "parts": "part", "machines": "machine"},
    "supplier": {"parts": "part"},
    "machine": {"parts": "part", "uses": "use"},
    "use": {"used": "part"},
}
PLURAL = {"parts", "machines", "uses"}
VALUES: dict[str, list[Any]] = {
    "name": ["a", "ab", "b", ""],
    "code": ["m1", "m2", "m3"],
    "id": [1, 5, 12],
    "rating": [0, 3, 9],
    "count": [0, 1, 2],
}
Record = dict[str, Any]
Expression = tuple[str, Callable[[Record], bool]]


@dataclass
class World:
    """What Python knows of the records, to go from one to those that are related."""

    parts: Parts
    records: dict[str, dict[Any, Record]]

    def related(self, kind: str, record: Record, way: str) -> list[Record]:
        """The records that a relation shows."""
        uses = self.records["use"].values()
        used_by_part = {use["machine"] for use in uses if use["part"] == record.get("id")}
        used_by_machine = {use["part"] for use in uses if use["machine"] == record.get("code")}
        shows: dict[tuple[str, str], Callable[[Record], bool]] = {
            ("part", "made_by"): lambda other: other["number"] == record["supplier"],
            ("part", "part_of"): lambda other: other["id"] == record["whole"],
            ("part", "parts"): lambda other: other["whole"] == record["id"],
            ("part", "machines"): lambda other: other["code"] in used_by_part,
            ("supplier", "parts"): lambda other: other["supplier"] == record["number"],
            ("machine", "parts"): lambda other: other["id"] in used_by_machine,
            ("machine", "uses"): lambda other: other["machine"] == record["code"],
            ("use", "used"): lambda other: other["id"] == record["part"],
        }
        return [other for other in self.records[WAYS[kind][way]].values() if shows[kind, way](other)]

    def reached(self, record: Record, ways: Sequence[str]) -> list[Record]:
        """The records at the end of several relations."""
        kind, reached = "part", [record]
        for way in ways:
            reached = [found for each in reached for found in self.related(kind, each, way)]
            kind = WAYS[kind][way]
        return reached


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Some dozen records of each kind, related at random: the same every time."""
    chance = random.Random(7)
    suppliers = [
        {"number": n, "name": chance.choice(VALUES["name"]), "rating": r} for n, r in enumerate([None, 0, 3, 9], 1)
    ]
    machines = [{"code": code} for code in ("m1", "m2", "m3", "m4")]
    parts = [
        {
            "id": n,
            "name": chance.choice(VALUES["name"]),
            "supplier": chance.choice([None, 1, 2, 3, 4]),
            "whole": chance.choice([None, *range(1, n)]),
        }
        for n in range(1, 25)
    ]
    uses = [
        {
            "id": n,
            "machine": chance.choice([None, "m1", "m2", "m3"]),
            "part": chance.randint(1, 24),
            "count": chance.randint(0, 2),
        }
        for n in range(1, 31)
    ]
    with served() as lab:
        plant = Parts(lab)
        plant.suppliers.batch_create([Supplier(**record) for record in suppliers])
        plant.machines.batch_create([Machine(**record) for record in machines])
        for record in parts:
            plant.parts.create(Part(**{name: value for name, value in record.items() if name != "id"}))
        plant.uses.batch_create([PartUse(**{n: v for n, v in record.items() if n != "id"}) for record in uses])
        records = {
            "supplier": {record["number"]: record for record in suppliers},
            "machine": {record["code"]: record for record in machines},
            "part": {record["id"]: record for record in parts},
            "use": {record["id"]: record for record in uses},
        }
        yield World(plant, records)


@st.composite
def comparisons(draw: st.DrawFn, world: World) -> Expression:
    kind, ways = "part", []
    for _ in range(draw(st.integers(1, 3))):
        way = draw(st.sampled_from(sorted(WAYS[kind])))
        ways.append(way)
        kind = WAYS[kind][way]
    path = ".".join(ways)
    if draw(st.integers(0, 5)) == 0:
        return f"{path}:*", lambda record: bool(world.reached(record, ways))
    field = draw(st.sampled_from(ENDS[kind]))
    is_plural, optional = bool(PLURAL & {*ways}), field == "rating"
    value = draw(st.sampled_from(VALUES[field]))
    spelled = f'"{value}"' if isinstance(value, str) else str(value)
    tests: list[tuple[str, Callable[[Any], bool]]] = [
        (f"= {spelled}", lambda got: got == value),
        (f"> {spelled}", lambda got: got is not None and got > value),
        (f"in ({spelled}, {spelled})", lambda got: got == value),
    ]
    if isinstance(value, str):
        tests.append((f'= "{value}*"', lambda got: got.startswith(value)))
    operator, test = draw(st.sampled_from(tests))

    def any_(record: Record) -> bool:
        return any(test(found[field]) for found in world.reached(record, ways))

    if not is_plural and draw(st.booleans()):
        if optional and draw(st.booleans()):
            return f"{path}.{field} = null", lambda r: all(found[field] is None for found in world.reached(r, ways))
        return f"{path}.{field} != {spelled}", lambda r: not any(f[field] == value for f in world.reached(r, ways))
    return f"{path}.{field} {operator}", any_


@st.composite
def expressions(draw: st.DrawFn, world: World, depth: int = 0) -> Expression:
    kind = draw(st.sampled_from(["comparison", "comparison", "and", "or", "not"])) if depth < 3 else "comparison"
    if kind == "comparison":
        return draw(comparisons(world))
    text, test = draw(expressions(world, depth + 1))
    if kind == "not":
        return f"NOT ({text})", lambda record: not test(record)
    other_text, other = draw(expressions(world, depth + 1))
    if kind == "and":
        return f"({text} AND {other_text})", lambda record: test(record) and other(record)
    return f"({text} OR {other_text})", lambda record: test(record) or other(record)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_filter_through_relations_finds_what_python_finds(world: World, data: st.DataObject) -> None:
    text, test = data.draw(expressions(world))
    expected = [record["id"] for record in world.records["part"].values() if test(record)]
    assert [part.id for part in world.parts.parts.list(filter=text)] == expected


def test_what_is_included_is_what_python_finds(world: World) -> None:
    for part in world.parts.parts.list(include="made_by.parts,part_of,parts,machines.parts,machines.uses", page_size=7):
        record = world.records["part"][part.id]

        def expected(*ways: str, key: str, record: Record = record) -> list[Any]:
            return sorted({found[key] for found in world.reached(record, ways)})

        assert ([part.made_by.number] if part.HasField("made_by") else []) == expected("made_by", key="number")
        assert ([part.part_of.id] if part.HasField("part_of") else []) == expected("part_of", key="id")
        assert [found.id for found in part.parts] == expected("parts", key="id")
        assert [found.id for found in part.made_by.parts] == expected("made_by", "parts", key="id")
        assert [found.code for found in part.machines] == expected("machines", key="code")
        for machine in part.machines:
            known = world.records["machine"][machine.code]
            assert [found.id for found in machine.uses] == [
                use["id"] for use in world.related("machine", known, "uses")
            ]
