"""Everything that can go wrong with a call, as exceptions that know no gRPC. `status.py` has the status of each.

StoreError
├── InvalidRequest          the request itself is wrong; names every violated field
├── ActorRequired           a write without an actor
├── TenantRequired          a call without a tenant, of a component whose records are each a tenant's own
├── TenantsApart            what is of all tenants together, asked for by one that is no operator
├── ReasonRequired          a write without a reason, of a component that wants one
├── TransactionNotFound
├── RecordNotFound
├── RecordExists            the key or a unique field is taken
├── ReferenceNotFound       a record would refer to one that is not there
├── RecordInUse             a record cannot be deleted, as others refer to it
├── RecordNotDeleted        undelete of a live record
├── RecordDeleted           a change to a record that is deleted
├── StaleEtag
├── RecordLimitReached
├── IncludeTooLarge         more related records than one answer holds
├── RevisionTooOld          nothing is kept of what was there then
├── PreconditionFailed      of a transaction over components
├── Veto                    raised by hooks to refuse a change
├── MessageTooLarge
├── HistoryChanged          a watch would resume what the database no longer is
├── RevisionAhead           a watch would begin with what is not there yet
├── RevisionPruned          a watch would begin with what is no longer kept
├── WatchTooSlow            a watcher does not read what it is sent
├── PruningOff              nobody is set who may decide what is let go of
├── SignatureRejected       a plan of pruning is not signed, or not by whoever may decide it
├── PlanOutdated            a plan, of pruning or of the schema, would no longer come to what was reviewed
├── ChainBroken             what would be let go of is not what was written: it is evidence
├── Unsupported             by the database below
├── SchemaPending           the server waits for somebody to apply the plan of its schema
├── SchemaInUse             the server serves already, so the schema stays as it is
├── SchemaStepsRefused      steps of the plan need to be allowed
├── SchemaNotChanged        the database, or its backup, stands in the way of the plan
├── DeadlinePassed          before the call was run; nothing happened
├── Overloaded              too many calls wait; nothing happened
├── ShuttingDown
├── StorageError            the database could not do it; nothing happened
│   ├── SchemaChanged         another server, or a command, has changed the schema
│   ├── DatabaseUnavailable   try again later
│   │   └── PassingFailure      the same work may well succeed when it is run again
│   │       ├── ConnectionLost    to a database server; what was not committed is gone
│   │       └── WriteConflict     with somebody else's transaction
│   ├── OutcomeUnknown        the connection was lost in the commit; a repeat under the request id finds out
│   ├── DiskFull
│   └── DatabaseCorrupt
└── InternalError           a defect, in a hook or in the server; the text stays in the log

EvidenceError               a key, a checkpoint or a bundle that is not what it should be
StartError                  the server cannot start; one line for the person at the terminal
MigrationFailed             a database cannot be moved to another one, or what came of it is not the same
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self


class StartError(Exception):
    """The server cannot start. `str()` is one line that says what is wrong and what to do."""


class EvidenceError(Exception):
    """A key, a checkpoint or a bundle cannot be read or does not hold. `str()` is one line that says what is wrong."""


class MigrationFailed(Exception):
    """A database is not, or not wholly, moved to another one. `str()` is one line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One field that is wrong.

    `field` is the path below the record for violations found in it (in_record) and below the request otherwise; `index`
    is the place in the batch, if any.
    """

    field: str
    description: str
    rule: str = ""
    in_record: bool = True
    index: int | None = None

    def path(self, record_field: str, within: str = "") -> str:
        """The path from the request, which holds the record in `record_field`, or from one that it is `within`."""
        place = "" if self.index is None else f"requests[{self.index}]"
        return ".".join(part for part in (within, place, record_field if self.in_record else "", self.field) if part)


class StoreError(Exception):
    """Base of all refusals and failures of a call.

    `reason` is the machine-readable reason (google.rpc.ErrorInfo), `metadata` the facts about it, `index` the place in
    the batch, if any, of the request that it is about; `within` is the path of the request itself where it is one of
    several in a transaction over components. `record_key` is the key of the record that it is about, as far as that is
    known, and `audited_in` the component whose audit is to say that this was refused, if any; `audited_for` the tenant
    whose audit that is, where it is one's own.
    """

    reason: str = "INTERNAL"

    def __init__(self, message: str, *, metadata: Mapping[str, str] | None = None, index: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = dict(metadata or {})
        self.index = index
        self.within = ""
        self.record_key = ""
        self.audited_in = ""
        self.audited_for = ""

    def at(self, index: int | None) -> Self:
        """This error, placed at `index` of a batch."""
        self.index = index
        return self


class InvalidRequest(StoreError):
    """The request cannot be carried out as it stands, whatever the state of the store."""

    def __init__(self, reason: str, violations: Sequence[Violation], *, message: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.violations = list(violations)
        # The request's field that holds the record, for the paths of violations in it; the servicer knows.
        self.record_field = ""

    @classmethod
    def field(cls, reason: str, field: str, description: str, *, in_record: bool = False) -> InvalidRequest:
        """A refusal of one field."""
        return cls(reason, [Violation(field, description, in_record=in_record)])

    def at(self, index: int | None) -> Self:
        """This refusal, its violations placed at `index` of a batch unless they have a place; None takes it away."""
        self.index = index
        self.violations = [replace(v, index=index) if index is None or v.index is None else v for v in self.violations]
        return self


class ActorRequired(StoreError):
    """A write whose actor is not known."""

    reason = "ACTOR_REQUIRED"


class TenantRequired(StoreError):
    """A call without a tenant, of a component whose records are each a tenant's own."""

    reason = "TENANT_REQUIRED"

    def __init__(self, component: str = ""):
        what = f"the records of {component} are each a tenant's own" if component else "here records are a tenant's own"
        super().__init__(
            f"{what}: say whose the call is about, with x-tenant metadata over a network that the server trusts, or by "
            "the organization (O) in a client certificate",
            metadata={"component": component} if component else {},
        )


