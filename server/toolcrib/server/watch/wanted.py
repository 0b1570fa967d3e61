"""What a watcher wants to know of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from toolcrib.query.v1.query_pb2 import Filter
from toolcrib.server.errors import InvalidRequest
from toolcrib.server.query.check import check
from toolcrib.server.query.fields import Field
from toolcrib.server.query.messages import read_message
from toolcrib.server.query.parser import parse
from toolcrib.server.query.shape import AllOf, AnyOf, Checked, Leaf, Related, Shape


@dataclass(frozen=True, slots=True)
class Wanted:
    """The components, each with the filter of its records; watchers that want the same are sent the same bytes.

    `response` is the type of the messages: a component's own, or WatchResponse. `tenant` is whose records are wanted of
    those that are `apart`, each a tenant's own; empty where none are.
    """

    components: tuple[tuple[str, Checked], ...]
    include_previous: bool
    response: type[Any]
    tenant: str = ""
    apart: frozenset[str] = frozenset()

    def is_for(self, component: str, tenant: str) -> bool:
        """Whether an entry about a record of `tenant`, empty where all share it, is this watcher's to see."""
        return tenant == (self.tenant if component in self.apart else "")

    @property
    def names(self) -> frozenset[str]:
        """The names of the components."""
        return frozenset(name for name, _ in self.components)

    def message(self, **fields: Any) -> Message:
        """A message to send."""
        message: Message = self.response(**fields)
        return message


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a watch begins: with a snapshot, with `revision`, behind `resume_token`, or else now."""

    is_snapshot: bool = False
    revision: int | None = None
    resume_token: str | None = None


def checked_filter(fields: Mapping[str, Field], text: str, query: Filter | None) -> Checked:
    """The filter that both spellings ask for. Raises InvalidRequest; also for one that goes through relations."""
    of_text = check(parse(text), fields) if text else Checked()
    of_query = check(read_message(query), fields) if query is not None else Checked()
    for name, part in (("filter", of_text), ("query", of_query)):
        if _is_related(part.shape):
            # Such a record would enter and leave with no change of its own, that anything could be said of.
            said = "goes through a relation; a watch asks for fields of the record itself: watch both components"
            raise InvalidRequest.field("INVALID_FILTER", name, said)
    return of_text.and_(of_query)


def _is_related(shape: Shape) -> bool:
    match shape:
        case Related():
            return True
        case Leaf():
            return False
        case AllOf(parts) | AnyOf(parts):
            return any(map(_is_related, parts))
