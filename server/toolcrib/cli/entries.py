"""Audit entries for people, as a table or as lines, and for scripts, as JSON."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import UTC
from typing import Any

from google.protobuf.any_pb2 import Any as AnyMessage
from rich import box
from rich.table import Table
from rich.text import Text

from toolcrib.cli.message_types import MessageTypes
from toolcrib.client.audit import ActorSource, AuditEntry, Operation
from toolcrib.retention.v1.retention_pb2 import SignedPruning
from toolcrib.server.retention.wording import pruning_in_words

_VALUE_CHARACTERS_MAX = 40
_UNSET = "unset"
_COLORS = {
    Operation.OPERATION_CREATE: "green",
    Operation.OPERATION_UPDATE: "yellow",
    Operation.OPERATION_DELETE: "red",
    Operation.OPERATION_UNDELETE: "cyan",
    Operation.OPERATION_REFUSED: "magenta",
    Operation.OPERATION_PRUNE: "magenta",
}


def as_json(entry: AuditEntry, types: MessageTypes) -> dict[str, Any]:
    """The entry for a script."""
    return {
        "revision": entry.revision,
        "ordinal": entry.ordinal,
        "time": entry.commit_time.ToDatetime(UTC).isoformat(timespec="microseconds"),
        "operation": operation_name(entry),
        "actor": entry.actor,
        "actor_source": source_name(entry.actor_source),
        "component": entry.component,
        "record": entry.record_key,
        "tenant": entry.tenant,
        "reason": entry.reason,
        "method": entry.method,
        "peer": entry.peer,
        "refusal": entry.refusal,
        "hash": entry.hash.hex(),
        "changed_fields": list(entry.changed_fields.paths),
        "before": _record(entry.before, types) if entry.HasField("before") else None,
        "after": _record(entry.after, types) if entry.HasField("after") else None,
    }


def as_table(entries: Iterable[AuditEntry], types: MessageTypes) -> Table:
    """The entries for a person."""
    table = Table(box=box.SIMPLE, header_style="bold", pad_edge=False)
    for heading, options in _COLUMNS.items():
        table.add_column(heading, **options)
    for entry in entries:
        table.add_row(*_cells(entry, types))
    return table


def as_line(entry: AuditEntry, types: MessageTypes) -> Text:
    """One entry as a line, for a list that grows."""
    return Text("  ").join(cell for cell in _cells(entry, types) if cell.plain)


def source_name(source: ActorSource.ValueType) -> str:
    """How the server knew the actor: for example "metadata"."""
    return ActorSource.Name(source).removeprefix("ACTOR_SOURCE_").lower()


def operation_name(entry: AuditEntry) -> str:
    """For example "update"."""
    return Operation.Name(entry.operation).removeprefix("OPERATION_").lower()


_COLUMNS: dict[str, Any] = {
    "time": {"no_wrap": True},
    "revision": {"justify": "right", "no_wrap": True},
    "actor": {"overflow": "fold"},
    "operation": {"no_wrap": True},
    "component": {"overflow": "fold"},
    "record": {"overflow": "fold"},
    "changes": {"overflow": "fold", "ratio": 1},
    "reason": {"overflow": "fold"},
}


def _cells(entry: AuditEntry, types: MessageTypes) -> tuple[Text, ...]:
    moment = entry.commit_time.ToDatetime(UTC).astimezone()
    return (
        Text(moment.strftime("%Y-%m-%d %H:%M:%S")),
        Text(str(entry.revision)),
        plain(entry.actor),
        Text(operation_name(entry), style=_COLORS.get(entry.operation, "")),
        plain(entry.component),
        plain(entry.record_key),
        _changes(entry, types),
        plain(entry.reason),
    )


def _changes(entry: AuditEntry, types: MessageTypes) -> Text:
    """The fields that differ: `before → after` for an update, what was written for a create, why a call was refused.

    Of a pruning it is what went. A delete says no more than that; the record as it was is in the JSON.
    """
    if entry.refusal:
        return plain(entry.refusal)
    if entry.operation == Operation.OPERATION_PRUNE:
        return plain(pruning_in_words(SignedPruning.FromString(entry.after.value).pruning))
    if entry.operation not in (Operation.OPERATION_CREATE, Operation.OPERATION_UPDATE):
        return Text()
    is_update = entry.operation == Operation.OPERATION_UPDATE
    before = types.texts(entry.before) if entry.HasField("before") else {}
    after = types.texts(entry.after) if entry.HasField("after") else {}
    if before is None or after is None:
        return plain(", ".join(entry.changed_fields.paths))
    changes = []
    for path in entry.changed_fields.paths:
        change = Text(f"{path}: ", style="dim")
        if is_update:
            change.append_text(_value(before.get(path))).append(" → ", style="dim")
        changes.append(change.append_text(_value(after.get(path))))
    return Text("\n" if is_update else ", ").join(changes)


def _value(value: str | None) -> Text:
    text = _UNSET if value is None else value
    if len(text) > _VALUE_CHARACTERS_MAX:
        text = f"{text[: _VALUE_CHARACTERS_MAX - 1]}…"
    return Text(text, style="dim" if value is None else "not dim")


def plain(text: str) -> Text:
    """Text of somebody else's, without what would steer the terminal."""
    return Text("".join(character if character.isprintable() else "�" for character in text))


def _record(record: AnyMessage, types: MessageTypes) -> dict[str, Any]:
    values = types.values(record)
    return {"@type": record.type_url, "bytes": base64.b64encode(record.value).decode()} if values is None else values
