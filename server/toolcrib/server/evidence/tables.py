"""The rows that are shown as tables for people: CSV files that a spreadsheet opens."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Self, TextIO

from toolcrib.server.evidence.lines import Entry, Transaction
from toolcrib.server.evidence.wording import Messages, changes_of, operation_of, source_of

_TRANSACTIONS = (
    *("revision", "commit_time_utc", "actor", "actor_source", "reason", "method", "peer", "request_id"),
    *("refusal", "refused_calls", "entries", "tenant"),
)
_ENTRIES = ("revision", "ordinal", "component", "record_key", "operation", "changes", "tenant")
# A spreadsheet takes text that begins like this for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Tables:
    """transactions.csv and entries.csv in a folder, while they are written."""

    files = ("transactions.csv", "entries.csv")

    def __init__(self, folder: Path, messages: Messages) -> None:
        self._messages = messages
        self._transactions, self._entries = (_open(folder / name) for name in self.files)
        self._write_transaction = csv.writer(self._transactions).writerow
        self._write_entry = csv.writer(self._entries).writerow
        self._write_transaction(_TRANSACTIONS)
        self._write_entry(_ENTRIES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transactions.close()
        self._entries.close()

    def add(self, transaction: Transaction, entries: list[Entry]) -> None:
        """Adds a commit with those of its entries that are shown."""
        before, after = transaction[:3], transaction[4:]
        self._write_transaction([*map(_cell, before), source_of(transaction), *map(_cell, after)])
        for entry in entries:
            changes = "\n".join(changes_of(entry, self._messages))
            self._write_entry([*map(_cell, entry[:4]), operation_of(entry), _cell(changes), _cell(entry.tenant)])


def _open(path: Path) -> TextIO:
    # The mark tells spreadsheets that it is UTF-8.
    return path.open("w", encoding="utf-8-sig", newline="")


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
