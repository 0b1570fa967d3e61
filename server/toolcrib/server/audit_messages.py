"""Rows of the audit as the messages that callers are answered."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message

from toolcrib.audit.v1 import audit_pb2
from toolcrib.audit.v1.audit_pb2 import AuditEntry, Transaction
from toolcrib.retention.v1.retention_pb2 import SignedPruning
from toolcrib.server.audit_trail import AuditRow
from toolcrib.server.audit_transactions import TransactionRow
from toolcrib.server.changes import OF_THE_SERVER, PRUNED
from toolcrib.server.masks import differing
from toolcrib.server.values import datetime_to_timestamp

_TYPE_URL = "type.googleapis.com/"


def entry_message(row: AuditRow, messages: Mapping[str, type[Message]]) -> AuditEntry:
    """An entry; which fields changed is said of components among `messages`."""
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
        hash=row.hash,
        refusal=row.refusal,
        tenant=row.tenant,
    )
    if row.before_image is not None:
        entry.before.CopyFrom(AnyMessage(type_url=_TYPE_URL + row.component, value=row.before_image))
    if row.after_image is not None:
        entry.after.CopyFrom(AnyMessage(type_url=_TYPE_URL + row.component, value=row.after_image))
    message = messages.get(row.component)
    if row.operation == PRUNED:
        entry.after.type_url = _TYPE_URL + SignedPruning.DESCRIPTOR.full_name
    elif message is not None:
        entry.changed_fields.paths.extend(changed_fields(message, row.before_image or b"", row.after_image or b""))
    return entry


def transaction_message(row: TransactionRow) -> Transaction:
    """A transaction."""
    return Transaction(
        revision=row.revision,
        commit_time=datetime_to_timestamp(row.commit_time),
        actor=row.actor,
        actor_source=audit_pb2.ActorSource.ValueType(row.actor_source),
        reason=row.reason,
        method=row.method,
        peer=row.peer,
        request_id=row.request_id,
        entry_count=row.entry_count,
        refusal=row.refusal,
        refused_calls=row.refused_calls,
        hash=row.hash,
        tenant=row.tenant,
    )


def changed_fields(message: type[Message], before_image: bytes, after_image: bytes) -> list[str]:
    """The fields that differ between two records, those of the server left out."""
    before, after = message.FromString(before_image), message.FromString(after_image)
    names = (field.name for field in message.DESCRIPTOR.fields)
    return differing(before, after, (name for name in names if name not in OF_THE_SERVER))
