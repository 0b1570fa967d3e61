"""toolcrib.audit.v1: lists who changed what, when and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from toolcrib.audit.v1 import audit_pb2
from toolcrib.audit.v1.audit_pb2 import AuditEntry, ListAuditEntriesRequest, ListAuditEntriesResponse
from toolcrib.server.audit_trail import AuditQuery, AuditRow, AuditTrail
from toolcrib.server.call import Call
from toolcrib.server.errors import InvalidRequest
from toolcrib.server.masks import is_same
from toolcrib.server.paging import fill_page, page_size
from toolcrib.server.rpc import Method
from toolcrib.server.store import Store
from toolcrib.server.transaction import ReadTransaction
from toolcrib.server.values import datetime_to_timestamp, timestamp_to_datetime
from toolcrib.server.workers import Workers

_TYPE_URL = "type.googleapis.com/"
# These differ with every write and say nothing about what somebody wanted to change.
_OF_THE_SERVER = frozenset({"create_time", "update_time", "etag"})


class AuditServicer:
    """Serves the audit trail of all components."""

    service: str = audit_pb2.DESCRIPTOR.services_by_name["AuditService"].full_name

    def __init__(self, workers: Workers, store: Store) -> None:
        self._workers = workers
        self._messages: dict[str, type[Message]] = {
            component.name: component.message for component in store.components()
        }

    def methods(self) -> tuple[Method, ...]:
        """Each method of the service, for the server to register."""
        return (Method("ListAuditEntries", ListAuditEntriesRequest, self.list_audit_entries),)

    async def list_audit_entries(self, request: ListAuditEntriesRequest, call: Call) -> ListAuditEntriesResponse:
        """A page of entries. Raises InvalidRequest where a condition cannot be meant."""
        query = _query(request)

        def read(transaction: ReadTransaction) -> ListAuditEntriesResponse:
            return self._page(transaction, request, query)

        return await self._workers.read(call, read)

    def _page(
        self, transaction: ReadTransaction, request: ListAuditEntriesRequest, query: AuditQuery
    ) -> ListAuditEntriesResponse:
        trail, tokens = AuditTrail(transaction), transaction.store.page_tokens
        self._require_component(trail, query.component)
        size, bound = page_size(request.page_size), (self.service, repr(query))
        position = tokens.decode(bound, request.page_token) if request.page_token else []
        with transaction.session.snapshot():
            revision = transaction.revision_read()
            rows = trail.entries(query, position, size + 1)
            entries, more = fill_page((self._entry(row) for row in rows), size)
        token = tokens.encode(bound, (entries[-1].revision, entries[-1].ordinal)) if more else ""
        return ListAuditEntriesResponse(entries=entries, next_page_token=token, revision=revision)

    def _require_component(self, trail: AuditTrail, name: str) -> None:
        """A name with a typing error must not read as "nobody ever changed it"."""
        if not name or name in self._messages or trail.knows(name):
            return
        near = get_close_matches(name, self._messages, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(self._messages)}"
        raise InvalidRequest.field("UNKNOWN_COMPONENT", "component", f"{name!r} was never served here; {hint}")

    def _entry(self, row: AuditRow) -> AuditEntry:
        entry = AuditEntry(
            revision=row.revision,
            ordinal=row.ordinal,
            component=row.component,
            record_key=row.record_key,
            operation=audit_pb2.Operation.ValueType(row.operation),
            actor=row.actor,
            actor_source=audit_pb2.ActorSource.ValueType(row.actor_source),
            reason=row.reason,
            method=row.method,
            peer=row.peer,
            commit_time=datetime_to_timestamp(row.commit_time),
        )
        if row.before_image is not None:
            entry.before.CopyFrom(AnyMessage(type_url=_TYPE_URL + row.component, value=row.before_image))
        if row.after_image is not None:
            entry.after.CopyFrom(AnyMessage(type_url=_TYPE_URL + row.component, value=row.after_image))
        message = self._messages.get(row.component)
        if message is not None:
            entry.changed_fields.paths.extend(_changed(message, row.before_image or b"", row.after_image or b""))
        return entry


def _changed(message: type[Message], before_image: bytes, after_image: bytes) -> Iterable[str]:
    before, after = message.FromString(before_image), message.FromString(after_image)
    for field in message.DESCRIPTOR.fields:
        if field.name not in _OF_THE_SERVER and not is_same(before, after, field.name):
            yield field.name


def _query(request: ListAuditEntriesRequest) -> AuditQuery:
    if request.record_key and not request.component:
        raise InvalidRequest.field(
            "COMPONENT_MISSING", "component", "is missing; a record_key means nothing without it"
        )
    for name in ("start_revision", "end_revision"):
        if getattr(request, name) < 0:
            raise InvalidRequest.field("INVALID_REVISION", name, "is negative; revisions count up from 1")
    known = set(audit_pb2.Operation.values()) - {audit_pb2.OPERATION_UNSPECIFIED}
    for index, operation in enumerate(request.operations):
        if operation not in known:
            raise InvalidRequest.field("UNKNOWN_OPERATION", f"operations[{index}]", f"{operation} is not an operation")
    return AuditQuery(
        component=request.component,
        record_key=request.record_key,
        actor=request.actor,
        operations=tuple(sorted(set(request.operations))),
        start_time=_moment("start_time", request.start_time) if request.HasField("start_time") else None,
        end_time=_moment("end_time", request.end_time) if request.HasField("end_time") else None,
        start_revision=request.start_revision,
        end_revision=request.end_revision,
        oldest_first=request.oldest_first,
    )


def _moment(field: str, timestamp: Timestamp) -> datetime:
    try:
        return timestamp_to_datetime(timestamp)
    except OverflowError as error:
        raise InvalidRequest.field("INVALID_TIME", field, "is not a time of the years 1 to 9999") from error
