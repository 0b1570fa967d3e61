"""What a caller asks of a repository about one record, without the request's spelling."""

from collections.abc import Sequence
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from toolcrib.query.v1.query_pb2 import Filter
from toolcrib.server.errors import InvalidRequest

MessageT = TypeVar("MessageT", bound=Message)

# A record's key: the values of its key fields in their order.
Key = tuple[int | str, ...]

# A record among those of all components: its component's name, and its key there.
RecordKey = tuple[str, Key]


class AsOf(NamedTuple):
    """The past that is asked for: a revision, or if that is 0 a time."""

    revision: int
    time: Timestamp


class PastRequest(Protocol):
    """What a request says of the past that it is about. Generated messages are like this."""

    @property
    def as_of_revision(self) -> int:
        """The revision; 0 where it is not asked for."""

    @property
    def as_of_time(self) -> Timestamp:
        """The time."""

    def HasField(self, name: Literal["as_of_time"]) -> bool:  # noqa: N802  # protobuf's name
        """Whether a time is asked for."""


def as_of(request: PastRequest) -> AsOf | None:
    """The past that a request asks for, or None for what is there now. Raises InvalidRequest where it asks for two."""
    revision, has_time = request.as_of_revision, request.HasField("as_of_time")
    if not revision and not has_time:
        return None
    if revision and has_time:
        raise InvalidRequest.field("INVALID_AS_OF", "as_of_time", "stands beside as_of_revision; name one of the two")
    return AsOf(revision, request.as_of_time)


class Lookup(NamedTuple):
    """Which record to read, and which of its fields; without `read_mask` all. `include` names relations to fill in."""

    key: Key
    show_deleted: bool = False
    read_mask: Sequence[str] = ()
    include: Sequence[str] = ()
    as_of: AsOf | None = None


class Selection(NamedTuple):
    """Which records to read, and in which order; `filter` and `query` have both to hold."""

    filter: str = ""
    query: Filter = Filter()
    order_by: str = ""
    show_deleted: bool = False
    as_of: AsOf | None = None

    @property
    def has_query(self) -> bool:
        """Whether `query` says anything."""
        return self.query.WhichOneof("kind") is not None


class WriteRequest(Protocol):
    """What every request of a write says of itself, whatever it is about. Generated messages are like this."""

    @property
    def request_id(self) -> str:
        """The id under which a repeat is the same write; empty where there will be none."""

    @property
    def validate_only(self) -> bool:
        """Whether nothing is to be written."""

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes:  # noqa: N802  # protobuf's name
        """The request as bytes."""


class BatchRequest(WriteRequest, Protocol):
    """A write of several records, each in a request of its own."""

    @property
    def requests(self) -> Sequence[WriteRequest]:
        """The requests in their order."""


class RevisionsRequest(NamedTuple):
    """Which record's versions to list, newest first unless `oldest_first`."""

    key: Key
    page_size: int = 0
    page_token: str = ""
    oldest_first: bool = False


class Comparison(NamedTuple):
    """Two revisions; an end of 0 is now."""

    start_revision: int
    end_revision: int


class RollbackRequest(NamedTuple):
    """Which record to make as it was at `revision`, and with `include` which of its relations.

    An `etag` that is not empty must be the record's current one.
    """

    key: Key
    revision: int
    etag: str = ""
    include: Sequence[str] = ()


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


class Counted(NamedTuple):
    """How many records there are, as of `revision`."""

    records: int
    revision: int
