"""Which revision is meant by the past that a caller asks for."""

from __future__ import annotations

from toolcrib.server.errors import InvalidRequest, RevisionTooOld
from toolcrib.server.requests import AsOf
from toolcrib.server.store import Stored
from toolcrib.server.transaction import ReadTransaction
from toolcrib.server.values import timestamp_to_datetime


def revision_meant(transaction: ReadTransaction, stored: Stored, as_of: AsOf) -> int:
    """The revision whose records are asked for: of a time, the last that was committed then or before.

    Raises InvalidRequest for one that is still to come, RevisionTooOld for one that nothing was kept of.
    """
    newest = transaction.revision_read()
    if as_of.revision < 0 or as_of.revision > newest:
        text = f"{as_of.revision} is no revision that has been; the newest is {newest}"
        raise InvalidRequest.field("INVALID_AS_OF", "as_of_revision", text)
    revision = as_of.revision or _revision_at(transaction, as_of)
    oldest = transaction.store.database.versions_since.get(stored.table.name, 0)
    if revision < oldest:
        raise RevisionTooOld(stored.component.name, oldest)
    return revision


def _revision_at(transaction: ReadTransaction, as_of: AsOf) -> int:
    try:
        time = timestamp_to_datetime(as_of.time)
    except OverflowError as error:
        text = "is not a time of the years 1 to 9999"
        raise InvalidRequest.field("INVALID_AS_OF", "as_of_time", text) from error
    row = transaction.session.fetch_one(transaction.store.system.select_revision_at, [time])
    return row[0] if row and row[0] else 0
