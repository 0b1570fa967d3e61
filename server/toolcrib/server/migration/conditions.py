"""What has to be so before a row is copied. Everything here is only looked at."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import inspect

from toolcrib.server.audit_file import require_layout
from toolcrib.server.databases.backend import Stored
from toolcrib.server.errors import MigrationFailed
from toolcrib.server.migration.marker import Marker, read_marker, require_finished
from toolcrib.server.migration.sides import Side
from toolcrib.server.system_tables import REVISION_SEQUENCE

_REVISION = "SELECT last_value FROM toolcrib_sequence WHERE name = ?"
_SCHEMA = "SELECT max(version) FROM toolcrib_schema"
_ANSWER = "SELECT max(number) FROM toolcrib_answer"
_HISTORY = "SELECT value FROM toolcrib_meta WHERE name = 'history'"
_ENTRY_HASH = "SELECT hash FROM toolcrib_audit WHERE revision = ? ORDER BY ordinal DESC LIMIT 1"
_TRANSACTION_HASH = "SELECT hash FROM toolcrib_transaction WHERE revision = ?"

_MIB = 1024**2


class State(NamedTuple):
    """What counts up in a database: whatever is written to it changes one of these."""

    revision: int
    schema: int
    answer: int


def state_of(stored: Stored) -> State:
    """That of a database."""
    rows = (stored.first(_REVISION, (REVISION_SEQUENCE,)), stored.first(_SCHEMA), stored.first(_ANSWER))
    return State(*(0 if row is None or row[0] is None else int(row[0]) for row in rows))


def history_of(stored: Stored) -> bytes:
    """The history that a database goes on with."""
    row = stored.first(_HISTORY)
    return b"" if row is None else bytes(row[0])


def require_source(source: Side, left_behind: Collection[str]) -> None:
    """Raises MigrationFailed or StartError unless all of the source is known and as the components declare it."""
    if source.backend.path is not None and not source.backend.path.exists():
        raise MigrationFailed(f"there is no database at {source.place}; see --from")
    with source.backend.audit() as stored:
        require_layout(source.place, stored)
    with source.database.look() as connection:
        require_finished(connection, source.database.system.meta, source.place)
        present = set(inspect(connection).get_table_names())
    plan = source.store.plan()
    if plan.steps:
        raise MigrationFailed(
            f"{source.place} is not what the components declare: {plan.steps[0].text}; see `toolcrib schema plan`, and "
            "apply it there first"
        )
    others = present - {table.name for table in source.tables}
    if unknown := set(left_behind) - others:
        raise MigrationFailed(f"there is no table {min(unknown)} that could be left behind in {source.place}")
    if staying := sorted(others - set(left_behind)):
        words = " ".join(f"--leave-behind {name}" for name in staying)
        raise MigrationFailed(
            f"{source.place} has the table {staying[0]}, which belongs to none of the components; declare its "
            f"component, or say that it is not to be moved: {words}"
        )


def require_target(source: Side, stored: Stored, target: Side, wanted: Marker) -> bool:
    """Whether there is a copy of the source already, finished or not, that this may go on with.

    Raises MigrationFailed unless it is that, or nothing was ever written there, or StartError where it is somebody
    else's.
    """
    with target.database.look() as connection:
        if not inspect(connection).has_table(target.database.system.meta.name):
            return False
        marker = read_marker(connection, target.database.system.meta)
    with target.backend.audit() as present:
        require_layout(target.place, present)
        state = state_of(present)
        if marker is None:
            if state.revision:
                raise MigrationFailed(
                    f"{target.place} has a past of its own, up to revision {state.revision}; name an empty database"
                )
            return False
        _require_same(target.place, marker, wanted)
        if marker.is_finished and not _is_behind(stored, present):
            raise MigrationFailed(
                f"{target.place} is a finished copy of {marker.source}, whose audit no longer begins with its own: one "
                "of them was written to or pruned since; what is there is not replaced"
            )
    return True


def require_room(source: Side, target: Side) -> None:
    """Raises MigrationFailed where the target is a file, and the disk has less room than the source takes."""
    path, needed = target.backend.path, source.backend.size()
    if path is None or needed is None:
        return
    folder = next(folder for folder in path.parents if folder.is_dir())
    free, has = shutil.disk_usage(folder).free, target.backend.size() or 0
    if free + has < needed:
        sizes = f"{source.place} takes {needed / _MIB:,.0f} MiB, and {folder} has room for {free / _MIB:,.0f}"
        raise MigrationFailed(f"{sizes}; free some, or name a place that has more")


def _require_same(place: str, marker: Marker, wanted: Marker) -> None:
    if marker.history != wanted.history:
        raise MigrationFailed(f"{place} is a copy of another database, {marker.source}; name an empty one")
    if marker.fingerprint != wanted.fingerprint:
        raise MigrationFailed(
            f"the components have changed since {place} was begun; empty it, or name another one, and begin anew"
        )


def _is_behind(source: Stored, target: Stored) -> bool:
    """Whether the target was left as some moment of the source: its chain is the beginning of the source's."""
    ours, theirs = state_of(source), state_of(target)
    if theirs.revision > ours.revision or theirs.answer > ours.answer:
        return False
    return _hash_at(source, theirs.revision) == _hash_at(target, theirs.revision)


def _hash_at(stored: Stored, revision: int) -> bytes | None:
    row = stored.first(_ENTRY_HASH, (revision,)) or stored.first(_TRANSACTION_HASH, (revision,))
    return None if row is None else bytes(row[0])
