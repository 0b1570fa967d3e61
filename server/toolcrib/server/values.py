"""Values that rows and messages spell differently: times and etags."""

from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = _EPOCH.toordinal()


def timestamp_to_datetime(timestamp: Timestamp) -> datetime:
    """UTC datetime of `timestamp`; digits below a microsecond are rounded down.

    Raises OverflowError outside the years 1 to 9999.
    """
    return _EPOCH + timedelta(0, timestamp.seconds, timestamp.nanos // 1000)


def set_timestamp(target: Timestamp, moment: datetime) -> None:
    """Sets `target` to `moment`, a UTC datetime."""
    target.seconds = (
        (moment.toordinal() - _EPOCH_ORDINAL) * 86400 + moment.hour * 3600 + moment.minute * 60 + moment.second
    )
    target.nanos = moment.microsecond * 1000


def datetime_to_timestamp(moment: datetime) -> Timestamp:
    """Timestamp of `moment`; a datetime without a zone is taken as UTC."""
    timestamp = Timestamp()
    set_timestamp(timestamp, moment.astimezone(UTC) if moment.tzinfo else moment)
    return timestamp


def etag_of(revision: int) -> str:
    """The etag of a record that was last written at `revision`."""
    return str(revision)
