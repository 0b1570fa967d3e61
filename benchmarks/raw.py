"""Raw SQLite: the rows that BatchCreate writes, written by executemany without any server.

It goes on in a copy of the database that Toolcrib has filled, so that tables, indexes, sizes and rows are the same: per
transaction one row of toolcrib_transaction, and for each record its own and its audit entry.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.operations import BATCH_SIZE

Row = tuple[Any, ...]

_TRANSACTIONS, _RECORDS, _AUDIT = "toolcrib_transaction", "machine_cycle", "toolcrib_audit"
_TABLES = (_TRANSACTIONS, _RECORDS, _AUDIT)


class RawDatabase:
    """The copy, and the rows that are written to it again and again under new keys."""

    def __init__(self, filled: Path, copy: Path) -> None:
        with closing(sqlite3.connect(filled)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        self._connection = sqlite3.connect(copy, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._inserts = {table: self._insert(table) for table in _TABLES}
        self._batches = self._shifted(self._stored())

    def close(self) -> None:
        """Closes the copy."""
        self._connection.close()

    def rows_per_s(self, seconds: float) -> float:
        """Writes transactions for about `seconds`; only the database's part of it counts."""
        execute, executemany = self._connection.execute, self._connection.executemany
        rows, spent_s = 0, 0.0
        while spent_s < seconds:
            batch = next(self._batches)
            start = perf_counter()
            execute("BEGIN IMMEDIATE")
            for table in _TABLES:
                executemany(self._inserts[table], batch[table])
            execute("COMMIT")
            spent_s += perf_counter() - start
            rows += len(batch[_RECORDS])
        return rows / spent_s

    def _insert(self, table: str) -> str:
        places = ", ".join("?" * len(self._columns(table)))
        return f"INSERT INTO {table} VALUES ({places})"

    def _columns(self, table: str) -> list[str]:
        return [row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")]

    def _stored(self) -> dict[str, list[dict[str, Any]]]:
        return {
            table: [
                dict(zip(self._columns(table), row, strict=True))
                for row in self._connection.execute(f"SELECT * FROM {table} ORDER BY 1")
            ]
            for table in _TABLES
        }

    def _shifted(self, stored: dict[str, list[dict[str, Any]]]) -> Iterator[dict[str, list[Row]]]:
        """Transactions of BATCH_SIZE records without end, each behind the last in keys and revisions."""
        transactions, records, audit = (stored[table] for table in _TABLES)
        revision, key = len(transactions), len(records)
        while True:
            for first in range(0, len(records), BATCH_SIZE):
                revision += 1
                these = slice(first, first + BATCH_SIZE)
                keys = range(key + 1, key + 1 + len(records[these]))
                key = keys[-1]
                yield {
                    _TRANSACTIONS: [_with(transactions[0], revision=revision)],
                    _RECORDS: [
                        _with(row, id=number, toolcrib_revision=revision)
                        for row, number in zip(records[these], keys, strict=True)
                    ],
                    _AUDIT: [
                        _with(row, revision=revision, record_key=str(number))
                        for row, number in zip(audit[these], keys, strict=True)
                    ],
                }


def _with(row: dict[str, Any], **changed: Any) -> Row:
    return tuple({**row, **changed}.values())
