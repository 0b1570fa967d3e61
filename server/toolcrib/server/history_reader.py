"""Answers what is asked of the history of records, in the messages of a component's service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from google.protobuf.message import Message

from toolcrib.server.component import key_text
from toolcrib.server.errors import InvalidRequest, RecordNotFound
from toolcrib.server.keys import require_key
from toolcrib.server.paging import fill_page
from toolcrib.server.paging import page_size as effective_page_size
from toolcrib.server.requests import Comparison, Page, RevisionsRequest
from toolcrib.server.revisions import RecordHistory, State, Version
from toolcrib.server.store import Stored
from toolcrib.server.transaction import ReadTransaction
from toolcrib.server.values import datetime_to_timestamp

MessageT = TypeVar("MessageT", bound=Message)


class HistoryReader:
    """Reads the history of one component's records in one transaction."""

    __slots__ = ("_component", "_history", "_session", "_transaction")

    def __init__(self, stored: Stored, transaction: ReadTransaction) -> None:
        self._component = stored.component
        self._history = RecordHistory(transaction, stored.component)
        self._transaction = transaction
        self._session = transaction.session

    def revisions(self, request: RevisionsRequest, message: type[MessageT]) -> Page[MessageT]:
        """The versions of a record, deleted or not, that are kept. Raises RecordNotFound where there never was one."""
        require_key(self._component, request.key)
        size = effective_page_size(request.page_size)
        bound = (self._component.name, "revisions", key_text(request.key), request.oldest_first)
        behind = self._transaction.page_position(bound, request.page_token)[0] if request.page_token else None
        with self._session.snapshot():
            revision = self._transaction.revision_read()
            versions = self._history.versions(request.key, behind, oldest_first=request.oldest_first)
            placed = self._placed(versions, behind, message, oldest_first=request.oldest_first)
            found, more = fill_page(placed, size)
            if not found and behind is None and not self._history.knows(request.key):
                raise self._never_was(key_text(request.key))
        last: Any = found[-1] if more else None
        return Page(found, self._transaction.page_token(bound, [last.revision]) if more else "", revision)

    def difference(self, key: tuple[int | str, ...], comparison: Comparison, message: type[MessageT]) -> MessageT:
        """What differs in a record between two revisions."""
        require_key(self._component, key)
        with self._session.snapshot():
            start, end = self._bounds(comparison)
            before, after = (self._history.state_at(key, revision) for revision in (start, end))
        return self._compared(before, after, message)

    def differences(
        self, comparison: Comparison, page_size: int, page_token: str, message: type[MessageT]
    ) -> Page[MessageT]:
        """All records that differ between two revisions, with what differs in them."""
        size = effective_page_size(page_size)
        bound = (self._component.name, "differences", *comparison)
        # The key behind which to go on, and the revision that "now" meant at first.
        behind, newest = self._transaction.page_position(bound, page_token) if page_token else ("", 0)
        keys: list[str] = []
        with self._session.snapshot():
            start, end = self._bounds(comparison)
            end = newest or end

            def compared() -> Iterator[MessageT]:
                for key, before, after in self._history.differences(start, end, behind):
                    keys.append(key)
                    yield self._compared(before, after, message)

            found, more = fill_page(compared(), size)
        return Page(found, self._transaction.page_token(bound, [keys[len(found) - 1], end]) if more else "", end)

    def _never_was(self, key: str) -> RecordNotFound:
        pruned_until = self._history.pruned_until()
        text = f"there never was a record {key}"
        if pruned_until:
            text = (
                f"there is no record {key}, and of one that was deleted until revision {pruned_until} nothing is kept"
            )
        return RecordNotFound(self._component.name, key, text, deleted="false")

    def _placed(
        self, versions: Iterator[Version], behind: int | None, message: type[MessageT], *, oldest_first: bool
    ) -> Iterator[MessageT]:
        """Messages of versions, each with the revisions of those before and after it."""
        neighbour = behind or 0
        version = next(versions, None)
        while version is not None:
            following = next(versions, None)
            other = 0 if following is None else following.revision
            previous, after = (neighbour, other) if oldest_first else (other, neighbour)
            yield self._revision(version, previous, after, message)
            neighbour, version = version.revision, following

    def _revision(self, version: Version, previous: int, following: int, message: type[MessageT]) -> MessageT:
        row, fields = version.row, self._history.changed_fields(version.before, version.after)
        answer: Any = message()
        for name in ("revision", "actor", "actor_source", "reason", "method"):
            setattr(answer, name, getattr(row, name))
        answer.operation = int(version.operation)
        answer.commit_time.CopyFrom(datetime_to_timestamp(row.commit_time))
        answer.previous_revision, answer.next_revision = previous, following
        _set_sides(answer, version.before, version.after, fields)
        return answer  # type: ignore[no-any-return]  # of the type that was asked for

    def _compared(self, before: State | None, after: State | None, message: type[MessageT]) -> MessageT:
        one, other = (None if state is None or state.deleted else state.message for state in (before, after))
        answer = message()
        _set_sides(answer, one, other, self._history.changed_fields(one, other))
        return answer

    def _bounds(self, comparison: Comparison) -> tuple[int, int]:
        newest = self._transaction.revision_read()
        start, end = comparison.start_revision, comparison.end_revision or newest
        if not 0 <= start <= end <= newest:
            text = f"{start} to {end} is no part of the revisions from 0 to {newest}"
            raise InvalidRequest.field("INVALID_REVISION", "start_revision", text)
        return start, end


def _set_sides(answer: Any, before: Message | None, after: Message | None, changed_fields: Any) -> None:
    if before is not None:
        answer.before.CopyFrom(before)
    if after is not None:
        answer.after.CopyFrom(after)
    answer.changed_fields.paths.extend(changed_fields)
