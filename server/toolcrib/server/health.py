"""grpc.health.v1: whether each service can really answer, asked of the database through a connection of its own."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import TypeAlias

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthServicer
from sqlalchemy import Table

from toolcrib.server.database import Database
from toolcrib.server.errors import StorageError

logger = logging.getLogger(__name__)

SERVICE: str = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name

_OVERALL = ""
_SERVING = HealthCheckResponse.SERVING
_NOT_SERVING = HealthCheckResponse.NOT_SERVING
_SERVICE_UNKNOWN = HealthCheckResponse.SERVICE_UNKNOWN

Status: TypeAlias = int


class Health(HealthServicer):
    """Answers Check and Watch for each service, and for the empty name, which is all of them.

    `tables` holds the table that a service lives from. The database is asked at most once per `interval_s` and service,
    however many probes there are; watchers learn of a change within that time.
    """

    def __init__(self, database: Database, tables: Mapping[str, Table], *, interval_s: float) -> None:
        self._database = database
        self._tables = dict(tables)
        self._interval_s = interval_s
        self._known: dict[str, tuple[float, asyncio.Task[Status]]] = {}
        self._stopping = asyncio.Event()
        # The one service that answers while all others wait; None where none does.
        self.serving_only: str | None = None

    async def Check(  # noqa: N802  # as grpc.health.v1 names it
        self, request: HealthCheckRequest, context: grpc.aio.ServicerContext[HealthCheckRequest, HealthCheckResponse]
    ) -> HealthCheckResponse:
        """The service's state. Aborts with NOT_FOUND for a service that is not served here."""
        status = await self.status(request.service)
        if status == _SERVICE_UNKNOWN:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no service {request.service!r} here")
        return HealthCheckResponse(status=status)

    async def Watch(  # noqa: N802  # as grpc.health.v1 names it
        self, request: HealthCheckRequest, context: grpc.aio.ServicerContext[HealthCheckRequest, HealthCheckResponse]
    ) -> AsyncIterator[HealthCheckResponse]:
        """The service's state now, and each time it changes; ends when the server stops."""
        last: Status | None = None
        while True:
            # Asked beforehand: a stop in the middle of the question is told with the next one.
            is_last = self._stopping.is_set()
            status = await self.status(request.service)
            if status != last:
                last = status
                yield HealthCheckResponse(status=status)
            if is_last:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._interval_s)

    async def status(self, service: str) -> Status:
        """The service's state, no older than the interval."""
        if service != _OVERALL and service not in self._tables:
            return _SERVICE_UNKNOWN
        if self._stopping.is_set():
            return _NOT_SERVING
        if self.serving_only is not None:
            return _SERVING if service == self.serving_only else _NOT_SERVING
        now = time.monotonic()
        asked_at, task = self._known.get(service, (0.0, None))
        if task is None or (task.done() and now - asked_at >= self._interval_s):
            task = asyncio.create_task(asyncio.to_thread(self._ask, service))
            self._known[service] = (now, task)
        # A caller that goes away must not take the question from the others.
        return await asyncio.shield(task)

    def stop(self) -> None:
        """From now on nothing is serving; watchers are told and let go."""
        self._stopping.set()

    def _ask(self, service: str) -> Status:
        tables = list(self._tables.values()) if service == _OVERALL else [self._tables[service]]
        try:
            self._database.probe(tables)
        except StorageError as error:
            logger.warning("health of %s: %s", service or "the server", error)
            return _NOT_SERVING
        return _SERVING
