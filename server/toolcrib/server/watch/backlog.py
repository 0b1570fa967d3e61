"""What is read of the audit trail for watchers: for one that is behind, and for all that are not, together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from toolcrib.server.transaction import ReadTransaction
from toolcrib.server.watch.commits import CommitTrail
from toolcrib.server.watch.parcels import Packing, Parcel
from toolcrib.server.watch.wanted import Wanted


class Delivery(NamedTuple):
    """Parcels for each kind of watchers, of all commits up to `upto`; it `is_last` where there was none behind."""

    parcels: Mapping[Wanted, list[Parcel]]
    upto: int
    is_last: bool


class Backlog:
    """Reads commits and packs them. It may be used from several threads."""

    def __init__(self, trail: CommitTrail, packing: Packing) -> None:
        self._trail = trail
        self._packing = packing

    def read(self, transaction: ReadTransaction, kinds: Collection[Wanted], position: int) -> Delivery:
        """Some of what is behind `position`. Raises RevisionAhead or RevisionPruned."""
        components = frozenset[str]().union(*(wanted.names for wanted in kinds))
        stretch = self._trail.read(transaction, components, position)
        session = transaction.session
        parcels = {
            wanted: [
                parcel
                for commit in stretch.commits
                if (parcel := self._packing.parcel(session, wanted, commit)) is not None
            ]
            for wanted in kinds
        }
        return Delivery(parcels, stretch.upto, stretch.is_last)
