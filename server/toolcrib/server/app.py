"""The composition root: how a server is put together, started and stopped. It reads from the database to the port."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

import grpc.aio
from google.protobuf.descriptor_pool import Default
from google.protobuf.empty_pb2 import Empty
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server
from grpc_reflection.v1alpha import reflection
from sqlalchemy import Table

from toolcrib.server import health, network
from toolcrib.server.answers import AnswerLimits
from toolcrib.server.audit_servicer import AuditServicer
from toolcrib.server.call import Call
from toolcrib.server.database import Database
from toolcrib.server.errors import EvidenceError, SchemaPending, StartError
from toolcrib.server.health import Health
from toolcrib.server.hooks import Application
from toolcrib.server.identity import Identity
from toolcrib.server.interceptors import access, answer_errors, establish_identity, log_access
from toolcrib.server.loading import import_components
from toolcrib.server.retention_servicer import RetentionServicer
from toolcrib.server.rpc import Handlers, Interceptor, Method, Methods
from toolcrib.server.schema.steps import SchemaDiffers
from toolcrib.server.schema_keeper import SchemaKeeper
from toolcrib.server.schema_servicer import SchemaServicer
from toolcrib.server.settings import Settings
from toolcrib.server.signing import VerifyingKey
from toolcrib.server.store import Store
from toolcrib.server.transaction_servicer import TransactionServicer
from toolcrib.server.watch.stream import Watches
from toolcrib.server.watch_servicer import WatchServicer, component_watches
from toolcrib.server.workers import CONNECTIONS_BESIDE_READERS, Workers

logger = logging.getLogger(__name__)

# Lets a lane go on soon after the event loop has given it work, rather than after 5 ms.
_SWITCH_INTERVAL_S = 0.0005


class Server:
    """One server process: the components of a folder on one database behind one address.

    `database` says where it is, `components` are the full names of what it serves.
    """

    def __init__(self, settings: Settings, application: Application, components: Path) -> None:
        """Raises StartError, and toolcrib.codegen.GenerateError for a component that cannot be served."""
        generated = import_components(components)
        self._settings = settings
        self._retention_key = _read_key(settings.retention_key)
        self._database = Database(settings.database, settings.limits())
        _require_room(self._database, settings)
        self._store = Store(self._database, [item.repository for item in generated], application)
        self._servicers = [item.servicer for item in generated]
        self.address = settings.address
        self.database = self._database.backend.place
        self.components = [component.name for component in self._store.components()]

    async def start(self) -> None:
        """Opens the database and begins to serve; `address` then has the real port. Raises StartError.

        Where the schema is refused and the settings say so, it waits for that (`waits_for`), and serves no more than
        the schema, health and reflection until it is applied.
        """
        settings = self._settings
        self._server = grpc.aio.server(options=network.options(settings))
        self._health = Health(self._database, self._tables(), interval_s=settings.health_interval_s)
        self._handlers = Handlers(self._interceptors(), message_bytes_max=settings.message_bytes_max)
        self._schema = SchemaKeeper(
            self._store, settings.schema_policy, self._serve, interval_s=settings.health_interval_s
        )
        address = network.bind(self._server, settings)
        try:
            self._schema.start(waits=settings.schema_wait)
        except BaseException:
            await self._server.stop(None)
            self._database.backend.close()
            raise
        if self._schema.refusal is not None:
            self._serve_schema()
        self._server.add_generic_rpc_handlers((self._handlers,))
        add_HealthServicer_to_server(self._health, self._server)
        if settings.reflection:
            names = [*self._tables(), health.SERVICE, reflection.SERVICE_NAME]
            reflection.enable_server_reflection(names, self._server)
        await self._server.start()
        self.address = address

    @property
    def waits_for(self) -> SchemaDiffers | None:
        """What the schema was refused for, of a start that waits."""
        return self._schema.refusal

    async def served(self) -> None:
        """Returns when the components are served. Raises what keeps them from it once the schema is applied."""
        await self._schema.served()

    def _serve_schema(self) -> None:
        """Serves the schema, and refuses all other calls."""
        pending = {name: _pending(name, self._schema) for name in self._tables()}
        self._handlers.serve({**pending, SchemaServicer.service: SchemaServicer(self._store, self._schema).methods()})
        self._health.serving_only = SchemaServicer.service

    def _serve(self) -> None:
        """Serves everything; the database is open."""
        settings, store = self._settings, self._store
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        self._workers = Workers(
            store,
            reader_lanes=settings.reader_lanes,
            group_commit_max=settings.group_commit_max,
            queue_max=settings.queue_max,
            answer_limits=AnswerLimits(settings.request_id_hours, settings.request_ids_max),
            refusals_per_minute=settings.refusals_per_minute,
        )
        self._watches = Watches(
            self._workers,
            store,
            poll_s=settings.watch_poll_s,
            heartbeat_s=settings.watch_heartbeat_s,
            buffer_bytes=settings.watch_buffer_bytes,
        )
        services: dict[str, Methods] = {
            servicer.service: (*servicer(self._workers).methods(), *component_watches(servicer, self._watches))
            for servicer in self._servicers
        }
        services[WatchServicer.service] = WatchServicer(self._watches).methods()
        services[TransactionServicer.service] = TransactionServicer(self._workers, self._servicers).methods()
        services[SchemaServicer.service] = SchemaServicer(store, self._schema).methods()
        services[AuditServicer.service] = AuditServicer(self._workers, store).methods()
        services[RetentionServicer.service] = RetentionServicer(self._workers, store, self._retention_key).methods()
        self._workers.start()
        self._handlers.serve(services)
        self._health.serving_only = None

    async def wait(self) -> None:
        """Returns when the server has stopped."""
        await self._server.wait_for_termination()

    async def stop(self, grace_s: float | None = None) -> None:
        """Finishes the calls that wait or run, refuses new ones as unavailable, and ends.

        `grace_s` bounds it, by default the setting stop_grace_s.
        """
        grace_s = self._settings.stop_grace_s if grace_s is None else grace_s
        self._health.stop()
        # The lanes first: gRPC's own stop would cancel calls that it has read but not yet handed over.
        try:
            await asyncio.wait_for(self._finish(), grace_s)
        except TimeoutError:
            logger.warning("calls still ran after %g s; they are cut off", grace_s)
        await self._server.stop(grace_s)
        self._database.backend.close()

    async def _finish(self) -> None:
        """Lets what is being done be done, and takes nothing more on."""
        await self._schema.stop()
        if not self._schema.is_waiting:
            await self._watches.stop()
            await self._workers.stop()

    def _interceptors(self) -> list[Interceptor]:
        """What each call passes, outermost first."""
        interceptors: list[Interceptor] = [answer_errors, establish_identity(self._identity())]
        if access.isEnabledFor(logging.DEBUG):
            interceptors.append(log_access)
        return interceptors

    def _identity(self) -> Identity:
        settings = self._settings
        return Identity(
            trust_metadata=network.trusts_metadata(settings),
            verify_certificates=settings.tls_client_ca is not None,
            default_actor=settings.default_actor,
            operators=[name.strip() for name in (settings.operators or "").split(",") if name.strip()],
        )

    def _tables(self) -> dict[str, Table]:
        """The table that each service lives from."""
        tables = {
            servicer.service: self._store[servicer.repository.component.name].table for servicer in self._servicers
        }
        system = self._database.system
        return {
            **tables,
            WatchServicer.service: system.audit,
            TransactionServicer.service: system.transaction,
            AuditServicer.service: system.audit,
            RetentionServicer.service: system.audit,
            SchemaServicer.service: system.schema,
        }


def _pending(service: str, schema: SchemaKeeper) -> Methods:
    """The methods of `service`, each of which refuses its calls for the time being. A refusal is no stream."""

    async def refuse(_request: Empty, _call: Call) -> Empty:
        raise SchemaPending(str(schema.refusal))

    return [Method(method.name, Empty, refuse) for method in Default().FindServiceByName(service).methods]


def _read_key(path: Path | None) -> VerifyingKey | None:
    """Raises StartError where the file holds none."""
    try:
        return None if path is None else VerifyingKey.read(path)
    except EvidenceError as error:
        raise StartError(f"the setting retention_key: {error}") from error


def _require_room(database: Database, settings: Settings) -> None:
    """Raises StartError where the lanes would wait for each other's connections for ever."""
    figures, needed = database.backend.figures(), settings.reader_lanes + CONNECTIONS_BESIDE_READERS
    if figures is not None and figures.limit < needed:
        raise StartError(
            f"{settings.reader_lanes} reader lanes need {needed} connections, and connections_max is {figures.limit}; "
            f"raise it to {needed}, or lower reader_lanes"
        )
