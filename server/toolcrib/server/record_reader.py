"""The reading half of a repository: records by key, and what a write must know of a record first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, NamedTuple, TypeVar

from google.protobuf.message import Message

from toolcrib.server import masks
from toolcrib.server.component import key_text
from toolcrib.server.errors import RecordNotFound, StaleEtag, StoreError
from toolcrib.server.include import Tree, fill_in, parse_include, relations_in, with_included
from toolcrib.server.keys import require_key
from toolcrib.server.past import revision_meant
from toolcrib.server.relations import Shown
from toolcrib.server.requests import Key, Lookup
from toolcrib.server.retention.kept import require_versions
from toolcrib.server.store import Stored
from toolcrib.server.transaction import ReadTransaction, Transaction
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
        return self._current(self._session.fetch_one(self._statements.get, key))

    def _current(self, row: Sequence[Any] | None) -> Current[MessageT] | None:
        if row is None:
            return None
        deleted = self._component.soft_delete and row[-2] is not None
        return Current(self._component.from_row(self._statements.reader.read(row)), etag_of(row[-1]), deleted)

    def get(self, lookup: Lookup) -> MessageT:
        """The record. Raises RecordNotFound, IncludeTooLarge or, for what is wrong in the request, InvalidRequest."""
        if lookup.as_of or relations_in(self._stored, lookup.read_mask, lookup.include):
            return self.get_all([lookup])[0]
        return self._projected(self._found(lookup, None), lookup)

    def get_all(self, lookups: Sequence[Lookup]) -> list[MessageT]:
        """The records, all of one moment. Raises as `get` does, placed at the index."""
        messages, shown = [], []
        with self._session.snapshot():
            for index, lookup in enumerate(lookups):
                with self.placed(index):
                    asked = lookup.as_of and revision_meant(self._transaction, self._stored, lookup.as_of)
                    messages.append(self._found(lookup, asked))
                shown.append(Shown(lookup.show_deleted, asked))
            self._include(lookups, shown, messages)
        return [self._projected(message, lookup) for message, lookup in zip(messages, lookups, strict=True)]

    def fetch_past(self, key: Key, revision: int) -> Current[MessageT] | None:
        """The record with this key as it was at `revision`, deleted or not."""
        versions = self._statements.versions
        if versions is None:
            raise ValueError(f"{self._component.name} keeps no versions")
        return self._current(self._session.fetch_one(versions.get, [*key, revision, *key, *key, revision, revision]))

    def _found(self, lookup: Lookup, asked: int | None) -> MessageT:
        """The record, as it was at the revision `asked` for if one is."""
        require_key(self._component, lookup.key)
        masks.require_readable(self._component, lookup.read_mask)
        current = self.fetch(lookup.key) if asked is None else self.fetch_past(lookup.key, asked)
        if current is None and asked is not None:
            # What is found is as it was; what is not may only be kept no longer.
            require_versions(self._transaction, self._component.name, asked)
        if current is None or (current.deleted and not lookup.show_deleted):
            raise self.not_found(lookup.key, current)
        return current.message

    def _include(self, lookups: Sequence[Lookup], shown: Sequence[Shown], messages: Sequence[MessageT]) -> None:
        """Fills in relations, for all records together that are asked for in the same way."""
        groups: dict[tuple[Shown, tuple[str, ...]], tuple[Tree, list[MessageT]]] = {}
        for index, (lookup, message) in enumerate(zip(lookups, messages, strict=True)):
            paths = relations_in(self._stored, lookup.read_mask, lookup.include)
            with self.placed(index):
                tree = parse_include(self._stored, paths)
            groups.setdefault((shown[index], tuple(paths)), (tree, []))[1].append(message)
        for (alike_shown, _), (tree, alike) in groups.items():
            fill_in(self._transaction, self._stored, alike, tree, alike_shown)

    def _projected(self, message: MessageT, lookup: Lookup) -> MessageT:
        if not lookup.read_mask:
            return message
        return masks.project(message, with_included(lookup.read_mask, lookup.include))

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
        if etag and isinstance(self._transaction, Transaction):
            self._transaction.rely_on(self._component.name, key)

    @staticmethod
    @contextmanager
    def placed(index: int) -> Iterator[None]:
        """Places the refusals raised within at `index` of a batch."""
        try:
            yield
        except StoreError as error:
            raise error.at(index) from error.__cause__
