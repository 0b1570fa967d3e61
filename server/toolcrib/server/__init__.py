"""The running server, and what an application that it serves is written with."""

from toolcrib.server.changes import Change, Commit, Operation
from toolcrib.server.errors import (
    ActorRequired,
    InvalidRequest,
    RecordDeleted,
    RecordExists,
    RecordLimitReached,
    RecordNotDeleted,
    RecordNotFound,
    StaleEtag,
    StartError,
    StoreError,
    Veto,
    Violation,
)
from toolcrib.server.hooks import Application, Hook, Listener, Step

__all__ = [
    "ActorRequired",
    "Application",
    "Change",
    "Commit",
    "Hook",
    "InvalidRequest",
    "Listener",
    "Operation",
    "RecordDeleted",
    "RecordExists",
    "RecordLimitReached",
    "RecordNotDeleted",
    "RecordNotFound",
    "StaleEtag",
    "StartError",
    "Step",
    "StoreError",
    "Veto",
    "Violation",
]
