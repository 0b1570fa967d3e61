"""The tables whose direct writes are absorbed, and what the server gives their records: stamps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import Message
from sqlalchemy import Dialect, bindparam, select, update

from toolcrib.server.direct.inbox import Stamps
from toolcrib.server.direct.rows import DirectRow, RowReading
from toolcrib.server.history import END, REVISION, START
from toolcrib.server.record import copy_of
from toolcrib.server.statements import Prepared
from toolcrib.server.store import Stored
from toolcrib.server.system_statements import insert_into
from toolcrib.server.values import datetime_to_timestamp, etag_of

_UPDATE_TIME = "update_time"
# Of records that do not say when they were changed.
_NEVER = datetime.min.replace(tzinfo=UTC)


class DirectTable:
    """A component's table and the statements on it."""

    def __init__(self, stored: Stored, dialect: Dialect) -> None:
        table, component = stored.table, stored.component
        keys = [table.c[name] for name in component.key_fields]
        this = [column == bindparam(f"given_{column.name}", type_=column.type) for column in keys]
        names = [f"given_{column.name}" for column in keys]
        self._stamped = [column.name for column in table.columns if column.name in {REVISION, START, _UPDATE_TIME}]
        values = {name: bindparam(name, type_=table.c[name].type) for name in self._stamped}
        versions = stored.statements.versions
        self.stored = stored
        self.reading = RowReading(stored, dialect)
        self.lock = Prepared(select(keys[0]).where(*this).with_for_update(nowait=True), dialect, names)
        self.stamp = Prepared(update(table).values(values).where(*this), dialect, [*values, *names])
        self.archive = None if versions is None else insert_into(versions.table, dialect)
        self._former = [] if versions is None else [column.name for column in versions.table.columns]

    def parameters(self, stamps: Stamps) -> list[Any]:
        """Those of `stamp` before the key."""
        given = self._given(stamps)
        return [given[name] for name in self._stamped]

    def former(self, row: DirectRow, stamps: Stamps, end: int) -> list[Any]:
        """The row of a version that ended at a revision."""
        columns, given = self.stored.statements.columns, {**self._given(stamps), END: end}
        return [given[name] if name in given else row.values[columns[name]] for name in self._former]

    def stamps_of(self, row: DirectRow) -> Stamps:
        """Those that a row has."""
        found = {name: row.values[place] for name, place in self.stored.statements.columns.items()}
        time = found.get(_UPDATE_TIME, _NEVER)
        return Stamps(found[REVISION], found.get(START, found[REVISION]), time)

    def stamped(self, message: Message, stamps: Stamps) -> Any:
        """A record with its stamps."""
        standard = self.stored.component.standard_fields
        after: Any = copy_of(message)
        if "etag" in standard:
            after.etag = etag_of(stamps.revision)
        if _UPDATE_TIME in standard:
            after.update_time.CopyFrom(datetime_to_timestamp(stamps.time))
        return after

    def _given(self, stamps: Stamps) -> dict[str, Any]:
        return {REVISION: stamps.revision, START: stamps.start, _UPDATE_TIME: stamps.time}
