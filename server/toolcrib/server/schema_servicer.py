"""Serves toolcrib.schema.v1: the schemas that the database has had, what it lacks of the components, and doing that."""

from __future__ import annotations

from toolcrib.schema.v1 import schema_pb2
from toolcrib.schema.v1.schema_pb2 import (
    ApplySchemaRequest,
    ApplySchemaResponse,
    ListSchemaVersionsRequest,
    ListSchemaVersionsResponse,
    PlanSchemaRequest,
    PlanSchemaResponse,
)
from toolcrib.server.call import ActorSource, Call
from toolcrib.server.errors import ActorRequired, InvalidRequest
from toolcrib.server.paging import fill_page, page_size
from toolcrib.server.rpc import Method
from toolcrib.server.schema.record import Author, SchemaVersion
from toolcrib.server.schema.steps import Kind, Sign, Step
from toolcrib.server.schema.text import plan_text
from toolcrib.server.schema_keeper import Order, SchemaKeeper
from toolcrib.server.store import Store
from toolcrib.server.values import datetime_to_timestamp

CHANGES = {
    Sign.ADD: schema_pb2.SCHEMA_CHANGE_ADD,
    Sign.CHANGE: schema_pb2.SCHEMA_CHANGE_CHANGE,
    Sign.DROP: schema_pb2.SCHEMA_CHANGE_DROP,
}
KINDS = {
    Kind.ADDITIVE: schema_pb2.SCHEMA_STEP_KIND_ADDITIVE,
    Kind.DESTRUCTIVE: schema_pb2.SCHEMA_STEP_KIND_DESTRUCTIVE,
    Kind.AMBIGUOUS: schema_pb2.SCHEMA_STEP_KIND_AMBIGUOUS,
}


class SchemaServicer:
    """Serves the schema of the database."""

    service: str = schema_pb2.DESCRIPTOR.services_by_name["SchemaService"].full_name

    def __init__(self, store: Store, keeper: SchemaKeeper) -> None:
        self._store = store
        self._keeper = keeper
        self._has_tenants = bool(store.apart())

    def methods(self) -> tuple[Method, ...]:
        """Each method of the service, for the server to register."""
        return (
            Method("ListSchemaVersions", ListSchemaVersionsRequest, self.list_schema_versions),
            Method("PlanSchema", PlanSchemaRequest, self.plan_schema),
            Method("ApplySchema", ApplySchemaRequest, self.apply_schema),
        )

    async def list_schema_versions(self, request: ListSchemaVersionsRequest, call: Call) -> ListSchemaVersionsResponse:
        """A page of the record. Raises InvalidRequest where it cannot be meant, or TenantsApart."""
        self._require_operator(call)
        size, tokens, bound = page_size(request.page_size), self._store.page_tokens, (self.service,)
        position = tokens.decode(bound, request.page_token) if request.page_token else []
        rows = (row for row in reversed(await self._keeper.versions()) if not position or row.version < position[0])
        found, more = fill_page(map(_version, rows), size)
        token = tokens.encode(bound, (found[-1].version,)) if more else ""
        return ListSchemaVersionsResponse(versions=found, next_page_token=token)

    async def plan_schema(self, _request: PlanSchemaRequest, call: Call) -> PlanSchemaResponse:
        """What the database lacks. Raises TenantsApart."""
        self._require_operator(call)
        plan = await self._keeper.plan()
        return PlanSchemaResponse(
            schema_version=plan.version,
            steps=map(_step, plan.steps),
            text=plan_text(plan),
            database=plan.database,
            etag=plan.etag,
        )

    async def apply_schema(self, request: ApplySchemaRequest, call: Call) -> ApplySchemaResponse:
        """Applies the plan that was reviewed. Raises ActorRequired, TenantsApart, and what the keeper does."""
        self._require_operator(call)
        order = Order(_author(call), request.etag, frozenset(request.allow), request.validate_only)
        if not request.etag:
            text = "is missing; take that of the plan that was reviewed (PlanSchema)"
            raise InvalidRequest.field("ETAG_MISSING", "etag", text)
        brought = await self._keeper.apply(order)
        return ApplySchemaResponse(
            schema_version=brought.version,
            steps=map(_step, brought.plan.steps),
            backup="" if brought.backup is None else str(brought.backup),
        )

    def _require_operator(self, call: Call) -> None:
        # Plans say how many records there are.
        if self._has_tenants:
            call.require_operator("the record of schemas")


def _author(call: Call) -> Author:
    """Who answers for the plan. Raises ActorRequired."""
    call.require_actor()
    caller = call.caller
    if caller.actor_source is ActorSource.DEFAULT:
        raise ActorRequired(
            "who applies a plan has to be known by name: send x-actor metadata over a network that the server trusts, "
            "or a client certificate; default_actor does not stand in here"
        )
    return Author(caller.actor, call.method, caller.reason, caller.actor_source)


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
        change=CHANGES[step.sign],
        kind=KINDS[step.kind],
        component=step.component,
        table=step.table,
        column=step.column,
        text=step.text,
        cost=step.cost,
        loss=step.loss,
        remedy=step.remedy,
        may_be_allowed=step.may_be_allowed,
    )
