"""What lists answer: records to be iterated over, page after page, or a table for notebooks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from google.protobuf.message import Message

from toolcrib.client._frames import frame

if TYPE_CHECKING:
    from pandas import DataFrame

RecordT = TypeVar("RecordT", bound=Message)


class Records(Iterator[RecordT], Generic[RecordT]):
    """Records, to be iterated over once. Page after page is asked for, as they are needed.

    `page` gets the page behind a token, whose field `field` holds records of the type `message`.
    """

    def __init__(self, message: type[RecordT], page: Callable[..., Any], field: str) -> None:
        self._message = message
        self._records = self._each(page, field)

    def __next__(self) -> RecordT:
        return next(self._records)

    def to_pandas(self) -> DataFrame:
        """All of them, or those that are left, as a table: a row for each record, a column for each field.

        Raises ImportError where pandas is not installed, and ToolcribError.
        """
        return frame(self._message, self)

    @staticmethod
    def _each(page: Callable[..., Any], field: str) -> Iterator[RecordT]:
        page_token = ""
        while True:
            answer = page(page_token=page_token)
            yield from getattr(answer, field)
            page_token = answer.next_page_token
            if not page_token:
                return


class AsyncRecords(AsyncIterator[RecordT], Generic[RecordT]):
    """The same for asyncio."""

    def __init__(self, message: type[RecordT], page: Callable[..., Awaitable[Any]], field: str) -> None:
        self._message = message
        self._records = self._each(page, field)

    async def __anext__(self) -> RecordT:
        return await anext(self._records)

    async def to_pandas(self) -> DataFrame:
        """All of them, or those that are left, as a table: a row for each record, a column for each field.

        Raises ImportError where pandas is not installed, and ToolcribError.
        """
        return frame(self._message, [record async for record in self])

    @staticmethod
    async def _each(page: Callable[..., Awaitable[Any]], field: str) -> AsyncIterator[RecordT]:
        page_token = ""
        while True:
            answer = await page(page_token=page_token)
            for record in getattr(answer, field):
                yield record
            page_token = answer.next_page_token
            if not page_token:
                return
