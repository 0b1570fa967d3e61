"""Where `toolcrib schema` plans and applies: at a database without a server, or at a server that may wait for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Annotated, Protocol

import typer

from toolcrib.cli.connection import connected
from toolcrib.cli.console import CommandError
from toolcrib.cli.schema_store import store_of
from toolcrib.client import Crib
from toolcrib.client.schema import SchemaClient, SchemaStep
from toolcrib.schema.v1 import schema_pb2
from toolcrib.server.schema.evolve import Brought
from toolcrib.server.schema.policy import Policy
from toolcrib.server.schema.record import Author, SchemaVersion
from toolcrib.server.schema.steps import Plan, PlanChanged, Step
from toolcrib.server.schema_servicer import CHANGES, KINDS
from toolcrib.server.store import Store

Server = Annotated[
    str | None,
    typer.Option(
        help="Ask the server at this address, which knows its components and database, and may wait for this.",
        metavar="HOST:PORT",
        show_default=False,
    ),
]

_SIGNS = {number: sign for sign, number in CHANGES.items()}
_KINDS = {number: kind for kind, number in KINDS.items()}


class Place(Protocol):
    """Where a plan is made and applied."""

    def plan(self) -> tuple[Plan, str]:
        """The plan, and its etag. Raises StartError or ToolcribError."""

    def apply(self, author: Author, allowed: Collection[str], etag: str | None) -> Brought:
        """Applies the plan, that of `etag` if one is given. Raises PlanRefused, StartError or ToolcribError."""


class _AtDatabase:
    def __init__(self, store: Store) -> None:
        self._store = store

    def plan(self) -> tuple[Plan, str]:
        found = self._store.plan()
        return found, found.etag

    def apply(self, author: Author, allowed: Collection[str], etag: str | None) -> Brought:
        return self._store.open(self._store.schema(author, Policy.ADDITIVE, allowed, etag))


class AtServer:
    """A server, over a connection that waits as long as it takes."""

    def __init__(self, crib: Crib) -> None:
        self._crib = crib.with_timeout(None)

    def plan(self) -> tuple[Plan, str]:
        """The plan, and its etag. Raises ToolcribError."""
        found = SchemaClient(self._crib).plan()
        return Plan(found.database, found.schema_version, tuple(map(_step, found.steps))), found.etag

    def apply(self, author: Author, allowed: Collection[str], etag: str | None) -> Brought:
        """Applies the plan, that of `etag` if one is given. Raises PlanRefused, StartError or ToolcribError."""
        found, current = self.plan()
        if found.steps:
            # The server would say the same, in fewer words.
            if etag not in (None, current):
                raise PlanChanged(found)
            found.require(allowed)
        client = SchemaClient(self._crib.as_actor(author.actor).with_reason(author.reason or None))
        answer = client.apply(current, allowed)
        done = Plan(found.database, found.version, tuple(map(_step, answer.steps)))
        return Brought(plan=done, version=answer.schema_version, backup=Path(answer.backup) if answer.backup else None)

    def versions(self) -> list[SchemaVersion]:
        """The schemas that its database has had, oldest first. Raises ToolcribError."""
        return [_version(version) for version in reversed(list(SchemaClient(self._crib).versions()))]


@contextmanager
def place_of(
    server: str | None,
    tls: tuple[Path | None, Path | None, Path | None],
    target: Path | None,
    config: Path | None,
    database: str | None,
    components: str | None,
) -> Iterator[Place]:
    """The server, with the files of `tls` (authority, certificate, key), or else the database of the components.

    Raises CommandError, also where no server answers within the block.
    """
    if server is None:
        yield _AtDatabase(store_of(target, config, database, components))
        return
    if any(given is not None for given in (target, config, database, components)):
        raise CommandError(
            "a server knows its components and its database; give --server, or a target with --database, --components "
            "and --config"
        )
    with connected(server, *tls) as crib:
        yield AtServer(crib)


def _step(message: SchemaStep) -> Step:
    return Step(
        name=message.name,
        sign=_SIGNS[message.change],
        component=message.component,
        table=message.table,
        text=message.text,
        column=message.column,
        kind=_KINDS[message.kind],
        cost=message.cost,
        loss=message.loss,
        remedy=message.remedy,
        may_be_allowed=message.may_be_allowed,
    )


def _version(message: schema_pb2.SchemaVersion) -> SchemaVersion:
    return SchemaVersion(
        version=message.version,
        apply_time=message.apply_time.ToDatetime(UTC),
        actor=message.actor,
        method=message.method,
        revision=message.revision,
        # Of no use to people, so no server tells it.
        fingerprint="",
        plan=message.plan,
    )
