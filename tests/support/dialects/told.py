"""All that a database is told, as text: tables, transactions, and the statements of components.

python tests/support/dialects/told.py        # writes tests/dialects/*.sql anew; read the diff before you commit it
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from unittest.mock import MagicMock

from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.elements import ClauseElement

from toolcrib.server.among import Among
from toolcrib.server.audit_trail import AuditQuery, AuditTrail
from toolcrib.server.audit_transactions import AuditTransactions, TransactionQuery
from toolcrib.server.component_statements import PositionedUpdate
from toolcrib.server.database import Database
from toolcrib.server.databases.backend import Backend
from toolcrib.server.databases.cockroachdb import CockroachSession
from toolcrib.server.databases.mariadb_session import MariadbSession
from toolcrib.server.databases.mssql_session import SqlServerSession
from toolcrib.server.databases.postgresql_session import PostgresqlSession
from toolcrib.server.databases.sqlite_session import SqliteSession
from toolcrib.server.hooks import Application
from toolcrib.server.loading import import_components
from toolcrib.server.query.check import check
from toolcrib.server.query.order import parse_order
from toolcrib.server.query.parser import parse
from toolcrib.server.query.plans import PageShape
from toolcrib.server.query.shape import EVERYTHING
from toolcrib.server.retention.victims import AuditRows, Rule, VersionRows
from toolcrib.server.session import Session
from toolcrib.server.statements import Prepared
from toolcrib.server.store import Store, Stored
from toolcrib.server.transaction import ReadTransaction
from toolcrib.server.watch.matching import Matching

TESTS = Path(__file__).parents[2]
RECORDED = TESTS / "dialects"
EXAMPLES = TESTS.parent / "examples/components"
FOLDERS = (EXAMPLES, TESTS / "components", TESTS / "support/model/components")

# A URL for each kind of database.
URLS = {
    "sqlite": "sqlite:///plant.db",
    "postgresql": "postgresql://plant",
    "mariadb": "mariadb://plant/plant",
    "cockroachdb": "cockroachdb://plant",
    "mssql": "mssql://plant?cafile=",
}

# What is asked of the components in the files: each kind of question, on a column, in JSON and through relations.
QUESTIONS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "plant.recipes.v1.Recipe": (
        ("", "name desc"),
        ("", "spindle_rpm desc"),
        ('name = "A*"', ""),
        ('name = "*a"', ""),
        ('name = "*a*"', ""),
        ("speed_mm_s > 1.5 AND NOT spindle_rpm <= 9000", "spindle_rpm"),
        ("spindle_rpm in (1, 2, null)", ""),
        ("approved = true AND coolant = COOLANT_MIST", ""),
        ('create_time >= "2026-01-01T00:00:00Z"', "update_time desc"),
        ('NOT tools.comment = "drill"', ""),
    ),
    "lab.robots.v1.Robot": (
        ("big > 5 AND maybe_big = null", ""),
        ("d > 1 OR f = -0.5", ""),
        ("pose.x > 1", ""),
        ("NOT pose.inner.mode = MODE_AUTO", ""),
        ("pose.inner.words:x AND tags:y", ""),
        ('pose.inner.counts.a = 3 AND named.a.name = "*b*"', ""),
        ("pose.inner = null", ""),
        ("pose.number = 18446744073709551615", ""),
        ("NOT ratios:*", ""),
    ),
}


class Told(NamedTuple):
    """A statement, and what it is for."""

    name: str
    sql: str


def store_of(kind: str, folder: Path = EXAMPLES) -> Store:
    """The components of a folder on a kind of database that nobody has connected to."""
    repositories = [generated.repository for generated in import_components(folder)]
    database = Database(URLS[kind])
    if kind == "mariadb":
        # What it would find out by asking.
        database.engine.dialect.is_mariadb = True  # type: ignore[attr-defined]  # MySQL's
    return Store(database, repositories, Application())


def tables(dialect: Dialect, given: list[Table]) -> Iterator[Told]:
    """How tables and their indexes are made."""
    for table in given:
        yield Told(f"the table {table.name}", str(CreateTable(table).compile(dialect=dialect)))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield Told(f"the index {index.name}", str(CreateIndex(index).compile(dialect=dialect)))


def system_statements(store: Store) -> Iterator[Told]:
    """The statements on Toolcrib's own tables."""
    for name, found in sorted(vars(store.system).items()):
        if isinstance(found, Prepared):
            yield Told(name, found.sql)


