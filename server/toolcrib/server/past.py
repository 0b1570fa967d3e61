"""Which revision is meant by the past that a caller asks for, and whether all of it is still known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from toolcrib.server.errors import InvalidRequest, RevisionTooOld
from toolcrib.server.query.joins import Scope
from toolcrib.server.query.shape import AllOf, AnyOf, Leaf, Related, Shape
from toolcrib.server.requests import AsOf
from toolcrib.server.retention.kept import kept_of, require_versions
from toolcrib.server.revision_times import last_revision_until
from toolcrib.server.store import Stored
from toolcrib.server.transaction import ReadTransaction
from toolcrib.server.values import timestamp_to_datetime


def revision_meant(transaction: ReadTransaction, stored: Stored, as_of: AsOf) -> int:
    """The revision whose records are asked for: of a time, the last that was committed then or before.

    Raises InvalidRequest for one that is still to come, RevisionTooOld for a time whose revisions are pruned.
    """
    newest = transaction.revision_read()
    if as_of.revision < 0 or as_of.revision > newest:
        text = f"{as_of.revision} is no revision that has been; the newest is {newest}"
        raise InvalidRequest.field("INVALID_AS_OF", "as_of_revision", text)
    if as_of.revision:
        return as_of.revision
    revision = _revision_at(transaction, as_of)
    # Of commits that are pruned nobody knows when each was.
    oldest = kept_of(transaction, stored.component.name).audit_since
    if revision < oldest:
        raise RevisionTooOld(stored.component.name, oldest)
    return revision


def require_all_versions(transaction: ReadTransaction, scopes: Iterable[Scope], revision: int) -> None:
    """Raises RevisionTooOld where not all records of a component are known as of then."""
    for name in {scope.component: None for scope in scopes}:
        require_versions(transaction, name, revision)


def scopes_of(shape: Shape, scope: Scope) -> Iterator[Scope]:
    """The components that a filter of `scope` goes through."""
    match shape:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from scopes_of(part, scope)
        case Related(way, part):
            for name in way:
                join = scope.joins[name]
                yield from join.scopes()
                scope = join.target
            yield from scopes_of(part, scope)
        case Leaf():
            return


def _revision_at(transaction: ReadTransaction, as_of: AsOf) -> int:
    try:
        time = timestamp_to_datetime(as_of.time)
    except OverflowError as error:
        text = "is not a time of the years 1 to 9999"
        raise InvalidRequest.field("INVALID_AS_OF", "as_of_time", text) from error
    return last_revision_until(transaction, time)
