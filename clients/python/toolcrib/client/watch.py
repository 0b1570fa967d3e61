"""Watches: what is committed, as it is committed.

    with recipes.watch(RecipeFields.speed_mm_s > 100, snapshot=True) as watch:
        known = {recipe.id: recipe for recipe in watch.snapshot()}
        for change in watch:
            print(change.kind_name, change.record.name, change.commit.actor)

A watch goes on by itself where its connection or its server is lost, behind the last commit that it gave: without gap
and without repeat. `resume_token` lets another process do the same.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message

from toolcrib.client._course import Change, Commit, Course, Watching, shared_request
from toolcrib.client.errors import error_from_call
from toolcrib.watch.v1.watch_pb2 import ChangeKind, WatchedComponent
from toolcrib.watch.v1.watch_pb2_grpc import WatchServiceStub

if TYPE_CHECKING:
    from typing import Unpack

    from toolcrib.client._async_crib import AsyncCrib
    from toolcrib.client._crib import Crib

__all__ = [
    "AsyncWatch",
    "AsyncWatchClient",
    "Change",
    "ChangeKind",
    "Commit",
    "Watch",
    "WatchClient",
    "WatchedComponent",
    "Watching",
]

RecordT = TypeVar("RecordT", bound=Message)


class _Watched(Generic[RecordT]):
    """What the synchronous watch and that for asyncio have in common."""

    def __init__(self, crib: Crib | AsyncCrib, method: Any, request: Message) -> None:
        self._method = method
        self._metadata = crib.call_metadata
        self._require_open = crib.require_open
        self._course: Course[RecordT] = Course(request, crib.timeout_s)
        self._call: Any = None

    @property
    def resume_token(self) -> str:
        """Goes on behind the last commit that was given in whole; empty before there is any place to go on from."""
        return self._course.resume_token

    @property
    def revision(self) -> int:
        """All up to this revision was given."""
        return self._course.revision


class Watch(_Watched[RecordT]):
    """Iterating over it gives each change, `commits` the same commit by commit. Both wait for the next without end.

    It is begun by whichever is first asked, and ended by `close`, also from another thread. Raises ToolcribError where
    it cannot go on: the server never answered within the call's time, or what comes next is no longer kept.
    """

    def __init__(self, crib: Crib, method: Any, request: Message) -> None:
        super().__init__(crib, method, request)
        self._closed = threading.Event()
        self._messages = self._receive()

    def snapshot(self) -> list[RecordT]:
        """The records that there are, where the watch was asked for them; they come first. Raises ToolcribError."""
        self._course.require_snapshot()
        for message in self._messages:
            if (records := self._course.take_record_of(message)) is not None:
                return records
        return []

    def commits(self) -> Iterator[Commit[RecordT]]:
        """Each commit, with all its changes. Raises ToolcribError."""
        self._course.require_begun()
        for message in self._messages:
            commit = self._course.take(message)
            if commit is not None:
                yield commit
            self._course.done(message)

    def __iter__(self) -> Iterator[Change[RecordT]]:
        for commit in self.commits():
            yield from commit.changes

    def close(self) -> None:
        """Ends it; who iterates comes to the end."""
        self._closed.set()
        if self._call is not None:
            self._call.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _receive(self) -> Iterator[Any]:
        """The messages of one stream after another, until it is closed."""
        while not self._closed.is_set():
            self._require_open()
            self._call = self._method(self._course.request(), metadata=self._metadata)
            if self._closed.is_set():
                self._call.cancel()
            try:
                for message in self._call:
                    self._course.received()
                    yield message
            except grpc.RpcError as error:
                if self._closed.is_set():
                    return
                self._closed.wait(self._course.pause_s(error_from_call(error)))


class AsyncWatch(_Watched[RecordT]):
    """The same for asyncio."""

    def __init__(self, crib: AsyncCrib, method: Any, request: Message) -> None:
        super().__init__(crib, method, request)
        self._closed = asyncio.Event()
        self._messages = self._receive()

    async def snapshot(self) -> list[RecordT]:
        """The records that there are, where the watch was asked for them; they come first. Raises ToolcribError."""
        self._course.require_snapshot()
        async for message in self._messages:
            if (records := self._course.take_record_of(message)) is not None:
                return records
        return []

    async def commits(self) -> AsyncIterator[Commit[RecordT]]:
        """Each commit, with all its changes. Raises ToolcribError."""
        self._course.require_begun()
        async for message in self._messages:
            commit = self._course.take(message)
            if commit is not None:
                yield commit
            self._course.done(message)

    async def __aiter__(self) -> AsyncIterator[Change[RecordT]]:
        async for commit in self.commits():
            for change in commit.changes:
                yield change

    async def close(self) -> None:
        """Ends it; who iterates comes to the end."""
        self._closed.set()
        if self._call is not None:
            self._call.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _receive(self) -> AsyncIterator[Any]:
        """The messages of one stream after another, until it is closed."""
        while not self._closed.is_set():
            self._require_open()
            self._call = self._method(self._course.request(), metadata=self._metadata)
            try:
                async for message in self._call:
                    self._course.received()
                    yield message
            except asyncio.CancelledError:
                # So gRPC says that the call was cancelled, by `close` of this or of the connection; or the task was.
                if self._closed.is_set():
                    return
                self._require_open()
                raise
            except grpc.RpcError as error:
                if self._closed.is_set():
                    return
                await self._pause(self._course.pause_s(error_from_call(error)))

    async def _pause(self, pause_s: float) -> None:
        try:
            async with asyncio.timeout(pause_s):
                await self._closed.wait()
        except TimeoutError:
            return


class WatchClient:
    """Watches several components, or all, each commit of them at once. Records come packed (google.protobuf.Any)."""

    def __init__(self, crib: Crib) -> None:
        self._crib = crib
        self._stub = WatchServiceStub(crib.channel)

    def watch(self, *components: str | WatchedComponent, **asked: Unpack[Watching]) -> Watch[AnyMessage]:
        """Watches components by the full names of their messages; a WatchedComponent has a filter besides."""
        return Watch(self._crib, self._stub.Watch, shared_request(components, asked))


class AsyncWatchClient:
    """The same for asyncio."""

    def __init__(self, crib: AsyncCrib) -> None:
        self._crib = crib
        self._stub = WatchServiceStub(crib.channel)

    def watch(self, *components: str | WatchedComponent, **asked: Unpack[Watching]) -> AsyncWatch[AnyMessage]:
        """Watches components by the full names of their messages; a WatchedComponent has a filter besides."""
        return AsyncWatch(self._crib, self._stub.Watch, shared_request(components, asked))
