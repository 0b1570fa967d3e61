"""One call as the server's inside sees it: who, why, from where and until when. It knows no gRPC."""

from __future__ import annotations

import time
from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

from toolcrib.server.errors import ActorRequired, TenantRequired, TenantsApart


class ActorSource(IntEnum):
    """How the actor was established. The numbers are those of toolcrib.audit.v1.ActorSource."""

    UNKNOWN = 0
    METADATA = 1
    CERTIFICATE = 2
    DEFAULT = 3
    DATABASE_ROLE = 4


class Caller(NamedTuple):
    """Who calls, why and from where.

    `metadata` holds the last value of each key that the caller sent, binary ones (-bin) left out. `tenant` is whose
    records of multi-tenant components the call is about; who has none and `is_operator` may ask what is of all tenants.
    """

    actor: str = ""
    actor_source: ActorSource = ActorSource.UNKNOWN
    reason: str = ""
    peer: str = ""
    metadata: Mapping[str, str] = MappingProxyType({})
    tenant: str = ""
    is_operator: bool = False


class Call:
    """One call. Who makes it and how long it may take is found out when first asked, on the event loop.

    Most reads never ask, and finding out costs them more than their record does. This is a call of nobody, without end;
    `rpc.py` has those of the network.
    """

    __slots__ = ("_caller", "method")

    def __init__(self, method: str) -> None:
        self.method = method
        self._caller: Caller | None = None

    def establish(self) -> Caller:
        """Finds out who calls. Raises InvalidRequest where that is contradictory or not to be read."""
        return Caller()

    def time_remaining(self) -> float | None:
        """For how many seconds the caller still waits; None is without end."""
        return None

    @property
    def caller(self) -> Caller:
        """Who calls. Raises InvalidRequest, as `establish` does."""
        if self._caller is None:
            self._caller = self.establish()
        return self._caller

    @property
    def known_actor(self) -> str:
        """The actor, if anybody has asked for it yet."""
        return "" if self._caller is None else self._caller.actor

    def deadline(self) -> float | None:
        """When the caller stops waiting, in seconds of time.monotonic(); None is never."""
        remaining_s = self.time_remaining()
        return None if remaining_s is None else time.monotonic() + remaining_s

    def require_tenant(self, component: str = "") -> str:
        """Whose records the call is about. Raises TenantRequired where nobody says, of `component` if one is named."""
        tenant = self.caller.tenant
        if not tenant:
            raise TenantRequired(component)
        return tenant

    def require_operator(self, what: str) -> None:
        """Raises TenantsApart unless the caller may ask for `what`, which is of all tenants together."""
        if not self.caller.is_operator:
            raise TenantsApart(
                f"{what} is of all tenants together, and for operators: ask in a call without a tenant, as an actor "
                "whom the server's setting operators names"
            )

    def require_actor(self) -> None:
        """Raises ActorRequired where nobody answers for the call."""
        if not self.caller.actor:
            raise ActorRequired(
                "a write needs an actor: send x-actor metadata over a network that the server trusts, or a client "
                "certificate; the server's setting default_actor stands in for callers that cannot"
            )
