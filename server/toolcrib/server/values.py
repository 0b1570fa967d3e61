"""Values that rows and messages spell differently: times, durations and etags."""

from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
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


def duration_to_micros(duration: Duration) -> int:
    """Microseconds of `duration`; finer digits are cut off."""
    return duration.seconds * 1_000_000 + int(duration.nanos / 1000)


def set_duration(target: Duration, micros: int) -> None:
    """Sets `target` to so many microseconds; seconds and nanos have the same sign (google/protobuf/duration.proto)."""
    seconds, rest = divmod(abs(micros), 1_000_000)
    sign = -1 if micros < 0 else 1
    target.seconds, target.nanos = sign * seconds, sign * rest * 1000
    # Also where both are zero, the duration is there.
    target.SetInParent()


def duration_to_timedelta(duration: Duration) -> timedelta:
    """timedelta of `duration`; finer digits than microseconds are cut off."""
    return timedelta(0, 0, duration_to_micros(duration))


def timedelta_to_duration(delta: timedelta) -> Duration:
    """Duration of `delta`."""
    duration = Duration()
    set_duration(duration, delta // timedelta(microseconds=1))
    return duration


def etag_of(revision: int) -> str:
    """The etag of a record that was last written at `revision`."""
    return str(revision)
