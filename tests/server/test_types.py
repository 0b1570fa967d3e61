"""Every type of protobuf comes back as it was written, and is in the database as people would look for it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import NULL_VALUE, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import BoolValue, UInt64Value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.behind import behind
from support.messages import messages
from toolcrib.audit.v1.audit_pb2 import Operation
from toolcrib.client import AuditClient, Crib, InvalidArgument
from toolcrib.server.testing import serve

COMPONENTS = Path(__file__).parents[1] / "components"
ROBOT = "lab.robots.v1.Robot"


class Lab:
    """The client of a served laboratory; its code is generated when it is served."""

    def __init__(self, crib: Crib, database: str) -> None:
        module = importlib.import_module("lab.robots.v1.robot_pb2")
        self.crib, self.database = crib, database
        self.Robot: Any = module.Robot
        self.Pose: Any = module.Pose
        client = importlib.import_module("lab.robots.v1.robot_client")
        self.robots: Any = client.RobotClient(crib)
        self.fields: Any = client.RobotFields

    def column_type(self, name: str) -> str:
        if self.database.startswith("sqlite"):
            return next(str(row[2]) for row in self.sql("PRAGMA table_info(robot)") if row[1] == name)
        if not self.database.startswith("postgresql"):
            columns = "SELECT column_type FROM information_schema.columns WHERE table_schema = database()"
            ((found,),) = self.sql(f"{columns} AND table_name = 'robot' AND column_name = '{name}'")
            return str(found)
        formatted = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
        ((found,),) = self.sql(f"{formatted} WHERE attrelid = 'robot'::regclass AND attname = '{name}'")
        return str(found)

    def sql(self, statement: str) -> list[Any]:
        with behind(self.database) as connection:
            return list(connection.execute(statement).fetchall())


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with serve(COMPONENTS) as server, Crib.connect(server.address, actor="ann") as crib:
        yield Lab(crib, server.database)


def exactly(message: Message) -> bytes:
    """What tells -0.0 from 0.0, and a NaN is equal to."""
    return message.SerializeToString(deterministic=True)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_valid_message_comes_back_as_it_was_written(lab: Lab, data: st.DataObject) -> None:
    # From four on PostgreSQL is given them in another way.
    robots = data.draw(st.lists(messages(lab.Robot, without=frozenset({"id"})), min_size=1, max_size=5))
    written = lab.robots.batch_create(robots)
    for robot, answer in zip(robots, written, strict=True):
        robot.id = answer.id
        assert exactly(answer) == exactly(robot)
        assert exactly(lab.robots.get(robot.id)) == exactly(robot)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_valid_message_is_the_same_as_a_record_for_hooks(lab: Lab, data: st.DataObject) -> None:
    robot = data.draw(messages(lab.Robot))
    record = importlib.import_module("lab.robots.v1.robot_record").RobotRecord
    assert exactly(record.from_message(robot).to_message()) == exactly(robot)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_an_update_of_everything_leaves_what_was_sent_and_repeated_changes_nothing(
    lab: Lab, data: st.DataObject
) -> None:
    before, after = (data.draw(messages(lab.Robot, without=frozenset({"id"}))) for _ in range(2))
    after.id = lab.robots.create(before).id
    assert exactly(lab.robots.update(after, mask="*")) == exactly(after)
    assert exactly(lab.robots.get(after.id)) == exactly(after)
    entries = len(list(AuditClient(lab.crib).entries(component=ROBOT, record_key=str(after.id))))
    assert exactly(lab.robots.update(after, mask="*")) == exactly(after)
    assert len(list(AuditClient(lab.crib).entries(component=ROBOT, record_key=str(after.id)))) == entries


class TestNumbers:
    def test_zero_keeps_its_sign_and_a_change_of_it_is_a_change(self, lab: Lab) -> None:
        robot = lab.robots.create(lab.Robot(d=0.0))
        changed = lab.robots.update(lab.Robot(id=robot.id, d=-0.0), mask="d")
        assert str(changed.d) == str(lab.robots.get(robot.id).d) == "-0.0"
        entries = list(AuditClient(lab.crib).entries(component=ROBOT, record_key=str(robot.id)))
        assert [entry.operation for entry in entries] == [Operation.OPERATION_UPDATE, Operation.OPERATION_CREATE]
        assert list(entries[0].changed_fields.paths) == ["d"]

    def test_the_audit_trail_does_not_take_a_nan_that_stays_for_a_change(self, lab: Lab) -> None:
        nan = float("nan")
        robot = lab.robots.create(lab.Robot(d=nan, pose=lab.Pose(x=nan)))
        lab.robots.update(lab.Robot(id=robot.id, f=1), mask="f")
        entry = next(AuditClient(lab.crib).entries(component=ROBOT, record_key=str(robot.id)))
        assert list(entry.changed_fields.paths) == ["f"]

    def test_unsigned_integers_of_64_bits_sort_in_sql_as_they_do_as_numbers(self, lab: Lab) -> None:
        numbers = [0, 9, 10, 2**63 - 1, 2**63, 2**64 - 1]
        made = lab.robots.batch_create([lab.Robot(big=number, gripper="order") for number in reversed(numbers)])
        rows = lab.sql("SELECT id, big FROM robot WHERE gripper = 'order' ORDER BY big")
        assert [row[0] for row in rows] == [robot.id for robot in reversed(made)]
        assert str(rows[-1][1]) == "18446744073709551615"
        assert [int(row[1]) for row in rows] == numbers

    def test_numbers_compare_in_sql_and_what_is_none_sorts_behind_them(self, lab: Lab) -> None:
        values = [float("-inf"), -1.5, 0.0, 3.0, float("inf"), float("nan")]
        lab.robots.batch_create([lab.Robot(d=value, gripper="double") for value in reversed(values)])
        rows = lab.sql("SELECT d FROM robot WHERE gripper = 'double' ORDER BY d")
        numbers = [str(row[0]).lower() for row in rows]
        if not lab.database.startswith(("sqlite", "postgresql")):
            # What MariaDB's numbers have no place for stands at their ends (docs/types.md).
            ends = {f"{sign}1.7976931348623155e+308": f"{sign}inf" for sign in ("", "-")}
            ends["1.7976931348623157e+308"] = "nan"
            numbers = [ends.get(number, number) for number in numbers]
        assert numbers == ["-inf", "-1.5", "0.0", "3.0", "inf", "nan"]
        assert lab.sql("SELECT count(*) FROM robot WHERE gripper = 'double' AND d > 1 AND d < 4") == [(1,)]


class TestWhatIsThere:
    def test_unset_and_default_are_two_things(self, lab: Lab) -> None:
        empty = lab.robots.create(lab.Robot())
        full = lab.Robot(maybe_big=0, yes=BoolValue(), counted=UInt64Value(), drill=0, took=Duration())
        full.pose.SetInParent()
        full.extra.SetInParent()
        full.nothing.SetInParent()
        full = lab.robots.create(full)
        for name in ("maybe_big", "yes", "counted", "took", "pose", "extra", "nothing", "drill"):
            assert not lab.robots.get(empty.id).HasField(name)
            assert lab.robots.get(full.id).HasField(name)
        row = lab.sql(f'SELECT maybe_big, yes, counted, took, pose IS NULL, "nothing" FROM robot WHERE id = {full.id}')
        zero, *others = row[0]
        assert int(zero) == 0
        assert [int(value) for value in others[:-1]] == [0] * 4
        assert others[-1] == "{}"
        row = lab.sql(
            f'SELECT maybe_big, yes, counted, took, pose, "nothing", gripper FROM robot WHERE id = {empty.id}'
        )
        assert row == [(None,) * 7]

    def test_of_a_oneof_the_last_that_is_set_stays(self, lab: Lab) -> None:
        robot = lab.robots.create(lab.Robot(gripper=""))
        assert robot.WhichOneof("tool") == "gripper"
        assert lab.robots.update(lab.Robot(id=robot.id, drill=0), mask="drill").WhichOneof("tool") == "drill"
        assert lab.robots.get(robot.id).WhichOneof("tool") == "drill"
        cleared = lab.robots.update(lab.Robot(id=robot.id), mask=["drill"])
        assert cleared.WhichOneof("tool") is None

    def test_a_record_with_two_members_of_a_oneof_is_refused(self, lab: Lab) -> None:
        record = importlib.import_module("lab.robots.v1.robot_record").RobotRecord
        with pytest.raises(ValueError, match="of the oneof tool only one member can be set, not gripper and drill"):
            record(gripper="a", drill=1).to_message()

    def test_enums_keep_numbers_that_have_no_name(self, lab: Lab) -> None:
        robot = lab.robots.create(lab.Robot(modes=[1, 77, -5], mode_by_name={"a": 99}, oneof_mode=12))
        assert list(robot.modes) == [1, 77, -5]
        assert exactly(lab.robots.get(robot.id)) == exactly(robot)


ROOT = Path(__file__).parents[2]
SCALAR_FIELDS = {"big": "uint64", "d": "double", "f": "float", "took": "google.protobuf.Duration", "drill": "int32"}
DOCUMENT_FIELDS = {"pose": "a message", "poses": "`repeated", "named": "a map", "extra": "Struct", "payload": "Any"}


@pytest.mark.parametrize(("field", "spelling"), [*SCALAR_FIELDS.items(), *DOCUMENT_FIELDS.items()])
def test_columns_are_of_the_types_that_are_documented(lab: Lab, field: str, spelling: str) -> None:
    rows = [line.split("|") for line in (ROOT / "docs" / "types.md").read_text("utf-8").splitlines() if "|" in line]
    place = {"sqlite": 2, "postgresql": 3}.get(lab.database.partition(":")[0], 4)
    documented = next(row[place].strip().strip("`") for row in rows if spelling in row[1])
    assert lab.column_type(field) == ("" if documented == "no type" else documented)


class TestQueries:
    def test_the_largest_integers_compare_as_numbers(self, lab: Lab) -> None:
        numbers = [0, 9, 10, 2**63 - 1, 2**63, 2**64 - 1]
        lab.robots.batch_create([lab.Robot(big=number, gripper="query") for number in numbers])
        fields, of_test = lab.fields, lab.fields.gripper == "query"
        found = lab.robots.where(of_test, fields.big > 9).order_by(fields.big.desc())
        assert [robot.big for robot in found] == [2**64 - 1, 2**63, 2**63 - 1, 10]
        assert lab.robots.count(filter='gripper = "query" AND big >= 9223372036854775808') == 2
        assert lab.robots.count(filter='gripper = "query" AND big IN (9, 18446744073709551615)') == 2
        with pytest.raises(InvalidArgument):
            lab.robots.count(filter="big = 18446744073709551616")

    def test_nan_is_not_greater_than_anything_and_sorted_behind_all_over_pages(self, lab: Lab) -> None:
        values = [float("nan"), 1.0, float("inf"), -0.0, float("nan"), float("-inf")]
        lab.robots.batch_create([lab.Robot(d=value, gripper="nan") for value in values])
        assert lab.robots.count(filter='gripper = "nan" AND d > 0') == 2
        assert lab.robots.count(filter='gripper = "nan" AND NOT d > 0') == 4
        assert lab.robots.count(filter='gripper = "nan" AND d >= -inf') == 4
        assert lab.robots.count(filter='gripper = "nan" AND d = 0') == 1
        listed = lab.robots.list(filter='gripper = "nan"', order_by="d", page_size=2)
        assert [str(robot.d) for robot in listed] == ["-inf", "-0.0", "1.0", "inf", "nan", "nan"]
        listed = lab.robots.list(filter='gripper = "nan"', order_by="d desc", page_size=1)
        assert [str(robot.d) for robot in listed] == ["nan", "nan", "inf", "1.0", "-0.0", "-inf"]

    def test_durations_and_wrapped_values_compare(self, lab: Lab) -> None:
        spans = [timedelta(0), timedelta(seconds=1, microseconds=500_000), timedelta(seconds=-2), None]
        for span in spans:
            robot = lab.Robot(gripper="took")
            if span is not None:
                robot.took.FromTimedelta(span)
                robot.yes.value = span > timedelta(0)
            lab.robots.create(robot)
        fields, of_test = lab.fields, lab.fields.gripper == "took"
        assert lab.robots.count(filter='gripper = "took" AND took >= 1.5s') == 1
        assert lab.robots.count(filter='gripper = "took" AND took < "-1.999999s"') == 1
        assert lab.robots.where(of_test, fields.took <= timedelta(0)).count() == 2
        assert lab.robots.where(of_test, fields.took == None).count() == 1  # noqa: E711  # a condition
        assert lab.robots.where(of_test, fields.yes == False).count() == 2  # noqa: E712  # a condition
        with pytest.raises(InvalidArgument):
            lab.robots.count(filter='took = "1 hour"')

    def test_what_is_inside_messages_lists_and_maps_can_be_asked(self, lab: Lab) -> None:
        first = lab.Robot(gripper="inside", pose=lab.Pose(x=2.5, number=2**64 - 1, children=[lab.Pose(name="elbow")]))
        first.tags.extend(["new", "red"])
        first.ratios[7] = 0.5
        first.named["x"].inner.took.FromTimedelta(timedelta(seconds=90))
        other = lab.Robot(gripper="inside", pose=lab.Pose(x=float("nan"), y=float("-inf")))
        ids = [robot.id for robot in lab.robots.batch_create([first, other, lab.Robot(gripper="inside")])]
        expected = {
            "pose.x > 1": [0],
            "NOT pose.x > 1": [1, 2],
            "pose.x < 1": [],
            "pose.y < 0": [1],
            "pose.y = null": [0, 2],
            "pose.number > 9223372036854775807": [0],
            "named.x.inner.took >= 90s": [0],
            "pose.children.name:elbow": [0],
            "pose != null": [0, 1],
            "tags:red": [0],
            "tags:*": [0],
            "NOT tags:new": [1, 2],
            "ratios:7": [0],
            "ratios.7 = 0.5": [0],
            "ratios.7 = null": [1, 2],
        }
        for filter_, places in expected.items():
            found = lab.robots.list(filter=f'gripper = "inside" AND {filter_}')
            assert [robot.id for robot in found] == [ids[place] for place in places], filter_

    @pytest.mark.parametrize("filter_", ["pose = 1", "pose > 1", "tags = a", "pose.z = 1", "extra.a = 1", "tags.x:1"])
    def test_what_cannot_be_meant_is_refused(self, lab: Lab, filter_: str) -> None:
        with pytest.raises(InvalidArgument) as failure:
            lab.robots.count(filter=filter_)
        assert failure.value.reason == "INVALID_FILTER"

    def test_documents_have_no_order(self, lab: Lab) -> None:
        with pytest.raises(InvalidArgument):
            list(lab.robots.list(order_by="pose"))


class TestMasks:
    def test_a_read_answers_what_is_asked_for_only(self, lab: Lab) -> None:
        robot = lab.robots.create(lab.Robot(pose=lab.Pose(x=1, y=2), tags=["a"], named={"k": lab.Pose(x=3)}, d=5))
        assert lab.robots.get(robot.id, read_mask="tags,named") == lab.Robot(tags=["a"], named={"k": lab.Pose(x=3)})
        assert lab.robots.get(robot.id, read_mask="pose.y") == lab.Robot(pose=lab.Pose(y=2))

    def test_a_path_into_a_message_changes_that_field_alone(self, lab: Lab) -> None:
        inner = lab.Pose.Inner(f=1.5, raw=b"a")
        robot = lab.robots.create(lab.Robot(pose=lab.Pose(x=1, inner=inner), tags=["a", "b"]))
        pose = lab.Pose(x=9, inner=lab.Pose.Inner(f=2.5, raw=b"z"))
        changed = lab.robots.update(lab.Robot(id=robot.id, pose=pose), mask="pose.inner.f")
        assert changed.pose == lab.Pose(x=1, inner=lab.Pose.Inner(f=2.5, raw=b"a"))
        assert lab.robots.update(lab.Robot(id=robot.id), mask="pose.inner.f").pose.inner == lab.Pose.Inner(raw=b"a")
        assert not lab.robots.update(lab.Robot(id=robot.id), mask="pose.inner").pose.HasField("inner")
        assert list(lab.robots.update(lab.Robot(id=robot.id, tags=["c"]), mask="tags").tags) == ["c"]

    def test_a_path_to_what_is_not_there_makes_it(self, lab: Lab) -> None:
        robot = lab.robots.create(lab.Robot())
        assert not lab.robots.update(lab.Robot(id=robot.id), mask="pose.x").HasField("pose")
        changed = lab.robots.update(lab.Robot(id=robot.id, pose=lab.Pose(x=2, y=3)), mask="pose.x")
        assert changed.pose == lab.Pose(x=2)

    @pytest.mark.parametrize(
        ("path", "text"),
        [
            ("pose.z", "Pose has no field 'z'"),
            ("pose.inner.flaot", "Inner has no field 'flaot'; did you mean 'floats'?"),
            ("poses.x", "'poses' can be named as a whole only"),
            ("named.a", "'named' can be named as a whole only"),
            ("since.seconds", "'since' can be named as a whole only"),
            ("pose.children.x", "'pose.children' can be named as a whole only"),
            ("big.x", "'big' can be named as a whole only"),
            ("pose.", "Pose has no field ''"),
            (".x", "Robot has no field '.x'"),
            ("id.x", "Robot has no field 'id.x'"),
        ],
    )
    def test_a_path_that_leads_nowhere_is_refused_and_the_nearest_name_told(
        self, lab: Lab, path: str, text: str
    ) -> None:
        robot = lab.robots.create(lab.Robot())
        with pytest.raises(InvalidArgument) as failure:
            lab.robots.update(lab.Robot(id=robot.id), mask=path)
        assert failure.value.reason == "INVALID_MASK"
        assert text in failure.value.violations[0].description


class TestDocuments:
    def test_people_who_know_sql_can_read_them(self, lab: Lab) -> None:
        pose = lab.Pose(x=1.5, number=2**64 - 1, children=[lab.Pose(name="elbow")])
        pose.flags[True] = b"\x00\xff"
        robot = lab.Robot(
            pose=pose,
            tags=["new", 'it"s', "é"],
            times={"built": Timestamp(seconds=0, nanos=5000)},
            laps=[Duration(seconds=-1, nanos=-500_000_000)],
        )
        robot.extra.update({"a": [1, None, "x", True, {"b": {}}], "@": 2})
        made = lab.robots.create(robot)
        name = "json_extract(pose, '$.children[0].name')"
        if lab.database.startswith("postgresql"):
            name = "pose::json #>> '{children,0,name}'"
        elif not lab.database.startswith("sqlite"):
            name = "json_value(pose, '$.children[0].name')"
        ((stored, tags, times, laps, extra, joint),) = lab.sql(
            f"SELECT pose, tags, times, laps, extra, {name} FROM robot WHERE id = {made.id}"
        )
        assert json.loads(stored) == {
            "x": 1.5,
            "children": [{"x": 0.0, "children": [], "by_id": {}, "flags": {}, "name": "elbow"}],
            "by_id": {},
            "flags": {"true": "AP8="},
            "number": "18446744073709551615",
        }
        assert tags == '["new","it\\"s","é"]'
        assert json.loads(times) == {"built": "1970-01-01 00:00:00.000005"}
        assert json.loads(laps) == [-1_500_000]
        assert json.loads(extra) == {"a": [1.0, None, "x", True, {"b": {}}], "@@": 2.0}
        assert joint == "elbow"

    def test_json_that_json_cannot_say_comes_back_too(self, lab: Lab) -> None:
        struct = Struct()
        struct.fields["nan"].number_value = float("nan")
        struct.fields["unset"].SetInParent()
        struct.fields["@"].string_value = "@"
        struct.fields["inner"].struct_value.fields["@"].number_value = float("-inf")
        robot = lab.robots.create(
            lab.Robot(extra=struct, value=Value(), values=[Value(null_value=NULL_VALUE), Value()])
        )
        assert exactly(lab.robots.get(robot.id)) == exactly(robot)
        assert exactly(robot.extra) == exactly(struct)

    def test_a_packed_message_of_any_type_is_kept_unopened(self, lab: Lab) -> None:
        packed = AnyMessage(type_url="type.example/nobody.knows.This", value=b"\x08\x01\xff")
        robot = lab.robots.create(lab.Robot(payload=packed))
        assert lab.robots.get(robot.id).payload == packed


class TestTimes:
    def test_durations_of_ten_thousand_years_come_back_to_the_microsecond(self, lab: Lab) -> None:
        for took in (Duration(seconds=315_576_000_000), Duration(seconds=-315_576_000_000), Duration(nanos=-1000)):
            made = lab.robots.create(lab.Robot(took=took))
            assert made.took == lab.robots.get(made.id).took == took

    def test_what_is_finer_than_a_microsecond_is_cut_off_everywhere_and_the_answer_shows_it(self, lab: Lab) -> None:
        inner = lab.Pose.Inner(times=[Timestamp(seconds=-1, nanos=1999)], took=Duration(nanos=-1999))
        robot = lab.Robot(poses=[lab.Pose(inner=inner)], took=Duration(nanos=999), times={"a": Timestamp(nanos=1)})
        made = lab.robots.create(robot)
        assert made.took == Duration()
        assert made.HasField("took")
        assert made.times["a"] == Timestamp()
        assert list(made.poses[0].inner.times) == [Timestamp(seconds=-1, nanos=1000)]
        assert made.poses[0].inner.took == Duration(nanos=-1000)
        assert exactly(lab.robots.get(made.id)) == exactly(made)

    def test_what_no_calendar_has_is_refused_and_named_wherever_it_is(self, lab: Lab) -> None:
        beyond, mixed = Timestamp(seconds=253_402_300_800), Duration(seconds=1, nanos=-1)
        robot = lab.Robot(times={"a": beyond}, took=mixed, since=beyond, laps=[Duration(), mixed])
        robot.named["x"].inner.times.add(nanos=-1)
        with pytest.raises(InvalidArgument) as failure:
            lab.robots.create(robot)
        assert sorted(violation.field for violation in failure.value.violations) == [
            "robot.laps[1]",
            "robot.named['x'].inner.times[0]",
            "robot.since",
            "robot.times['a']",
            "robot.took",
        ]
