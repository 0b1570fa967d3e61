"""The running server, and what an application that it serves is written with."""

from toolcrib.server.changes import Change, Commit, Operation
from toolcrib.server.errors import (
    ActorRequired,
    InvalidRequest,
    RecordDeleted,
    RecordExists,
    RecordInUse,
    RecordLimitReached,
    RecordNotDeleted,
    RecordNotFound,
    ReferenceNotFound,
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
    "RecordInUse",
    "RecordLimitReached",
    "RecordNotDeleted",
    "RecordNotFound",
    "ReferenceNotFound",
    "StaleEtag",
    "StartError",
    "Step",
    "StoreError",
    "Veto",
    "Violation",
]
