"""A plain psycopg loop: inserts a record and its audit row in one transaction, on each of some connections.

Each connection has a process of its own, so that none waits for another's interpreter, and each statement is prepared.
The rows are those of Toolcrib, in copies of its tables with the same indexes. Run as a program: takes the URL of a
database that Toolcrib has filled, and answers each line, a round's seconds, with the commits per second.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import count, cycle
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from time import perf_counter
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Placeholder

from benchmarks.operations import PLAIN_CONNECTIONS

_SCHEMA, _RECORDS, _AUDIT = "plain", "machine_cycle", "toolcrib_audit"
# Behind all keys and revisions that Toolcrib has given.
_FIRST = 1_000_000_000
_WARM_UP_S = 0.3


def _copy(url: str) -> None:
    """Makes and fills the copies."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {_SCHEMA}")
        for table in (_RECORDS, _AUDIT):
            connection.execute(f"CREATE TABLE {_SCHEMA}.{table} (LIKE public.{table} INCLUDING ALL)")
            connection.execute(f"INSERT INTO {_SCHEMA}.{table} SELECT * FROM public.{table}")


class _Table:
    """A table's rows as they are stored, and the statement that inserts one."""

    def __init__(self, connection: psycopg.Connection, name: str) -> None:
        found = connection.execute(f"SELECT * FROM {_SCHEMA}.{name} LIMIT 1000")
        assert found.description is not None
        self.columns = [column.name for column in found.description]
        self.rows = cycle(found.fetchall())
        self.insert: Composed = SQL("INSERT INTO {} VALUES ({})").format(
            Identifier(_SCHEMA, name), SQL(", ").join([Placeholder()] * len(self.columns))
        )

    def row(self, **changed: Any) -> Sequence[Any]:
        """The next row, with some of its values changed."""
        return list({**dict(zip(self.columns, next(self.rows), strict=True)), **changed}.values())


def _transactions(records: _Table, audit: _Table, place: int) -> Iterator[tuple[Sequence[Any], Sequence[Any]]]:
    """A record and its audit row without end; those of all connections lie between each other."""
    for number in count(_FIRST + place, PLAIN_CONNECTIONS):
        record = records.row(id=number, toolcrib_revision=number)
        yield record, audit.row(revision=number, record_key=str(number))


def _work(url: str, place: int, pipe: Pipe) -> None:
    """One connection: runs a round for each number of seconds, and answers how many transactions it committed."""
    with psycopg.connect(url, autocommit=True, prepare_threshold=0) as connection:
        records, audit = _Table(connection, _RECORDS), _Table(connection, _AUDIT)
        rows, execute = _transactions(records, audit, place), connection.cursor().execute
        insert_record, insert_audit = (table.insert.as_string(connection).encode() for table in (records, audit))
        pipe.send("ready")
        while seconds := pipe.recv():
            commits, end = 0, perf_counter() + seconds
            while perf_counter() < end:
                record, entry = next(rows)
                execute("BEGIN")
                execute(insert_record, record)
                execute(insert_audit, entry)
                execute("COMMIT")
                commits += 1
            pipe.send(commits)


def _round(pipes: Sequence[Pipe], seconds: float) -> float:
    start = perf_counter()
    for pipe in pipes:
        pipe.send(seconds)
    commits: int = sum(pipe.recv() for pipe in pipes)
    return commits / (perf_counter() - start)


def main() -> None:
    """Runs the rounds that are asked for."""
    url = sys.argv[1]
    _copy(url)
    processes, pipes, context = [], [], get_context("spawn")
    for place in range(PLAIN_CONNECTIONS):
        here, there = context.Pipe()
        processes.append(context.Process(target=_work, args=(url, place, there), daemon=True))
        pipes.append(here)
        processes[-1].start()
    for pipe in pipes:
        pipe.recv()
    print("ready", flush=True)
    for line in sys.stdin:
        _round(pipes, _WARM_UP_S)
        print(_round(pipes, float(line)), flush=True)
    for pipe in pipes:
        pipe.send(None)
    for process in processes:
        process.join()


if __name__ == "__main__":
    main()
