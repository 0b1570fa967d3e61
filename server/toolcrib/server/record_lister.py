"""Reads many records: pages of those that a caller selects, in the order that it wants, and their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from toolcrib.query.v1.query_pb2 import Plan
from toolcrib.server import masks
from toolcrib.server.include import fill_in, parse_include, relations_in, with_included
from toolcrib.server.paging import fill_page
from toolcrib.server.paging import page_size as effective_page_size
from toolcrib.server.past import require_all_versions, revision_meant, scopes_of
from toolcrib.server.query.check import check
from toolcrib.server.query.explain import Visited, plan_in_words
from toolcrib.server.query.messages import read_message
from toolcrib.server.query.order import SortKey, parse_order
from toolcrib.server.query.parser import parse
from toolcrib.server.query.plans import PageShape
from toolcrib.server.query.positions import from_json, to_json
from toolcrib.server.query.shape import EVERYTHING, Checked
from toolcrib.server.relations import Shown
from toolcrib.server.requests import Counted, Page, Selection
from toolcrib.server.statements import Prepared
from toolcrib.server.store import Stored
from toolcrib.server.transaction import ReadTransaction

MessageT = TypeVar("MessageT", bound=Message)
Row = Sequence[Any]


class RecordLister(Generic[MessageT]):
    """Lists and counts one component's records in one transaction."""

    __slots__ = ("_component", "_session", "_statements", "_stored", "_transaction")

    def __init__(self, stored: Stored, transaction: ReadTransaction) -> None:
        self._stored = stored
        self._component = stored.component
        self._statements = stored.statements
        self._transaction = transaction
        self._session = transaction.session

    def page(
        self, selection: Selection, page_size: int, page_token: str, read_mask: Sequence[str], include: Sequence[str]
    ) -> Page[MessageT]:
        """Records in the order selected, going on behind the last one of the page that gave `page_token`."""
        masks.require_readable(self._component, read_mask)
        related = parse_include(self._stored, relations_in(self._stored, read_mask, include))
        size = effective_page_size(page_size)
        filtered, order = self._filter(selection), self._order(selection)
        bound = self._bound(selection)
        before = self._transaction.page_position(bound, page_token) if page_token else []
        # Pages of the past are of the revision that was meant at first, whatever is committed meanwhile.
        first = before.pop(0) if before and selection.as_of else None
        position = from_json(before, order, self._stored.fields) if before else []
        rows: list[Row] = []
        with self._session.snapshot():
            asked = self._asked(selection, filtered, first)
            revision = self._transaction.revision_read() if asked is None else asked
            # One more than asked for tells whether there is another page.
            statement, parameters = self._paged(filtered, order, position, size + 1, selection, asked)
            messages, more = fill_page(self._messages(self._session.iterate(statement, parameters), rows), size)
            if related:
                fill_in(self._transaction, self._stored, messages, related, Shown(selection.show_deleted, asked))
        kept = [] if asked is None else [asked]
        last = [*kept, *self._position(rows[len(messages) - 1], order)] if more else []
        next_page_token = self._transaction.page_token(bound, last) if more else ""
        if read_mask:
            mask = with_included(read_mask, include)
            messages = [masks.project(message, mask) for message in messages]
        return Page(messages, next_page_token, revision)

    def count(self, selection: Selection) -> Counted:
        """How many records are selected."""
        filtered = self._filter(selection)
        plan = self._statements.plans.count(filtered.shape, selection.show_deleted, selection.as_of is not None)
        with self._session.snapshot():
            asked = self._asked(selection, filtered)
            revision = self._transaction.revision_read() if asked is None else asked
            row = self._session.fetch_one(plan.statement, plan.parameters([*filtered.values, asked]))
        return Counted(row[0] if row else 0, revision)

    def explain(self, selection: Selection) -> Plan:
        """How the database lists what is selected."""
        filtered, order = self._filter(selection), self._order(selection)
        shape = PageShape(filtered.shape, order, None, selection.show_deleted, selection.as_of is not None)
        plan = self._statements.plans.page(shape)
        parameters = plan.parameters([*filtered.values, 1, self._asked(selection, filtered)])
        steps = self._session.explain(plan.statement, parameters)
        return plan_in_words(steps, self._visited, filters=filtered.shape != EVERYTHING)

    def _visited(self, table: str) -> Visited | None:
        stored = self._transaction.store.by_table(table)
        if stored is None:
            return None
        former = table != stored.table.name
        rows = "former versions" if former else "records"
        if stored is self._stored:
            return Visited(rows, self._component.key_fields, related=False, former=former)
        return Visited(f"{rows} of {stored.component.name}", stored.component.key_fields, related=True, former=former)

    def _filter(self, selection: Selection) -> Checked:
        fields = self._stored.fields
        text = check(parse(selection.filter), fields) if selection.filter else Checked()
        query = check(read_message(selection.query), fields) if selection.has_query else Checked()
        return text.and_(query)

    def _asked(self, selection: Selection, filtered: Checked, first: int | None = None) -> int | None:
        """The revision that is asked for, if one is: that of the `first` page, or what is meant.

        Raises RevisionTooOld where not all records are known of then.
        """
        if selection.as_of is None:
            return None
        scope = self._statements.scope
        revision = revision_meant(self._transaction, self._stored, selection.as_of) if first is None else first
        require_all_versions(self._transaction, [scope, *scopes_of(filtered.shape, scope)], revision)
        return revision

    def _order(self, selection: Selection) -> tuple[SortKey, ...]:
        if not selection.order_by:
            return self._statements.key_order
        return parse_order(selection.order_by, self._stored.fields, self._component.key_fields)

    def _bound(self, selection: Selection) -> tuple[Any, ...]:
        """All that a page token is bound to."""
        bound = (self._component.name, selection.show_deleted)
        query = selection.query.SerializeToString(deterministic=True).hex() if selection.has_query else ""
        asked = (selection.filter, query, selection.order_by)
        if selection.as_of is not None:
            revision, time = selection.as_of
            return (*bound, *asked, revision, time.seconds, time.nanos)
        return (*bound, *asked) if any(asked) else bound

    def _paged(
        self,
        filtered: Checked,
        order: tuple[SortKey, ...],
        position: Row,
        limit: int,
        selection: Selection,
        asked: int | None,
    ) -> tuple[Prepared, list[Any]]:
        if asked is None and filtered.shape == EVERYTHING and order == self._statements.key_order:
            return self._statements.list[selection.show_deleted, bool(position)], [*position, limit]
        unset = tuple(value is None for value in position) if position else None
        shape = PageShape(filtered.shape, order, unset, selection.show_deleted, asked is not None)
        plan = self._statements.plans.page(shape)
        return plan.statement, plan.parameters([*filtered.values, *position, limit, asked])

    def _messages(self, found: Iterable[Row], rows: list[Row]) -> Iterator[MessageT]:
        """The records, one after another; their rows are added to `rows`."""
        read, from_row = self._statements.reader.read, self._component.from_row
        for row in found:
            values = read(row)
            rows.append(values)
            yield from_row(values)

    def _position(self, row: Row, order: Sequence[SortKey]) -> list[Any]:
        columns = self._statements.columns
        return to_json([row[columns[key.name]] for key in order])
