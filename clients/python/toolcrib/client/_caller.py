"""What Crib and AsyncCrib have in common: who calls, why, and how long an answer may take."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Generic, Protocol, Self, TypeVar

import grpc

from toolcrib.client._patience import Patience
from toolcrib.client._request_ids import new_request_id
from toolcrib.client.errors import Cancelled

DEFAULT_TIMEOUT_S = 10.0

Metadata = tuple[tuple[str, str | bytes], ...]
Channel = TypeVar("Channel")


class WriteRequest(Protocol):
    """What the requests of all generated services say of a write."""

    request_id: str
    validate_only: bool


@dataclass(frozen=True, slots=True)
class CallSettings:
    """What goes with each call: in whose name it is made and for which tenant, why, and how many seconds it may take.

    A `timeout_s` of None is without end. With `retry_writes` writes have an id, under which they are tried again.
    """

    actor: str | None = None
    tenant: str | None = None
    reason: str | None = None
    timeout_s: float | None = DEFAULT_TIMEOUT_S
    retry_writes: bool = True

    def __post_init__(self) -> None:
        if self.timeout_s is not None and not self.timeout_s > 0:
            raise ValueError(
                f"timeout_s is {self.timeout_s}; it must be more than 0 seconds, or None to wait without end"
            )

    def metadata(self) -> Metadata:
        """Actor, tenant and reason as the server reads them."""
        return (
            *_entry("x-actor", self.actor),
            *_entry("x-tenant", self.tenant),
            *_entry("x-change-reason", self.reason),
        )


class Caller(Generic[Channel]):
    """A channel, and the settings that go with each call over it.

    A view with another setting is cheap: it shares the connection, and closing either closes both.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        address: str = "",
        settings: CallSettings | None = None,
        closed: threading.Event | None = None,
    ) -> None:
        self._channel = channel
        self._address = address
        self._settings = settings or CallSettings()
        self._metadata = self._settings.metadata()
        # Of all views together.
        self._closed = closed or threading.Event()

    @property
    def channel(self) -> Channel:
        """The channel of gRPC, for stubs."""
        return self._channel

    @property
    def address(self) -> str:
        """Where the server is."""
        return self._address

    @property
    def actor(self) -> str | None:
        """In whose name calls are made; None leaves it to the certificate or the server's settings."""
        return self._settings.actor

    @property
    def tenant(self) -> str | None:
        """Whose records calls are about, where each is a tenant's own; None leaves it to the certificate."""
        return self._settings.tenant

    @property
    def reason(self) -> str | None:
        """Why changes are made; it stands in their audit entries."""
        return self._settings.reason

    @property
    def timeout_s(self) -> float | None:
        """How long a call may take, its retries included, in seconds; None is without end."""
        return self._settings.timeout_s

    @property
    def call_metadata(self) -> Metadata:
        """What goes with each call as metadata, for those that are made without `read` and `write`."""
        return self._metadata

    @property
    def retry_writes(self) -> bool:
        """Whether a write is tried again, under the same id, while the server is unavailable."""
        return self._settings.retry_writes

    def as_actor(self, actor: str | None) -> Self:
        """A view that calls in the name of `actor`."""
        return self._view(replace(self._settings, actor=actor))

    def as_tenant(self, tenant: str | None) -> Self:
        """A view whose calls are about the records of `tenant`."""
        return self._view(replace(self._settings, tenant=tenant))

    def with_reason(self, reason: str | None) -> Self:
        """A view whose changes are made for `reason`."""
        return self._view(replace(self._settings, reason=reason))

    def with_timeout(self, timeout_s: float | None) -> Self:
        """A view whose calls may take `timeout_s` seconds; None is without end."""
        return self._view(replace(self._settings, timeout_s=timeout_s))

    def with_retry_writes(self, retry_writes: bool) -> Self:
        """A view whose writes are tried again while the server is unavailable, each done once; or never."""
        return self._view(replace(self._settings, retry_writes=retry_writes))

    def require_open(self) -> None:
        """Raises Cancelled where the connection was closed, by whichever of its views."""
        if self._closed.is_set():
            raise Cancelled(grpc.StatusCode.CANCELLED, f"the connection to {self._address} was closed by this program")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address!r}, actor={self.actor!r})"

    def _patience_to_write(self, request: WriteRequest) -> Patience:
        """How often to try a write; gives it the id that makes it safe to try it again."""
        if not self._settings.retry_writes:
            return Patience.for_one_try(self.timeout_s)
        # What is not written needs no id to be repeated.
        if not request.request_id and not request.validate_only:
            request.request_id = new_request_id()
        return Patience(self.timeout_s)

    def _view(self, settings: CallSettings) -> Self:
        return type(self)(self._channel, address=self._address, settings=settings, closed=self._closed)


def _entry(key: str, text: str | None) -> Metadata:
    """`text` under `key`, or as UTF-8 under the key's binary twin where HTTP headers could not carry it."""
    if not text:
        return ()
    plain = text.isascii() and text.isprintable() and text == text.strip()
    return ((key, text),) if plain else ((f"{key}-bin", text.encode()),)
