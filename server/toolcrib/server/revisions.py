"""Which changes of a record are versions of it."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from toolcrib.server.changes import Change
from toolcrib.server.component import Component


def makes_version(component: Component[Any, Any], change: Change[Any]) -> bool:
    """Whether more has changed than fields that are excluded from the history, and those of the server."""
    if not component.history_excluded or change.before_message is None or change.after_message is None:
        return True
    return _told(component, change.before_message) != _told(component, change.after_message)


def _told(component: Component[Any, Any], message: Message) -> bytes:
    """What the history tells of a record, to the bit."""
    told = type(message)()
    told.CopyFrom(message)
    for name in (*component.history_excluded, *component.standard_fields):
        told.ClearField(name)
    return told.SerializeToString(deterministic=True)
