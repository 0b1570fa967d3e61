"""The records that there are at one revision, on their way to a watcher.

They are read in one transaction, as fast as the database gives them, and sent as fast as the watcher takes them. What
lies between is kept in a file once it is large: a slow watcher holds neither memory nor the database's past.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from threading import Event
from typing import Any

from google.protobuf.message import Message

from toolcrib.server.query.plans import PageShape
from toolcrib.server.query.shape import Checked
from toolcrib.server.store import Stored
from toolcrib.server.transaction import ReadTransaction
from toolcrib.server.watch.parcels import TYPE_URL
from toolcrib.server.watch.wanted import Wanted
from toolcrib.watch.v1 import watch_pb2
from toolcrib.watch.v1.watch_pb2 import WatchResponse

_MEMORY_BYTES = 64 * 1024
# Of one message; one record may be larger.
_MESSAGE_BYTES = 256 * 1024
_LENGTH_BYTES = 4


class Snapshot:
    """Messages with all records that `wanted` asks for, as they are at `revision`."""

    def __init__(self) -> None:
        self.revision = 0
        self._file = SpooledTemporaryFile(_MEMORY_BYTES)  # noqa: SIM115  # `close` closes it

    @classmethod
    def take(cls, transaction: ReadTransaction, wanted: Wanted, abandoned: Event) -> Snapshot:
        """Reads the records, unless they are `abandoned` meanwhile."""
        snapshot = cls()
        try:
            with transaction.session.snapshot():
                snapshot.revision = transaction.revision_read()
                for name, checked in wanted.components:
                    snapshot._read(transaction, wanted, transaction.store[name], checked, abandoned)
        except BaseException:
            snapshot.close()
            raise
        snapshot._file.seek(0)
        if abandoned.is_set():
            snapshot.close()
        return snapshot

    def messages(self) -> Iterator[bytes]:
        """The messages, once."""
        while length := self._file.read(_LENGTH_BYTES):
            yield self._file.read(int.from_bytes(length))

    def close(self) -> None:
        """Forgets what was read."""
        self._file.close()

    def _read(
        self, transaction: ReadTransaction, wanted: Wanted, stored: Stored, checked: Checked, abandoned: Event
    ) -> None:
        statements, component = stored.statements, stored.component
        plan = statements.plans.page(
            PageShape(checked.shape, statements.key_order, None, show_deleted=False, is_past=False)
        )
        message, size = self._begun(wanted), 0
        for row in transaction.session.stream(plan.statement, plan.parameters([*checked.values, sys.maxsize])):
            record = component.from_row(statements.reader.read(row))
            _add(message, component.name, record)
            size += record.ByteSize()
            if size > _MESSAGE_BYTES:
                if abandoned.is_set():
                    return
                self._write(message)
                message, size = self._begun(wanted), 0
        if size:
            self._write(message)

    def _begun(self, wanted: Wanted) -> Message:
        return wanted.message(kind=watch_pb2.MESSAGE_KIND_SNAPSHOT, revision=self.revision)

    def _write(self, message: Message) -> None:
        content = message.SerializeToString()
        self._file.write(len(content).to_bytes(_LENGTH_BYTES) + content)


def _add(message: Any, component: str, record: Message) -> None:
    if isinstance(message, WatchResponse):
        message.records.add(type_url=TYPE_URL + component, value=record.SerializeToString())
    else:
        message.records.append(record)
