"""The reading half of a repository: records by key, and what a write must know of a record first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, NamedTuple, TypeVar

from google.protobuf.message import Message

from toolcrib.server import masks
from toolcrib.server.component import key_text
from toolcrib.server.errors import RecordNotFound, StaleEtag, StoreError
from toolcrib.server.keys import require_key
from toolcrib.server.requests import Key, Lookup
from toolcrib.server.store import Stored
from toolcrib.server.transaction import ReadTransaction
from toolcrib.server.values import etag_of

MessageT = TypeVar("MessageT", bound=Message)


class Current(NamedTuple, Generic[MessageT]):
    """A record as the database has it."""

    message: MessageT
    etag: str
    deleted: bool


class RecordReader(Generic[MessageT]):
    """Reads one component's records in one transaction."""

    __slots__ = ("_component", "_session", "_statements", "_stored", "_transaction")

    def __init__(self, stored: Stored, transaction: ReadTransaction) -> None:
        self._stored = stored
        self._component = stored.component
        self._statements = stored.statements
        self._transaction = transaction
        self._session = transaction.session

    def fetch(self, key: Key) -> Current[MessageT] | None:
        """The record with this key, deleted or not."""
        row = self._session.fetch_one(self._statements.get, key)
        if row is None:
            return None
        deleted = self._component.soft_delete and row[-2] is not None
        return Current(self._component.from_row(self._statements.reader.read(row)), etag_of(row[-1]), deleted)

    def get(self, lookup: Lookup) -> MessageT:
        """The record. Raises RecordNotFound or, without a key or with a wrong mask, InvalidRequest."""
        require_key(self._component, lookup.key)
        masks.require_readable(self._component, lookup.read_mask)
        current = self.fetch(lookup.key)
        if current is None or (current.deleted and not lookup.show_deleted):
            raise self.not_found(lookup.key, current)
        return masks.project(current.message, lookup.read_mask) if lookup.read_mask else current.message

    def get_all(self, lookups: Sequence[Lookup]) -> list[MessageT]:
        """The records, all of one moment. Raises RecordNotFound or InvalidRequest, placed at the index."""
        if len(lookups) == 1:
            return [self.get(lookups[0])]
        found = []
        with self._session.snapshot():
            for index, lookup in enumerate(lookups):
                with self.placed(index):
                    found.append(self.get(lookup))
        return found

    def not_found(self, key: Key, current: Current[MessageT] | None) -> RecordNotFound:
        """The refusal for a record that is not there, or deleted."""
        text = key_text(key)
        if current is None:
            return RecordNotFound(self._component.name, text, f"there is no record {text}", deleted="false")
        return RecordNotFound(self._component.name, text, f"the record {text} is deleted", deleted="true")

    def require_etag(self, key: Key, current: Current[MessageT], etag: str) -> None:
        """Raises StaleEtag where the caller names an etag that is not the record's."""
        if etag and etag != current.etag:
            text = f"the record {key_text(key)} has changed since etag {etag}; read it again and decide anew"
            raise StaleEtag(self._component.name, key_text(key), text, etag=current.etag)

    @staticmethod
    @contextmanager
    def placed(index: int) -> Iterator[None]:
        """Places the refusals raised within at `index` of a batch."""
        try:
            yield
        except StoreError as error:
            raise error.at(index) from error.__cause__
