"""What a caller asks of a repository about one record, without the request's spelling."""

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from google.protobuf.message import Message

MessageT = TypeVar("MessageT", bound=Message)

# A record's key: the values of its key fields in their order.
Key = tuple[int | str, ...]


class Lookup(NamedTuple):
    """Which record to read."""

    key: Key
    show_deleted: bool = False


class Modification(NamedTuple, Generic[MessageT]):
    """Which fields of which record to change.

    `message` names the record by its key. `mask` holds the paths to change; None is those that are populated.
    """

    message: MessageT
    mask: Sequence[str] | None = None
    allow_missing: bool = False


class Removal(NamedTuple):
    """Which record to delete or undelete. An `etag` that is not empty must be the record's current one."""

    key: Key
    etag: str = ""
    allow_missing: bool = False


class Page(NamedTuple, Generic[MessageT]):
    """Some of a component's records, as of `revision`."""

    messages: list[MessageT]
    next_page_token: str
    revision: int
