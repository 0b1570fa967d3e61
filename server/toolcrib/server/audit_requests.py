"""What callers of the audit service ask for, as queries; refuses what cannot be meant."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from toolcrib.audit.v1 import audit_pb2
from toolcrib.audit.v1.audit_pb2 import ListAuditEntriesRequest, ListTransactionsRequest
from toolcrib.server.audit_trail import AuditQuery, AuditTrail
from toolcrib.server.audit_transactions import TransactionQuery
from toolcrib.server.errors import InvalidRequest
from toolcrib.server.query.fields import did_you_mean
from toolcrib.server.values import timestamp_to_datetime

_Bounded = ListAuditEntriesRequest | ListTransactionsRequest


def audit_query(request: ListAuditEntriesRequest) -> AuditQuery:
    """Which entries are asked for. Raises InvalidRequest."""
    if request.record_key and not request.component:
        raise InvalidRequest.field(
            "COMPONENT_MISSING", "component", "is missing; a record_key means nothing without it"
        )
    known = set(audit_pb2.Operation.values()) - {audit_pb2.OPERATION_UNSPECIFIED}
    for index, operation in enumerate(request.operations):
        if operation not in known:
            raise InvalidRequest.field("UNKNOWN_OPERATION", f"operations[{index}]", f"{operation} is not an operation")
    _require_revisions(request)
    return AuditQuery(
        component=request.component,
        record_key=request.record_key,
        actor=request.actor,
        operations=tuple(sorted(set(request.operations))),
        start_time=_moment(request, "start_time"),
        end_time=_moment(request, "end_time"),
        start_revision=request.start_revision,
        end_revision=request.end_revision,
        oldest_first=request.oldest_first,
        show_refused=request.show_refused,
    )


def transaction_query(request: ListTransactionsRequest) -> TransactionQuery:
    """Which transactions are asked for. Raises InvalidRequest."""
    _require_revisions(request)
    return TransactionQuery(
        actor=request.actor,
        component=request.component,
        start_time=_moment(request, "start_time"),
        end_time=_moment(request, "end_time"),
        start_revision=request.start_revision,
        end_revision=request.end_revision,
        oldest_first=request.oldest_first,
        show_refused=request.show_refused,
    )


def require_component(name: str, served: Iterable[str], trail: AuditTrail) -> None:
    """Raises InvalidRequest: a name with a typing error must not read as "nobody ever changed it"."""
    if not name or name in served or trail.knows(name):
        return
    hint = did_you_mean(name, served, "there are")
    raise InvalidRequest.field("UNKNOWN_COMPONENT", "component", f"{name!r} was never served here{hint}")


def _require_revisions(request: _Bounded) -> None:
    for name in ("start_revision", "end_revision"):
        if getattr(request, name) < 0:
            raise InvalidRequest.field("INVALID_REVISION", name, "is negative; revisions count up from 1")


def _moment(request: _Bounded, field: str) -> datetime | None:
    if not request.HasField(field):  # type: ignore[arg-type]  # either has both
        return None
    timestamp: Timestamp = getattr(request, field)
    try:
        return timestamp_to_datetime(timestamp)
    except OverflowError as error:
        raise InvalidRequest.field("INVALID_TIME", field, "is not a time of the years 1 to 9999") from error
