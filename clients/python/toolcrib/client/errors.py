"""What a call can fail with: one type for each gRPC status that people catch, all under ToolcribError.

ToolcribError
├── InvalidArgument     the request is wrong; `violations` names every field
├── NotFound            there is no such record, or it is deleted
├── AlreadyExists       the key or a unique value is taken
├── FailedPrecondition  the record's state, or a hook, forbids the change; `preconditions` says more
├── Aborted             the record has changed since it was read (etag): read it again, then decide
├── Unauthenticated     a write without an actor
├── PermissionDenied
├── ResourceExhausted   a limit is reached: records, size of a message, disk
├── OutOfRange
├── Unimplemented       the server does not have the method; it may be older than this client
├── Unavailable         the server cannot be reached or cannot work now; `retry_delay_s` says when to try again
├── DeadlineExceeded    no answer in time; whether a write took place is not known
├── Cancelled
├── DataLoss            the database is damaged
└── Internal            a defect of the server or of a hook; the message has the incident's id

    gRPC's error -> error_from_call -> one of these
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, PreconditionFailure, ResourceInfo, RetryInfo
from google.rpc.status_pb2 import Status

__all__ = [
    "Aborted",
    "AlreadyExists",
    "Cancelled",
    "DataLoss",
    "DeadlineExceeded",
    "FailedPrecondition",
    "FieldViolation",
    "Internal",
    "InvalidArgument",
    "NotFound",
    "OutOfRange",
    "PermissionDenied",
    "PreconditionViolation",
    "Resource",
    "ResourceExhausted",
    "ToolcribError",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
]

_DETAILS_KEY = "grpc-status-details-bin"

Detail = TypeVar("Detail", bound=Message)


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field that is wrong. `field` is its path from the request, such as "requests[3].recipe.name"."""

    field: str
    description: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PreconditionViolation:
    """One condition that does not hold; `subject` is what it is about, such as a record's key."""

    type: str
    subject: str
    description: str


@dataclass(frozen=True, slots=True)
class Resource:
    """The record that an error is about: full name of the component's message, and the key as text."""

    type: str
    name: str


class ToolcribError(Exception):
    """A call failed.

    `reason` is for programs (e.g. "RECORD_DELETED"), `message` for people, `metadata` holds the facts behind both. All
    but `code` and `message` are empty where the failure is not the server's word, such as a broken connection.
    `retry_delay_s` is in seconds; None where the server says nothing about trying again.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        *,
        reason: str = "",
        metadata: Mapping[str, str] = MappingProxyType({}),
        violations: Sequence[FieldViolation] = (),
        preconditions: Sequence[PreconditionViolation] = (),
        resource: Resource | None = None,
        retry_delay_s: float | None = None,
    ) -> None:
        # Exactly the positional arguments, so that the error survives being pickled between processes.
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.reason = reason
        self.metadata = dict(metadata)
        self.violations = tuple(violations)
        self.preconditions = tuple(preconditions)
        self.resource = resource
        self.retry_delay_s = retry_delay_s

    def __str__(self) -> str:
        return f"{self.message} ({', '.join(filter(None, (self.code.name, self.reason)))})"


class InvalidArgument(ToolcribError):
    """The request is wrong, whatever the state of the store; `violations` names every field."""


class NotFound(ToolcribError):
    """There is no record with the key, or it is deleted."""


class AlreadyExists(ToolcribError):
    """The key or a unique value is taken; metadata["field"] names the field."""


class FailedPrecondition(ToolcribError):
    """The record's state, or a hook, forbids the change."""


class Aborted(ToolcribError):
    """The record has changed since it was read: its etag is another one now."""


class Unauthenticated(ToolcribError):
    """The server does not know who is calling, and needs to for this."""


class PermissionDenied(ToolcribError):
    """The actor may not do this."""


class ResourceExhausted(ToolcribError):
    """A limit is reached."""


class OutOfRange(ToolcribError):
    """The request reaches beyond what there is."""


class Unimplemented(ToolcribError):
    """The server does not have the method."""


class Unavailable(ToolcribError):
    """The server cannot be reached, or cannot work now."""


class DeadlineExceeded(ToolcribError):
    """There was no answer in time; whether a write took place is not known."""


class Cancelled(ToolcribError):
    """The call was cancelled."""


class DataLoss(ToolcribError):
    """The server's database is damaged."""


class Internal(ToolcribError):
    """A defect of the server or of a hook."""


_TYPES: dict[grpc.StatusCode, type[ToolcribError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgument,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExists,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPrecondition,
    grpc.StatusCode.ABORTED: Aborted,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhausted,
    grpc.StatusCode.OUT_OF_RANGE: OutOfRange,
    grpc.StatusCode.UNIMPLEMENTED: Unimplemented,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.CANCELLED: Cancelled,
    grpc.StatusCode.DATA_LOSS: DataLoss,
    grpc.StatusCode.INTERNAL: Internal,
}


def error_from_call(error: grpc.RpcError) -> ToolcribError:
    """What gRPC raised, with the server's details read."""
    code = error.code()
    status = _status_of(error.trailing_metadata() or ())
    info = _detail(status, ErrorInfo) or ErrorInfo()
    bad_request = _detail(status, BadRequest) or BadRequest()
    precondition = _detail(status, PreconditionFailure) or PreconditionFailure()
    resource = _detail(status, ResourceInfo)
    retry = _detail(status, RetryInfo)
    return _TYPES.get(code, ToolcribError)(
        code,
        error.details() or "",
        reason=info.reason,
        metadata=info.metadata,
        violations=[FieldViolation(each.field, each.description, each.reason) for each in bad_request.field_violations],
        preconditions=[
            PreconditionViolation(each.type, each.subject, each.description) for each in precondition.violations
        ],
        resource=None if resource is None else Resource(resource.resource_type, resource.resource_name),
        retry_delay_s=None if retry is None else retry.retry_delay.ToTimedelta().total_seconds(),
    )


def _status_of(metadata: Iterable[Any]) -> Status:
    # Pairs of text and text or bytes; gRPC's synchronous and asyncio halves type them differently.
    for key, value in metadata:
        if key == _DETAILS_KEY and isinstance(value, bytes):
            try:
                return Status.FromString(value)
            except DecodeError:
                # Some proxy's own idea of details must not hide the error itself.
                break
    return Status()


def _detail(status: Status, kind: type[Detail]) -> Detail | None:
    detail = kind()
    for packed in status.details:
        try:
            if packed.Unpack(detail):
                return detail
        except DecodeError:
            return None
    return None
