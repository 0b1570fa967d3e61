"""The error table: which gRPC status, with which google.rpc details, each refusal or failure becomes.

Details travel in the trailing metadata, which clients bound to 8 KiB by default: texts are cut and long lists of
violations end early rather than lose the whole answer.
"""

from __future__ import annotations

from collections.abc import Iterator

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, PreconditionFailure, ResourceInfo, RetryInfo
from google.rpc.status_pb2 import Status

from toolcrib.server import errors
from toolcrib.server.errors import InvalidRequest, RecordError, StoreError, Violation

DOMAIN = "toolcrib.dev"

_MESSAGE_CHARACTERS = 600
_TEXT_CHARACTERS = 200
_VIOLATIONS_BYTES = 4000
_STEPS_MAX = 10

_CODES: tuple[tuple[type[StoreError], grpc.StatusCode], ...] = (
    (errors.InvalidRequest, grpc.StatusCode.INVALID_ARGUMENT),
    (errors.ActorRequired, grpc.StatusCode.UNAUTHENTICATED),
    (errors.TenantRequired, grpc.StatusCode.UNAUTHENTICATED),
    (errors.TenantsApart, grpc.StatusCode.PERMISSION_DENIED),
    (errors.ReasonRequired, grpc.StatusCode.INVALID_ARGUMENT),
    (errors.TransactionNotFound, grpc.StatusCode.NOT_FOUND),
    (errors.RecordNotFound, grpc.StatusCode.NOT_FOUND),
    (errors.RecordExists, grpc.StatusCode.ALREADY_EXISTS),
    (errors.ReferenceNotFound, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.RecordInUse, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.RecordNotDeleted, grpc.StatusCode.ALREADY_EXISTS),
    (errors.RecordDeleted, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.StaleEtag, grpc.StatusCode.ABORTED),
    (errors.RecordLimitReached, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (errors.IncludeTooLarge, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.RevisionTooOld, grpc.StatusCode.OUT_OF_RANGE),
    (errors.PreconditionFailed, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.Veto, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.MessageTooLarge, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (errors.HistoryChanged, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.SchemaChanged, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.RevisionAhead, grpc.StatusCode.OUT_OF_RANGE),
    (errors.RevisionPruned, grpc.StatusCode.OUT_OF_RANGE),
    (errors.WatchTooSlow, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (errors.PruningOff, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.SignatureRejected, grpc.StatusCode.PERMISSION_DENIED),
    (errors.PlanOutdated, grpc.StatusCode.ABORTED),
    (errors.ChainBroken, grpc.StatusCode.DATA_LOSS),
    (errors.SchemaPending, grpc.StatusCode.UNAVAILABLE),
    (errors.SchemaInUse, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.SchemaStepsRefused, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.SchemaNotChanged, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.Unsupported, grpc.StatusCode.UNIMPLEMENTED),
    (errors.DeadlinePassed, grpc.StatusCode.DEADLINE_EXCEEDED),
    (errors.Overloaded, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (errors.ShuttingDown, grpc.StatusCode.UNAVAILABLE),
    (errors.DatabaseUnavailable, grpc.StatusCode.UNAVAILABLE),
    (errors.OutcomeUnknown, grpc.StatusCode.UNAVAILABLE),
    (errors.DiskFull, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (errors.DatabaseCorrupt, grpc.StatusCode.DATA_LOSS),
)

_PRECONDITIONS = (
    errors.HistoryChanged,
    errors.PruningOff,
    errors.Veto,
    errors.RecordDeleted,
    errors.IncludeTooLarge,
    errors.PreconditionFailed,
    errors.ReferenceNotFound,
    errors.RecordInUse,
    errors.SchemaInUse,
    errors.SchemaStepsRefused,
    errors.SchemaNotChanged,
)


def code_of(error: StoreError) -> grpc.StatusCode:
    """The status code of `error`; INTERNAL where the table has none."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), grpc.StatusCode.INTERNAL)


def status_of(error: StoreError) -> Status:
    """What a caller is told of `error`: code, message, and always an ErrorInfo among the details."""
    code: int = code_of(error).value[0]
    status = Status(code=code, message=_cut(_message(error), _MESSAGE_CHARACTERS))
    for detail in _details(error):
        packed = Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _message(error: StoreError) -> str:
    if not isinstance(error, InvalidRequest) or not error.violations:
        places = [error.within, "" if error.index is None else f"requests[{error.index}]"]
        place = ".".join(filter(None, places))
        return f"{place}: {error.message}" if place else error.message
    return error.message or "; ".join(_line(violation, error) for violation in error.violations)


def _line(violation: Violation, error: InvalidRequest) -> str:
    path = violation.path(error.record_field, error.within)
    return f"{path}: {violation.description}" if path else violation.description


def _details(error: StoreError) -> Iterator[Message]:
    metadata = {name: _cut(value, _TEXT_CHARACTERS) for name, value in error.metadata.items()}
    if error.index is not None:
        metadata["index"] = str(error.index)
    if error.within:
        metadata["request"] = error.within
    yield ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata)
    if isinstance(error, InvalidRequest):
        yield _bad_request(error)
    if isinstance(error, RecordError):
        yield ResourceInfo(
            resource_type=error.component, resource_name=_cut(error.key, _TEXT_CHARACTERS), description=error.reason
        )
    if isinstance(error, _PRECONDITIONS):
        yield PreconditionFailure(
            violations=[
                PreconditionFailure.Violation(
                    type=error.reason,
                    subject=_cut(subject, _TEXT_CHARACTERS),
                    description=_cut(description, _TEXT_CHARACTERS),
                )
                for subject, description in _preconditions(error)
            ]
        )
    delay_s = getattr(error, "retry_delay_s", None)
    if delay_s is not None:
        delay = Duration()
        delay.FromMilliseconds(int(delay_s * 1000))
        yield RetryInfo(retry_delay=delay)


def _preconditions(error: StoreError) -> list[tuple[str, str]]:
    """What stands in the way, and how: other components' records, steps of a plan, or the state of what it is about."""
    if isinstance(error, errors.RecordInUse):
        return [(blocker.component, f"{blocker.field}: {blocker.description}") for blocker in error.blockers]
    if isinstance(error, errors.SchemaStepsRefused):
        return [(step.name, step.description) for step in error.steps[:_STEPS_MAX]]
    return [(error.key if isinstance(error, RecordError) else "", error.message)]


def _bad_request(error: InvalidRequest) -> BadRequest:
    answer = BadRequest()
    for number, violation in enumerate(error.violations):
        answer.field_violations.append(
            BadRequest.FieldViolation(
                field=_cut(violation.path(error.record_field, error.within), _TEXT_CHARACTERS),
                description=_cut(violation.description, _TEXT_CHARACTERS),
                reason=violation.rule or error.reason,
            )
        )
        if answer.ByteSize() > _VIOLATIONS_BYTES and number + 1 < len(error.violations):
            left = len(error.violations) - number - 1
            answer.field_violations.append(BadRequest.FieldViolation(description=f"and {left} more violations"))
            break
    return answer


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[: characters - 1]}…"
