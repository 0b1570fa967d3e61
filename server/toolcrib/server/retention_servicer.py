"""toolcrib.retention.v1: plans what may be let go of, and lets go of it when the plan is signed."""

from __future__ import annotations

from toolcrib.retention.v1 import retention_pb2
from toolcrib.retention.v1.retention_pb2 import (
    TARGET_AUDIT,
    TARGET_VERSIONS,
    PlanPruningRequest,
    PlanPruningResponse,
    PruneRequest,
    PruneResponse,
    Pruning,
)
from toolcrib.server.audit_requests import require_component
from toolcrib.server.audit_trail import AuditTrail
from toolcrib.server.call import Call
from toolcrib.server.errors import InvalidRequest
from toolcrib.server.exactly_once import as_once, require_form
from toolcrib.server.retention.planner import Planner
from toolcrib.server.retention.pruner import prune, require_signature
from toolcrib.server.rpc import Method
from toolcrib.server.signing import VerifyingKey
from toolcrib.server.store import Store
from toolcrib.server.transaction import ReadTransaction, Transaction
from toolcrib.server.values import timestamp_to_datetime
from toolcrib.server.workers import Workers

# Other writes wait while so many go (docs/performance.md).
_ROWS_DEFAULT = 1_000
_ROWS_MAX = 10_000


class RetentionServicer:
    """Prunes the audit and the versions of all components, by plans signed with the `key` that is trusted."""

    service: str = retention_pb2.DESCRIPTOR.services_by_name["RetentionService"].full_name

    def __init__(self, workers: Workers, store: Store, key: VerifyingKey | None) -> None:
        self._workers = workers
        self._apart = frozenset(store.apart())
        self._names = [component.name for component in store.components()]
        self._key = key

    def methods(self) -> tuple[Method, ...]:
        """Each method of the service, for the server to register."""
        return (
            Method("PlanPruning", PlanPruningRequest, self.plan_pruning),
            Method("Prune", PruneRequest, self.prune),
        )

    async def plan_pruning(self, request: PlanPruningRequest, call: Call) -> PlanPruningResponse:
        """What a rule lets go of. Raises InvalidRequest, TenantsApart or ChainBroken."""
        if request.component in self._apart:
            call.require_operator("a plan of pruning")
        pruning = Pruning(
            target=request.target,
            component=request.component,
            keep_last=request.keep_last,
            start_revision=request.start_revision,
            end_revision=request.end_revision,
            max_rows=min(request.max_rows or _ROWS_DEFAULT, _ROWS_MAX),
        )
        if request.HasField("end_time"):
            pruning.end_time.CopyFrom(request.end_time)
        _require_rule(pruning)
        # It may read much: not where other reads would wait for it.
        return await self._workers.read_backlog(
            call, lambda transaction: self._plan(transaction, pruning, count_all=request.count_all)
        )

    async def prune(self, request: PruneRequest, call: Call) -> PruneResponse:
        """Carries out a plan.

        Raises InvalidRequest, ActorRequired, PruningOff, SignatureRejected, PlanOutdated or ChainBroken.
        """
        call.require_actor()
        require_signature(request.signed, self._key)
        _require_rule(request.signed.pruning)

        def work(transaction: Transaction) -> PruneResponse:
            if request.validate_only:
                transaction.begin_dry_run()
            revision = prune(transaction, request.signed)
            return PruneResponse(revision=0 if request.validate_only else revision)

        require_form(request.request_id)
        if request.request_id and not request.validate_only:
            return await self._workers.write(call, as_once(call, request, PruneResponse, work, batch=False))
        return await self._workers.write(call, work)

    def _plan(self, transaction: ReadTransaction, pruning: Pruning, *, count_all: bool) -> PlanPruningResponse:
        require_component(pruning.component, self._names, AuditTrail(transaction))
        with transaction.session.snapshot():
            # The newest commit stays: the chain goes on from there.
            newest = max(transaction.revision_read() - 1, 0)
            pruning.end_revision = min(pruning.end_revision or newest, newest)
            planner = Planner(transaction, pruning)
            plan = planner.plan()
            rows = plan.victims.rows
            return PlanPruningResponse(
                pruning=plan.pruning,
                has_more=plan.victims.has_more,
                all_rows=planner.count() if count_all else 0,
                first_revision=rows[0][0] if rows else 0,
                last_revision=rows[-1][0] if rows else 0,
            )


def _require_rule(pruning: Pruning) -> None:
    """Raises InvalidRequest for what cannot be meant: above all a rule that would keep nothing."""
    if not pruning.component:
        raise InvalidRequest.field("COMPONENT_MISSING", "component", "is missing; what is kept is said by component")
    if pruning.target not in (TARGET_AUDIT, TARGET_VERSIONS):
        raise InvalidRequest.field("UNKNOWN_TARGET", "target", "is neither TARGET_AUDIT nor TARGET_VERSIONS")
    for name in ("keep_last", "start_revision", "end_revision", "max_rows"):
        if getattr(pruning, name) < 0:
            raise InvalidRequest.field("INVALID_RULE", name, "is negative")
    if not pruning.keep_last and not pruning.HasField("end_time"):
        text = "is missing, as is keep_last; say how old or how many what stays may be"
        raise InvalidRequest.field("INVALID_RULE", "end_time", text)
    try:
        timestamp_to_datetime(pruning.end_time)
    except OverflowError as error:
        raise InvalidRequest.field("INVALID_TIME", "end_time", "is not a time of the years 1 to 9999") from error
