"""References between components: what they refuse, and what goes with a record that is deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from support.lab import Lab, generated, served
from toolcrib.client import AlreadyExists, FailedPrecondition, NotFound
from toolcrib.server import Application, Change, Veto

PACKAGE = "lab.lines.v1"
Line, Station, Task, Report, Lock = (
    generated(f"{PACKAGE}.line_pb2", name) for name in ("Line", "Station", "Task", "Report", "Lock")
)


class Plant:
    """Clients of all components, and two lines to begin with."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.lines, self.stations, self.tasks, self.reports, self.locks = (
            lab.client(f"{PACKAGE}.{name.lower()}", name) for name in ("Line", "Station", "Task", "Report", "Lock")
        )
        self.lines.batch_create([Line(code="a"), Line(code="b")])

    def changes(self) -> list[tuple[str, str, str]]:
        """What the last commit changed, in its order."""
        audited = self.lab.audited()
        return [entry[:3] for entry in audited if entry[3] == audited[-1][3]]


@pytest.fixture
def plant() -> Iterator[Plant]:
    with served() as lab:
        yield Plant(lab)


def refuse(attempt: Callable[[], Any], reason: str, **facts: str) -> FailedPrecondition:
    """Fails unless the attempt is refused for this reason, with at least these facts."""
    with pytest.raises(FailedPrecondition) as refusal:
        attempt()
    error = refusal.value
    assert error.reason == reason, error
    assert {name: error.metadata.get(name) for name in facts} == facts
    assert [precondition.type for precondition in error.preconditions] == [reason] * len(error.preconditions)
    assert error.preconditions
    assert "FOREIGN KEY" not in error.message
    return error


class TestReferring:
    def test_to_a_record_that_is_not_there_is_refused_on_every_path(self, plant: Plant) -> None:
        station = plant.stations.create(Station(line="a"))
        attempts: list[Callable[[], Any]] = [
            lambda: plant.stations.create(Station(line="x")),
            lambda: plant.stations.update(Station(id=station.id, line="x")),
            lambda: plant.stations.batch_create([Station(line="x")]),
        ]
        for attempt in attempts:
            error = refuse(attempt, "REFERENCE_NOT_FOUND", field="line", key="x", component=f"{PACKAGE}.Line")
            assert error.metadata["deleted"] == "false"
            assert "line: there is no record x of lab.lines.v1.Line" in error.message
        assert list(plant.stations.list()) == [station]

    def test_a_batch_names_the_request_and_keeps_nothing(self, plant: Plant) -> None:
        refuse(
            lambda: plant.stations.batch_create([Station(line="a"), Station(line="b"), Station(line="x")]),
            "REFERENCE_NOT_FOUND",
            index="2",
        )
        assert list(plant.stations.list()) == []

    def test_a_reference_without_presence_is_required_and_an_optional_one_may_be_unset(self, plant: Plant) -> None:
        refuse(lambda: plant.stations.create(Station()), "REFERENCE_NOT_FOUND", field="line", key="")
        refuse(lambda: plant.reports.create(Report(task=0)), "REFERENCE_NOT_FOUND", field="task", key="0")
        assert not plant.reports.create(Report()).HasField("task")

    def test_to_a_deleted_record_is_refused(self, plant: Plant) -> None:
        plant.lines.delete("b")
        refuse(lambda: plant.stations.create(Station(line="b")), "REFERENCE_NOT_FOUND", key="b", deleted="true")

    def test_within_a_batch_to_an_earlier_item(self, plant: Plant) -> None:
        station = plant.stations.create(Station(line="a"))
        first, second = plant.tasks.batch_create([Task(station=station.id), Task(station=station.id, whole=1)])
        assert (first.id, second.whole) == (1, 1)
        refuse(
            lambda: plant.tasks.batch_create([Task(station=station.id, whole=4), Task(station=station.id)]),
            "REFERENCE_NOT_FOUND",
            index="0",
        )

    def test_many_of_a_batch_are_found(self, plant: Plant) -> None:
        stations = plant.stations.batch_create([Station(line="a") for _ in range(600)])
        assert len(plant.tasks.batch_create([Task(station=station.id) for station in stations])) == 600

    def test_what_is_there_already_is_not_asked_again(self, plant: Plant) -> None:
        station = plant.stations.create(Station(line="a"))
        assert plant.stations.update(Station(id=station.id, line="a", name="x"), mask="*").name == "x"

    def test_a_key_can_be_a_reference(self, plant: Plant) -> None:
        refuse(lambda: plant.locks.create(Lock(task=1)), "REFERENCE_NOT_FOUND", field="task")
        plant.stations.create(Station(line="a"))
        plant.tasks.create(Task(station=1))
        plant.locks.create(Lock(task=1))
        with pytest.raises(AlreadyExists):
            plant.locks.create(Lock(task=1))