class TenantsApart(StoreError):
    """What is of all tenants together, asked for by somebody who is no operator of them."""

    reason = "TENANTS_APART"


class ReasonRequired(StoreError):
    """A change of a component that has to say why, and does not. Whatever the state of the store, it cannot be done."""

    reason = "CHANGE_REASON_REQUIRED"


class TransactionNotFound(StoreError):
    """There is no transaction with the revision."""

    reason = "TRANSACTION_NOT_FOUND"


class RecordError(StoreError):
    """A refusal that is about one record."""

    def __init__(self, component: str, key: str, message: str, **metadata: str) -> None:
        super().__init__(message, metadata={"component": component, "key": key, **metadata})
        self.component = component
        self.key = key
        self.record_key = key


class RecordNotFound(RecordError):
    """There is no record with the key, or it is deleted."""

    reason = "RECORD_NOT_FOUND"


class RecordExists(RecordError):
    """Another record has the key or the values of unique fields.

    `key` is its key, `field` names the fields, and `constraint` is the name of the index, or "key".
    """

    reason = "RECORD_EXISTS"

    def __init__(self, component: str, key: str, field: str, message: str, *, constraint: str) -> None:
        super().__init__(component, key, message, field=field, constraint=constraint)
        self.field = field
        self.constraint = constraint


class ReferenceNotFound(RecordError):
    """`field` would refer to a record of `component` that is not there, or is deleted; `key` is the one it names."""

    reason = "REFERENCE_NOT_FOUND"

    def __init__(self, component: str, key: str, field: str, *, is_deleted: bool) -> None:
        what = (
            f"the record {key} of {component} is deleted" if is_deleted else f"there is no record {key} of {component}"
        )
        deleted = str(is_deleted).lower()
        text = f"{field}: {what}, so nothing can refer to it"
        super().__init__(component, key, text, field=field, constraint="references", deleted=deleted)
        self.field = field


@dataclass(frozen=True, slots=True)
class Blocker:
    """Records of `component` that refer, in `field`, to one that is to be deleted."""

    component: str
    field: str
    description: str


