"""The components of tenants, behind a real socket: calls by the names of their methods, in the name of a tenant."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from support.plant import Refusal, refusal_of
from toolcrib import codegen
from toolcrib.audit.v1 import audit_pb2
from toolcrib.retention.v1 import retention_pb2
from toolcrib.schema.v1 import schema_pb2
from toolcrib.server import Application
from toolcrib.server.testing import serve
from toolcrib.transaction.v1 import transaction_pb2
from toolcrib.watch.v1 import watch_pb2

COMPONENTS = Path(__file__).parents[1] / "tenancy"
APART = ("Job", "Part", "Note")

Metadata = tuple[tuple[str, str | bytes], ...]


@cache
def module(name: str) -> ModuleType:
    """A generated module: "mill.v1.job_service_pb2"."""
    folder = str(codegen.cached(COMPONENTS))
    if folder not in sys.path:
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
    return importlib.import_module(name)


def record(component: str, **values: Any) -> Any:
    """A record: record("Job", name="x")."""
    return getattr(module("mill.v1.mill_pb2"), component)(**values)


def service_of(component: str) -> ServiceDescriptor:
    """The service of a component."""
    found = module(f"mill.v1.{component.lower()}_service_pb2").DESCRIPTOR.services_by_name[f"{component}Service"]
    assert isinstance(found, ServiceDescriptor)
    return found


@cache
def methods() -> dict[str, MethodDescriptor]:
    """The methods of all services by their names."""
    services = [service_of(component) for component in ("Material", *APART)]
    services.append(audit_pb2.DESCRIPTOR.services_by_name["AuditService"])
    services.append(transaction_pb2.DESCRIPTOR.services_by_name["TransactionService"])
    services.append(retention_pb2.DESCRIPTOR.services_by_name["RetentionService"])
    services.append(schema_pb2.DESCRIPTOR.services_by_name["SchemaService"])
    services.append(watch_pb2.DESCRIPTOR.services_by_name["WatchService"])
    return {method.name: method for service in services for method in service.methods}


def request(method: str, **values: Any) -> Any:
    """A request: request("GetJob", id=1)."""
    return GetMessageClass(methods()[method].input_type)(**values)


class Mill:
    """One caller of one server."""

    def __init__(self, channel: grpc.Channel, *, tenant: str = "", actor: str = "ann") -> None:
        self.channel = channel
        self.tenant = tenant
        self.address = self.database = ""
        self.metadata: Metadata = (("x-actor", actor), *((("x-tenant", tenant),) if tenant else ()))

    def of(self, tenant: str, actor: str = "ann") -> Mill:
        """A caller of the same server for another tenant."""
        return Mill(self.channel, tenant=tenant, actor=actor)

    def call(self, method: str, **values: Any) -> Any:
        """What a method answers."""
        return self.send(methods()[method], request(method, **values))

    def send(self, method: MethodDescriptor, asked: Any) -> Any:
        """What a method answers to a request; of a stream that stream."""
        path = f"/{method.containing_service.full_name}/{method.name}"
        answer = GetMessageClass(method.output_type)
        open_ = self.channel.unary_stream if method.server_streaming else self.channel.unary_unary
        call: Any = open_(
            path, request_serializer=type(asked).SerializeToString, response_deserializer=answer.FromString
        )
        return call(asked, metadata=self.metadata, timeout=20)

    def refused(self, method: str, **values: Any) -> Refusal:
        """How a method refuses."""
        try:
            answer = self.call(method, **values)
            if methods()[method].server_streaming:
                answer = next(answer)
        except grpc.RpcError as error:
            return refusal_of(error)
        raise AssertionError(f"{method} answered {answer}")

    def reason(self, method: str, **values: Any) -> str:
        """Why a method refuses."""
        return self.refused(method, **values).reason

    def create(self, component: str, **values: Any) -> Any:
        """Creates a record."""
        return self.call(f"Create{component}", **{component.lower(): record(component, **values)})

    def records(self, component: str, **values: Any) -> list[Any]:
        """The records of a page."""
        answer = self.call(f"List{component}s", **values)
        return list(getattr(answer, f"{component.lower()}s"))

    def entries(self, **conditions: Any) -> list[Any]:
        """Audit entries, oldest first."""
        return list(self.call("ListAuditEntries", oldest_first=True, page_size=1000, **conditions).entries)

    def transactions(self, **conditions: Any) -> list[Any]:
        """Transactions, oldest first."""
        answer = self.call("ListTransactions", oldest_first=True, page_size=1000, **conditions)
        return list(answer.transactions)

    def watched(self, method: str, **values: Any) -> list[Any]:
        """What a watch is sent until it has caught up."""
        messages = []
        stream = self.call(method, **values)
        for message in stream:
            if message.kind == watch_pb2.MESSAGE_KIND_HEARTBEAT:
                break
            messages.append(message)
        stream.cancel()
        return messages


@contextmanager
def mill(
    application: Application | None = None, *, database: str | Path | None = None, **settings: Any
) -> Iterator[Mill]:
    """A caller without a tenant of a server, by default over a new database."""
    with (
        serve(COMPONENTS, application=application, database=database, **settings) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        caller = Mill(channel)
        caller.address, caller.database = server.address, server.database
        yield caller