class TestTogether:
    def test_many_calls_at_once_are_refused_each_for_itself(self, plant: Plant) -> None:
        def create(number: int) -> str:
            try:
                return str(plant.stations.create(Station(line="a" if number % 3 else "x")).line)
            except FailedPrecondition as error:
                return error.reason

        with ThreadPoolExecutor(24) as pool:
            outcomes = list(pool.map(create, range(120)))
        assert outcomes == ["a" if number % 3 else "REFERENCE_NOT_FOUND" for number in range(120)]
        stations = [station.id for station in plant.stations.list(page_size=1000)]
        assert stations == list(range(1, 81))

    def test_what_an_earlier_part_of_a_refused_call_wrote_is_undone_for_it_alone(self, plant: Plant) -> None:
        station = plant.stations.create(Station(line="a"))

        def upsert(number: int) -> None:
            second = Station(id=station.id, line="x" if number % 2 else "a")
            with suppress(FailedPrecondition):
                plant.stations.batch_update([Station(line="a", name=str(number)), second], allow_missing=True)

        with ThreadPoolExecutor(24) as pool:
            list(pool.map(upsert, range(60)))
        names = [each.name for each in plant.stations.list(page_size=1000)]
        assert sorted(names) == sorted(["", *(str(number) for number in range(0, 60, 2))])

    def test_a_race_for_the_last_reference_leaves_none_that_dangles(self, plant: Plant) -> None:
        def run(number: int) -> None:
            with suppress(FailedPrecondition, NotFound):
                if number % 2:
                    plant.lines.delete("a")
                else:
                    plant.stations.create(Station(line="a"))

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(run, range(40)))
        lines = {line.code for line in plant.lines.list()}
        assert {station.line for station in plant.stations.list()} <= lines


class TestRestrict:
    def test_a_record_in_use_cannot_be_deleted_and_the_refusal_names_the_component_and_records(
        self, plant: Plant
    ) -> None:
        plant.stations.batch_create([Station(line="a") for _ in range(5)])
        error = refuse(
            lambda: plant.lines.delete("a"),
            "RECORD_IN_USE",
            component=f"{PACKAGE}.Line",
            key="a",
            field="line",
            referencing_component=f"{PACKAGE}.Station",
        )
        (precondition,) = error.preconditions
        assert precondition.subject == f"{PACKAGE}.Station"
        assert "5 records refer to it in line: 1, 2, 3, …" in precondition.description
        refuse(lambda: plant.lines.batch_delete(["b", "a"]), "RECORD_IN_USE", key="a", index="1")
        assert [line.code for line in plant.lines.list()] == ["a", "b"]

    def test_very_many_are_not_counted(self, plant: Plant) -> None:
        plant.stations.batch_create([Station(line="a") for _ in range(150)])
        error = refuse(lambda: plant.lines.delete("a"), "RECORD_IN_USE")
        assert "more than 100 records" in error.message

    def test_deleted_records_do_not_hold_it(self, plant: Plant) -> None:
        station = plant.stations.create(Station(line="a"))
        plant.stations.delete(station.id)
        plant.lines.delete("a")
        refuse(lambda: plant.stations.undelete(station.id), "REFERENCE_NOT_FOUND", key="a", deleted="true")
        plant.lines.undelete("a")
        assert plant.stations.undelete(station.id).line == "a"


class TestSetNull:
    def test_those_that_refer_are_updated_and_audited_in_the_same_commit(self, plant: Plant) -> None:
        plant.stations.batch_create([Station(line="a"), Station(line="a", stand_in=1), Station(line="b", stand_in=1)])
        plant.reports.create(Report(station=1))
        plant.stations.delete(1)
        assert plant.changes() == [
            ("Report", "1", "UPDATE"),
            ("Station", "2", "UPDATE"),
            ("Station", "3", "UPDATE"),
            ("Station", "1", "DELETE"),
        ]
        assert not any(station.HasField("stand_in") for station in plant.stations.list())
        assert not plant.reports.get(1).HasField("station")
        plant.stations.undelete(1)
        assert not plant.reports.get(1).HasField("station")

    def test_a_record_that_refers_in_two_ways_is_updated_once(self, plant: Plant) -> None:
        plant.stations.create(Station(line="a"))
        plant.tasks.create(Task(station=1))
        plant.reports.create(Report(station=1, task=1))
        plant.stations.delete(1)
        assert plant.changes() == [("Report", "1", "UPDATE"), ("Task", "1", "DELETE"), ("Station", "1", "DELETE")]
        assert plant.reports.get(1) == Report(id=1)

    def test_one_whose_rules_do_not_let_it_go_is_in_the_way(self, plant: Plant) -> None:
        plant.stations.create(Station(line="a"))
        plant.tasks.batch_create([Task(station=1), Task(station=1)])
        plant.reports.create(Report(task=2, signed=True))
        error = refuse(lambda: plant.tasks.batch_delete([1, 2]), "RECORD_IN_USE", index="1", key="2")
        assert error.preconditions[0].subject == f"{PACKAGE}.Report"
        assert error.metadata["field"] == "task"
        assert "the record 1 refers to it and cannot let go: a signed report names its task" in error.message
        assert len(list(plant.tasks.list())) == 2


