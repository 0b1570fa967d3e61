"""The Python client of a Toolcrib server: the connection, its errors, watches, and the audit trail.

    from plant.recipes.v1.recipe_client import RecipeClient
    from plant.recipes.v1.recipe_pb2 import Recipe
    from toolcrib.client import Crib

    with Crib.connect("127.0.0.1:50051", actor="ann") as crib:
        recipe = RecipeClient(crib).create(Recipe(name="Bracket", speed_mm_s=120))

The typed clients of components (RecipeClient) are generated. This package needs grpcio and protobuf only.
"""

from toolcrib.client._async_crib import AsyncCrib
from toolcrib.client._channel import Tls
from toolcrib.client._conditions import Condition
from toolcrib.client._course import watch_request
from toolcrib.client._crib import Crib
from toolcrib.client._fields import (
    BoolField,
    BytesField,
    DocumentField,
    DurationField,
    EnumField,
    EtagField,
    Field,
    Fields,
    FieldsOf,
    IntegerField,
    ListField,
    MapField,
    NumberField,
    OrderedField,
    SortKey,
    TextField,
    TimeField,
)
from toolcrib.client._masks import MaskPaths, field_mask, record_and_mask
from toolcrib.client._past import AsOf, as_of_revision, as_of_time
from toolcrib.client._query import AsyncQuery, Query
from toolcrib.client._records import AsyncRecords, Records
from toolcrib.client.audit import AsyncAuditClient, AuditClient
from toolcrib.client.errors import (
    Aborted,
    AlreadyExists,
    Cancelled,
    DataLoss,
    DeadlineExceeded,
    FailedPrecondition,
    FieldViolation,
    Internal,
    InvalidArgument,
    NotFound,
    OutOfRange,
    PermissionDenied,
    PreconditionViolation,
    Resource,
    ResourceExhausted,
    ToolcribError,
    Unauthenticated,
    Unavailable,
    Unimplemented,
)
from toolcrib.client.transaction import AsyncTransaction, Pending, Transaction
from toolcrib.client.watch import AsyncWatch, AsyncWatchClient, Change, Commit, Watch, WatchClient, Watching

__all__ = [
    "Aborted",
    "AlreadyExists",
    "AsOf",
    "AsyncAuditClient",
    "AsyncCrib",
    "AsyncQuery",
    "AsyncRecords",
    "AsyncTransaction",
    "AsyncWatch",
    "AsyncWatchClient",
    "AuditClient",
    "BoolField",
    "BytesField",
    "Cancelled",
    "Change",
    "Commit",
    "Condition",
    "Crib",
    "DataLoss",
    "DeadlineExceeded",
    "DocumentField",
    "DurationField",
    "EnumField",
    "EtagField",
    "FailedPrecondition",
    "Field",
    "FieldViolation",
    "Fields",
    "FieldsOf",
    "IntegerField",
    "Internal",
    "InvalidArgument",
    "ListField",
    "MapField",
    "MaskPaths",
    "NotFound",
    "NumberField",
    "OrderedField",
    "OutOfRange",
    "Pending",
    "PermissionDenied",
    "PreconditionViolation",
    "Query",
    "Records",
    "Resource",
    "ResourceExhausted",
    "SortKey",
    "TextField",
    "TimeField",
    "Tls",
    "ToolcribError",
    "Transaction",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "Watch",
    "WatchClient",
    "Watching",
    "as_of_revision",
    "as_of_time",
    "field_mask",
    "record_and_mask",
    "watch_request",
]
