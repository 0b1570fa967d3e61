"""A served mill, and others who write to its tables by SQL."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg.sql import SQL, Identifier

from support.behind import behind
from support.lab import generated
from toolcrib.audit.v1.audit_pb2 import ActorSource, AuditEntry, Operation
from toolcrib.client import AuditClient, Crib
from toolcrib.server.audit_file import audit_file
from toolcrib.server.hooks import Application
from toolcrib.server.loading import import_components
from toolcrib.server.record_check import RecordCheck
from toolcrib.server.testing import serve

COMPONENTS = Path(__file__).parent / "components"

_PATIENCE_S = 20.0
_MODULES = {"Recipe": "recipe", "Offset": "offset", "Sample": "sample", "Remark": "remark"}


class Told(NamedTuple):
    """What the audit says of a change."""

    record: str
    operation: str
    actor: str
    source: str


class Mill:
    """Clients of a served mill."""

    def __init__(self, crib: Crib, database: str, address: str) -> None:
        self.crib = crib
        self.database = database
        self.address = address

    def client(self, message: str) -> Any:
        """The client of a component."""
        return generated(f"press.v1.{_MODULES[message]}_client", f"{message}Client", COMPONENTS)(self.crib)

    def service(self, message: str) -> Any:
        """The module of a component's requests."""
        return generated(f"press.v1.{_MODULES[message]}_service_pb2", f"Watch{message}sRequest", COMPONENTS)

    def entries(self) -> list[AuditEntry]:
        """The audit entries, oldest first, once all that was committed past the server is among them."""
        self.settle()
        return list(AuditClient(self.crib).entries(oldest_first=True))

    def told(self) -> list[Told]:
        """The same in short."""
        return [told(entry) for entry in self.entries()]

    def settle(self) -> None:
        """Returns when nothing waits any more to be absorbed."""
        end = time.monotonic() + _PATIENCE_S
        with behind(self.database) as connection:
            asked = "SELECT count(*) FROM toolcrib_direct_write WHERE failure IS NULL"
            while connection.execute(asked).fetchone()[0]:
                assert time.monotonic() < end, "what bypassed the server is not absorbed"
                time.sleep(0.01)


def told(entry: AuditEntry) -> Told:
    """An entry in short."""
    name = entry.component.rpartition(".")[2]
    operation = Operation.Name(entry.operation).removeprefix("OPERATION_")
    source = ActorSource.Name(entry.actor_source).removeprefix("ACTOR_SOURCE_")
    return Told(f"{name} {entry.record_key}", operation, entry.actor, source)


def message(name: str) -> Any:
    """The class of a component's message."""
    return generated("press.v1.press_pb2", name, COMPONENTS)


@contextmanager
def milling(database: str, application: Application | None = None, **settings: Any) -> Iterator[Mill]:
    """A server of the mill over a database."""
    with (
        serve(COMPONENTS, database=database, application=application, **settings) as server,
        Crib.connect(server.address, actor="ann") as crib,
    ):
        yield Mill(crib, database, server.address)


@contextmanager
def stranger(database: str, role: str = "etl") -> Iterator[psycopg.Connection]:
    """A connection of a role that may do to the mill's tables what it likes, and nothing else."""
    with psycopg.connect(database, autocommit=True) as owner:
        if owner.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
            owner.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(role)))
        granted = SQL("GRANT ALL ON recipe, {}, sample, remark TO {}")
        owner.execute(granted.format(Identifier("offset"), Identifier(role)))
    with psycopg.connect(database, user=role, application_name="nightly", autocommit=True) as connection:
        yield connection


def check_records(database: str) -> list[Any]:
    """What is wrong with the records, by what the audit says of them."""
    with audit_file(database) as file:
        checks: list[RecordCheck] = [file.records(each.repository.component) for each in import_components(COMPONENTS)]
        return [finding for check in checks if (finding := check.run()) is not None]
