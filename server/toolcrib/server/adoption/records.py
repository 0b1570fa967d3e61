"""Rows become records by the server's own writes: rules, unique values and references hold, and each is audited.

Many rows are one commit. Where one of them is refused the others are written all the same; it is told of and stays in
the table that it is in. A record that is there already is never changed: an import that was interrupted goes on where
it was, by the same command.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from toolcrib.server.adoption.drafts import ComponentDraft
from toolcrib.server.adoption.rows import Row, Rows
from toolcrib.server.answers import AnswerLimits
from toolcrib.server.call import ActorSource, Call, Caller
from toolcrib.server.errors import InvalidRequest, ReferenceNotFound, StartError, StorageError, StoreError
from toolcrib.server.masks import is_same
from toolcrib.server.repository import Repository
from toolcrib.server.settings import Settings
from toolcrib.server.store import Store
from toolcrib.server.transaction import Transaction
from toolcrib.server.workers import Workers

_ROWS_IN_COMMIT = 500
METHOD = "schema import"


@dataclass(slots=True)
class Imported:
    """What became of a table: how many records were created, how many were there already, and what stayed behind."""

    component: str
    table: str
    created: int = 0
    unchanged: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


class _ImportCall(Call):
    """The call that an import is, in somebody's name."""

    __slots__ = ("_who",)

    def __init__(self, actor: str, reason: str) -> None:
        super().__init__(METHOD)
        self._who = Caller(actor, ActorSource.DEFAULT, reason)

    def establish(self) -> Caller:
        """The one who runs the command."""
        return self._who


class RecordImport:
    """The import of the rows of `drafts` into a store that is open. Raises StartError where a component is missing."""

    def __init__(self, store: Store, drafts: Sequence[ComponentDraft], zone: tzinfo) -> None:
        self._store = store
        missing = [draft for draft in drafts if store.find(draft.full_name) is None]
        if missing:
            raise StartError(
                f"{missing[0].full_name}, made of the table {missing[0].table}, is not among the components; serve it "
                "again, or name the other tables with --table"
            )
        self._tables = [
            (draft.full_name, draft.table, Rows(draft, store[draft.full_name].component, zone))
            for draft in _in_order(drafts)
        ]

    def count(self, connection: Connection) -> int:
        """How many rows there are in all tables."""
        return sum(rows.count(connection) for _, _, rows in self._tables)

    def run(
        self, connection: Connection, settings: Settings, actor: str, reason: str, advance: Callable[[int], None]
    ) -> list[Imported]:
        """Writes all of them; `advance` is told of so many rows more. Raises StartError where the database fails."""
        return asyncio.run(self._run(connection, settings, _ImportCall(actor, reason), advance))

    async def _run(
        self, connection: Connection, settings: Settings, call: Call, advance: Callable[[int], None]
    ) -> list[Imported]:
        workers = Workers(
            self._store,
            reader_lanes=1,
            group_commit_max=1,
            queue_max=settings.queue_max,
            answer_limits=AnswerLimits(settings.request_id_hours, settings.request_ids_max),
            refusals_per_minute=settings.refusals_per_minute,
        )
        workers.start()
        try:
            return await self._import(_Writer(workers, self._store, call), connection, advance)
        except StorageError as error:
            raise StartError(
                f"{error.message}; what was imported before stays, run the command again to go on"
            ) from error
        finally:
            await workers.stop()

    async def _import(self, writer: _Writer, connection: Connection, advance: Callable[[int], None]) -> list[Imported]:
        found = []
        for component, table, rows in self._tables:
            its = Imported(component, table, left_out=rows.left_out)
            found.append(its)
            left = rows.read(connection)
            while batch := list(islice(left, _ROWS_IN_COMMIT)):
                its.problems += [(row.place, row.problem) for row in batch if row.message is None]
                await writer.write(its, rows.fields, [row for row in batch if row.message is not None])
                advance(len(batch))
        await writer.write_waiting()
        return found


class _Writer:
    """Writes rows; those that refer to what is not there yet wait until all others are written."""

    def __init__(self, workers: Workers, store: Store, call: Call) -> None:
        self._workers, self._store, self._call = workers, store, call
        self._waiting: list[tuple[Imported, Sequence[str], Row, str]] = []

    async def write(self, its: Imported, fields: Sequence[str], rows: Sequence[Row]) -> None:
        """Writes rows as one commit, or those that are refused alone."""
        kind = self._store.kinds[its.component]

        def work(transaction: Transaction) -> tuple[int, list[tuple[str, str]]]:
            return _create(transaction.repository(kind), fields, rows)

        try:
            created, conflicts = await self._workers.write(self._call, work)
        except StorageError:
            raise
        except StoreError as error:
            if len(rows) > 1:
                half = len(rows) // 2
                await self.write(its, fields, rows[:half])
                await self.write(its, fields, rows[half:])
            elif isinstance(error, ReferenceNotFound):
                self._waiting.append((its, fields, rows[0], _told(error)))
            else:
                its.problems.append((rows[0].place, _told(error)))
        else:
            its.created += created
            its.unchanged += len(rows) - created - len(conflicts)
            its.problems += conflicts

    async def write_waiting(self) -> None:
        """Tries those that wait again, as long as that lets any of them in."""
        before = -1
        while self._waiting and len(self._waiting) != before:
            waiting, self._waiting = self._waiting, []
            before = len(waiting)
            for its, fields, row, _ in waiting:
                await self.write(its, fields, [row])
        for its, _, row, problem in self._waiting:
            its.problems.append((row.place, problem))


def _create(
    repository: Repository[Any, Any], fields: Sequence[str], rows: Sequence[Row]
) -> tuple[int, list[tuple[str, str]]]:
    """Creates the records that are not there yet; answers how many, and those that are there and differ."""
    new, conflicts = [], []
    for row in rows:
        message: Any = row.message
        current = repository.read_current(repository.component.key_of(message))
        if current is None:
            new.append(message)
        elif current.deleted:
            conflicts.append((row.place, "is there already, and deleted"))
        elif differing := [name for name in fields if not is_same(current.message, message, name)]:
            conflicts.append((row.place, f"is there already, and differs in {', '.join(differing)}"))
    repository.create_kept(new)
    return len(new), conflicts


def _told(error: StoreError) -> str:
    if isinstance(error, InvalidRequest):
        return "; ".join(f"{violation.field} {violation.description}" for violation in error.violations)
    return error.message


def _in_order(drafts: Sequence[ComponentDraft]) -> Iterator[ComponentDraft]:
    """Those that are referred to before those that refer to them, as far as they go in no circle."""
    by_name = {draft.full_name: draft for draft in drafts}
    seen: set[str] = set()

    def visit(draft: ComponentDraft) -> Iterator[ComponentDraft]:
        if draft.full_name in seen:
            return
        seen.add(draft.full_name)
        for one in draft.fields:
            target = by_name.get(str(one.options.get("references", "")))
            if target is not None:
                yield from visit(target)
        yield draft

    for draft in drafts:
        yield from visit(draft)
