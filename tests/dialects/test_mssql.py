"""SQL Server: connections and reads over its protocol, against a peer that answers SELECTs, and what errors mean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytds
import pytest
from pytds.tds_session import _TdsSession
from sqlalchemy import inspect

from support.command import toolcrib
from support.dialects.bridge import Bridge, bridge
from support.dialects.told import EXAMPLES
from toolcrib.server.database import Database
from toolcrib.server.databases import mssql_errors
from toolcrib.server.databases.choice import backend_for
from toolcrib.server.databases.limits import Limits
from toolcrib.server.databases.mssql import SqlServer
from toolcrib.server.errors import (
    ConnectionLost,
    DatabaseUnavailable,
    DiskFull,
    InvalidRequest,
    StartError,
    StorageError,
    Unsupported,
    WriteConflict,
)
from toolcrib.server.exact_text import END, from_ended, to_ended
from toolcrib.server.hooks import Application
from toolcrib.server.loading import import_components
from toolcrib.server.query.check import check
from toolcrib.server.query.order import SortKey, parse_order
from toolcrib.server.query.parser import parse
from toolcrib.server.query.plans import PageShape
from toolcrib.server.query.shape import EVERYTHING
from toolcrib.server.schema.indexes import stored_indexes
from toolcrib.server.session import Session
from toolcrib.server.store import Store, Stored

RECIPES = [
    {"id": 1, "name": "Bracket", "speed_mm_s": 1.5, "spindle_rpm": 9000, "coolant": 2, "approved": 1},
    {"id": 2, "name": "Anvil", "speed_mm_s": 40.25, "spindle_rpm": None, "coolant": 1, "approved": 0},
    {"id": 3, "name": "Anvil ", "speed_mm_s": 2.0, "spindle_rpm": 500, "coolant": 2, "approved": 1},
    {"id": 4, "name": "Äxle", "speed_mm_s": 7.0, "spindle_rpm": 500, "coolant": 0, "approved": 0},
]
TIMES = {"create_time": None, "update_time": None, "delete_time": None, "toolcrib_revision": 7}
TABLES: dict[str, list[dict[str, object]]] = {
    "toolcrib_meta": [{"name": to_ended("layout_version"), "value": "5"}],
    "toolcrib_sequence": [
        {"name": to_ended("revision"), "last_value": 7},
        {"name": to_ended("key:r"), "last_value": 3},
    ],
    "toolcrib_schema": [{"version": 1}],
    "toolcrib_transaction": [{"revision": 7}],
    "recipe": [{**recipe, "name": to_ended(str(recipe["name"])), **TIMES} for recipe in RECIPES],
}


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    with bridge(tmp_path_factory.mktemp("bridge"), TABLES) as running:
        yield running


@pytest.fixture
def backend(peer: Bridge) -> Iterator[SqlServer]:
    with_pool = backend_for(peer.url(), Limits(connect_timeout_s=5))
    assert isinstance(with_pool, SqlServer)
    yield with_pool
    with_pool.close()


@pytest.fixture
def session(backend: SqlServer) -> Iterator[Session]:
    opened = backend.session(read_only=True, waits=True)
    yield opened
    opened.close()


@pytest.fixture
def recipes(peer: Bridge) -> Stored:
    repositories = [generated.repository for generated in import_components(EXAMPLES)]
    return Store(Database(peer.url()), repositories, Application())["plant.recipes.v1.Recipe"]


def test_it_is_connected_to_and_read(session: Session, recipes: Stored) -> None:
    row = session.fetch_one(recipes.statements.get, [3])
    assert row is not None
    assert recipes.statements.reader.read(row)[:6] == [3, "Anvil ", 2.0, 500, 2, True]


@pytest.mark.parametrize(
    ("text", "order", "found"),
    [
        ("", "", [1, 2, 3, 4]),
        ("", "id desc", [4, 3, 2, 1]),
        ("", "spindle_rpm", [3, 4, 1, 2]),
        ("", "spindle_rpm desc", [2, 1, 3, 4]),
        ("id > 1 AND id <= 3", "", [2, 3]),
        ("id in (1, 4)", "", [1, 4]),
        ("NOT id in (1, 4)", "", [2, 3]),
        ("spindle_rpm = null", "", [2]),
        ("NOT spindle_rpm = 500", "", [1, 2]),
        ("speed_mm_s > 1.5", "", [2, 3, 4]),
        ("approved = true AND coolant = COOLANT_MIST", "", [1, 3]),
        ('name = "Anvil"', "", [2]),
        ('name = "Anvil "', "", [3]),
        ('name = "Anvil*"', "", [2, 3]),
    ],
)
def test_filters_and_orders_find_the_records(
    session: Session, recipes: Stored, text: str, order: str, found: list[int]
) -> None:
    assert list(pages(session, recipes, text, order, 100)) == found
    # A page at a time it is the same.
    assert list(pages(session, recipes, text, order, 1)) == found


def pages(session: Session, stored: Stored, text: str, order: str, size: int) -> Iterator[int]:
    """The keys of the records that are found, read in pages of so many."""
    checked = check(parse(text), stored.fields) if text else None
    keys = parse_order(order, stored.fields, stored.component.key_fields)
    values, position = list(checked.values) if checked else [], _Position(stored, keys)
    while True:
        shape = PageShape(checked.shape if checked else EVERYTHING, keys, position.unset, True, is_past=False)
        plan = stored.statements.plans.page(shape)
        rows = list(session.iterate(plan.statement, plan.parameters([*values, *position.values, size])))
        if not rows:
            return
        yield from (row[0] for row in rows)
        position.behind(rows[-1])


class _Position:
    def __init__(self, stored: Stored, keys: tuple[SortKey, ...]) -> None:
        self._places = [stored.statements.columns[key.name] for key in keys]
        self.values: list[Any] = []
        self.unset: tuple[bool, ...] | None = None

    def behind(self, row: Any) -> None:
        self.values = [row[place] for place in self._places]
        self.unset = tuple(value is None for value in self.values)


def test_a_transaction_is_begun_and_ended(session: Session) -> None:
    assert not session.in_transaction
    with session.snapshot():
        assert session.in_transaction
        assert session.cursor.execute("SELECT @@TRANCOUNT").fetchone() == (1,)
    assert not session.in_transaction
    assert session.cursor.execute("SELECT @@TRANCOUNT").fetchone() == (0,)


def test_a_connection_that_is_given_back_is_in_no_transaction(backend: SqlServer) -> None:
    with backend.connect() as connection:
        connection.exec_driver_sql("BEGIN TRANSACTION")
    with backend.connect() as connection:
        assert connection.exec_driver_sql("SELECT @@TRANCOUNT").scalar_one() == 0
        assert backend.figures().opened == 1


def test_who_writes_takes_the_row_of_the_revisions(backend: SqlServer) -> None:
    session = backend.session(read_only=False, waits=True)
    try:
        session.begin_writing()
        assert session.cursor.fetchall() == [(7,)]
        session.savepoint()
        session.rollback_to_savepoint()
        assert session.in_transaction
        session.commit(has_news=True)
        assert not session.in_transaction
    finally:
        session.close()


def test_a_statement_that_fails_ends_no_transaction_by_itself(session: Session) -> None:
    with session.snapshot():
        with pytest.raises(pytds.Error):
            session.cursor.execute("SELECT nothing FROM nowhere")
        assert session.in_transaction


def test_the_peers_own_views_answer_what_indexes_there_are(backend: SqlServer) -> None:
    # Of its tables, which are heaps, there is none; names of views and columns are those that it knows.
    with backend.connect() as connection:
        assert stored_indexes(connection, inspect(connection), ["recipe"]) == {}


def test_who_answers_records_where_a_plan_was_asked_for_is_not_believed(session: Session, recipes: Stored) -> None:
    with pytest.raises(Unsupported, match="no plan for SET SHOWPLAN_XML ON"):
        session.explain(recipes.statements.get, [1])
    assert session.fetch_one(recipes.statements.get, [1]) is not None


def test_a_plan_is_asked_for_by_no_procedure(
    session: Session, recipes: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of which no plan would be shown: the driver sends batches as they are, and by sp_executesql what it binds."""
    sent: list[str] = []
    send = _TdsSession.submit_plain_query

    def note(driver: _TdsSession, sql: str) -> None:
        sent.append(sql)
        send(driver, sql)

    monkeypatch.setattr(_TdsSession, "submit_plain_query", note)
    monkeypatch.setattr(_TdsSession, "submit_rpc", lambda *_: pytest.fail("a procedure was called"))
    with pytest.raises(Unsupported):
        session.explain(recipes.statements.get, [1])
    on, batch, off = sent
    assert (on, off) == ("SET SHOWPLAN_XML ON", "SET SHOWPLAN_XML OFF")
    assert batch.startswith("DECLARE @P1 INT; SELECT [recipe].[id], ")
    assert batch.endswith("[recipe].[id] = @P1")


