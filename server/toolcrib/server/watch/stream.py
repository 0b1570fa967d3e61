"""The life of one watch: what there is, what was committed meanwhile, what is committed from now on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from functools import partial
from threading import Event
from time import monotonic
from typing import Any

from toolcrib.server.call import Call
from toolcrib.server.errors import InvalidRequest, WatchTooSlow
from toolcrib.server.query.shape import Checked
from toolcrib.server.store import Store
from toolcrib.server.transaction import ReadTransaction, in_name_of
from toolcrib.server.watch.backlog import Backlog
from toolcrib.server.watch.commits import CommitTrail
from toolcrib.server.watch.hub import Hub
from toolcrib.server.watch.matching import Matching
from toolcrib.server.watch.parcels import Packing
from toolcrib.server.watch.snapshot import Snapshot
from toolcrib.server.watch.subscription import Subscription
from toolcrib.server.watch.tokens import ResumeTokens
from toolcrib.server.watch.wanted import Beginning, Wanted
from toolcrib.server.workers import Workers


class Watches:
    """All watches of a server. To be made on its event loop.

    Where nothing else is sent, a heartbeat is every `heartbeat_s` seconds; `buffer_bytes` wait at most for one watcher.
    """

    def __init__(self, workers: Workers, store: Store, *, poll_s: float, heartbeat_s: float, buffer_bytes: int) -> None:
        self.store = store
        self._workers = workers
        self._tokens = ResumeTokens(store.database.history)
        self._packing = Packing(self._tokens, Matching(store))
        self._backlog = Backlog(CommitTrail(store), self._packing)
        self._hub = Hub(workers, self._backlog, poll_s=poll_s)
        self._heartbeat_s = heartbeat_s
        self._buffer_bytes = buffer_bytes

    def wanted(
        self,
        call: Call,
        components: Sequence[tuple[str, Checked]],
        include_previous: bool,  # handed on from a request
        response: type[Any],
    ) -> Wanted:
        """What a call wants to watch. Raises TenantRequired where records are a tenant's own, and it names none."""
        apart = [name for name, _ in components if self.store[name].component.multi_tenant]
        tenant = call.require_tenant(apart[0]) if apart else ""
        return Wanted(tuple(components), include_previous, response, tenant, frozenset(apart))

    async def stream(self, call: Call, wanted: Wanted, beginning: Beginning) -> AsyncIterator[bytes]:
        """The messages of one watch, without end.

        Raises InvalidRequest, HistoryChanged, RevisionAhead or RevisionPruned for where it would begin, WatchTooSlow,
        or ShuttingDown.
        """
        with self._hub.watching():
            position = await self._begin(call, wanted, beginning)
            if beginning.is_snapshot:
                abandoned = Event()
                try:
                    take = in_name_of(wanted.tenant, partial(Snapshot.take, wanted=wanted, abandoned=abandoned))
                    with closing(await self._workers.read_backlog(call, take)) as snapshot:
                        for message in snapshot.messages():
                            yield message
                finally:
                    abandoned.set()
                position = snapshot.revision
                yield self._packing.snapshot_end(position, wanted.tenant)
            subscription = Subscription(wanted, position, bytes_max=self._buffer_bytes)
            try:
                async for message in self._catch_up(call, subscription):
                    yield message
                yield self._packing.heartbeat(subscription.position, wanted.tenant)
                async for message in self._follow(subscription):
                    yield message
            except WatchTooSlow as error:
                error.metadata["resume_token"] = self._tokens.encode(subscription.position, wanted.tenant)
                raise
            finally:
                self._hub.leave(subscription)

    async def stop(self) -> None:
        """Ends all watches."""
        await self._hub.stop()

    async def _begin(self, call: Call, wanted: Wanted, beginning: Beginning) -> int:
        """The position behind which the watch begins; that of a snapshot is still to come."""
        if beginning.resume_token is not None:
            return self._tokens.decode(beginning.resume_token, wanted.tenant)
        if beginning.revision is not None:
            if beginning.revision < 1:
                text = f"is {beginning.revision}; revisions count up from 1"
                raise InvalidRequest.field("INVALID_REVISION", "start.revision", text)
            return beginning.revision - 1
        return await self._workers.read_backlog(call, ReadTransaction.revision_read)

    async def _catch_up(self, call: Call, subscription: Subscription) -> AsyncIterator[bytes]:
        """What was committed until the subscription is live, and lacks nothing."""
        wanted, is_live, last_sent = subscription.wanted, False, monotonic()
        while True:
            self._hub.require_open()
            read = partial(self._backlog.read, kinds=[wanted], position=subscription.position)
            delivery = await self._workers.read_backlog(call, read)
            for parcel in delivery.parcels[wanted]:
                for message in parcel.messages:
                    yield message
                subscription.position, last_sent = parcel.revision, monotonic()
            subscription.position = delivery.upto
            if not delivery.is_last:
                # Far behind: it must not gather what is live meanwhile.
                self._hub.leave(subscription)
                subscription.clear()
                is_live = False
                if monotonic() - last_sent > self._heartbeat_s:
                    yield self._packing.heartbeat(subscription.position, wanted.tenant)
                    last_sent = monotonic()
            elif is_live or await self._hub.join(subscription):
                return
            else:
                is_live = True

    async def _follow(self, subscription: Subscription) -> AsyncIterator[bytes]:
        """What is committed from now on, and heartbeats."""
        while True:
            parcel = await subscription.next(self._heartbeat_s)
            if parcel is None:
                subscription.position = max(subscription.position, self._hub.position)
                yield self._packing.heartbeat(subscription.position, subscription.wanted.tenant)
                continue
            for message in parcel.messages:
                yield message
            subscription.position = parcel.revision
