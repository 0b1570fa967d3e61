"""Hands what is committed to those who watch, each commit read once for all of them.

The writer lane says when there is something new, and of which components: those that nobody watches are not read. What
other processes commit a database server tells at once; in any case it is found by asking for the newest revision every
`poll_s` seconds, while anyone watches.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from toolcrib.server.bell import Written
from toolcrib.server.call import Call
from toolcrib.server.errors import ShuttingDown, StorageError
from toolcrib.server.watch.backlog import Backlog, Delivery
from toolcrib.server.watch.subscription import Subscription
from toolcrib.server.watch.wanted import Wanted
from toolcrib.server.workers import Workers

logger = logging.getLogger(__name__)

# So long watches may take to end by themselves when the server stops; one whose client reads nothing does not.
_STOP_S = 1.0
# How soon a database that could not be read is tried again.
_RETRY_S = 0.2


class Hub:
    """All that is live. For one event loop, and to be made on it.

    `position` is the revision up to which all commits were handed to those who are live.
    """

    def __init__(self, workers: Workers, backlog: Backlog, *, poll_s: float) -> None:
        self.position = 0
        self._workers = workers
        self._backlog = backlog
        self._poll_s = poll_s
        self._live: dict[Wanted, set[Subscription]] = defaultdict(set)
        self._components: frozenset[str] = frozenset()
        self._joining: list[tuple[Subscription, asyncio.Future[None]]] = []
        self._is_reading = False
        self._is_stuck = False
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._watches: set[asyncio.Task[object]] = set()
        self._is_closed = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While the current task is a watch, which is to end when the server stops. Raises ShuttingDown."""
        task = asyncio.current_task()
        assert task is not None
        self.require_open()
        self._watches.add(task)
        try:
            yield
        except asyncio.CancelledError:
            # By `stop`; or its client has gone, and nobody reads this.
            self.require_open()
            raise
        finally:
            self._watches.discard(task)

    def require_open(self) -> None:
        """Raises ShuttingDown when the server stops."""
        if self._is_closed:
            raise ShuttingDown("the server is stopping; resume in a moment")

    async def join(self, subscription: Subscription) -> bool:
        """Makes it live: it is given all that is handed out from now on. Answers whether that is all it lacks.

        Otherwise something was handed out already that it was not sent, and has to be read once more.
        """
        self.require_open()
        if self._is_reading:
            # What is being read may not be what it wants, and would still move the position on.
            admitted = asyncio.get_running_loop().create_future()
            self._joining.append((subscription, admitted))
            await admitted
            self.require_open()
        else:
            self._admit(subscription)
        return self.position <= subscription.position

    def leave(self, subscription: Subscription) -> None:
        """Ends what `join` began, if it did."""
        self._joining = [item for item in self._joining if item[0] is not subscription]
        subscriptions = self._live.get(subscription.wanted)
        if subscriptions is None or subscription not in subscriptions:
            return
        subscriptions.discard(subscription)
        if not subscriptions:
            del self._live[subscription.wanted]
            self._look_at_components()

    async def stop(self) -> None:
        """Ends all watches, which are then unavailable."""
        self._is_closed = True
        for subscriptions in self._live.values():
            for subscription in subscriptions:
                subscription.fail(ShuttingDown("the server is stopping; resume in a moment"))
        if self._task is not None:
            self._task.cancel()
        if self._watches:
            _, late = await asyncio.wait(self._watches, timeout=_STOP_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=_STOP_S)

    def _admit(self, subscription: Subscription) -> None:
        if not self._live:
            # Nobody lacks what is before it.
            self.position = subscription.position
        self._live[subscription.wanted].add(subscription)
        self._look_at_components()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def _look_at_components(self) -> None:
        self._components = frozenset[str]().union(*(wanted.names for wanted in self._live))
        self._workers.bell.listen(self._hear if self._live else None)
        if self._live:
            self._news.set()

    def _hear(self, written: Written | None) -> None:
        """Of a group of commits of this process, or that another one has committed."""
        if written is None:
            self._news.set()
            return
        is_next = written.first == self.position + 1 and not self._is_reading
        if is_next and self._components.isdisjoint(written.components):
            self.position = written.last
        else:
            self._news.set()

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s if self._live else None):
                    await self._news.wait()
            self._news.clear()
            if self._live:
                await self._read()
            if self._is_stuck:
                await asyncio.sleep(_RETRY_S)
                self._news.set()

    async def _read(self) -> None:
        """Hands out what there is behind the position; who joins meanwhile is admitted afterwards."""
        self._is_reading = True
        try:
            work = partial(self._backlog.read, kinds=list(self._live), position=self.position)
            self._hand_out(await self._workers.follow(Call("watch"), work))
            self._is_stuck = False
        except StorageError as error:
            if not self._is_stuck:
                logger.warning("watches wait for the database: %s", error)
            self._is_stuck = True
        except Exception as error:
            # A defect. Those who watch are told of it; whoever resumes begins where they were.
            logger.exception("what was committed behind revision %d cannot be handed out", self.position)
            for subscriptions in list(self._live.values()):
                for subscription in subscriptions:
                    subscription.fail(error)
        finally:
            self._is_reading = False
            joining, self._joining = self._joining, []
            for subscription, admitted in joining:
                if not admitted.done():
                    self._admit(subscription)
                    admitted.set_result(None)

    def _hand_out(self, delivery: Delivery) -> None:
        for wanted, parcels in delivery.parcels.items():
            for subscription in self._live.get(wanted, ()):
                for parcel in parcels:
                    subscription.put(parcel)
        self.position = delivery.upto
        if not delivery.is_last:
            self._news.set()
