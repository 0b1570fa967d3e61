"""Moves a database: what is looked at, what is copied, and what makes the copy a database that may be served.

The source is only read, in one moment, while servers may go on writing to it. Where they did, the copy is of that
moment, and stays unfinished: run again, the migration copies what came since. It finishes where nothing was written
while it compared both sides, so that there is nothing in the source that the target has not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from toolcrib.server.databases.backend import Stored
from toolcrib.server.errors import MigrationFailed
from toolcrib.server.migration.checking import Content, check_chain, check_rows
from toolcrib.server.migration.conditions import (
    State,
    history_of,
    require_room,
    require_source,
    require_target,
    state_of,
)
from toolcrib.server.migration.copying import Copied, Told, copy_rows
from toolcrib.server.migration.marker import Marker, write_marker
from toolcrib.server.migration.sides import Side
from toolcrib.server.schema.record import Author
from toolcrib.server.schema.served import fingerprint
from toolcrib.server.store import Store

# Of the record of schemas that the tables are made with; the source's takes its place.
_AUTHOR = Author("", "migrate")


@dataclass(frozen=True, slots=True)
class Moved:
    """What a migration has done: `state` is the source's that was copied, `goes_on` that of which it ran ahead.

    `contents` and `head`, the chain's last hash, are there where the copy was verified.
    """

    state: State
    tables: Sequence[Copied]
    contents: dict[str, Content] = field(default_factory=dict)
    head: bytes = b""
    goes_on: State | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the target is the source, wholly and verified."""
        return self.goes_on is None


@dataclass(frozen=True, slots=True)
class Planned:
    """What a migration would do: the rows of each table, and the bytes that the source takes, if that is known."""

    state: State
    rows: dict[str, int]
    size: int | None
    is_resumed: bool


class Migration:
    """From `source` to `target`, stores of the same components. `left_behind` are tables that are not to be moved."""

    def __init__(self, source: Store, target: Store, left_behind: Collection[str] = ()) -> None:
        self.source, self.target = Side(source), Side(target)
        self._left_behind = left_behind

    def plan(self, told: Told) -> Planned:
        """Looks at both, as `run` does before it begins. Raises MigrationFailed or StartError."""
        source, target = self.source, self.target
        require_source(source, self._left_behind)
        with source.backend.audit() as stored:
            is_resumed = require_target(source, stored, target, self._marker(stored))
            require_room(source, target)
            check_chain(source, stored, told)
            rows = {table.name: table.count(stored) for table in source.tables}
            return Planned(state_of(stored), rows, source.backend.size(), is_resumed)

    def run(self, told: Told) -> Moved:
        """Brings the target to what the source is, and verifies it where that stood still.

        Raises MigrationFailed or StartError; run again, it goes on where it was.
        """
        source, target = self.source, self.target
        require_source(source, self._left_behind)
        with source.backend.audit() as stored:
            marker = self._marker(stored)
            is_resumed = require_target(source, stored, target, marker)
            require_room(source, target)
            head = check_chain(source, stored, told).head
            self._begin(marker, is_resumed=is_resumed)
            state, tables = state_of(stored), copy_rows(source, stored, target, told)
            if (later := self._state_now()) != state:
                return Moved(state, tables, goes_on=later)
            contents = check_rows(source, stored, target, told)
        with target.backend.audit() as moved:
            if check_chain(target, moved, told).head != head:
                raise MigrationFailed(f"{target.place} has another chain than {source.place}; run the same again")
        if (later := self._state_now()) != state:
            return Moved(state, tables, goes_on=later)
        self._mark(replace(marker, is_finished=True))
        return Moved(state, tables, contents, head)

    def close(self) -> None:
        """Closes the connections to both."""
        self.source.backend.close()
        self.target.backend.close()

    def _marker(self, stored: Stored) -> Marker:
        served = self.target.store.schema(_AUTHOR).served
        return Marker(self.source.place, history_of(stored).hex(), fingerprint(served))

    def _begin(self, marker: Marker, *, is_resumed: bool) -> None:
        """Makes the tables, unless they are there, and says whose copy it is to become."""
        if not is_resumed:
            store = self.target.store
            store.open(store.schema(_AUTHOR))
        self._mark(marker)

    def _mark(self, marker: Marker) -> None:
        with self.target.backend.connect() as connection:
            write_marker(connection, self.target.database.system.meta, marker)

    def _state_now(self) -> State:
        with self.source.backend.audit() as stored:
            return state_of(stored)
