"""Any interleaving of writes by the server and by others' transactions, held to what each of them did by itself.

A model of three sessions keeps what each has changed, and at its commit hangs that behind what was committed before: of
one record, that is the order in which it was changed. The audit has to tell exactly that, each change once, each
beginning where the one before has ended; history, watches, chain and records have to agree with it.
"""

from __future__ import annotations

import itertools
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.chain import checked
from support.direct.mill import COMPONENTS, Mill, check_records, message, stranger, told
from support.lab import generated
from support.watching import check_stream, recording
from toolcrib.client import AuditClient, Crib, ToolcribError
from toolcrib.server.testing import new_database, serve

pytestmark = pytest.mark.postgresql

SESSIONS = 3
RECORDS = st.integers(0, 7)
# Exact in a double, and within the rules.
NUMBERS = (number / 1024 for number in itertools.count(1))
# Keys that no sequence comes to.
KEYS = itertools.count(10**9)

SERVER_STEPS = st.tuples(st.just("server"), st.sampled_from(["create", "update", "delete", "undelete"]), RECORDS)
SESSION_STEPS = st.tuples(
    st.integers(0, SESSIONS - 1),
    st.sampled_from(
        ["insert", "update", "delete", "bury", "revive", "rekey", "commit"] * 3
        + ["update_all", "copy", "same", "savepoint", "rollback_to", "rollback", "truncate"]
    ),
    RECORDS,
)


class Did(NamedTuple):
    """A change of a record: what the audit is to say of it."""

    operation: str
    speed: float | None
    actor: str


@dataclass
class Session:
    """Somebody's transaction, and what it has changed so far."""

    connection: psycopg.Connection
    role: str
    pending: list[tuple[int, Did]] = field(default_factory=list)
    savepoints: list[int] = field(default_factory=list)

    def note(self, key: int, operation: str, speed: float | None) -> None:
        self.pending.append((key, Did(operation, speed, self.role)))

    def end(self) -> None:
        self.pending, self.savepoints = [], []


class Run:
    """One example."""

    def __init__(self, mill: Mill, sessions: list[psycopg.Connection]) -> None:
        self.recipes = mill.client("Recipe")
        self.sessions = [Session(connection, f"etl{n}") for n, connection in enumerate(sessions)]
        self.keys: list[int] = []
        self.committed: dict[str, list[Did]] = defaultdict(list)

    def step(self, who: Any, action: str, record: int) -> None:
        if who == "server":
            with suppress(ToolcribError):
                getattr(self, f"server_{action}")(self.key(record))
            return
        session = self.sessions[who]
        try:
            getattr(self, action)(session, self.key(record))
        except psycopg.Error:
            # Somebody else has the record, or the name.
            self.rollback(session, 0)

    def key(self, record: int) -> int:
        return self.keys[record % len(self.keys)] if self.keys else 0

    # By the server.

    def server_create(self, _: int) -> None:
        number = next(NUMBERS)
        made = self.recipes.create(message("Recipe")(name=f"r{number}", speed_mm_s=number))
        self.keys.append(made.id)
        self.committed[str(made.id)].append(Did("CREATE", number, "ann"))

    def server_update(self, key: int) -> None:
        known, number = self.recipes.get(key), next(NUMBERS)
        known.speed_mm_s = number
        self.recipes.update(known, mask="speed_mm_s")
        self.committed[str(key)].append(Did("UPDATE", number, "ann"))

    def server_delete(self, key: int) -> None:
        gone = self.recipes.delete(key)
        self.committed[str(key)].append(Did("DELETE", gone.speed_mm_s, "ann"))

    def server_undelete(self, key: int) -> None:
        back = self.recipes.undelete(key)
        self.committed[str(key)].append(Did("UNDELETE", back.speed_mm_s, "ann"))

    # By others.

    def insert(self, session: Session, _: int) -> None:
        number = next(NUMBERS)
        sql = "INSERT INTO recipe (name, speed_mm_s) VALUES (%s, %s) RETURNING id"
        (key,) = session.connection.execute(sql, [f"r{number}", number]).fetchone() or ()
        self.keys.append(key)
        session.note(key, "CREATE", number)

    def copy(self, session: Session, _: int) -> None:
        made = [(next(KEYS), next(NUMBERS)) for _ in range(3)]
        with (
            session.connection.cursor() as cursor,
            cursor.copy("COPY recipe (id, name, speed_mm_s) FROM STDIN") as copy,
        ):
            for key, number in made:
                copy.write_row((key, f"r{number}", number))
        for key, number in made:
            self.keys.append(key)
            session.note(key, "CREATE", number)

    def update(self, session: Session, key: int, where: str = "WHERE id = %s") -> None:
        number = next(NUMBERS)
        sql = f"UPDATE recipe SET speed_mm_s = %s {where} RETURNING id, delete_time IS NOT NULL"
        for found, deleted in session.connection.execute(sql, [number, *([key] if where else [])]).fetchall():
            for operation in ("UNDELETE", "DELETE") if deleted else ("UPDATE",):
                session.note(found, operation, number)

    def update_all(self, session: Session, key: int) -> None:
        self.update(session, key, where="")

    def same(self, session: Session, key: int) -> None:
        session.connection.execute("UPDATE recipe SET name = name WHERE id = %s", [key])

    def delete(self, session: Session, key: int) -> None:
        sql = "DELETE FROM recipe WHERE id = %s RETURNING id, speed_mm_s, delete_time IS NOT NULL"
        self._gone(session, session.connection.execute(sql, [key]).fetchall())

    def truncate(self, session: Session, _: int) -> None:
        session.connection.execute("LOCK TABLE recipe IN ACCESS EXCLUSIVE MODE")
        rows = session.connection.execute("SELECT id, speed_mm_s, delete_time IS NOT NULL FROM recipe").fetchall()
        session.connection.execute("TRUNCATE recipe")
        self._gone(session, rows)

    def _gone(self, session: Session, rows: list[Any]) -> None:
        for key, speed, deleted in rows:
            if deleted:
                session.note(key, "UNDELETE", speed)
            session.note(key, "DELETE", None)

    def bury(self, session: Session, key: int) -> None:
        sql = "UPDATE recipe SET delete_time = now() WHERE id = %s AND delete_time IS NULL RETURNING speed_mm_s"
        for (speed,) in session.connection.execute(sql, [key]).fetchall():
            session.note(key, "DELETE", speed)

    def revive(self, session: Session, key: int) -> None:
        sql = "UPDATE recipe SET delete_time = NULL WHERE id = %s AND delete_time IS NOT NULL RETURNING speed_mm_s"
        for (speed,) in session.connection.execute(sql, [key]).fetchall():
            session.note(key, "UNDELETE", speed)

    def rekey(self, session: Session, key: int) -> None:
        new = next(KEYS)
        sql = "UPDATE recipe SET id = %s WHERE id = %s RETURNING speed_mm_s, delete_time IS NOT NULL"
        for speed, deleted in session.connection.execute(sql, [new, key]).fetchall():
            self._gone(session, [(key, speed, deleted)])
            self.keys.append(new)
            for operation in ("CREATE", "DELETE") if deleted else ("CREATE",):
                session.note(new, operation, speed)

    def savepoint(self, session: Session, _: int) -> None:
        session.connection.execute(f"SAVEPOINT s{len(session.savepoints)}")
        session.savepoints.append(len(session.pending))

    def rollback_to(self, session: Session, _: int) -> None:
        if session.savepoints:
            del session.pending[session.savepoints.pop() :]
            session.connection.execute(f"ROLLBACK TO s{len(session.savepoints)}")

    def commit(self, session: Session, _: int) -> None:
        session.connection.commit()
        for key, did in session.pending:
            self.committed[str(key)].append(did)
        session.end()

    def rollback(self, session: Session, _: int) -> None:
        session.connection.rollback()
        session.end()


