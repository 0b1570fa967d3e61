"""Rows of a result of any size, through a temporary file: memory does not grow with them.

MariaDB and MySQL send a result as fast as it is read, and take no other question before its end.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from pymysql.cursors import SSCursor

# What is smaller stays in memory.
_MEMORY_BYTES = 8 << 20
_AT_ONCE = 200


def spooled(driver: Any, sql: str, parameters: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The rows that a SELECT finds; all of them are fetched before the first is given."""
    with tempfile.SpooledTemporaryFile(_MEMORY_BYTES) as file:
        pieces = 0
        with driver.cursor(SSCursor) as cursor:
            cursor.execute(sql, parameters)
            while rows := cursor.fetchmany(_AT_ONCE):
                pickle.dump(rows, file, pickle.HIGHEST_PROTOCOL)
                pieces += 1
        file.seek(0)
        for _ in range(pieces):
            # Written above, by this process.
            yield from pickle.load(file)  # noqa: S301