def statements(stored: Stored, links: Any = None) -> Iterator[Told]:
    """The statements of one component that do not hang on what is asked."""
    of = stored.statements
    for name, found in vars(of).items():
        if isinstance(found, PositionedUpdate):
            yield Told(name, found.statement.sql)
        elif isinstance(found, Prepared):
            yield Told(name, found.sql)
    for (show_deleted, continued), page in of.list.items():
        yield Told(f"list{', deleted ones too' * show_deleted}{', a further page' * continued}", page.sql)
    if of.versions is not None:
        yield Told("a version is kept", of.versions.archive.sql)
        yield Told("a record at a revision", of.versions.get.sql)
    for holder in stored.holders:
        yield Told(f"who has the same {', '.join(holder.unique.fields)}", private(holder, "_statement").sql)
    for name, relation in stored.relations.items():
        keeps_past = all(scope.versions is not None for scope in relation.scopes())
        for shown in ((False, False), (True, keeps_past)):
            among = private(relation, "_statement")(SimpleNamespace(show_deleted=shown[0], revision=shown[1] or None))
            yield Told(f"the related {name}{', then' * shown[1]}", one_of(among))
    for link in (*links.outgoing, *links.incoming) if links is not None else ():
        yield Told(f"whom {link.reference.field} refers to", one_of(private(link, "_targets")))
        yield Told(f"who refers by {link.reference.field}", one_of(private(link, "_referrers")))


def one_of(among: Among) -> str:
    """The statement for one value."""
    return str(private(among, "_statement")(1).sql)


def asked(stored: Stored, text: str, order: str, *, is_past: bool = False) -> Iterator[Told]:
    """The statements of a filter and an order: the first page, a further one, and how many there are."""
    checked = check(parse(text), stored.fields).shape if text else EVERYTHING
    keys = parse_order(order, stored.fields, stored.component.key_fields)
    then = " then" if is_past else ""
    for unset, page in ((None, "a page"), ((False,) * len(keys), "a further page"), ((True,) * len(keys), "at NULL")):
        if unset and unset[0] and not stored.table.c[keys[0].name].nullable:
            continue
        shape = PageShape(checked, keys, unset and (*unset[:-1], False), show_deleted=False, is_past=is_past)
        yield Told(
            f"{page}{then} of {text or 'all'} by {order or 'key'}", stored.statements.plans.page(shape).statement.sql
        )
    counted = stored.statements.plans.count(checked, False, is_past)
    yield Told(f"how many{then} of {text or 'all'}", counted.statement.sql)


def audit_reads(store: Store) -> Iterator[Told]:
    """How the audit is read, and what retention looks for."""
    connection = _Answerless(store.dialect)
    transaction = cast(ReadTransaction, SimpleNamespace(store=store, session=SimpleNamespace(connection=connection)))
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    bounds: Any = {"actor": "a", "start_time": moment, "end_time": moment, "start_revision": 1, "end_revision": 9}
    name = store.components()[0].name
    of_record = AuditQuery(component=name, record_key="1", **bounds)
    list(AuditTrail(transaction).entries(of_record, [5, 1], 10))
    yield Told("entries of a record, a further page", connection.taken())
    list(AuditTrail(transaction).entries(AuditQuery(operations=(1, 2), oldest_first=True), [], None))
    yield Told("entries by operations, all", connection.taken())
    list(AuditTransactions(transaction).list(TransactionQuery(component=name, **bounds), [5], 10))
    yield Told("transactions, a further page", connection.taken())
    AuditTransactions(transaction).newest()
    yield Told("the newest transaction", connection.taken())
    rule = Rule(component=name, end_time=None, keep_last=3, start_revision=0, end_revision=9, max_rows=100)
    AuditRows(transaction, rule).count()
    yield Told("how many entries may go, but for the last of each record", connection.taken())
    for component in store.components():
        versions = store[component.name].statements.versions
        if versions is not None:
            VersionRows(transaction, rule, versions.table).first()
            yield Told(f"which versions of {component.name} may go", connection.taken())
            break


def watched(store: Store, stored: Stored) -> Iterator[Told]:
    """How a filter is asked of one record that a watch was told of."""
    matching = Matching(store)
    for text, _ in QUESTIONS.get(stored.component.name, ()):
        if text:
            plan = private(matching, "_compile")(stored.component.name, check(parse(text), stored.fields).shape)
            yield Told(f"whether {text}", plan.statement.sql)


