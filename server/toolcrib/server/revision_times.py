"""Which revision was the last at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from toolcrib.server.columns import time_to_text
from toolcrib.server.transaction import ReadTransaction

# Where the clock was set back later revisions have earlier times. To look so far for them costs little; where it was
# set back farther, as it had never been right, the latest time counts and not the latest revision.
_SET_BACK_MOST = timedelta(hours=2)
_BEGINNING = datetime.min.replace(tzinfo=UTC)


def last_revision_until(transaction: ReadTransaction, time: datetime) -> int:
    """The last revision that was committed at `time` (UTC) or before, pruned or not; 0 where none was."""
    pruned = transaction.session.fetch_one(transaction.store.system.select_pruned_at, [time_to_text(time)])
    return max(last_kept_until(transaction, time), (pruned and pruned[0]) or 0)


def last_kept_until(transaction: ReadTransaction, time: datetime) -> int:
    """The last one of which there is still something."""
    session, system = transaction.session, transaction.store.system
    latest = session.fetch_one(system.select_latest_time, [time])
    if latest is None or latest[0] is None:
        return 0
    (last,) = system.latest_time.read(latest)
    since = max(last, _BEGINNING + _SET_BACK_MOST) - _SET_BACK_MOST
    found = session.fetch_one(system.select_revision_at, [since, time])
    return int(found[0]) if found else 0
