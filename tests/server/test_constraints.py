"""What a component's options forbid, by every path, and that each refusal says what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from support.behind import behind
from support.lab import COMPONENTS, Lab, generated, served
from toolcrib.client import AlreadyExists, InvalidArgument
from toolcrib.server import Application, Change, StartError
from toolcrib.server.testing import serve

MODULE = "lab.orders.v1.work_order"
Order: Any = generated(f"{MODULE}_pb2", "WorkOrder")
OrderRecord: Any = generated(f"{MODULE}_record", "WorkOrderRecord")
OrderRepository: Any = generated(f"{MODULE}_repository", "WorkOrderRepository")


@pytest.fixture
def lab() -> Iterator[Lab]:
    with served() as lab:
        yield lab


@pytest.fixture
def orders(lab: Lab) -> Any:
    return lab.client(MODULE, "WorkOrder")


class TestImmutable:
    def test_is_set_at_create_and_kept_by_updates_of_the_rest(self, orders: Any) -> None:
        order = orders.create(Order(customer="acme", lot=0))
        assert (order.customer, order.lot, order.HasField("lot")) == ("acme", 0, True)
        assert orders.update(Order(id=order.id, note="x")).customer == "acme"

    @pytest.mark.parametrize(
        ("field", "values", "mask"),
        [
            ("customer", {"customer": "other"}, None),
            ("customer", {"customer": "other"}, "customer"),
            ("customer", {}, "customer"),
            ("customer", {"lot": 0}, "*"),
            ("lot", {"lot": 1}, "lot"),
            ("lot", {}, "lot"),
        ],
    )
    def test_an_update_that_changes_it_is_refused_and_names_the_field(
        self, lab: Lab, orders: Any, field: str, values: dict[str, Any], mask: str | None
    ) -> None:
        order = orders.create(Order(customer="acme", lot=0))
        with pytest.raises(InvalidArgument) as refusal:
            orders.update(Order(id=order.id, note="changed", **values), mask=mask)
        assert refusal.value.reason == "FIELD_IMMUTABLE"
        assert [violation.field for violation in refusal.value.violations] == [f"work_order.{field}"]
        assert orders.get(order.id) == order
        assert len(lab.audited()) == 1

    def test_a_batch_names_the_request(self, orders: Any) -> None:
        first, second = orders.batch_create([Order(customer="a"), Order(customer="b")])
        with pytest.raises(InvalidArgument) as refusal:
            orders.batch_update([Order(id=first.id, note="x"), Order(id=second.id, customer="c")])
        assert refusal.value.violations[0].field == "requests[1].work_order.customer"
        assert orders.get(first.id) == first

    def test_the_same_value_may_be_named(self, orders: Any) -> None:
        order = orders.create(Order(customer="acme", lot=4))
        assert orders.update(Order(id=order.id, customer="acme", note="a"), mask=["customer", "note"]).note == "a"
        assert orders.update(Order(id=order.id, customer="acme", lot=4, note="b"), mask="*").note == "b"

    def test_holds_for_hooks_too(self) -> None:
        application = Application()

        @application.before_update(OrderRecord)
        def change_customer(change: Change[Any]) -> None:
            change.after.customer = "someone else"

        @application.after_create(OrderRecord)
        def update_at_once(change: Change[Any]) -> None:
            if change.after.note == "update":
                record = change.after.model_copy()
                record.customer = "someone else"
                change.repository(OrderRepository).update(record)

        with served(application) as lab:
            orders = lab.client(MODULE, "WorkOrder")
            order = orders.create(Order(customer="acme"))
            attempts: list[Callable[[], Any]] = [
                lambda: orders.update(Order(id=order.id, note="x")),
                lambda: orders.create(Order(customer="acme", note="update")),
            ]
            for attempt in attempts:
                with pytest.raises(InvalidArgument) as refusal:
                    attempt()
                assert refusal.value.reason == "FIELD_IMMUTABLE"
            assert len(lab.audited()) == 1


class TestOutputOnly:
    def test_what_a_caller_says_is_ignored(self, orders: Any) -> None:
        order = orders.create(Order(customer="acme", released_by="me"))
        assert order.released_by == ""
        assert orders.update(Order(id=order.id, released_by="me")) == order
        replaced = orders.update(Order(id=order.id, customer="acme", note="x", released_by="me"), mask="*")
        assert (replaced.note, replaced.released_by) == ("x", "")
        created, _ = orders.batch_create([Order(customer="a", released_by="me"), Order(customer="b")])
        assert created.released_by == ""

    def test_a_mask_that_names_it_is_refused(self, orders: Any) -> None:
        order = orders.create(Order(customer="acme"))
        with pytest.raises(InvalidArgument) as refusal:
            orders.update(Order(id=order.id, released_by="me"), mask="released_by")
        assert refusal.value.reason == "INVALID_MASK"
        assert "'released_by' is filled in by the server" in refusal.value.message

    def test_hooks_set_it_and_callers_leave_it_as_it_is(self) -> None:
        application = Application()

        @application.before_create(OrderRecord)
        def release(change: Change[Any]) -> None:
            change.after.released_by = change.actor

        @application.after_update(OrderRecord)
        def count(change: Change[Any]) -> None:
            if change.after.note == "again":
                record = change.after.model_copy()
                record.note, record.released_by = "done", "hook"
                change.repository(OrderRepository).update(record)
            if change.after.note == "new":
                change.repository(OrderRepository).create(OrderRecord(customer="made", released_by="hook"))

        with served(application) as lab:
            orders = lab.client(MODULE, "WorkOrder")
            order = orders.create(Order(customer="acme", released_by="me"))
            assert order.released_by == "ann"
            assert orders.update(Order(id=order.id, customer="acme", note="x"), mask="*").released_by == "ann"
            orders.update(Order(id=order.id, note="again"))
            assert orders.get(order.id).released_by == "hook"
            orders.update(Order(id=order.id, note="new"))
            assert [each.released_by for each in orders.list()] == ["hook", "ann"]


class TestDefaults:
    def test_fill_in_what_a_create_leaves_unset(self, orders: Any) -> None:
        order = orders.create(Order(customer="acme"))
        assert (order.priority, order.unit, order.mode) == (-3, 'mm "exact"', 2)
        assert orders.get(order.id) == order

    def test_leave_what_is_set_also_to_nothing(self, orders: Any) -> None:
        order = orders.create(Order(customer="acme", priority=0, unit="", mode=0))
        assert (order.priority, order.unit, order.mode) == (0, "", 0)

    def test_are_for_new_records_only(self, orders: Any) -> None:
        order = orders.create(Order(customer="acme"))
        assert not orders.update(Order(id=order.id), mask="priority").HasField("priority")

    def test_are_what_hooks_see_and_get(self) -> None:
        application, seen = Application(), []

        @application.before_create(OrderRecord)
        def note(change: Change[Any]) -> None:
            seen.append(change.after.priority)
            if change.after.note == "two":
                change.repository(OrderRepository).create(OrderRecord(customer="made"))

        with served(application) as lab:
            orders = lab.client(MODULE, "WorkOrder")
            orders.create(Order(customer="acme", note="two"))
            assert seen == [-3, -3]
            assert {each.unit for each in orders.list()} == {'mm "exact"'}


class TestUnique:
    @pytest.mark.parametrize(
        ("values", "fields", "constraint"),
        [
            ({"badge": "b1"}, "badge", "work_order_badge_live_key"),
            ({"line": "a", "position": 0}, "line, position", "work_order_line_position_live_key"),
            ({"serial": b"1"}, "customer, serial", "serial_of_customer"),
            ({"slot": Timestamp(seconds=60)}, "slot", "work_order_slot_key"),
        ],
    )
    def test_what_is_taken_is_refused_on_every_path_and_names_fields_constraint_and_holder(
        self, lab: Lab, orders: Any, values: dict[str, Any], fields: str, constraint: str
    ) -> None:
        holder = orders.create(Order(customer="acme", **values))
        other = orders.create(Order(customer="acme"))
        ids = (holder.id, other.id)
        attempts: list[tuple[Callable[[], Any], str | None, str]] = [
            (lambda: orders.create(Order(customer="acme", **values)), None, str(holder.id)),
            (lambda: orders.update(Order(id=other.id, **values)), None, str(holder.id)),
            (
                lambda: orders.batch_create([Order(customer="x"), Order(customer="acme", **values)]),
                "1",
                str(holder.id),
            ),
            (
                lambda: orders.batch_update([Order(id=holder.id, note="x"), Order(id=other.id, **values)]),
                "1",
                str(holder.id),
            ),
        ]
        for attempt, index, key in attempts:
            with pytest.raises(AlreadyExists) as refusal:
                attempt()
            assert refusal.value.reason == "RECORD_EXISTS"
            facts = dict(refusal.value.metadata)
            assert facts.pop("index", None) == index
            assert facts == {
                "component": "lab.orders.v1.WorkOrder",
                "field": fields,
                "constraint": constraint,
                "key": key,
            }
            assert "SQL" not in refusal.value.message
            assert "UNIQUE" not in refusal.value.message
        assert (orders.get(ids[0]), orders.get(ids[1])) == (holder, other)
        assert len(lab.audited()) == 2

    # From four items on PostgreSQL is given them in another way.
    @pytest.mark.parametrize("others", [1, 6])
    def test_two_items_of_a_batch_collide(self, lab: Lab, orders: Any, others: int) -> None:
        before = [Order(customer=f"{number}") for number in range(others)]
        with pytest.raises(AlreadyExists) as refusal:
            orders.batch_create([*before, Order(line="a", position=1), Order(line="a", position=1)])
        assert refusal.value.metadata["index"] == f"{others + 1}"
        assert refusal.value.metadata["constraint"] == "work_order_line_position_live_key"
        assert lab.audited() == []

    def test_what_is_unset_or_differs_in_one_field_does_not_collide(self, orders: Any) -> None:
        orders.batch_create([Order(line="a"), Order(line="a"), Order(position=1), Order(position=1)])
        orders.batch_create([Order(line="a", position=1), Order(line="a", position=2), Order(line="b", position=1)])
        orders.batch_create([Order(customer="a", serial=b""), Order(customer="b", serial=b"")])
        assert len(list(orders.list())) == 9

    def test_a_refusal_takes_nobody_else_with_it(self, orders: Any) -> None:
        orders.create(Order(badge="b"))
        with pytest.raises(AlreadyExists):
            orders.create(Order(badge="b"))
        assert orders.create(Order(badge="c")).badge == "c"


class TestUniqueAmongLiveRecords:
    def test_a_deleted_record_frees_its_values_and_cannot_come_back_while_they_are_taken(self, orders: Any) -> None:
        first = orders.create(Order(badge="b", line="a", position=1))
        orders.delete(first.id)
        second = orders.create(Order(badge="b"))
        third = orders.create(Order(line="a", position=1))
        for holder, constraint in (
            (second, "work_order_badge_live_key"),
            (third, "work_order_line_position_live_key"),
        ):
            with pytest.raises(AlreadyExists) as refusal:
                orders.undelete(first.id)
            assert (refusal.value.metadata["key"], refusal.value.metadata["constraint"]) == (str(holder.id), constraint)
            orders.delete(holder.id)
        assert orders.undelete(first.id).badge == "b"

    def test_the_others_stay_taken(self, orders: Any) -> None:
        first = orders.create(Order(customer="acme", serial=b"1"))
        orders.delete(first.id)
        with pytest.raises(AlreadyExists) as refusal:
            orders.create(Order(customer="acme", serial=b"1"))
        assert refusal.value.metadata["key"] == str(first.id)


class TestIndexes:
    @pytest.mark.sqlite
    def test_are_in_the_database_with_their_order_and_condition(self, lab: Lab) -> None:
        with behind(lab.database) as connection:
            made = [row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'work_order'")]
        assert {text.replace('"', "") for text in made if text and "INDEX" in text} == {
            "CREATE UNIQUE INDEX work_order_badge_live_key ON work_order (badge) WHERE delete_time IS NULL",
            "CREATE UNIQUE INDEX work_order_line_position_live_key ON work_order (line, position) "
            "WHERE delete_time IS NULL",
            "CREATE UNIQUE INDEX serial_of_customer ON work_order (customer, serial DESC)",
            "CREATE INDEX work_order_customer_update_time_idx ON work_order (customer, update_time DESC)",
        }

    def test_that_a_database_lacks_are_made_when_it_is_served_again(self, database: str) -> None:
        with serve(COMPONENTS, database=database):
            pass
        with behind(database) as connection:
            connection.execute("DROP INDEX serial_of_customer")
        with served(database=database) as lab:
            orders = lab.client(MODULE, "WorkOrder")
            orders.create(Order(customer="acme", serial=b"1"))
            with pytest.raises(AlreadyExists):
                orders.create(Order(customer="acme", serial=b"1"))

    def test_that_records_stand_against_keep_the_server_from_starting(self, database: str) -> None:
        with served(database=database) as lab:
            lab.client(MODULE, "WorkOrder").batch_create([Order(badge="a"), Order(badge="b")])
        with behind(database) as connection:
            connection.execute("DROP INDEX work_order_badge_live_key")
            connection.execute("UPDATE work_order SET badge = 'a'")
        with (
            pytest.raises(StartError, match="records with the same badge, which are to be unique now"),
            serve(COMPONENTS, database=database),
        ):
            pass

    def test_that_have_changed_are_made_anew(self, database: str) -> None:
        with serve(COMPONENTS, database=database):
            pass
        with behind(database) as connection:
            connection.execute("DROP INDEX serial_of_customer")
            connection.execute("CREATE INDEX serial_of_customer ON work_order (customer)")
        with served(database=database) as lab:
            orders = lab.client(MODULE, "WorkOrder")
            orders.create(Order(customer="acme", serial=b"1"))
            with pytest.raises(AlreadyExists):
                orders.create(Order(customer="acme", serial=b"1"))

    def test_a_unique_one_that_the_proto_has_not_is_told(self, database: str) -> None:
        with serve(COMPONENTS, database=database):
            pass
        with behind(database) as connection:
            connection.execute("CREATE UNIQUE INDEX work_order_note ON work_order (note)")
        with (
            pytest.raises(StartError, match="has the unique index work_order_note"),
            serve(COMPONENTS, database=database),
        ):
            pass

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (', \n\tCONSTRAINT "work_order_slot_key" UNIQUE ("slot")', ""),
            ('UNIQUE ("slot")', 'UNIQUE ("slot"), CONSTRAINT unit_key UNIQUE (unit)'),
        ],
    )
    @pytest.mark.sqlite
    def test_a_table_of_other_unique_fields_is_made_what_the_proto_has(self, database: str, old: str, new: str) -> None:
        with serve(COMPONENTS, database=database):
            pass
        with behind(database) as connection:
            (made,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'work_order'").fetchone()
            assert old in made
            connection.execute("DROP TABLE work_order")
            connection.execute(made.replace(old, new))
        with served(database=database) as lab:
            orders = lab.client(MODULE, "WorkOrder")
            orders.batch_create([Order(unit="u"), Order(unit="u")])
        with behind(database) as connection:
            (again,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'work_order'").fetchone()
        assert again == made


class TestRulesOverSeveralFields:
    def test_name_the_rule_on_every_path(self, orders: Any) -> None:
        order = orders.create(Order(start_min=10, finish_min=20))
        attempts: list[tuple[Callable[[], Any], str]] = [
            (lambda: orders.create(Order(start_min=1)), "work_order"),
            (lambda: orders.update(Order(id=order.id, start_min=21)), "work_order"),
            (lambda: orders.batch_create([Order(), Order(start_min=1)]), "requests[1].work_order"),
        ]
        for attempt, path in attempts:
            with pytest.raises(InvalidArgument) as refusal:
                attempt()
            assert refusal.value.reason == "INVALID_RECORD"
            (violation,) = refusal.value.violations
            assert (violation.field, violation.reason) == (path, "work_order.finish_after_start")
            assert violation.description == "an order finishes after it starts"