class _Answerless:
    """A connection of SQLAlchemy's that keeps what it is told, and finds nothing."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._told: list[str] = []

    def execute(self, statement: ClauseElement) -> Any:
        self._told.append(str(statement.compile(dialect=self._dialect, compile_kwargs={"render_postcompile": True})))
        nothing = MagicMock()
        nothing.__iter__.return_value = iter(())
        nothing.__enter__.return_value = nothing
        nothing.first.return_value = None
        nothing.scalar_one.return_value = 0
        return nothing

    def taken(self) -> str:
        told, self._told = self._told, []
        return ";\n".join(told)


def transactions(backend: Backend, kind: str) -> Iterator[Told]:
    """What a session says around statements."""
    driver = _Recorder()
    connection = cast(Connection, SimpleNamespace(connection=SimpleNamespace(driver_connection=driver)))
    session: Session = _SESSIONS[kind](connection)
    yield Told("a session begins", driver.taken())
    session.begin()
    yield Told("a read of one moment begins", driver.taken())
    session.rollback()
    yield Told("and ends", driver.taken())
    session.begin_writing()
    yield Told("a write begins", driver.taken())
    session.savepoint()
    yield Told("what can be undone alone begins", driver.taken())
    session.rollback_to_savepoint()
    yield Told("and is undone", driver.taken())
    session.savepoint()
    driver.taken()
    session.release_savepoint()
    yield Told("or stays", driver.taken())
    session.commit(has_news=True)
    yield Told("all is committed", driver.taken())


_SESSIONS: Mapping[str, Any] = {
    "sqlite": lambda connection: SqliteSession(connection, read_only=False, waits=True, patience_s=0),
    "postgresql": lambda connection: PostgresqlSession(
        connection, read_only=False, news="NOTIFY toolcrib, '0'", secret=""
    ),
    "mariadb": lambda connection: MariadbSession(connection, read_only=False),
    "cockroachdb": lambda connection: CockroachSession(connection, read_only=False, news="", secret=""),
    "mssql": lambda connection: SqlServerSession(connection, read_only=False),
}


class _Recorder:
    """A driver's connection, and its cursor, that keep what they are told."""

    closed, open = False, True

    def __init__(self) -> None:
        self._told: list[str] = []
        self.in_transaction = False

    @property
    def info(self) -> Any:
        return SimpleNamespace(transaction_status=TransactionStatus.INTRANS if self.in_transaction else 0)

    def cursor(self, _kind: object = None) -> _Recorder:
        return self

    def fetchone(self) -> Any:
        return (0,)

    def execute(self, sql: str, _parameters: Any = ()) -> _Recorder:
        self._told.append(sql)
        self.in_transaction = (
            "BEGIN" in sql
            or "START TRANSACTION" in sql
            or (self.in_transaction and "COMMIT" not in sql and sql != "ROLLBACK")
        )
        return self

    def taken(self) -> str:
        told, self._told = self._told, []
        return ";\n".join(told)


def private(owner: Any, name: str) -> Any:
    """What is nobody's business but that of a test which shows all statements."""
    return getattr(owner, name)


def everything(kind: str) -> str:
    """The file of a kind of database."""
    store = store_of(kind)
    database, dialect = store.database, store.dialect
    lines = [f"-- What Toolcrib tells a database: {kind}. Written by tests/support/dialects/told.py."]
    lines += _section("Transactions", transactions(database.backend, kind))
    lines += _section("Toolcrib's own tables", tables(dialect, database.system.all()))
    lines += _section("Statements on them", system_statements(store))
    lines += _section("The audit", audit_reads(store))
    for component in store.components():
        stored = store[component.name]
        lines += _section(component.name, tables(dialect, stored.tables()))
        lines += _section(f"{component.name}: statements", statements(stored, store.links.get(component.name)))
        lines += _section(f"{component.name}: questions", _questions(stored))
    lab = store_of(kind, FOLDERS[1])
    robot = lab["lab.robots.v1.Robot"]
    lines += _section("lab.robots.v1.Robot", tables(dialect, robot.tables()))
    lines += _section("lab.robots.v1.Robot: questions, most of them about JSON", _questions(robot))
    lines += _section("lab.robots.v1.Robot: watched", islice(watched(lab, robot), 3))
    return "\n".join(lines) + "\n"


def _questions(stored: Stored) -> Iterator[Told]:
    for text, order in QUESTIONS.get(stored.component.name, ()):
        *pages, counted = asked(stored, text, order)
        # What a page of a filter is, its count shows in fewer words.
        yield from pages if order else [counted]


def _section(title: str, told: Iterator[Told]) -> list[str]:
    found = [line for each in told if each.sql for line in ("", f"-- {each.name}", f"{plain(each.sql)};")]
    return ["", "", f"-- == {title}", *found] if found else []


def plain(sql: str) -> str:
    """A statement without spaces at the ends of its lines."""
    return re.sub(r"[ \t]+\n", "\n", sql.strip()).replace("\t", "    ")


if __name__ == "__main__":
    for one in URLS:
        (RECORDED / f"{one}.sql").write_text(everything(one), "utf-8", newline="\n")
