"""The schema as clients of a running server see it."""

from __future__ import annotations

import getpass

import grpc
import pytest

from support.behind import behind
from support.lab import COMPONENTS, served
from support.plant import refused
from toolcrib.schema.v1.schema_pb2 import (
    SCHEMA_CHANGE_ADD,
    SCHEMA_STEP_KIND_ADDITIVE,
    ListSchemaVersionsRequest,
    PlanSchemaRequest,
)
from toolcrib.schema.v1.schema_pb2_grpc import SchemaServiceStub
from toolcrib.server.testing import serve


def test_the_plan_has_no_steps_until_somebody_changes_the_database_past_the_server(database: str) -> None:
    with served(database=database) as lab, behind(database) as connection:
        stub = SchemaServiceStub(lab.crib.channel)
        plan = stub.PlanSchema(PlanSchemaRequest())
        assert (plan.schema_version, list(plan.steps)) == (1, [])
        assert plan.text.endswith("there is nothing to do")
        connection.execute("DROP INDEX serial_of_customer")
        plan = stub.PlanSchema(PlanSchemaRequest())
        (step,) = plan.steps
        assert (step.change, step.kind) == (SCHEMA_CHANGE_ADD, SCHEMA_STEP_KIND_ADDITIVE)
        assert (step.name, step.component) == ("add:work_order/serial_of_customer", "lab.orders.v1.WorkOrder")
        assert f"  + {step.text}\n      cost    {step.cost}" in plan.text


def test_the_versions_are_listed_page_by_page(database: str) -> None:
    for _ in range(3):
        with serve(COMPONENTS, database=database), behind(database) as connection:
            connection.execute("DROP INDEX serial_of_customer")
    with served(database=database) as lab:
        stub = SchemaServiceStub(lab.crib.channel)
        first = stub.ListSchemaVersions(ListSchemaVersionsRequest(page_size=3))
        second = stub.ListSchemaVersions(ListSchemaVersionsRequest(page_token=first.next_page_token))
        assert [version.version for version in (*first.versions, *second.versions)] == [4, 3, 2, 1]
        assert second.next_page_token == ""
        newest, oldest = first.versions[0], second.versions[0]
        assert (newest.actor, newest.method, newest.revision) == (getpass.getuser(), "serve", 0)
        assert "+ add the unique index serial_of_customer over customer, serial" in newest.plan
        assert "+ create the table work_order with" in oldest.plan
        assert oldest.apply_time.ToDatetime() < newest.apply_time.ToDatetime()


@pytest.mark.parametrize(
    ("field", "request_"),
    [
        ("page_size", ListSchemaVersionsRequest(page_size=-1)),
        ("page_token", ListSchemaVersionsRequest(page_token="forged")),
    ],
)
def test_a_page_that_cannot_be_meant_is_refused(field: str, request_: ListSchemaVersionsRequest) -> None:
    with served() as lab, refused(grpc.StatusCode.INVALID_ARGUMENT) as refusal:
        SchemaServiceStub(lab.crib.channel).ListSchemaVersions(request_)
    assert refusal.fields == [field]
