"""The past, as people like to name it: by a revision, or by a time."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from google.protobuf.timestamp_pb2 import Timestamp

from toolcrib.client._conditions import to_timestamp

# A revision, or a time with its zone.
AsOf: TypeAlias = int | datetime


def as_of_revision(as_of: AsOf | None) -> int:
    """The revision; 0 where it is none."""
    return as_of if isinstance(as_of, int) else 0


def as_of_time(as_of: AsOf | None) -> Timestamp | None:
    """The time, or None. Raises ValueError for one without a zone."""
    return to_timestamp(as_of) if isinstance(as_of, datetime) else None
