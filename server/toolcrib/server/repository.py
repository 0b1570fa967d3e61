"""The base of all repositories: reads and writes of one component's records within a transaction.

    validate -> before hooks -> row -> audit -> after hooks

All writes come in batches, a single one as a batch of one; what a batch does is done in the order of its items.
Messages that are handed in stay as they are: a call whose commit was lost with others is run again.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, ClassVar, Generic, TypeVar

from google.protobuf.message import Message

from toolcrib.query.v1.query_pb2 import Plan
from toolcrib.server import masks
from toolcrib.server.changes import Change, Operation
from toolcrib.server.component import Component, KeyAllocation, key_text
from toolcrib.server.errors import RecordDeleted, RecordLimitReached, RecordNotDeleted, StaleEtag, StoreError
from toolcrib.server.hook_runner import HookRunner
from toolcrib.server.keys import assign_keys, require_distinct, require_key
from toolcrib.server.record import Record, copy_of
from toolcrib.server.record_lister import RecordLister
from toolcrib.server.record_reader import Current, RecordReader
from toolcrib.server.refusals import name_refused, require_reason
from toolcrib.server.requests import Counted, Key, Lookup, Modification, Page, Removal, Selection
from toolcrib.server.row_writer import RowWriter
from toolcrib.server.transaction import ReadTransaction, Transaction
from toolcrib.server.validation import require_valid
from toolcrib.server.writing import prepare_new, require_unchanged

MessageT = TypeVar("MessageT", bound=Message)
RecordT = TypeVar("RecordT", bound=Record[Any])

# What brings a record that was not found valid before.
_GIVEN = frozenset({Operation.CREATE, Operation.UPDATE})

_operation_of = attrgetter("operation")


class Repository(Generic[MessageT, RecordT]):
    """One component's records in one transaction. Generated classes name the component and type its key."""

    component: ClassVar[Component[Any, Any]]

    def __init__(self, transaction: ReadTransaction) -> None:
        self._transaction = transaction
        self._stored = transaction.store[self.component.name]
        self._reader: RecordReader[MessageT] = RecordReader(self._stored, transaction)

    # Records, for hooks.

    def create(self, record: RecordT) -> RecordT:
        """Creates a record and answers it as stored.

        Raises InvalidRequest, RecordExists, ReferenceNotFound, RecordLimitReached, or what the component's own hooks
        raise.
        """
        return self._record(self.create_all([record.to_message()], by_hook=True)[0])

    def update(self, record: RecordT, *, mask: Sequence[str] | None = None) -> RecordT:
        """Changes the fields in `mask` (all data fields, if None) of the record with the same key.

        Raises InvalidRequest, RecordNotFound, RecordDeleted, StaleEtag, RecordExists or ReferenceNotFound.
        """
        return self._record(self.modify([Modification(record.to_message(), mask or ("*",))], by_hook=True)[0])

    def read_record(self, key: Key, *, show_deleted: bool = False) -> RecordT | None:
        """The record with this key, or None."""
        current = self._reader.fetch(key)
        return None if current is None or (current.deleted and not show_deleted) else self._record(current.message)

    def restore_record(self, key: Key) -> RecordT:
        """Brings a deleted record back; raises RecordNotFound, RecordNotDeleted, RecordExists or ReferenceNotFound."""
        return self._record(self.restore(Removal(key)))

    # Messages, for the servicer.

    def get_one(self, lookup: Lookup) -> MessageT:
        """The record. Raises RecordNotFound or InvalidRequest."""
        return self._reader.get(lookup)

    def get_all(self, lookups: Sequence[Lookup]) -> list[MessageT]:
        """The records in the order of `lookups`. Raises RecordNotFound, placed at its index."""
        return self._reader.get_all(lookups)

    def page(
        self,
        selection: Selection,
        page_size: int,
        page_token: str,
        read_mask: Sequence[str] = (),
        include: Sequence[str] = (),
    ) -> Page[MessageT]:
        """Some of the selected records. Raises InvalidRequest for what is wrong in the request, or IncludeTooLarge."""
        return self._lister().page(selection, page_size, page_token, read_mask, include)

    def count(self, selection: Selection) -> Counted:
        """How many records are selected. Raises InvalidRequest for a bad selection."""
        return self._lister().count(selection)

    def explain(self, selection: Selection) -> Plan:
        """How records are listed. Raises InvalidRequest for a bad selection."""
        return self._lister().explain(selection)

    def create_all(self, messages: Sequence[MessageT], *, by_hook: bool = False) -> list[MessageT]:
        """Creates records. Raises InvalidRequest, RecordExists, ReferenceNotFound or RecordLimitReached.

        Output-only fields are set `by_hook` only.
        """
        changes = [self._creation(message, index) for index, message in enumerate(messages)]
        self._prepare_creates(changes, by_hook=by_hook)
        return self._apply(changes)

    def modify(self, modifications: Sequence[Modification[MessageT]], *, by_hook: bool = False) -> list[MessageT]:
        """Changes records; those that change nothing are answered as they are.

        Output-only fields change `by_hook` only. Raises InvalidRequest, RecordNotFound, RecordDeleted, StaleEtag,
        RecordExists, ReferenceNotFound or RecordLimitReached.
        """
        component = self.component
        allocated = component.key_allocation is not KeyAllocation.CLIENT
        keys = [component.key_of(modification.message) for modification in modifications]
        require_distinct(key for key in keys if any(key))
        changes = []
        for index, (key, modification) in enumerate(zip(keys, modifications, strict=True)):
            with self._reader.placed(index):
                if not (modification.allow_missing and allocated and not any(key)):
                    require_key(component, key, in_record=True)
                changes.append(self._modification(key, modification, index, by_hook=by_hook))
        self._prepare_creates([change for change in changes if change.operation is Operation.CREATE], by_hook=by_hook)
        return self._apply(changes)

    def remove(self, removals: Sequence[Removal]) -> list[MessageT]:
        """Deletes records and answers them as they are left, or as they were where nothing is.

        Those that were missing and may be are left out. Raises InvalidRequest, RecordNotFound, StaleEtag or
        RecordInUse.
        """
        changes = []
        require_distinct(removal.key for removal in removals)
        for index, removal in enumerate(removals):
            with self._reader.placed(index):
                require_key(self.component, removal.key)
                current = self._reader.fetch(removal.key)
                if current is None or current.deleted:
                    if removal.allow_missing:
                        continue
                    raise self._reader.not_found(removal.key, current)
                self._reader.require_etag(removal.key, current, removal.etag)
                after = copy_of(current.message) if self.component.soft_delete else None
                changes.append(self._change(Operation.DELETE, removal.key, current.message, after, index))
        return self._apply(changes)

    def restore(self, removal: Removal, given: MessageT | None = None) -> MessageT:
        """Undeletes a record, as it was when it was deleted, or with the data fields that are `given`.

        Raises RecordNotFound, RecordNotDeleted, StaleEtag, RecordExists, ReferenceNotFound or RecordLimitReached; also
        InvalidRequest for what is given.
        """
        require_key(self.component, removal.key)
        current = self._reader.fetch(removal.key)
        if current is None:
            raise self._reader.not_found(removal.key, current)
        if not current.deleted:
            text = f"the record {key_text(removal.key)} is not deleted"
            raise RecordNotDeleted(self.component.name, key_text(removal.key), text)
        self._reader.require_etag(removal.key, current, removal.etag)
        self._require_room(1)
        after = copy_of(current.message)
        if given is not None:
            masks.apply(given, after, self.component.data_fields)
            require_unchanged(self.component, current.message, after)
        return self._apply([self._change(Operation.UNDELETE, removal.key, current.message, after)])[0]

    def require_etag(self, key: Key, etag: str) -> None:
        """Raises StaleEtag where there is a record, and this is not its etag."""
        current = self._reader.fetch(key)
        if current is not None:
            self._reader.require_etag(key, current, etag)

    def read_current(self, key: Key) -> Current[MessageT] | None:
        """The record as the database has it, deleted or not."""
        return self._reader.fetch(key)

    def create_again(self, message: MessageT) -> MessageT:
        """Creates a record that was there before, under the key that it had."""
        return self.create_kept([message])[0]

    def create_kept(self, messages: Sequence[MessageT]) -> list[MessageT]:
        """Creates records that were here before, or elsewhere, under the keys that they had and without defaults.

        Raises what `create_all` does. No key is given again by the server.
        """
        component, changes = self.component, []
        for index, message in enumerate(messages):
            kept: Any = copy_of(message)
            self._stored.rules.round_times(kept)
            change = self._change(Operation.CREATE, component.key_of(kept), None, kept, index)
            changes.append(change)
            with self._reader.placed(index):
                require_key(component, change.key, in_record=True)
        if changes and component.key_allocation is KeyAllocation.SEQUENCE:
            highest = max(int(change.key[0]) for change in changes)
            self._writing().keep_keys(self._stored.sequence, highest, of_tenant=component.multi_tenant)
        self._require_room(len(changes))
        return self._apply(changes)

    # The way of a change.

    @classmethod
    def innermost(cls, change: Change[Any]) -> None:
        """The step behind all hooks: settles what they made of the record, and writes it."""
        change.transaction.repository(cls).hooks().write_settled(change)

    def _apply(self, changes: list[Change[Any]]) -> list[MessageT]:
        """Validates and runs the changes, each behind its hooks; those without hooks go to the database together."""
        if wanted := [change for change in changes if not _is_noop(change)]:
            try:
                self._write(wanted)
            except StoreError as error:
                name_refused(error, changes)
                raise
        return [change.outcome() for change in changes]

    def _write(self, changes: list[Change[Any]]) -> None:
        require_reason(self.component, self._writing().call)
        require_valid(
            self._stored.rules,
            {c.index: c.after_message for c in changes if c.after_message is not None and _says_something_new(c)},
        )
        with self._writing().part():
            for operation, group in groupby(changes, key=_operation_of):
                self.hooks().run(operation, list(group))

    def hooks(self) -> HookRunner:
        """The way through the hooks to the row."""
        transaction = self._writing()
        return HookRunner(self._stored, RowWriter(self._stored, transaction))

    def _lister(self) -> RecordLister[MessageT]:
        return RecordLister(self._stored, self._transaction)

    def _writing(self) -> Transaction:
        if not isinstance(self._transaction, Transaction):
            raise TypeError("this transaction only reads")
        return self._transaction

    def _modification(
        self, key: Key, modification: Modification[MessageT], index: int, *, by_hook: bool
    ) -> Change[Any]:
        component, message = self.component, modification.message
        fields = masks.changed_fields(component, message, modification.mask, by_hook=by_hook)
        current: Current[MessageT] | None = self._reader.fetch(key) if any(key) else None
        if current is None:
            if not modification.allow_missing or (any(key) and component.key_allocation is not KeyAllocation.CLIENT):
                raise self._reader.not_found(key, current)
            self._require_no_etag(key, message)
            return self._creation(message, index)
        if current.deleted:
            text = f"the record {key_text(key)} is deleted; undelete it first"
            raise RecordDeleted(component.name, key_text(key), text)
        if "etag" in component.standard_fields:
            self._reader.require_etag(key, current, getattr(message, "etag"))  # noqa: B009  # declared by the component
        after = copy_of(current.message)
        masks.apply(message, after, fields)
        self._stored.rules.round_times(after)
        require_unchanged(component, current.message, after)
        return self._change(Operation.UPDATE, key, current.message, after, index)

    def _require_no_etag(self, key: Key, message: Any) -> None:
        """Raises StaleEtag where an upsert means a record that it has read, and that is gone (AIP-154)."""
        if "etag" in self.component.standard_fields and message.etag:
            text = f"the record {key_text(key)} is gone, which had the etag {message.etag}; leave it out to create one"
            raise StaleEtag(self.component.name, key_text(key), text, etag="")

    def _creation(self, message: MessageT, index: int) -> Change[Any]:
        """A create whose key is still to be settled."""
        return Change(self._writing(), self.component, Operation.CREATE, (), None, copy_of(message), index=index)

    def _change(
        self, operation: Operation, key: Key, before: Message | None, after: Message | None, index: int = 0
    ) -> Change[Any]:
        return Change(self._writing(), self.component, operation, key, before, after, index=index)

    def _prepare_creates(self, changes: Sequence[Change[Any]], *, by_hook: bool) -> None:
        """Clears what is the server's to say, fills in defaults, and settles the keys."""
        if not changes:
            return
        messages: list[Any] = [change.after_message for change in changes]
        prepare_new(self.component, messages, by_hook=by_hook)
        for message in messages:
            self._stored.rules.round_times(message)
        assign_keys(self.component, self._stored.sequence, messages, self._writing())
        for change, message in zip(changes, messages, strict=True):
            change.key = self.component.key_of(message)
        self._require_room(len(messages))

    def _require_room(self, count: int) -> None:
        limit = self.component.max_records
        if not limit:
            return
        row = self._transaction.session.fetch_one(self._stored.statements.count_live, [limit])
        if row is not None and row[0] + count > limit:
            raise RecordLimitReached(
                f"{self.component.name} may have {limit} records and has {row[0]}; delete some first",
                metadata={"component": self.component.name, "max_records": str(limit)},
            )

    def _record(self, message: MessageT) -> RecordT:
        record: RecordT = self.component.record.from_message(message)
        return record


def _is_noop(change: Change[Any]) -> bool:
    return change.operation is Operation.UPDATE and change.changes_nothing()


def _says_something_new(change: Change[Any]) -> bool:
    # A delete, and most undeletes, leave a record as it was found valid before.
    return change.operation in _GIVEN or not change.changes_nothing()
