"""Which transactions and entries an excerpt of the audit shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby

from toolcrib.server.chain_rows import ChainRow
from toolcrib.server.columns import time_to_text
from toolcrib.server.evidence.lines import Entry, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """All conditions that are set must hold. Bounds of revisions include them, `end_time` (UTC, as all) does not."""

    component: str = ""
    record_key: str = ""
    actor: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None
    start_revision: int = 0
    end_revision: int = 0

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self == Selection()

    def described(self) -> dict[str, str]:
        """The conditions that are set, for people and programs."""
        values = {name: value for name, value in asdict(self).items() if value}
        return {name: time_to_text(v) if isinstance(v, datetime) else str(v) for name, v in values.items()}

    def commits(self, rows: Iterable[ChainRow]) -> Iterator[Commit]:
        """The rows of a sound chain, commit by commit, and which of them are shown."""
        for _, group in groupby(rows, key=lambda row: row.revision):
            transaction, *entries = group
            values = Transaction.of(transaction)
            fits = self._fits(values)
            shown = {row.ordinal for row in entries if fits and self._shows(Entry.of(row))}
            of_records = bool(self.component or self.record_key)
            yield Commit(transaction, entries, fits and (bool(shown) or not of_records), shown)

    def _fits(self, transaction: Transaction) -> bool:
        start = None if self.start_time is None else time_to_text(self.start_time)
        end = None if self.end_time is None else time_to_text(self.end_time)
        return (
            (not self.actor or transaction.actor == self.actor)
            and (start is None or transaction.commit_time >= start)
            and (end is None or transaction.commit_time < end)
            and transaction.revision >= self.start_revision
            and (not self.end_revision or transaction.revision <= self.end_revision)
        )

    def _shows(self, entry: Entry) -> bool:
        return (not self.component or entry.component == self.component) and (
            not self.record_key or entry.record_key == self.record_key
        )


@dataclass(frozen=True, slots=True)
class Commit:
    """The rows of one revision. `shown` are the ordinals of the entries that an excerpt shows."""

    transaction: ChainRow
    entries: list[ChainRow]
    is_shown: bool
    shown: set[int | None]

    def shown_entries(self) -> list[Entry]:
        """Those entries."""
        return [Entry.of(row) for row in self.entries if row.ordinal in self.shown]
