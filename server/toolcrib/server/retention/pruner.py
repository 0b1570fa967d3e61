"""Carries out a plan that was signed: what goes, what it leaves in the chain, and the entry that says so."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, insert, update

from toolcrib.retention.v1.retention_pb2 import TARGET_AUDIT, Pruning, SignedPruning
from toolcrib.server.errors import PlanOutdated, PruningOff, SignatureRejected
from toolcrib.server.retention.kept import kept_of
from toolcrib.server.retention.planner import Plan, Planner
from toolcrib.server.retention.signatures import signer_of
from toolcrib.server.signing import VerifyingKey
from toolcrib.server.transaction import Transaction


def require_signature(signed: SignedPruning, trusted: VerifyingKey | None) -> None:
    """Raises PruningOff where nobody is `trusted` with it, SignatureRejected for any other signature."""
    if trusted is None:
        raise PruningOff(
            "nothing may be let go of; set retention_key to the public key of whoever may decide it (`toolcrib audit "
            "key` makes one)"
        )
    signer = signer_of(signed)
    if signer is None:
        raise SignatureRejected("the signature of the plan does not hold; sign the plan as it was answered")
    if signer.raw != trusted.raw:
        text = f"the plan is signed with the key {signer.fingerprint}; retention_key is {trusted.fingerprint}"
        raise SignatureRejected(text)


def prune(transaction: Transaction, signed: SignedPruning) -> int:
    """Carries out what was signed; answers the revision. Raises PlanOutdated or ChainBroken; nothing is gone then."""
    plan = Planner(transaction, signed.pruning).plan()
    if plan.pruning != signed.pruning or not plan.victims.rows:
        raise PlanOutdated("the plan was carried out already, or something else was let go of since; plan anew")
    revision = transaction.begin_writing()
    transaction.guard()
    transaction.has_written = True
    _Pruner(transaction).carry_out(plan)
    transaction.audit_pruning(signed.pruning.component, signed.SerializeToString())
    return revision


class _Pruner:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._connection = transaction.session.connection
        self._system = transaction.store.database.system

    def carry_out(self, plan: Plan) -> None:
        # Entries refer to their transaction.
        self._delete(plan)
        if plan.transactions:
            transaction = self._system.transaction
            self._connection.execute(
                delete(transaction).where(transaction.c.revision == bindparam("gone")),
                [{"gone": revision} for revision in plan.transactions],
            )
        self._replace_segments(plan)
        self._note_kept(plan.pruning)

    def _delete(self, plan: Plan) -> None:
        columns = list(plan.table.primary_key)
        this = delete(plan.table).where(*(column == bindparam(f"gone_{column.name}") for column in columns))
        names = [f"gone_{column.name}" for column in columns]
        keys = (row[-len(names) :] for row in plan.victims.rows)
        self._connection.execute(this, [dict(zip(names, key, strict=True)) for key in keys])

    def _replace_segments(self, plan: Plan) -> None:
        segment = self._system.segment
        if plan.replaced:
            names = [column.name for column in segment.primary_key]
            this = delete(segment).where(*(segment.c[name] == bindparam(f"gone_{name}") for name in names))
            self._connection.execute(
                this, [{f"gone_{name}": getattr(each, name) for name in names} for each in plan.replaced]
            )
        if plan.segments:
            self._connection.execute(insert(segment), [each._asdict() for each in plan.segments])

    def _note_kept(self, pruning: Pruning) -> None:
        kept = self._system.kept
        known = kept_of(self._transaction, pruning.component)
        name = "audit_since" if pruning.target == TARGET_AUDIT else "versions_since"
        values: dict[str, Any] = {**known._asdict(), name: pruning.oldest_revision}
        changed = update(kept).where(kept.c.component == pruning.component).values(values)
        if not self._connection.execute(changed).rowcount:
            self._connection.execute(insert(kept).values(component=pruning.component, **values))