class TestCascade:
    def test_all_that_refer_go_too_the_farthest_first_each_audited(self, plant: Plant) -> None:
        plant.stations.batch_create([Station(line="a"), Station(line="a")])
        plant.tasks.batch_create([Task(station=1), Task(station=2, whole=1), Task(station=2, whole=2), Task(station=2)])
        plant.stations.delete(1)
        assert plant.changes() == [
            ("Task", "3", "DELETE"),
            ("Task", "2", "DELETE"),
            ("Task", "1", "DELETE"),
            ("Station", "1", "DELETE"),
        ]
        assert [task.id for task in plant.tasks.list()] == [4]
        # What went with it for good does not come back with it.
        plant.stations.undelete(1)
        assert [task.id for task in plant.tasks.list()] == [4]

    def test_ends_where_something_on_the_way_is_in_use_and_nothing_is_kept(self, plant: Plant) -> None:
        plant.stations.create(Station(line="a"))
        plant.tasks.batch_create([Task(station=1), Task(station=1)])
        plant.locks.create(Lock(task=2))
        before = plant.lab.audited()
        refuse(lambda: plant.stations.delete(1), "RECORD_IN_USE", key="2", component=f"{PACKAGE}.Task")
        assert plant.lab.audited() == before
        assert len(list(plant.tasks.list())) == 2

    def test_circles_and_long_chains_end(self, plant: Plant) -> None:
        plant.stations.create(Station(line="a"))
        plant.tasks.batch_create([Task(station=1), *(Task(station=1, whole=number) for number in range(1, 700))])
        plant.tasks.update(Task(id=1, whole=700))
        plant.tasks.delete(350)
        assert list(plant.tasks.list()) == []
        assert len(plant.changes()) == 700
        assert plant.changes()[-1] == ("Task", "350", "DELETE")

    def test_a_batch_may_name_what_would_go_anyway(self, plant: Plant) -> None:
        plant.stations.create(Station(line="a"))
        plant.tasks.batch_create([Task(station=1), Task(station=1, whole=1)])
        plant.tasks.batch_delete([1, 2])
        assert plant.changes() == [("Task", "1", "DELETE"), ("Task", "2", "DELETE")]


class TestWithHooks:
    def test_each_record_passes_its_own_hooks_and_can_refuse(self) -> None:
        application, seen = Application(), []
        task_record = generated(f"{PACKAGE}.task_record", "TaskRecord")

        @application.before_delete(task_record)
        def keep_the_second(change: Change[Any]) -> None:
            seen.append(change.before.id)
            if change.before.id == 2:
                raise Veto("the second stays", reason="SECOND")

        with served(application) as lab:
            plant = Plant(lab)
            plant.stations.batch_create([Station(line="a"), Station(line="a")])
            plant.tasks.batch_create([Task(station=1), Task(station=2)])
            refuse(lambda: plant.stations.delete(2), "SECOND")
            refuse(lambda: plant.stations.batch_delete([1, 2]), "SECOND", index="1")
            plant.stations.delete(1)
            assert seen == [2, 1, 2, 1]

    def test_a_batch_does_not_delete_twice_what_goes_with_another(self) -> None:
        application, seen = Application(), []
        task_record = generated(f"{PACKAGE}.task_record", "TaskRecord")
        application.after_delete(task_record)(lambda change: seen.append(change.before.id))
        with served(application) as lab:
            plant = Plant(lab)
            plant.stations.create(Station(line="a"))
            plant.tasks.batch_create([Task(station=1), Task(station=1, whole=1)])
            plant.tasks.batch_delete([1, 2])
            assert plant.changes() == [("Task", "2", "DELETE"), ("Task", "1", "DELETE")]
            assert seen == [2, 1]

    def test_may_create_what_is_referred_to(self) -> None:
        application = Application()
        line_record = generated(f"{PACKAGE}.line_record", "LineRecord")
        line_repository = generated(f"{PACKAGE}.line_repository", "LineRepository")

        @application.before_create(generated(f"{PACKAGE}.station_record", "StationRecord"))
        def make_line(change: Change[Any]) -> None:
            if change.repository(line_repository).get(change.after.line) is None and change.after.line:
                change.repository(line_repository).create(line_record(code=change.after.line))

        with served(application) as lab:
            plant = Plant(lab)
            assert plant.stations.create(Station(line="new")).line == "new"
            refuse(lambda: plant.stations.create(Station()), "REFERENCE_NOT_FOUND")
            assert [line.code for line in plant.lines.list()] == ["a", "b", "new"]

    def test_cannot_add_what_refers_to_a_record_on_its_way_out(self) -> None:
        application = Application()
        repository = generated(f"{PACKAGE}.task_repository", "TaskRepository")
        record = generated(f"{PACKAGE}.task_record", "TaskRecord")

        @application.after_delete(record)
        def again(change: Change[Any]) -> None:
            change.repository(repository).create(record(station=change.before.station))

        with served(application) as lab:
            plant = Plant(lab)
            plant.stations.create(Station(line="a"))
            plant.tasks.create(Task(station=1))
            refuse(lambda: plant.stations.delete(1), "RECORD_IN_USE", key="1")
            assert [task.id for task in plant.tasks.list()] == [1]


def test_a_record_that_is_not_there_is_still_not_found(plant: Plant) -> None:
    with pytest.raises(NotFound):
        plant.lines.delete("x")
