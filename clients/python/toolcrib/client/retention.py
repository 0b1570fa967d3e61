"""Lets go of audit entries and former versions, by age and by count, by plans that whoever may decide it has signed.

    retention = RetentionClient(crib.with_reason("kept for 90 days, QM-17"))
    plan = retention.plan(Target.TARGET_AUDIT, "plant.cycles.v1.MachineCycle", end_time=ninety_days_ago)
    retention.prune(sign(plan.pruning, key))

docs/retention.md has what is signed. `toolcrib prune` does all of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict, Unpack

from toolcrib.client._async_crib import AsyncCrib
from toolcrib.client._conditions import to_timestamp
from toolcrib.client._crib import Crib
from toolcrib.retention.v1.retention_pb2 import (
    PlanPruningRequest,
    PlanPruningResponse,
    PruneRequest,
    SignedPruning,
    Target,
)
from toolcrib.retention.v1.retention_pb2_grpc import RetentionServiceStub

__all__ = ["Asked", "AsyncRetentionClient", "PlanPruningResponse", "RetentionClient", "Rule", "SignedPruning", "Target"]


class Rule(TypedDict, total=False):
    """What may go: what was committed before `end_time` (with a time zone), but not the `keep_last` newest of a record.

    At least one of the two is given.
    """

    end_time: datetime
    keep_last: int


class Asked(Rule, total=False):
    """A rule, and how far to plan it.

    It goes on behind `start_revision`, where the plan that was carried out last has ended, and until `end_revision`,
    that of the first. One plan takes `max_rows` at most (0 leaves it to the server). `count_all` asks how many the rule
    takes.
    """

    start_revision: int
    end_revision: int
    max_rows: int
    count_all: bool


class RetentionClient:
    """Plans and prunes."""

    def __init__(self, crib: Crib) -> None:
        self._crib = crib
        self._stub = RetentionServiceStub(crib.channel)

    def plan(self, target: Target.ValueType, component: str, **asked: Unpack[Asked]) -> PlanPruningResponse:
        """What would go first; nothing is changed. Raises ToolcribError."""
        return self._crib.read(self._stub.PlanPruning, _request(target, component, asked))

    def prune(self, signed: SignedPruning) -> int:
        """Carries out a plan; answers the revision. Raises ToolcribError."""
        return self._crib.write(self._stub.Prune, PruneRequest(signed=signed)).revision


class AsyncRetentionClient:
    """Plans and prunes, for asyncio."""

    def __init__(self, crib: AsyncCrib) -> None:
        self._crib = crib
        self._stub = RetentionServiceStub(crib.channel)

    async def plan(self, target: Target.ValueType, component: str, **asked: Unpack[Asked]) -> PlanPruningResponse:
        """What would go first; nothing is changed. Raises ToolcribError."""
        return await self._crib.read(self._stub.PlanPruning, _request(target, component, asked))

    async def prune(self, signed: SignedPruning) -> int:
        """Carries out a plan; answers the revision. Raises ToolcribError."""
        return (await self._crib.write(self._stub.Prune, PruneRequest(signed=signed))).revision


def _request(target: Target.ValueType, component: str, asked: Asked) -> PlanPruningRequest:
    end_time = asked.get("end_time")
    return PlanPruningRequest(
        target=target,
        component=component,
        end_time=None if end_time is None else to_timestamp(end_time),
        keep_last=asked.get("keep_last", 0),
        start_revision=asked.get("start_revision", 0),
        end_revision=asked.get("end_revision", 0),
        max_rows=asked.get("max_rows", 0),
        count_all=asked.get("count_all", False),
    )