@pytest.fixture(scope="module")
def mill() -> Iterator[Mill]:
    with (
        new_database() as database,
        serve(COMPONENTS, database=database, busy_timeout_s=0.1) as server,
        Crib.connect(server.address, actor="ann", retry_writes=False) as crib,
    ):
        yield Mill(crib, database, server.address)


@pytest.fixture(scope="module")
def sessions(mill: Mill) -> Iterator[list[psycopg.Connection]]:
    with ExitStack() as stack:
        found = [stack.enter_context(stranger(mill.database, f"etl{n}")) for n in range(SESSIONS)]
        for connection in found:
            connection.execute("SET lock_timeout = '20ms'")
            connection.autocommit = False
        yield found


@settings(
    max_examples=int(os.environ.get("MODEL_EXAMPLES", "20")), deadline=None, suppress_health_check=list(HealthCheck)
)
@given(script=st.lists(SERVER_STEPS | SESSION_STEPS, min_size=5, max_size=40))
def test_the_audit_tells_what_was_committed_in_its_order(
    mill: Mill, sessions: list[psycopg.Connection], script: list[Any]
) -> None:
    for connection in sessions:
        connection.rollback()
    with psycopg.connect(mill.database, user="etl0") as connection:
        connection.execute("TRUNCATE recipe")
    mill.settle()
    begun = AuditClient(mill.crib).page().revision
    service = generated("press.v1.recipe_service_pb2", "WatchRecipesRequest", COMPONENTS)
    watch = generated("press.v1.recipe_service_pb2_grpc", "RecipeServiceStub", COMPONENTS)(mill.crib.channel)
    with recording(watch.WatchRecipes, service(include_previous=True)) as stream:
        stream.live()
        run = Run(mill, sessions)
        for step in script:
            run.step(*step)
        for session in run.sessions:
            run.commit(session, 0)
        # Nothing that was committed goes behind it.
        run.server_create(0)
        entries = [entry for entry in mill.entries() if entry.revision > begun]
        stream.until(entries[-1].revision)
        check_stream(stream.messages, entries, lambda _: True)
    records: dict[str, list[Any]] = defaultdict(list)
    for entry in entries:
        records[entry.record_key].append(entry)
    assert {key: [_did(entry) for entry in its] for key, its in records.items()} == run.committed
    for its in records.values():
        assert not its[0].HasField("before")
        for former, later in itertools.pairwise(its):
            assert former.after == later.before
    for revision in sorted({entry.revision for entry in entries})[-10:]:
        listed = {str(recipe.id): recipe for recipe in run.recipes.list(as_of=revision, page_size=1000)}
        assert listed == _state(entries, revision)
    assert checked(mill.database).finding is None
    assert not check_records(mill.database)


def _did(entry: Any) -> Did:
    speed = message("Recipe").FromString(entry.after.value).speed_mm_s if entry.HasField("after") else None
    return Did(told(entry).operation, speed, entry.actor)


def _state(entries: list[Any], revision: int) -> dict[str, Any]:
    """The records that were there at a revision, by the audit."""
    state: dict[str, Any] = {}
    for entry in entries:
        if entry.revision <= revision:
            state.pop(entry.record_key, None)
            if entry.HasField("after") and told(entry).operation != "DELETE":
                state[entry.record_key] = message("Recipe").FromString(entry.after.value)
    return state
