"""Requests as a user of the Python client gives them, and answers as the runner reads them.

In a program of a plant all this stands in the source: `specimens.get(7, show_deleted=True)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message

from conformance.slots.v1 import slot_service_pb2
from conformance.specimens.v1 import specimen_service_pb2
from toolcrib.client import Commit, Tls, ToolcribError

Json = Any

_SERVICES = {"Specimen": specimen_service_pb2, "Slot": slot_service_pb2}
_KEYS = {"Specimen": ("id",), "Slot": ("rack", "number")}
_REQUESTS = {
    "create": "Create{one}",
    "get": "Get{one}",
    "list": "List{one}s",
    "list_page": "List{one}s",
    "count": "Count{one}s",
    "explain": "Explain{one}s",
    "update": "Update{one}",
    "delete": "Delete{one}",
    "undelete": "Undelete{one}",
    "revisions": "List{one}Revisions",
    "diff": "Diff{one}",
    "diffs": "List{one}Diffs",
    "rollback": "Rollback{one}",
    "batch_create": "BatchCreate{one}s",
    "batch_get": "BatchGet{one}s",
    "batch_update": "BatchUpdate{one}s",
    "batch_delete": "BatchDelete{one}s",
    "watch": "Watch{one}s",
}
_TAKE_RECORD = {"create", "update"}
_TAKE_KEY = {"get", "delete", "undelete", "revisions", "diff", "rollback"}
_ARGUMENTS = {"diff": ("start_revision",), "diffs": ("start_revision",), "rollback": ("revision",)}
_RENAMED = {"update_mask": "mask", "as_of_revision": "as_of", "as_of_time": "as_of"}


def request(component: str, method: str, content: Json) -> Message:
    """The request of the service's method."""
    name = f"{_REQUESTS[method].format(one=component)}Request"
    message: Message = getattr(_SERVICES[component], name)()
    return ParseDict(content, message)


def arguments(component: str, method: str, asked: Message) -> tuple[list[Any], dict[str, Any]]:
    """What the client's method is called with: by position and by name."""
    if method.startswith("batch_"):
        return _batch(component, method, asked)
    positional: list[Any] = []
    taken: tuple[str, ...] = ()
    if method in _TAKE_RECORD:
        taken = (component.lower(),)
    elif method in _TAKE_KEY:
        taken = _KEYS[component]
    taken += _ARGUMENTS.get(method, ())
    positional += [getattr(asked, name) for name in taken]
    return positional, _named(asked, taken)


def key_of(component: str, asked: Any) -> list[Any]:
    """The fields of the key, in their order."""
    return [getattr(asked, name) for name in _KEYS[component]]


def connection(command: Mapping[str, Json]) -> dict[str, Any]:
    """What a connection is made with."""
    tls = command.get("tls")
    settings = {name: command[name] for name in ("actor", "tenant", "timeout_s", "retry_writes") if name in command}
    return settings | ({} if tls is None else {"tls": Tls(**tls)})


def viewed(crib: Any, command: Mapping[str, Json]) -> Any:
    """A view of a connection."""
    views = {
        "actor": crib.as_actor,
        "tenant": crib.as_tenant,
        "reason": crib.with_reason,
        "timeout_s": crib.with_timeout,
        "retry_writes": crib.with_retry_writes,
    }
    (name, view), *more = [(name, view) for name, view in views.items() if name in command]
    crib = view(command[name])
    return viewed(crib, {name: command[name] for name, _ in more}) if more else crib


def answer_json(answer: Any) -> Json:
    """An answer: a message, several of them, a number, or nothing."""
    if answer is None or isinstance(answer, int | str | Empty):
        return None if isinstance(answer, Empty) else answer
    return MessageToDict(answer) if isinstance(answer, Message) else [MessageToDict(each) for each in answer]


def commit_json(commit: Commit[Any]) -> Json:
    """A commit of a watch."""
    changes = [
        {
            "kind": change.kind_name,
            "record": MessageToDict(change.record),
            "previous": None if change.previous is None else MessageToDict(change.previous),
        }
        for change in commit.changes
    ]
    return {"revision": commit.revision, "actor": commit.actor, "reason": commit.reason, "changes": changes}


def error_json(error: Exception) -> Json:
    """What a call failed with; what was wrong before it was made counts as an argument that is."""
    if not isinstance(error, ToolcribError):
        return {"code": "INVALID_ARGUMENT", "message": str(error)}
    resource = error.resource
    return {
        "code": error.code.name,
        "reason": error.reason,
        "message": error.message,
        "metadata": error.metadata,
        "violations": [
            {"field": each.field, "description": each.description, "reason": each.reason} for each in error.violations
        ],
        "preconditions": [
            {"type": each.type, "subject": each.subject, "description": each.description}
            for each in error.preconditions
        ],
        "resource": None if resource is None else {"type": resource.type, "name": resource.name},
        "retry_delay_s": error.retry_delay_s,
    }


def _batch(component: str, method: str, asked: Any) -> tuple[list[Any], dict[str, Any]]:
    items: list[Any] = []
    shared: dict[str, Any] = {}
    for each in asked.requests:
        record = getattr(each, component.lower(), None)
        taken = _KEYS[component] if record is None else (component.lower(), "update_mask")
        shared |= _named(each, taken)
        if record is None:
            key = key_of(component, each)
            items.append(key[0] if len(key) == 1 else tuple(key))
        elif method == "batch_update" and each.HasField("update_mask"):
            items.append((record, list(each.update_mask.paths)))
        else:
            items.append(record)
    return [items], shared | _named(asked, ("requests",))


def _named(asked: Message, taken: tuple[str, ...]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for field, value in asked.ListFields():
        if field.name in taken:
            continue
        if field.name == "start":
            begin = value.WhichOneof("kind")
            named |= {} if begin is None else {begin: getattr(value, begin)}
        elif field.name == "as_of_time":
            named["as_of"] = value.ToDatetime(UTC)
        else:
            named[_RENAMED.get(field.name, field.name)] = list(value.paths) if isinstance(value, FieldMask) else value
    return named
