"""Queries that are put together step by step: `recipes.where(...).order_by(...)`. Each step gives a new one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from google.protobuf.message import Message

from toolcrib.client._conditions import Condition, all_of
from toolcrib.client._fields import Field, Fields, SortKey, path_of
from toolcrib.client._masks import MaskPaths
from toolcrib.client._past import AsOf
from toolcrib.client._records import AsyncRecords, Records

if TYPE_CHECKING:
    from pandas import DataFrame

RecordT = TypeVar("RecordT", bound=Message)
Lister = TypeVar("Lister")
Counter = TypeVar("Counter")


class _Steps(Generic[Lister, Counter]):
    """What the synchronous and the asyncio query have in common."""

    def __init__(
        self,
        lister: Lister,
        counter: Counter,
        conditions: tuple[Condition, ...] = (),
        asked: Mapping[str, Any] | None = None,
    ) -> None:
        self._lister = lister
        self._counter = counter
        self._conditions = conditions
        self._asked = dict(asked or {})

    def where(self, *conditions: Condition) -> Self:
        """Records of which these conditions hold too."""
        return type(self)(self._lister, self._counter, (*self._conditions, *conditions), self._asked)

    def order_by(self, *fields: Field[Any] | SortKey) -> Self:
        """In this order: fields, or their `desc()`. It ends with the key in any case."""
        keys = [field if isinstance(field, SortKey) else field.asc() for field in fields]
        return self._with(order_by=", ".join(key.text for key in keys))

    def only(self, mask: MaskPaths) -> Self:
        """With these fields only; the others are left unset."""
        return self._with(read_mask=mask)

    def include(self, *relations: Fields | str) -> Self:
        """With related records filled in: `include(RecipeFields.tools)`, or their names, as in "tools"."""
        return self._with(include=[each if isinstance(each, str) else path_of(each) for each in relations])

    def show_deleted(self) -> Self:
        """Deleted records too, of a component that keeps them."""
        return self._with(show_deleted=True)

    def as_of(self, as_of: AsOf) -> Self:
        """As they were at a revision or a time, of a component that keeps versions."""
        return self._with(as_of=as_of)

    def page_size(self, page_size: int) -> Self:
        """So many records with each call; 0 leaves it to the server."""
        return self._with(page_size=page_size)

    def _with(self, **asked: Any) -> Self:
        return type(self)(self._lister, self._counter, self._conditions, {**self._asked, **asked})

    def _listed(self) -> dict[str, Any]:
        return {**self._asked, "query": all_of(self._conditions).message}

    def _counted(self) -> dict[str, Any]:
        return {name: value for name, value in self._listed().items() if name in {"query", "show_deleted", "as_of"}}


class Query(_Steps[Callable[..., Records[RecordT]], Callable[..., int]], Generic[RecordT]):
    """Records to be listed by iterating, page after page, or to be counted."""

    def __iter__(self) -> Records[RecordT]:
        return self._lister(**self._listed())

    def to_pandas(self) -> DataFrame:
        """The records as a table; see Records.to_pandas. Raises ImportError and ToolcribError."""
        return iter(self).to_pandas()

    def first(self) -> RecordT | None:
        """The first record, or None. Raises ToolcribError."""
        return next(iter(self.page_size(1)), None)

    def count(self) -> int:
        """How many records there are. Raises ToolcribError."""
        return self._counter(**self._counted())


class AsyncQuery(_Steps[Callable[..., AsyncRecords[RecordT]], Callable[..., Awaitable[int]]], Generic[RecordT]):
    """Records to be listed by iterating with `async for`, page after page, or to be counted."""

    def __aiter__(self) -> AsyncRecords[RecordT]:
        return self._lister(**self._listed())

    async def to_pandas(self) -> DataFrame:
        """The records as a table; see Records.to_pandas. Raises ImportError and ToolcribError."""
        return await aiter(self).to_pandas()

    async def first(self) -> RecordT | None:
        """The first record, or None. Raises ToolcribError."""
        return await anext(aiter(self.page_size(1)), None)

    async def count(self) -> int:
        """How many records there are. Raises ToolcribError."""
        return await self._counter(**self._counted())