@pytest.mark.parametrize("value", [b"\x80\x00", b"abc", b""])
def test_bytes_are_sent_as_such(session: Session, backend: SqlServer, value: bytes) -> None:
    # The peer answers the bytes of a parameter as Python spells them, and text as it is.
    assert session.cursor.execute("SELECT %s", [value]).fetchone() == (repr(value),)
    with backend.connect() as connection:
        assert connection.exec_driver_sql("SELECT %s", (value,)).scalar_one() == repr(value)


def test_doctor_says_what_is_missing(peer: Bridge) -> None:
    found = backend_for(peer.url(), Limits()).examine()
    assert "allows no snapshots" in found.found
    assert "ALLOW_SNAPSHOT_ISOLATION ON" in found.remedy


def test_a_wrong_password_is_told_without_it(peer: Bridge) -> None:
    found = backend_for(peer.url(password="Other_1"), Limits()).examine()
    assert "Login failed" in found.found
    assert "Other_1" not in found.found


def test_nothing_is_written_unless_the_url_says_so(peer: Bridge) -> None:
    refused = toolcrib("serve", EXAMPLES, "--address", "127.0.0.1:0", "--database", peer.url())
    assert refused.returncode != 0
    assert "writes on SQL Server are unverified" in " ".join(refused.stderr.split())
    backend = backend_for(peer.url(unverified_writes="accept"), Limits())
    # The peer has no snapshots.
    with (
        backend.engine.connect() as connection,
        pytest.raises(StartError, match="allows no snapshots"),
        backend.setup(connection),
    ):
        pass


