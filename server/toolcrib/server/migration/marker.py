"""What a database says of itself that was filled from another one: it can only be served once all of it is there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, Table, select

from toolcrib.server.errors import StartError
from toolcrib.server.system_tables import MIGRATION_MARK


@dataclass(frozen=True, slots=True)
class Marker:
    """`source` is where the rows come from, for people; `history` is that database's own, in hex.

    `fingerprint` is that of the schema that the target was made with. It `is_finished` once it was verified.
    """

    source: str
    history: str
    fingerprint: str
    is_finished: bool = False

    @property
    def unfinished(self) -> str:
        """What the database is while it is not finished."""
        return f"an unfinished copy of {self.source}"

    def remedy(self, place: str) -> str:
        """How to finish it, where it stands at `place`."""
        return f"run `toolcrib migrate --from {self.source} --to {place}` again, which goes on where it was"


def read_marker(connection: Connection, meta: Table) -> Marker | None:
    """That of a database; None where it was not filled from another one."""
    stored = connection.execute(select(meta.c.value).where(meta.c.name == MIGRATION_MARK)).scalar_one_or_none()
    return None if stored is None else marker_in(stored)


def marker_in(value: bytes) -> Marker:
    """That which is stored as `value`."""
    return Marker(**json.loads(value))


def write_marker(connection: Connection, meta: Table, marker: Marker) -> None:
    """Replaces it."""
    value = json.dumps(asdict(marker)).encode()
    if not connection.execute(meta.update().where(meta.c.name == MIGRATION_MARK).values(value=value)).rowcount:
        connection.execute(meta.insert().values(name=MIGRATION_MARK, value=value))


def require_finished(connection: Connection, meta: Table, place: str) -> None:
    """Raises StartError where the database at `place` is to become a copy of another, and is none yet."""
    marker = read_marker(connection, meta)
    if marker is not None and not marker.is_finished:
        raise StartError(f"{place} is {marker.unfinished}; {marker.remedy(place)}")