class RecordInUse(RecordError):
    """The record with `key` cannot be deleted while others refer to it; `blockers` says which."""

    reason = "RECORD_IN_USE"

    def __init__(self, component: str, key: str, blockers: Sequence[Blocker]) -> None:
        first = blockers[0]
        texts = "; ".join(f"{blocker.component}: {blocker.description}" for blocker in blockers)
        super().__init__(
            component,
            key,
            f"the record {key} is in use: {texts}",
            referencing_component=first.component,
            field=first.field,
            constraint="references",
        )
        self.blockers = tuple(blockers)


class RecordNotDeleted(RecordError):
    """Undelete of a record that is not deleted."""

    reason = "RECORD_NOT_DELETED"


class RecordDeleted(RecordError):
    """A change to a record that is deleted."""

    reason = "RECORD_DELETED"


class StaleEtag(RecordError):
    """The record has changed since the caller read it."""

    reason = "ETAG_MISMATCH"


class RecordLimitReached(StoreError):
    """The component may not have more live records."""

    reason = "RECORD_LIMIT_REACHED"


class IncludeTooLarge(StoreError):
    """The `relation` that a read is to fill in shows more records of `target` than one answer holds."""

    reason = "INCLUDE_TOO_LARGE"

    def __init__(self, component: str, relation: str, target: str, most: int) -> None:
        super().__init__(
            f"{relation}: there are more than {most} related records; ask for fewer records of {component} in one "
            f"page, or list those of {target} with a filter",
            metadata={"component": component, "relation": relation, "maximum": str(most)},
        )


class RevisionTooOld(StoreError):
    """Nothing is kept of the records of `component` before the revision `oldest`."""

    reason = "REVISION_TOO_OLD"

    def __init__(self, component: str, oldest: int) -> None:
        text = f"nothing is kept of the records of {component} before revision {oldest}; ask for that or a later one"
        super().__init__(text, metadata={"component": component, "oldest_revision": str(oldest)})


class PreconditionFailed(RecordError):
    """Something that had to be so before a transaction, is not."""

    reason = "PRECONDITION_FAILED"

    def __init__(self, component: str, key: str, message: str, *, within: str) -> None:
        super().__init__(component, key, message)
        self.within = within


class Veto(StoreError):
    """Raised by a hook to refuse a change: nothing of the call's work is kept, and the caller reads `message`.

    `reason` is for programs, in UPPER_SNAKE_CASE.
    """

    reason = "CHANGE_VETOED"

    def __init__(self, message: str, *, reason: str = "CHANGE_VETOED", metadata: Mapping[str, str] | None = None):
        super().__init__(message, metadata=metadata)
        self.reason = reason


class MessageTooLarge(StoreError):
    """A request of more bytes than the server takes."""

    reason = "MESSAGE_TOO_LARGE"


class HistoryChanged(StoreError):
    """A resume token is of another history than the database's: it was restored, or is another one."""

    reason = "HISTORY_CHANGED"


class RevisionAhead(StoreError):
    """Nothing has been committed up to the revision behind which a watch would begin."""

    reason = "REVISION_AHEAD"


class RevisionPruned(StoreError):
    """What was committed behind the revision is no longer kept in whole."""

    reason = "REVISION_PRUNED"


class WatchTooSlow(StoreError):
    """More waits to be read by a watcher than the server keeps for it; metadata has the token to resume with."""

    reason = "WATCH_TOO_SLOW"


class PruningOff(StoreError):
    """The server has no key that plans of pruning would be signed with."""

    reason = "PRUNING_OFF"


class SignatureRejected(StoreError):
    """A plan has no signature that holds, or that of another key than the server's setting names."""

    reason = "SIGNATURE_REJECTED"


class PlanOutdated(StoreError):
    """A plan is no longer the one that was reviewed: it was carried out already, or something else was in between."""

    reason = "PLAN_OUTDATED"


