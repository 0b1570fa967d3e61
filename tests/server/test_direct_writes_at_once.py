"""Writes past the server and through several servers at the same time, some of which are killed."""

from __future__ import annotations

import itertools
import random
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

import psycopg
import pytest

from support.chain import checked
from support.direct.mill import COMPONENTS, Mill, check_records, message, milling, stranger
from support.killable import nursery
from toolcrib.client import Aborted

pytestmark = pytest.mark.postgresql

RECORDS = 4
PATIENCE_S = 60.0


def count_by_sql(connection: psycopg.Connection, times: int, seed: int) -> int:
    """Adds 1 to `tries` of records, some at a time; answers how often."""
    chosen, done = random.Random(seed), 0
    for _ in range(times):
        keys = chosen.sample(range(1, RECORDS + 1), chosen.randint(1, 2))
        with suppress(psycopg.errors.DeadlockDetected), connection.transaction():
            for key in keys:
                connection.execute("UPDATE recipe SET tries = tries + 1 WHERE id = %s", [key])
            done += len(keys)
            if chosen.random() < 0.2:
                done -= len(keys)
                raise psycopg.Rollback
    return done


def count_by_server(recipes: Any, times: int, seed: int) -> int:
    """The same by read, compare and update."""
    chosen, done = random.Random(seed), 0
    while done < times:
        known = recipes.get(chosen.randint(1, RECORDS))
        known.tries += 1
        with suppress(Aborted):
            recipes.update(known, mask="tries")
            done += 1
    return done


def require_whole(mill: Mill, expected: int) -> None:
    """Raises AssertionError unless each change was audited once, behind the one that it came upon."""
    records: dict[str, list[Any]] = defaultdict(list)
    for entry in mill.entries():
        records[entry.record_key].append(entry)
    for its in records.values():
        for former, later in itertools.pairwise(its):
            assert former.after == later.before
    tries = sum(recipe.tries for recipe in mill.client("Recipe").list())
    assert (sum(len(its) - 1 for its in records.values()), tries) == (expected, expected)
    assert checked(mill.database).finding is None
    assert not check_records(mill.database)


def make_records(mill: Mill) -> None:
    """Makes those that are counted up."""
    for number in range(RECORDS):
        mill.client("Recipe").create(message("Recipe")(name=f"r{number}", tries=0))


def test_no_update_is_lost_between_two_servers_and_others(database: str) -> None:
    with milling(database) as one, milling(database) as other, ExitStack() as stack:
        make_records(one)
        strangers = [stack.enter_context(stranger(database, f"etl{n}")) for n in range(2)]
        with ThreadPoolExecutor(4) as pool:
            work = [pool.submit(count_by_sql, connection, 60, n) for n, connection in enumerate(strangers)]
            work += [pool.submit(count_by_server, mill.client("Recipe"), 30, n) for n, mill in enumerate((one, other))]
            expected = sum(each.result(PATIENCE_S) for each in work)
        require_whole(one, expected)


def test_a_server_may_be_killed_while_it_absorbs(database: str) -> None:
    with milling(database) as mill:
        make_records(mill)
    chosen, counted = random.Random(7), 0
    with stranger(database) as etl, nursery(COMPONENTS) as servers:
        for seed in range(6):
            counted += count_by_sql(etl, 30, seed)
            server = servers.serve(database)
            counted += count_by_sql(etl, 10, -seed)
            time.sleep(chosen.uniform(0.0, 0.1))
            server.kill()
    with milling(database) as mill:
        require_whole(mill, counted)


def test_a_large_transaction_is_one_revision_and_holds_nobody_up_for_long(database: str) -> None:
    with milling(database) as mill, stranger(database) as etl:
        recipes, recipe = mill.client("Recipe"), message("Recipe")
        etl.execute("INSERT INTO recipe (name) SELECT 'r' || n FROM generate_series(1, 2000) AS n")
        made = recipes.create(recipe(name="mine"))
        assert made.etag == "2"
        assert made.id == 2001
        assert checked(database).finding is None
