"""Serves toolcrib.schema.v1: the schemas that the database has had, and what it lacks of the components."""

from __future__ import annotations

from toolcrib.schema.v1 import schema_pb2
from toolcrib.schema.v1.schema_pb2 import (
    ListSchemaVersionsRequest,
    ListSchemaVersionsResponse,
    PlanSchemaRequest,
    PlanSchemaResponse,
)
from toolcrib.server.call import Call
from toolcrib.server.paging import fill_page, page_size
from toolcrib.server.rpc import Method
from toolcrib.server.schema.record import SchemaVersion
from toolcrib.server.schema.steps import Kind, Sign, Step
from toolcrib.server.schema.text import plan_text
from toolcrib.server.store import Store
from toolcrib.server.transaction import ReadTransaction
from toolcrib.server.values import datetime_to_timestamp
from toolcrib.server.workers import Workers

_CHANGES = {
    Sign.ADD: schema_pb2.SCHEMA_CHANGE_ADD,
    Sign.CHANGE: schema_pb2.SCHEMA_CHANGE_CHANGE,
    Sign.DROP: schema_pb2.SCHEMA_CHANGE_DROP,
}
_KINDS = {
    Kind.ADDITIVE: schema_pb2.SCHEMA_STEP_KIND_ADDITIVE,
    Kind.DESTRUCTIVE: schema_pb2.SCHEMA_STEP_KIND_DESTRUCTIVE,
    Kind.AMBIGUOUS: schema_pb2.SCHEMA_STEP_KIND_AMBIGUOUS,
}


class SchemaServicer:
    """Serves the schema of the database."""

    service: str = schema_pb2.DESCRIPTOR.services_by_name["SchemaService"].full_name

    def __init__(self, workers: Workers, store: Store) -> None:
        self._workers = workers
        self._has_tenants = bool(store.apart())

    def methods(self) -> tuple[Method, ...]:
        """Each method of the service, for the server to register."""
        return (
            Method("ListSchemaVersions", ListSchemaVersionsRequest, self.list_schema_versions),
            Method("PlanSchema", PlanSchemaRequest, self.plan_schema),
        )

    async def list_schema_versions(self, request: ListSchemaVersionsRequest, call: Call) -> ListSchemaVersionsResponse:
        """A page of the record. Raises InvalidRequest where it cannot be meant, or TenantsApart."""
        self._require_operator(call)
        return await self._workers.read(call, lambda transaction: self._versions(transaction, request))

    async def plan_schema(self, _request: PlanSchemaRequest, call: Call) -> PlanSchemaResponse:
        """What the database lacks. Raises TenantsApart."""
        self._require_operator(call)
        return await self._workers.read(call, _plan)

    def _require_operator(self, call: Call) -> None:
        # Plans say how many records there are.
        if self._has_tenants:
            call.require_operator("the record of schemas")

    def _versions(self, transaction: ReadTransaction, request: ListSchemaVersionsRequest) -> ListSchemaVersionsResponse:
        size, tokens, bound = page_size(request.page_size), transaction.store.page_tokens, (self.service,)
        position = tokens.decode(bound, request.page_token) if request.page_token else []
        with transaction.session.snapshot():
            recorded = transaction.store.recorded(transaction.session.connection)
        rows = (row for row in reversed(recorded.versions) if not position or row.version < position[0])
        found, more = fill_page(map(_version, rows), size)
        token = tokens.encode(bound, (found[-1].version,)) if more else ""
        return ListSchemaVersionsResponse(versions=found, next_page_token=token)


def _plan(transaction: ReadTransaction) -> PlanSchemaResponse:
    with transaction.session.snapshot():
        plan = transaction.store.plan_of(transaction.session.connection)
    return PlanSchemaResponse(schema_version=plan.version, steps=map(_step, plan.steps), text=plan_text(plan))


def _version(row: SchemaVersion) -> schema_pb2.SchemaVersion:
    return schema_pb2.SchemaVersion(
        version=row.version,
        apply_time=datetime_to_timestamp(row.apply_time),
        actor=row.actor,
        method=row.method,
        revision=row.revision,
        plan=row.plan,
    )


def _step(step: Step) -> schema_pb2.SchemaStep:
    return schema_pb2.SchemaStep(
        name=step.name,
        change=_CHANGES[step.sign],
        kind=_KINDS[step.kind],
        component=step.component,
        table=step.table,
        column=step.column,
        text=step.text,
        cost=step.cost,
        loss=step.loss,
        remedy=step.remedy,
        may_be_allowed=step.may_be_allowed,
    )
