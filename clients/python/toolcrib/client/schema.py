"""The schema of a server's database: its record, the plan, and applying that on a server that waits for it.

    schema = SchemaClient(crib.with_reason("press 4 gets coolant, ECN-1183"))
    plan = schema.plan()
    print(plan.text)
    schema.apply(plan.etag, allow=["drop:recipe.note"])

docs/schema.md has what is applied by itself. `toolcrib schema apply --server` does all of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator

from toolcrib.client._async_crib import AsyncCrib
from toolcrib.client._crib import Crib
from toolcrib.schema.v1.schema_pb2 import (
    ApplySchemaRequest,
    ApplySchemaResponse,
    ListSchemaVersionsRequest,
    PlanSchemaRequest,
    PlanSchemaResponse,
    SchemaStep,
    SchemaVersion,
)
from toolcrib.schema.v1.schema_pb2_grpc import SchemaServiceStub

__all__ = [
    "ApplySchemaResponse",
    "AsyncSchemaClient",
    "PlanSchemaResponse",
    "SchemaClient",
    "SchemaStep",
    "SchemaVersion",
]


class SchemaClient:
    """Lists, plans and applies. Nothing of it is a write of records: each may be asked again, and is."""

    def __init__(self, crib: Crib) -> None:
        self._crib = crib
        self._stub = SchemaServiceStub(crib.channel)

    def versions(self) -> Iterator[SchemaVersion]:
        """The schemas that the database has had, newest first. Raises ToolcribError."""
        request = ListSchemaVersionsRequest()
        while True:
            page = self._crib.read(self._stub.ListSchemaVersions, request)
            yield from page.versions
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def plan(self) -> PlanSchemaResponse:
        """What the database lacks of the components; nothing is changed. Raises ToolcribError."""
        return self._crib.read(self._stub.PlanSchema, PlanSchemaRequest())

    def apply(self, etag: str, allow: Collection[str] = (), *, validate_only: bool = False) -> ApplySchemaResponse:
        """Applies the plan with this etag, with the steps that are allowed by name; or says whether it would be taken.

        Answers once the components are served. Raises Aborted where the plan is another one by now, FailedPrecondition
        where it is refused, and ToolcribError.
        """
        request = ApplySchemaRequest(etag=etag, allow=allow, validate_only=validate_only)
        return self._crib.read(self._stub.ApplySchema, request)


class AsyncSchemaClient:
    """Lists, plans and applies, for asyncio."""

    def __init__(self, crib: AsyncCrib) -> None:
        self._crib = crib
        self._stub = SchemaServiceStub(crib.channel)

    async def versions(self) -> AsyncIterator[SchemaVersion]:
        """The schemas that the database has had, newest first. Raises ToolcribError."""
        request = ListSchemaVersionsRequest()
        while True:
            page = await self._crib.read(self._stub.ListSchemaVersions, request)
            for version in page.versions:
                yield version
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def plan(self) -> PlanSchemaResponse:
        """What the database lacks of the components; nothing is changed. Raises ToolcribError."""
        return await self._crib.read(self._stub.PlanSchema, PlanSchemaRequest())

    async def apply(
        self, etag: str, allow: Collection[str] = (), *, validate_only: bool = False
    ) -> ApplySchemaResponse:
        """Applies the plan with this etag, with the steps that are allowed by name; or says whether it would be taken.

        Answers once the components are served. Raises Aborted where the plan is another one by now, FailedPrecondition
        where it is refused, and ToolcribError.
        """
        request = ApplySchemaRequest(etag=etag, allow=allow, validate_only=validate_only)
        return await self._crib.read(self._stub.ApplySchema, request)
