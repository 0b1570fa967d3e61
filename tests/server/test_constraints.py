"""What a component's options forbid, by every path, and that each refusal says what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.lab import Lab, generated, served
from toolcrib.client import InvalidArgument
from toolcrib.server import Application, Change

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
