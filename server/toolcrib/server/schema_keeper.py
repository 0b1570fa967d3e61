"""The schema of a server's database, for callers: its record, the plan, and a start that waits until that is applied.

A start that is not refused leaves nothing to apply. Where one is refused and may wait, the server serves nothing but
this until somebody has applied the plan here, or elsewhere to the same database.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from toolcrib.server.databases.backend import unwrap
from toolcrib.server.errors import (
    InvalidRequest,
    PlanOutdated,
    RefusedStep,
    SchemaInUse,
    SchemaNotChanged,
    SchemaStepsRefused,
    ShuttingDown,
    StartError,
    StoreError,
)
from toolcrib.server.schema.evolve import Brought, this_user
from toolcrib.server.schema.policy import Policy
from toolcrib.server.schema.record import Author, SchemaVersion
from toolcrib.server.schema.steps import Plan, PlanChanged, PlanRefused, SchemaDiffers, UnknownStep
from toolcrib.server.store import Store

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be applied: the plan of `etag`, with the steps in `allowed`; or only whether it would be."""

    author: Author
    etag: str
    allowed: Collection[str] = ()
    validate_only: bool = False


class SchemaKeeper:
    """Opens the database of `store`, and calls `serve` on the event loop it is made on once that is done.

    Questions and plans are worked at beside the event loop, one at a time; one that nobody waits for any more is not.
    """

    def __init__(self, store: Store, policy: Policy, serve: Callable[[], None], *, interval_s: float) -> None:
        self._store = store
        self._policy = policy
        self._serve = serve
        self._interval_s = interval_s
        # Not with the loop's other threads, on which health must not wait for plans.
        self._thread = ThreadPoolExecutor(1, "toolcrib-schema")
        self._opening = asyncio.Lock()
        self._served = asyncio.get_running_loop().create_future()
        self._is_closed = False
        self._watching: asyncio.Task[None] | None = None
        # Why it was refused at last, of a start that waits or has waited.
        self.refusal: SchemaDiffers | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether the database is still not open."""
        return not self._served.done()

    def start(self, *, waits: bool) -> None:
        """Opens the database and serves, or waits where that is refused and it may. Raises StartError."""
        try:
            self._open_by_policy()
        except SchemaDiffers as refusal:
            if not waits:
                raise
            self._wait(refusal)
            self._watching = asyncio.create_task(self._watch())
        else:
            self._begin()

    async def served(self) -> None:
        """Returns when the database is open and served. Raises what keeps it from being served."""
        await asyncio.shield(self._served)

    async def stop(self) -> None:
        """Lets what is being applied be finished, and opens nothing any more."""
        self._is_closed = True
        async with self._opening:
            if self._watching is not None:
                self._watching.cancel()
            self._thread.shutdown(wait=False)

    async def versions(self) -> Sequence[SchemaVersion]:
        """The schemas that the database has had, oldest first. Raises StoreError."""
        return await self._do(self._store.database.schemas)

    async def plan(self) -> Plan:
        """What the database lacks. Raises StoreError."""
        return await self._do(self._store.plan)

    async def apply(self, order: Order) -> Brought:
        """Brings the database up to the components, and serves them; nothing where there is nothing to do.

        Raises InvalidRequest, PlanOutdated, SchemaStepsRefused, SchemaInUse, SchemaNotChanged, StorageError, or
        ShuttingDown; nothing is changed then.
        """
        # What has begun is finished and served, also where the caller waits no longer.
        return await asyncio.shield(asyncio.create_task(self._apply(order)))

    async def _apply(self, order: Order) -> Brought:
        async with self._opening:
            if self.is_waiting and not order.validate_only:
                brought = await self._do(lambda: self._open(order))
                self._begin()
                return brought
        plan = await self.plan()
        if plan.steps and not self.is_waiting:
            raise SchemaInUse(plan.database, len(plan.steps))
        if plan.steps:
            await self._do(lambda: plan.require(order.allowed, order.etag))
        return Brought(plan=plan, version=plan.version)

    def _open(self, order: Order) -> Brought:
        return self._store.open(self._store.schema(order.author, Policy.ADDITIVE, order.allowed, order.etag))

    def _open_by_policy(self) -> None:
        self._store.open(self._store.schema(Author(this_user(), "serve"), self._policy))

    def _begin(self) -> None:
        try:
            self._serve()
        except BaseException as error:
            if self.refusal is not None:
                self._served.set_exception(error)
            raise
        self._served.set_result(None)

    def _wait(self, refusal: SchemaDiffers) -> None:
        self.refusal = refusal
        logger.warning("waiting for the schema: %s", refusal)

    async def _watch(self) -> None:
        """Opens the database once it has another schema than the one refused: somebody else has brought it there."""
        while True:
            await asyncio.sleep(self._interval_s)
            async with self._opening:
                if not self.is_waiting:
                    return
                try:
                    if await self._run(self._is_as_refused):
                        continue
                    await self._run(self._open_by_policy)
                except SchemaDiffers as refusal:
                    self._wait(refusal)
                except StartError as error:
                    logger.warning("still waiting for the schema: %s", error)
                else:
                    self._begin()

    def _is_as_refused(self) -> bool:
        recorded = self._store.database.schemas()
        newest = recorded[-1].version if recorded else 0
        return self.refusal is not None and newest == self.refusal.plan.version

    def _run(self, work: Callable[[], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _do(self, work: Callable[[], T]) -> T:
        if self._is_closed:
            raise ShuttingDown("the server stops; the call was not done")
        try:
            return await self._run(work)
        except StartError as error:
            raise self._for_caller(error) from error

    def _for_caller(self, error: StartError) -> StoreError:
        match error:
            case PlanChanged():
                return PlanOutdated(str(error), metadata={"etag": error.plan.etag})
            case PlanRefused():
                steps = [RefusedStep(step.name, f"{step.text}: {step.loss}".strip(": ")) for step in error.refused]
                return SchemaStepsRefused(str(error), steps)
            case UnknownStep():
                return InvalidRequest.field("UNKNOWN_STEP", "allow", str(error))
        cause = error.__cause__
        found = None if cause is None else self._store.database.backend.classify(unwrap(cause))
        return SchemaNotChanged(str(error)) if found is None else type(found)(str(error))
