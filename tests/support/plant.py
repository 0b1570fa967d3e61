"""The example plant over a real socket, through the plain generated stubs: what any gRPC client sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status
from grpc_health.v1.health_pb2_grpc import HealthStub

from plant.cycles.v1.machine_cycle_pb2 import MachineCycle, ProductQuality
from plant.cycles.v1.machine_cycle_service_pb2_grpc import MachineCycleServiceStub
from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import CreateRecipeRequest
from plant.recipes.v1.recipe_service_pb2_grpc import RecipeServiceStub
from plant.tools.v1.tool_offset_service_pb2_grpc import ToolOffsetServiceStub
from plant.users.v1.user_service_pb2_grpc import UserServiceStub
from toolcrib.audit.v1.audit_pb2 import AuditEntry, ListAuditEntriesRequest
from toolcrib.audit.v1.audit_pb2_grpc import AuditServiceStub

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
COMPONENTS = EXAMPLES / "components"

TIMEOUT_S = 20.0


class Plant:
    """Stubs on one channel, each call as `actor` unless it says otherwise."""

    def __init__(self, channel: grpc.Channel, *, actor: str = "ann") -> None:
        self.channel = grpc.intercept_channel(channel, _Caller(actor))
        self.recipes = RecipeServiceStub(self.channel)
        self.tools = ToolOffsetServiceStub(self.channel)
        self.cycles = MachineCycleServiceStub(self.channel)
        self.users = UserServiceStub(self.channel)
        self.audit = AuditServiceStub(self.channel)

    def recipe(self, name: str = "bracket", **values: Any) -> Recipe:
        """Creates a recipe that obeys all rules."""
        values.setdefault("speed_mm_s", 120.0)
        return self.recipes.CreateRecipe(CreateRecipeRequest(recipe=Recipe(name=name, **values)))

    def entries(self, **conditions: Any) -> list[AuditEntry]:
        """The audit entries, oldest first."""
        request = ListAuditEntriesRequest(page_size=1000, oldest_first=True, **conditions)
        return list(self.audit.ListAuditEntries(request).entries)

    def revision(self) -> int:
        """The newest revision."""
        return self.audit.ListAuditEntries(ListAuditEntriesRequest(page_size=1)).revision


def cycle(**values: Any) -> MachineCycle:
    """A cycle that obeys all rules."""
    given: dict[str, Any] = {
        "product_id": "M14860",
        "quality": ProductQuality.PRODUCT_QUALITY_MEDIUM,
        "air_temperature_k": 298.1,
        "process_temperature_k": 308.6,
        "rotational_speed_rpm": 1551,
        "torque_nm": 42.8,
    }
    return MachineCycle(**{**given, **values})


def health_stub(channel: grpc.Channel) -> Any:
    """The stub of grpc.health.v1, whose published types lack its methods."""
    return HealthStub(channel)


class _Caller(grpc.UnaryUnaryClientInterceptor):
    """Adds actor and deadline where a call does not name its own."""

    def __init__(self, actor: str) -> None:
        self._actor = actor

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        metadata = client_call_details.metadata
        if metadata is None and self._actor:
            metadata = (("x-actor", self._actor),)
        details = _Details(
            client_call_details.method,
            client_call_details.timeout or TIMEOUT_S,
            metadata,
            client_call_details.credentials,
        )
        return continuation(details, request)


class _Details(grpc.ClientCallDetails):
    def __init__(self, method: str, timeout: float, metadata: Any, credentials: Any) -> None:
        self.method = method
        self.timeout = timeout
        self.metadata = metadata
        self.credentials = credentials
        self.wait_for_ready = None
        self.compression = None


@contextmanager
def plant(address: str, *, actor: str = "ann") -> Iterator[Plant]:
    """A client of the server at `address`."""
    with grpc.insecure_channel(address) as channel:
        yield Plant(channel, actor=actor)


@dataclass
class Refusal:
    """What a refused call was told, google.rpc details unpacked."""

    code: grpc.StatusCode = grpc.StatusCode.OK
    message: str = ""
    reason: str = ""
    domain: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    violations: dict[str, str] = field(default_factory=dict)
    preconditions: list[str] = field(default_factory=list)
    resource: tuple[str, str] | None = None
    retry_delay_s: float | None = None

    @property
    def fields(self) -> Sequence[str]:
        """Paths of the fields that are wrong."""
        return list(self.violations)


@contextmanager
def refused(code: grpc.StatusCode, reason: str = "") -> Iterator[Refusal]:
    """Fails unless the block's call ends with `code` and, where one is named, `reason`."""
    refusal = Refusal()
    try:
        yield refusal
    except grpc.RpcError as error:
        _unpack(error, refusal)
    assert (refusal.code, refusal.reason) == (code, reason or refusal.reason), refusal
    assert refusal.reason, f"a refusal without a reason: {refusal}"
    assert refusal.domain == "toolcrib.dev"


def refusal_of(error: Any) -> Refusal:
    """What a call that has failed was told."""
    refusal = Refusal()
    _unpack(error, refusal)
    return refusal


def _unpack(error: Any, refusal: Refusal) -> None:
    refusal.code, refusal.message = error.code(), error.details() or ""
    trailing = dict(error.trailing_metadata() or ())
    status = Status.FromString(bytes(trailing.get("grpc-status-details-bin", b"")))
    for packed in status.details:
        detail = getattr(error_details_pb2, packed.type_url.rpartition(".")[2])()
        assert packed.Unpack(detail)
        _UNPACK[type(detail).__name__](detail, refusal)


def _error_info(detail: Any, refusal: Refusal) -> None:
    refusal.reason, refusal.domain, refusal.metadata = detail.reason, detail.domain, dict(detail.metadata)


def _bad_request(detail: Any, refusal: Refusal) -> None:
    refusal.violations = {item.field: item.description for item in detail.field_violations}


def _precondition(detail: Any, refusal: Refusal) -> None:
    refusal.preconditions = [item.type for item in detail.violations]


def _resource(detail: Any, refusal: Refusal) -> None:
    refusal.resource = (detail.resource_type, detail.resource_name)


def _retry(detail: Any, refusal: Refusal) -> None:
    refusal.retry_delay_s = detail.retry_delay.seconds + detail.retry_delay.nanos / 1e9


_UNPACK: dict[str, Callable[[Any, Refusal], None]] = {
    "ErrorInfo": _error_info,
    "BadRequest": _bad_request,
    "PreconditionFailure": _precondition,
    "ResourceInfo": _resource,
    "RetryInfo": _retry,
}