def test_a_parameter_that_is_none_is_refused(peer: Bridge) -> None:
    with pytest.raises(StartError, match="encrypted is no parameter"):
        backend_for(peer.url(encrypted="yes"), Limits())


def test_a_connection_that_was_lost_is_told_and_made_anew(tmp_path: Path) -> None:
    with bridge(tmp_path, TABLES) as peer:
        backend = backend_for(peer.url(), Limits(connect_timeout_s=1))
        session = backend.session(read_only=True, waits=True)
        peer.stop()
        session._driver._tds_socket.sock.close()  # noqa: SLF001  # as if the network had
        with pytest.raises(mssql_errors.DRIVER_ERRORS) as lost:
            session.cursor.execute("SELECT 1")
        assert isinstance(backend.for_caller(lost.value), ConnectionLost)
        session.close()
        with pytest.raises(StorageError):
            backend.session(read_only=True, waits=True)
        peer.start()
        again = backend.session(read_only=True, waits=True)
        assert again.cursor.execute("SELECT 1").fetchone() == (1,)
        again.close()
        backend.close()


@pytest.mark.parametrize(
    ("number", "meaning"),
    [
        (1205, WriteConflict),
        (3960, WriteConflict),
        (1105, DiskFull),
        (9002, DiskFull),
        (1222, DatabaseUnavailable),
        (596, ConnectionLost),
        (2627, None),
        (207, None),
    ],
)
def test_errors_are_told_apart_by_their_numbers(number: int, meaning: type[StorageError] | None) -> None:
    found = mssql_errors.classify(numbered(number))
    assert type(found) is (meaning or type(None))


def test_constraints_and_texts_that_are_too_long_are_refusals() -> None:
    assert all(mssql_errors.is_constraint(numbered(number)) for number in (515, 547, 2601, 2627))
    assert not mssql_errors.is_constraint(numbered(1205))
    for number in (1946, 2628, 8152):
        refusal = mssql_errors.refusal(numbered(number))
        assert isinstance(refusal, InvalidRequest)
        assert refusal.reason == "VALUE_TOO_LONG"


def numbered(number: int) -> Any:
    """An error of the server's."""
    error = pytds.OperationalError("in words that nobody reads")
    error.number = number
    return error


def test_texts_are_compared_as_sql_server_does_and_still_sort_by_their_characters() -> None:
    texts = ["", "\0", "\x01", "\t", " ", "a", "a\0", "a\x01", "a\t", "a ", "a  ", "ab", "é", "\ud7ff", "\uffff"]
    width = max(map(len, texts)) * 2 + len(END)
    # The shorter one goes on with spaces.
    padded = [to_ended(text).ljust(width) for text in texts]
    assert len(set(padded)) == len(texts)
    assert [text for _, text in sorted(zip(padded, texts, strict=True))] == sorted(texts)
    assert [from_ended(to_ended(text)) for text in texts] == texts


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_finite_are_refused(recipes: Stored, number: float) -> None:
    row: list[Any] = [1, "a", number, None, 0, False, None, None, None, 1]
    with pytest.raises(InvalidRequest) as refused:
        recipes.statements.insert.bind(row)
    assert refused.value.reason == "VALUE_NOT_FINITE"
