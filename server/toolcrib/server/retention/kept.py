"""From which revision on the past of a component is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from toolcrib.server.errors import RevisionTooOld

if TYPE_CHECKING:
    from toolcrib.server.transaction import ReadTransaction


class Kept(NamedTuple):
    """The first revisions at which the state of all records can be told, from audit entries and from versions.

    All entries behind `audit_since` are there. `versions_since` is None where versions are not kept.
    """

    audit_since: int = 0
    versions_since: int | None = None


def kept_of(transaction: ReadTransaction, component: str) -> Kept:
    """Those of a component."""
    row = transaction.session.fetch_one(transaction.store.system.select_kept, [component])
    return Kept() if row is None else Kept(*row)


def require_audit(transaction: ReadTransaction, component: str, revision: int) -> None:
    """Raises RevisionTooOld where audit entries do not tell of all records what they were at `revision`."""
    oldest = kept_of(transaction, component).audit_since
    if revision < oldest:
        raise RevisionTooOld(component, oldest)


def require_versions(transaction: ReadTransaction, component: str, revision: int) -> None:
    """Raises RevisionTooOld where versions do not tell of all records what they were at `revision`."""
    oldest = kept_of(transaction, component).versions_since
    if oldest is not None and revision < oldest:
        raise RevisionTooOld(component, oldest)