class ChainBroken(StoreError):
    """A row at `revision` does not fit into the chain of the audit, so it is not let go of."""

    reason = "CHAIN_BROKEN"

    def __init__(self, revision: int) -> None:
        text = (
            f"revision {revision} is not what was written, so nothing of it is let go of; `toolcrib audit verify` says "
            "more"
        )
        super().__init__(text, metadata={"revision": str(revision)})


class Unsupported(StoreError):
    """What the database below cannot do, or has not been made to."""

    reason = "UNSUPPORTED_BY_DATABASE"


class SchemaPending(StoreError):
    """The server waits until the schema of its database is that of its components. `why` is what it was refused for."""

    reason = "SCHEMA_PENDING"
    retry_delay_s: ClassVar[float] = 1.0

    def __init__(self, why: str) -> None:
        super().__init__(f"the server waits for its schema (`toolcrib schema apply --server`): {why}")


class SchemaInUse(StoreError):
    """A server that serves its components does not change their tables."""

    reason = "SCHEMA_IN_USE"

    def __init__(self, database: str, steps: int) -> None:
        super().__init__(
            f"{database} differs from the components in {steps} steps, but this server serves them already; stop the "
            "servers of the database and start this one again, with schema_wait to be asked first",
            metadata={"steps": str(steps)},
        )


@dataclass(frozen=True, slots=True)
class RefusedStep:
    """A step of a plan, by its `name`, and why it is not taken by itself."""

    name: str
    description: str


class SchemaStepsRefused(StoreError):
    """Some `steps` of the plan are not taken unless they are allowed, or said otherwise in the .proto."""

    reason = "SCHEMA_STEPS_REFUSED"

    def __init__(self, message: str, steps: Sequence[RefusedStep]) -> None:
        super().__init__(message, metadata={"steps": str(len(steps))})
        self.steps = tuple(steps)


class SchemaNotChanged(StoreError):
    """The plan cannot be applied to the database as it is."""

    reason = "SCHEMA_NOT_CHANGED"


class DeadlinePassed(StoreError):
    """The caller's deadline passed before the call was run."""

    reason = "DEADLINE_PASSED"


class Overloaded(StoreError):
    """More calls wait than the server is set to hold."""

    reason = "SERVER_OVERLOADED"
    retry_delay_s: ClassVar[float] = 0.5


class ShuttingDown(StoreError):
    """The server takes no more calls."""

    reason = "SERVER_SHUTTING_DOWN"
    retry_delay_s: ClassVar[float] = 1.0


class StorageError(StoreError):
    """The database could not do it, and nothing of the call's work is kept."""


class SchemaChanged(StorageError):
    """The schema of the database is no longer the one that this server was started with."""

    reason = "SCHEMA_CHANGED"

    def __init__(self) -> None:
        super().__init__("the schema was changed under the running server; start it again, with the newer components")


class DatabaseUnavailable(StorageError):
    """The database is locked by another program, or gone."""

    reason = "DATABASE_UNAVAILABLE"
    retry_delay_s: ClassVar[float] = 1.0


class PassingFailure(DatabaseUnavailable):
    """The database gave up, for no fault of the work: the same may well succeed when it is run again."""


class ConnectionLost(PassingFailure):
    """The connection to the database server broke, or the server ended it. What was not committed is gone."""


class WriteConflict(PassingFailure):
    """The database ended the transaction for another's sake (a deadlock, or a failure to serialize both)."""

    reason = "WRITE_CONFLICT"


class OutcomeUnknown(StorageError):
    """The connection was lost while the commit ran, and the database cannot be asked what became of it."""

    reason = "OUTCOME_UNKNOWN"
    retry_delay_s: ClassVar[float] = 1.0


class DiskFull(StorageError):
    """There is no room for the write."""

    reason = "DISK_FULL"


class DatabaseCorrupt(StorageError):
    """The database file is damaged."""

    reason = "DATABASE_CORRUPT"


class InternalError(StoreError):
    """A defect. The caller gets an incident id; the cause stays in the log."""

    reason = "INTERNAL"
