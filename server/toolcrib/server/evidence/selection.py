"""Which transactions and entries an excerpt of the audit shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import groupby

from toolcrib.server.chain_rows import ChainRow, Link, Segment
from toolcrib.server.changes import PRUNED
from toolcrib.server.columns import time_to_text
from toolcrib.server.evidence.lines import Entry, Transaction, segment_line, to_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """All conditions that are set must hold. Bounds of revisions include them, `end_time` (UTC, as all) does not."""

    component: str = ""
    record_key: str = ""
    actor: str = ""
    tenant: str = ""
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

    def commits(self, chain: Iterable[Link]) -> Iterator[Commit]:
        """A sound chain, commit by commit, and what of it is shown."""
        for _, group in groupby(chain, key=lambda each: each.revision):
            links = list(group)
            rows_kept = [row for row in links if isinstance(row, ChainRow)]
            if not rows_kept:
                yield Commit(links)
                continue
            transaction, entries = Transaction.of(rows_kept[0]), [Entry.of(row) for row in rows_kept[1:]]
            fits = self._fits(transaction)
            shown = [entry for entry in entries if fits and self._shows(entry)]
            is_shown = fits and (bool(shown) or not (self.component or self.record_key))
            # Without what was signed of rows that are gone nobody could verify the others.
            needed = (entry for entry in entries if entry.operation == PRUNED)
            valued = {entry.ordinal for entry in (*shown, *needed)}
            yield Commit(links, transaction if is_shown else None, shown, valued)

    def _fits(self, transaction: Transaction) -> bool:
        start = None if self.start_time is None else time_to_text(self.start_time)
        end = None if self.end_time is None else time_to_text(self.end_time)
        return (
            (not self.actor or transaction.actor == self.actor)
            # A transaction of a tenant has its entries, and those of what all share, and no others.
            and (not self.tenant or transaction.tenant == self.tenant)
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
    """What the chain has of one revision, pruned rows included; and the transaction and entries that are shown of it.

    `valued` are the ordinals of the entries whose values programs need, shown or not.
    """

    links: list[Link]
    transaction: Transaction | None = None
    entries: list[Entry] = field(default_factory=list)
    valued: set[int] = field(default_factory=set)

    def lines(self) -> Iterator[str]:
        """Its lines in chain.jsonl."""
        for each in self.links:
            if isinstance(each, Segment):
                yield segment_line(each)
            else:
                is_shown = self.transaction is not None if each.ordinal is None else each.ordinal in self.valued
                yield to_line(each, is_shown=is_shown)
